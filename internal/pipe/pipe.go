// Package pipe serves HTTP in memory, for tests.
package pipe

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
)

// A listener accepts connections in memory. Their goroutines can be part of a bubble of synctest, in which time passes
// only when all of them wait.
type listener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l listener) Close() error {
	close(l.closed)
	return nil
}

func (l listener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (l listener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Serve serves in memory. It returns a transport that connects every host to the handler, and what ends both and waits for
// the handlers that still run.
func Serve(handler http.Handler) (_ http.RoundTripper, end func() error) {
	l := listener{make(chan net.Conn), make(chan struct{})}
	server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(l) }() // until Shutdown
	transport := &http.Transport{DialContext: l.dial}
	return transport, func() error {
		transport.CloseIdleConnections()
		return server.Shutdown(context.Background())
	}
}
