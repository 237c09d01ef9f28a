package registry

import (
	"context"
	"net"
	"net/http"
	"testing"
)

// A pipeListener accepts connections in memory. Their goroutines can be part of a bubble of synctest, in which time passes
// only when all of them wait.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l pipeListener) Close() error {
	close(l.closed)
	return nil
}

func (l pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (l pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
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

// serve serves a handler in memory until the test ends. It returns a transport that connects every host to it.
func serve(t *testing.T, handler http.HandlerFunc) http.RoundTripper {
	t.Helper()
	l := pipeListener{make(chan net.Conn), make(chan struct{})}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(l) }() // until Close
	transport := &http.Transport{DialContext: l.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		// It waits for handlers that sleep.
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return transport
}
