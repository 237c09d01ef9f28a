package registry

import (
	"net"
	"strings"
)

// IsLoopback reports whether a host, with or without a port, is this machine by its name alone: localhost, or a loopback
// address. BuildKit reaches these hosts over plain http without being told to.
func IsLoopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	return name == "localhost" || net.ParseIP(name).IsLoopback()
}
