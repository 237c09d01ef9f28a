package engine

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seedpack/seedpack/internal/needs"

	controlapi "github.com/moby/buildkit/api/services/control"
	types "github.com/moby/buildkit/api/types"
	"google.golang.org/grpc"
)

// certificate makes a self-signed certificate for builder.test. It returns the files, the pair to show, and the pool to
// trust.
func certificate(t *testing.T) (files TLSFiles, pair tls.Certificate, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "builder.test"}, DNSNames: []string{"builder.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM, keyPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	d := dir(t, map[string]string{"cert.pem": string(certPEM), "key.pem": string(keyPEM)})
	files = TLSFiles{CA: filepath.Join(d, "cert.pem"), Cert: filepath.Join(d, "cert.pem"), Key: filepath.Join(d, "key.pem"), ServerName: "builder.test"}
	if pair, err = tls.X509KeyPair(certPEM, keyPEM); err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	return files, pair, pool
}

// tunnel listens with TLS, requires a certificate, and forwards connections to a socket.
func tunnel(t *testing.T, pair tls.Certificate, pool *x509.CertPool, socket string) (address string) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool,
		ClientAuth: tls.RequireAndVerifyClientCert, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // ends the loop below
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go join(c, socket)
		}
	}()
	return "tcp://" + l.Addr().String()
}

func join(c net.Conn, socket string) {
	defer c.Close()
	s, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer s.Close()
	go func() {
		_, _ = io.Copy(s, c) // the other end sees the error
		_ = s.Close()
	}()
	_, _ = io.Copy(c, s)
}

// A builder at tcp:// is reached with certificates, from flags or from buildx. Without them it is not.
func TestConnectTLS(t *testing.T) {
	t.Parallel()
	needs.Variable(t, "SEEDPACK_TEST_BASE")
	private := privateEngine(t)
	files, pair, pool := certificate(t)
	address := tunnel(t, pair, pool, strings.TrimPrefix(private.daemon.addr, "unix://"))
	otherName, noKey := files, files
	otherName.ServerName, noKey.Cert, noKey.Key = "other.test", "", ""
	node := fmt.Sprintf(`{"Name":"far","Driver":"remote","Nodes":[{"Name":"far0","Endpoint":%q,"DriverOpts":{"cacert":%q,"cert":%q,"key":%q,"servername":%q}}]}`,
		address, files.CA, files.Cert, files.Key, files.ServerName)
	env := home(t, map[string]string{"buildx/instances/far": node})
	for _, test := range []struct {
		name string
		opt  Options
		want string
	}{
		{"flags", Options{Builder: address, TLS: files}, ""},
		{"buildx", Options{Builder: "far", Getenv: env}, ""},
		{"another name", Options{Builder: address, TLS: otherName}, "certificate is valid for builder.test, not other.test"},
		{"no certificate", Options{Builder: address, TLS: noKey}, "reach the builder"}, // the reason, or that the connection was closed
		{"no file", Options{Builder: address, TLS: TLSFiles{CA: "/nowhere/ca.pem"}}, "/nowhere/ca.pem"},
		{"no key", Options{Builder: address, TLS: TLSFiles{Cert: files.Cert}}, "a certificate and its key go together"},
	} {
		e, err := Connect(t.Context(), test.opt)
		if test.want != "" {
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: error is %v, not %s", test.name, err, test.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		_, buildErr := builds(t.Context(), only(e), request(t, "FROM busybox:1.36\nRUN touch /x\n"))
		if err := errors.Join(buildErr, e.Close()); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// A Docker Engine that is named builds. The report of the store is right.
func TestConnectDocker(t *testing.T) {
	host := needs.Variable(t, "SEEDPACK_TEST_DOCKER")
	for _, builder := range []string{"docker", "docker:default", "default"} {
		e, err := Connect(t.Context(), Options{Builder: builder, Getenv: home(t, nil, "DOCKER_HOST="+host)})
		if err != nil {
			t.Errorf("%s: %v", builder, err)
			continue
		}
		if err := only(e).askWorkers(t.Context()); err != nil {
			t.Error(err)
		}
		if only(e).classic() != (os.Getenv("SEEDPACK_TEST_DOCKER_STORE") == "classic") {
			t.Errorf("%s: the store is taken for another", builder)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	e, seen, err := connectFound(t.Context(), Options{Getenv: home(t, nil, "DOCKER_HOST="+host)})
	if err != nil || !seen[len(seen)-1].Taken || seen[len(seen)-1].Way != "the Docker Engine" {
		t.Fatalf("found %+v: %v", seen, err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// oldEngine does not support the question of ping. It has the given workers.
type oldEngine struct {
	controlapi.UnimplementedControlServer
	workers []*types.WorkerRecord
}

func (e oldEngine) ListWorkers(context.Context, *controlapi.ListWorkersRequest) (*controlapi.ListWorkersResponse, error) {
	return &controlapi.ListWorkersResponse{Record: e.workers}, nil
}

// serveOld serves an oldEngine and returns its address.
func serveOld(t *testing.T, workers []*types.WorkerRecord) string {
	t.Helper()
	address, _ := serveUntil(t, workers)
	return address
}

// serveUntil serves an oldEngine until it is stopped, at the latest at the end of the test.
func serveUntil(t *testing.T, workers []*types.WorkerRecord) (address string, stop func()) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	controlapi.RegisterControlServer(server, oldEngine{workers: workers})
	go func() { _ = server.Serve(l) }() // until Stop
	t.Cleanup(server.Stop)
	return "unix://" + socket, server.Stop
}

// An error that comes from the end of an engine says that it does not answer any more. Others stay as they are.
func TestExplainError(t *testing.T) {
	t.Parallel()
	address, stop := serveUntil(t, []*types.WorkerRecord{{ID: "one"}})
	b, err := Connect(t.Context(), Options{Builder: address})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	lost, other := errors.New("Unavailable: error reading from server: EOF"), errors.New("exit code: 1")
	for _, err := range []error{nil, lost, other} {
		if got := only(b).ExplainError(t.Context(), err); got != err {
			t.Errorf("while it answers, %v becomes %v", err, got)
		}
	}
	stop()
	if got := only(b).ExplainError(t.Context(), other); got != other {
		t.Errorf("%v becomes %v", other, got)
	}
	want := lost.Error() + "\nthe builder at " + address + " does not answer any more: look whether it is running, and what its log says"
	if got := only(b).ExplainError(t.Context(), lost); got == nil || got.Error() != want || !errors.Is(got, lost) {
		t.Errorf("error is %v, not %s", got, want)
	}
}

// If the engine would not read the given configuration, that is an error.
func TestConnectConfig(t *testing.T) {
	t.Parallel()
	address := serveOld(t, []*types.WorkerRecord{{ID: "one"}})
	for _, opt := range []Options{{Builder: address}, {Getenv: home(t, nil, "BUILDKIT_HOST="+address)}} {
		opt.Config = "buildkitd.toml"
		_, err := Connect(t.Context(), opt)
		want := "the builder at " + address + " would not read buildkitd.toml, which is for a private buildkitd\n" +
			"name that: --builder private, or leave --buildkitd-config out"
		if err == nil || err.Error() != want {
			t.Errorf("error is %v, not %s", err, want)
		}
	}
}

func TestConnectOld(t *testing.T) {
	t.Parallel()
	for want, workers := range map[string][]*types.WorkerRecord{"": {{ID: "one"}}, "it has nothing to build with": nil} {
		e, err := Connect(t.Context(), Options{Builder: serveOld(t, workers)})
		if err == nil {
			err = e.Close()
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d workers: %v, not %q", len(workers), err, want)
		}
	}
}
