package verify

import (
	"bytes"
	"net/netip"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/internal/lazy"
	"github.com/seedpack/seedpack/verify/cases"
)

var networkMissing = &Probe{
	Rule: diag.Rule{ID: "network-missing", Severity: diag.Warning, Spec: "2.1.1.3.4 S-2.1.1.3.4-02",
		Summary: "the job should get by without a network, or its smoke case should give it one"},
	Check: func(r *Run) {
		if !r.Outcome.Started || r.Case.Network || r.asExpected() && !r.lacksOutputs() {
			return
		}
		if line := r.networkLine(); line != "" {
			r.hintf("/job", "put into the image what the job downloads, or declare it as an input; for a job that cannot do without, write network: default into its case in "+cases.File,
				"the job looks for a network, and smoke cases have none: it said %q", line)
		}
	},
}

// networkLine returns the first line of the job that says that it has no network, or "".
func (r *Run) networkLine() string {
	for _, text := range [][]byte{r.Outcome.Stderr.Head, r.Outcome.Stderr.Tail, r.Outcome.Stdout.Head, r.Outcome.Stdout.Tail} {
		for line := range bytes.Lines(text) {
			if lacksNetwork(line) {
				return cutLine(strings.TrimSpace(r.secrets.Hide(string(line))))
			}
		}
	}
	return ""
}

// noNetwork matches what programs say that find no network. Most words come from a few libraries: glibc, musl, curl, libuv, and the
// runtimes of Go, Java and Python. All of it is about names that cannot be resolved, or addresses without a route. A refused
// connection is none of it, since jobs may start servers of their own.
var noNetwork = lazy.Regexp(`(?i)` + strings.Join([]string{
	// getaddrinfo(3) in glibc and musl, and what wraps it
	`temporary failure in name resolution`, `name or service not known`, `name does not resolve`, `no address associated with (host)?name`,
	`temporary failure resolving`, `\bgaierror\b`, `\[errno -[2357]\]`, `\bEAI_(AGAIN|NONAME|NODATA|FAIL)\b`, `getaddrinfo:? (EAI_\w+|ENOTFOUND|failed)`, `\bgetaddrinfo failed`,
	`failed to lookup address information`, `could not translate host name`, `unknown mysql server host`,
	// network(7)
	`network is unreachable`, `no route to host`, `\bENETUNREACH\b`, `\bEHOSTUNREACH\b`, `\[errno 101\]`, `\[errno 113\]`,
	// busybox, wget, curl and all that is made with it, such as GDAL, git and R
	`bad address '`, `nslookup: .*connection refused`, `unable to resolve (host )?address`, `(could not|couldn't) resolve (host|proxy)`, `failed to resolve (host|')`, `\bbad hostname\b`, `curl: \((5|6)\)`,
	`temporary error \(try again later\)`, `DNS[ :]+(transient )?error`, `error trying to connect: dns`,
	// Go
	`\blookup \S+ on \S+:53: `, `no such host\b`,
	// Java
	`UnknownHostException`, `NoRouteToHostException`, `UnresolvedAddressException`,
	// Python
	`NameResolutionError`, `could not connect to the endpoint URL`, `cannot connect to host \S+`,
	// Node
	`\bquery(A|Aaaa|Any|Cname|Mx|Ns|Srv|Txt) E[A-Z]+`, `\bENOTFOUND\b`,
	// .NET, Erlang, gRPC, ping
	`resource temporarily unavailable \(\S+:\d+\)`, `\bnxdomain\b`, `dns resolution failed`, `unknown host\b`,
}, "|"))

// noConnection matches what curl says if it has no connection, whatever the reason is.
var noConnection = lazy.Regexp(`(?i)failed to connect to (\S+) port \d+`)

func lacksNetwork(line []byte) bool {
	if noNetwork().Match(line) {
		return true
	}
	m := noConnection().FindSubmatch(line)
	return m != nil && !isLocal(string(m[1]))
}

// isLocal reports whether a host is the job's own machine.
func isLocal(host string) bool {
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || err == nil && (addr.IsLoopback() || addr.IsUnspecified())
}
