package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/bcrypt"
)

// This file has the script command private-registry.

// privateHost has no address: only the proxy knows the registry.
const privateHost = "registry.seedpack.test"

const privateConfig = `version: 0.1
log: { level: error }
storage: { filesystem: { rootdirectory: %[1]s/data } }
auth: { htpasswd: { realm: test, path: %[1]s/htpasswd } }
http:
  addr: %[2]s
  tls: { certificate: %[1]s/cert.pem, key: %[1]s/key.pem }
`

// scriptPrivateRegistry starts a registry with a password and its own certificate authority, and a proxy that leads there. It
// sets PRIVATE_ADDRESS, PRIVATE_REGISTRY (by its name), CA, USER_PASSWORD, PROXY and PROXY_LOG.
func scriptPrivateRegistry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: private-registry")
	}
	dir := ts.MkAbs("private-registry")
	ts.Check(os.Mkdir(dir, 0o755))
	ts.Check(writeCertificates(dir))
	hash, err := bcrypt.GenerateFromPassword([]byte("swordfish"), bcrypt.MinCost)
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(dir, "htpasswd"), fmt.Appendf(nil, "seed:%s\n", hash), 0o600))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	address := l.Addr().String()
	ts.Check(l.Close())
	ts.Check(os.WriteFile(filepath.Join(dir, "config.yml"), fmt.Appendf(nil, privateConfig, dir, address), 0o600))
	stop, err := startPrivateRegistry(dir, address)
	ts.Check(err)
	ts.Defer(stop)
	_, port, err := net.SplitHostPort(address)
	ts.Check(err)
	proxy := &loggingProxy{to: address, path: filepath.Join(dir, "proxy.log")}
	server := httptest.NewServer(proxy)
	ts.Defer(server.Close)
	for name, value := range map[string]string{"PRIVATE_ADDRESS": address, "PRIVATE_REGISTRY": privateHost + ":" + port, "USER_PASSWORD": "seed:swordfish",
		"CA": filepath.Join(dir, "ca.pem"), "PROXY": server.URL, "PROXY_LOG": proxy.path} {
		ts.Setenv(name, value)
	}
}

// startPrivateRegistry starts the registry and waits until it listens.
func startPrivateRegistry(dir, address string) (stop func(), err error) {
	cmd := exec.Command("docker-registry", "serve", filepath.Join(dir, "config.yml"))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	started, ended, end := make(chan error, 1), make(chan struct{}), make(chan struct{})
	go func() { // the death signal comes when the thread ends, not the process
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			<-end
			_ = cmd.Process.Signal(syscall.SIGTERM)
			_ = cmd.Wait()
		}
		close(ended)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	stop = func() { close(end); <-ended }
	for range 1000 {
		if c, err := net.Dial("tcp", address); err == nil {
			return stop, c.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	return nil, fmt.Errorf("docker-registry does not listen\n%s", said.String())
}

// writeCertificates makes an authority, and its certificate for the registry.
func writeCertificates(dir string) error {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Seedpack's test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	if err := writeCertificate(filepath.Join(dir, "ca.pem"), ca, ca, caKey, caKey); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: privateHost}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		DNSNames: []string{privateHost}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature}
	if err := writeCertificate(filepath.Join(dir, "cert.pem"), leaf, ca, key, caKey); err != nil {
		return err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

// writeCertificate writes a certificate that another one signs.
func writeCertificate(path string, cert, by *x509.Certificate, key, byKey *ecdsa.PrivateKey) error {
	der, err := x509.CreateCertificate(rand.Reader, cert, by, &key.PublicKey, byKey)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

// A loggingProxy leads to one address. It logs the host and the user agent of each request.
type loggingProxy struct {
	to, path string
	mu       sync.Mutex
}

func (p *loggingProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.note(r.Method + " " + r.Host + " for " + r.UserAgent())
	if r.Method != http.MethodConnect || !strings.HasPrefix(r.Host, privateHost+":") {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	there, err := net.Dial("tcp", p.to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer there.Close()
	w.WriteHeader(http.StatusOK)
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	go func() {
		_, _ = io.Copy(there, buffered)
		_ = there.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(here, there)
}

// note writes a line of the log.
func (p *loggingProxy) note(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := os.OpenFile(p.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return
	}
	defer f.Close()
	fmt.Fprintln(f, line)
}
