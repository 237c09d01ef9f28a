package verify

import (
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/secret"
	"github.com/seedpack/seedpack/seed"
)

// What programs print in a container without a network.
func TestNoNetwork(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"wget: bad address 'example.com'",
		"wget: can't connect to remote host (93.184.216.34): Network is unreachable",
		"wget: unable to resolve host address 'example.com'",
		"Connecting to 93.184.216.34:80... failed: Network is unreachable.",
		"nslookup: can't connect to remote host (10.255.255.53): Network is unreachable",
		"ping: example.com: Temporary failure in name resolution",
		"ping: unknown host example.com",
		"curl: (6) Could not resolve host: example.com",
		"curl: (6) Couldn't resolve host 'example.com'",
		"curl: (5) Could not resolve proxy: proxy.example.com",
		"curl: (7) Failed to connect to 93.184.216.34 port 80 after 0 ms: Couldn't connect to server",
		"ERROR 11: CURL error: Could not resolve host: example.com",
		"fatal: unable to access 'https://example.com/x/': Could not resolve host: example.com",
		"ssh: Could not resolve hostname example.com: Temporary failure in name resolution",
		"E: Failed to fetch http://deb.debian.org/  Temporary failure resolving 'deb.debian.org'",
		"WARNING: fetching https://dl-cdn.alpinelinux.org/alpine/v3.20/main: temporary error (try again later)",
		"WARNING: fetching https://dl-cdn.alpinelinux.org/alpine/v3.22/main: DNS: transient error (try again later)",
		"urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>",
		"urllib.error.URLError: <urlopen error [Errno -3] Try again>", // musl
		"socket.gaierror: [Errno -2] Name does not resolve",
		"OSError: [Errno 101] Network is unreachable",
		"urllib3.exceptions.NameResolutionError: <urllib3.connection.HTTPSConnection object at 0x7f>: Failed to resolve 'example.com'",
		"aiohttp.client_exceptions.ClientConnectorError: Cannot connect to host example.com:443 ssl:default [Try again]",
		`botocore.exceptions.EndpointConnectionError: Could not connect to the endpoint URL: "https://bucket.s3.amazonaws.com/"`,
		"Error: getaddrinfo EAI_AGAIN example.com",
		"Error: getaddrinfo ENOTFOUND example.com",
		"Error: connect ENETUNREACH 93.184.216.34:80 - Local (0.0.0.0:0)",
		"Error: queryA ECONNREFUSED example.com",
		`panic: Get "http://example.com/": dial tcp: lookup example.com on 10.0.0.1:53: dial udp 10.0.0.1:53: connect: network is unreachable`,
		`Get "http://example.com/": dial tcp: lookup example.com: no such host`,
		"dial tcp: lookup example.com on [::1]:53: read udp [::1]:40000->[::1]:53: read: connection refused",
		`Exception in thread "main" java.net.UnknownHostException: example.com`,
		"java.net.NoRouteToHostException: No route to host",
		"java.nio.channels.UnresolvedAddressException",
		"Could not connect to 'example.com:80': Temporary failure in name resolution",
		"IO::Socket::INET: Bad hostname 'example.com:80' at -e line 1.",
		"bash: line 1: example.com: Temporary failure in name resolution",
		`psql: error: could not translate host name "db" to address: Name or service not known`,
		"ERROR 2005 (HY000): Unknown MySQL server host 'db' (-3)",
		"php_network_getaddresses: getaddrinfo failed: Temporary failure in name resolution",
		"Failed to open TCP connection to example.com:80 (getaddrinfo: Temporary failure in name resolution) (SocketError)",
		"error sending request for url (http://example.com/): error trying to connect: dns error: failed to lookup address information: Try again",
		"System.Net.Http.HttpRequestException: Resource temporarily unavailable (example.com:443)",
		"** (Mint.TransportError) non-existing domain: nxdomain",
		"[tcp @ 0x55] Failed to resolve hostname example.com: Temporary failure in name resolution",
		"rsync: getaddrinfo: example.com 873: No address associated with hostname",
	} {
		if !lacksNetwork([]byte(line)) {
			t.Errorf("not known: %s", line)
		}
	}
	for _, line := range []string{
		"connect to 127.0.0.1 port 80: Connection refused",
		"curl: (7) Failed to connect to localhost port 8080 after 0 ms: Couldn't connect to server",
		"curl: (7) Failed to connect to 127.0.0.1 port 8080: Connection refused",
		"KeyError: 'lookup table: no such band'",
		"cannot resolve symbol x", "no such file or directory", "bad address", "a network of roads",
		"Error -3: the raster is empty", "[Errno 2] No such file or directory: 'x'", "could not resolve projection EPSG:4326",
		"failed: resource temporarily unavailable", "the address is not known",
	} {
		if lacksNetwork([]byte(line)) {
			t.Errorf("about no network: %s", line)
		}
	}
}

func TestNetworkMissing(t *testing.T) {
	t.Parallel()
	const said = "/job: warning: the job looks for a network, and smoke cases have none: it said \"curl: (6) Could not resolve host: ***\" [network-missing]" +
		" (put into the image what the job downloads, or declare it as an input; for a job that cannot do without, write network: default into its case in seed.smoke.yaml)"
	m := seed.Parse([]byte(probed))
	for _, tt := range []struct {
		network bool
		made    []seed.Pointer
		change  func(*pack.Outcome)
		want    string
	}{
		{false, nil, func(o *pack.Outcome) { o.Exit = 6 }, said},
		{false, nil, func(o *pack.Outcome) { o.Files = nil }, said},
		{false, nil, func(o *pack.Outcome) { o.TimedOut, o.Exit = true, 143 }, said},
		{false, []seed.Pointer{"/job/interface/inputs/files/0"}, func(o *pack.Outcome) { o.Exit = 6 }, said},
		{false, nil, add(), ""}, // it did without
		{true, nil, func(o *pack.Outcome) { o.Exit = 6 }, ""},
	} {
		c := probedCase()
		c.Network, c.MadeUp = tt.network, tt.made
		o := outcome(func(o *pack.Outcome) {
			tt.change(o)
			o.Stderr = pack.Excerpt{Head: []byte("fetching\ncurl: (6) Could not resolve host: swordfish\n"), Total: 50}
		})
		got := ""
		for _, d := range judge(newRun(m, c, prepare(m, c), secret.New("swordfish"), o), Options{}).Diagnostics {
			if d.Rule.ID == networkMissing.ID {
				got += findings([]diag.Diagnostic{d})
			}
		}
		if got != tt.want {
			t.Errorf("network %v, exit %d:\n got %s\nwant %s", tt.network, o.Exit, got, tt.want)
		}
	}
}
