package registry

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/idna"
)

// linkLocal are the addresses that mean another machine in each network, or the machine's own cloud. Programs on a machine
// in a cloud can get its credentials there. Most clouds use 169.254.169.254. The others are those of AWS, Google, Alibaba,
// Oracle and Azure.
var linkLocal = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/10"),
	netip.MustParsePrefix("224.0.0.0/24"), netip.MustParsePrefix("ff02::/16"),
	netip.MustParsePrefix("fd00:ec2::/32"), netip.MustParsePrefix("fd20:ce::254/128"), netip.MustParsePrefix("100.100.100.200/32"),
	netip.MustParsePrefix("192.0.0.192/32"), netip.MustParsePrefix("168.63.129.16/32"),
}

// embedding are the IPv6 addresses that stand for an IPv4 address, and at which byte that begins: NAT64, 6to4, and
// IPv4-compatible addresses. IPv4-mapped ones are not among them: netip knows those.
var embedding = []struct {
	prefix netip.Prefix
	at     int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12}, {netip.MustParsePrefix("64:ff9b:1::/48"), 12},
	{netip.MustParsePrefix("2002::/16"), 2}, {netip.MustParsePrefix("::/96"), 12},
}

// isLinkLocal reports whether an address is link-local or that of a cloud's metadata service.
func isLinkLocal(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	for _, p := range linkLocal {
		if p.Contains(a) {
			return true
		}
	}
	for _, e := range embedding {
		if !e.prefix.Contains(a) {
			continue
		}
		bytes := a.As16()
		if isLinkLocal(netip.AddrFrom4([4]byte(bytes[e.at:]))) {
			return true
		}
	}
	return false
}

func linkLocalError(registry, host string) error {
	return &routeError{fmt.Sprintf("%s leads to %s, a link-local address, which no other host may lead to", registry, host)}
}

// spelledAddress returns the address that a host name is, in any spelling that some resolver or proxy reads as one.
func spelledAddress(host string) (netip.Addr, bool) {
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii // full-width digits are digits
	}
	host, _, _ = strings.Cut(strings.TrimRight(host, "."), "%")
	if a, err := netip.ParseAddr(host); err == nil {
		return a, true
	}
	return oldAddress(host)
}

// oldAddress reads an IPv4 address as inet_aton does: of one to four numbers, each decimal, octal or hexadecimal. The last
// one fills the remaining bytes.
func oldAddress(host string) (netip.Addr, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var value uint64
	for i, part := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		n, ok := oldNumber(part, bits)
		if !ok {
			return netip.Addr{}, false
		}
		value = value<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}), true
}

func oldNumber(s string, bits int) (uint64, bool) {
	base := 10
	switch lower := strings.ToLower(s); {
	case strings.HasPrefix(lower, "0x"):
		s, base = s[2:], 16
	case len(s) > 1 && s[0] == '0':
		base = 8
	}
	n, err := strconv.ParseUint(s, base, bits)
	return n, err == nil
}

// dialCheck is the key of a context whose connections must not go to a link-local address. Its value is the registry that
// led to them.
type dialCheck struct{}

// newDialer returns the dialer of all connections. It sees the address that a name has at that moment.
func newDialer() *net.Dialer {
	return &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second, ControlContext: checkDial}
}

func checkDial(ctx context.Context, _, address string, _ syscall.RawConn) error {
	registry, ok := ctx.Value(dialCheck{}).(string)
	if !ok {
		return nil
	}
	if a, err := netip.ParseAddrPort(address); err != nil || isLinkLocal(a.Addr()) {
		return linkLocalError(registry, address)
	}
	return nil
}
