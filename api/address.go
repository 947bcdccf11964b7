package api

import (
	"net/http"
	"net/netip"
)

// clientAddress is the address that the connection comes from, empty where it has none.
func clientAddress(r *http.Request) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return from.Addr().Unmap().WithZone("").String()
}
