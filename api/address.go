package api

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
)

// maxHops is how many addresses of X-Forwarded-For are looked at.
const maxHops = 32

// proxies are the networks whose word about a client's address is taken.
type proxies []netip.Prefix

// client is the address that a request comes from: the connection's, unless that is a trusted proxy; then the right-most
// of X-Forwarded-For that is not one. What stands to the left of that was written by somebody who is not trusted, and is
// not read. Forwarded (RFC 7239) is never read: a proxy that sets the one passes the other on as the client wrote it.
//
// Where the header is missing, or malformed before such an address is found, the request is the last trusted proxy's: a
// client gains no address by it that it could choose.
func (p proxies) client(r *http.Request) netip.Addr {
	addr, _ := parseAddr(r.RemoteAddr)
	rest := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	for range maxHops {
		if !p.trust(addr) {
			break
		}
		i := strings.LastIndexByte(rest, ',')
		hop, ok := parseAddr(strings.Trim(rest[i+1:], " \t"))
		if !ok {
			break
		}
		addr, rest = hop, rest[:max(i, 0)]
	}
	return addr
}

func (p proxies) trust(addr netip.Addr) bool {
	for _, network := range p {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// parseAddr reads an address with or without a port. An IPv4 address within an IPv6 one is the IPv4 address, and a zone,
// which means something only on the machine that wrote it, is dropped: each would give one client several names.
func parseAddr(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		port, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = port.Addr()
	}
	return addr.Unmap().WithZone(""), true
}

type addressKey struct{}

// from notes in a request's context which address it comes from.
func (p proxies) from(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), addressKey{}, p.client(r)))
}

// clientAddress is that address as text; empty where the connection has none.
func clientAddress(ctx context.Context) string {
	if addr, _ := ctx.Value(addressKey{}).(netip.Addr); addr.IsValid() {
		return addr.String()
	}
	return ""
}

// network is what a client's address is limited as: of IPv6 the /64, since a client has all of one.
func network(addr netip.Addr) string {
	if addr.Is6() {
		return netip.PrefixFrom(addr, 64).Masked().String()
	}
	return addr.String()
}
