package registry

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/net/dns/dnsmessage"
)

// linkLocalSpellings are all one address, or belong to clouds.
var linkLocalSpellings = []string{
	"169.254.169.254", "169.254.0.1", "169.254.169.254.", "2852039166", "0xa9fea9fe", "0XA9FEA9FE", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376",
	"025177524776", "169.254.43518", "169.16689662", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::169.254.169.254]", "[64:ff9b::a9fe:a9fe]",
	"[64:ff9b:1::a9fe:a9fe]", "[2002:a9fe:a9fe::1]", "[fe80::1]", "[fe80::1%25eth0]", "[febf::1]", "[fd00:ec2::254]", "[fd20:ce::254]", "100.100.100.200",
	"192.0.0.192", "168.63.129.16", "１６９.254.169.254", "169。254。169。254",
}

// No other host's link-local address is asked, whatever leads there and however it is written.
func TestNoLinkLocal(t *testing.T) {
	t.Parallel()
	for _, host := range linkLocalSpellings {
		for _, port := range []string{"", ":80", ":8080"} {
			h := &hosts{answer: redirectTo("http://" + host + port + "/latest/meta-data")}
			_, err := remote.Get(reference(t, "registry.test/a:1"), h.options(t, authn.AuthConfig{})...)
			if err == nil || h.asked != 2 {
				t.Errorf("a redirect to %s%s: asked %d times: %v", host, port, h.asked, err)
			}
		}
	}
	for _, host := range []string{"169.253.255.255", "170.254.169.254", "10.1.2.3", "example.com", "0xa9.example.com", "[2001:db8::1]", "[fec0::1]", "100.100.100.100", "1", ""} {
		if a, ok := spelledAddress(strings.Trim(host, "[]")); ok && isLinkLocal(a) {
			t.Errorf("%s is taken for link-local", host)
		}
	}
}

// A registry may have such an address itself: its user has named it.
func TestLinkLocalRegistry(t *testing.T) {
	t.Parallel()
	h := &hosts{answer: func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/1") {
			http.Redirect(w, r, "/v2/a/manifests/2", http.StatusTemporaryRedirect)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		_, _ = io.WriteString(w, "{}")
	}}
	if _, err := remote.Get(reference(t, "169.254.7.7:5000/a:1"), h.options(t, authn.AuthConfig{})...); err != nil {
		t.Error(err)
	}
}

// A name is followed to its address at the moment of the connection. So it does not matter what it was before.
func TestNoLinkLocalByName(t *testing.T) {
	t.Parallel()
	dialer := newDialer()
	dialer.Resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go answerNames(server, netip.MustParseAddr("169.254.169.254"))
		return client, nil
	}}
	base := &http.Transport{DialContext: dialer.DialContext}
	registry := httptest.NewServer(http.HandlerFunc(redirectTo("http://metadata.test/latest")))
	defer registry.Close()
	host := strings.TrimPrefix(registry.URL, "http://")
	for what, place := range map[string]string{"redirect": "http://" + host + "/v2/a/manifests/1", "direct": "http://metadata.test/token"} {
		guard := Registry{Transport: base}.transport()
		guard.registry = host
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, place, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := (&http.Client{Transport: guard}).Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
		var route *routeError
		if !errors.As(err, &route) || !strings.Contains(route.text, "leads to 169.254.169.254:80, a link-local address") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// answerNames is a name server over a stream: all names have one address.
func answerNames(conn net.Conn, address netip.Addr) {
	defer conn.Close()
	for {
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		question := make([]byte, int(length[0])<<8|int(length[1]))
		var m dnsmessage.Message
		if _, err := io.ReadFull(conn, question); err != nil || m.Unpack(question) != nil {
			return
		}
		m.Response, m.Additionals = true, nil
		for _, q := range m.Questions {
			if q.Type == dnsmessage.TypeA {
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
					Body: &dnsmessage.AResource{A: address.As4()}})
			}
		}
		answer, err := m.Pack()
		if err != nil {
			return
		}
		if _, err := conn.Write(append([]byte{byte(len(answer) >> 8), byte(len(answer))}, answer...)); err != nil {
			return
		}
	}
}
