package api

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAClientsAddressIsWhatATrustedProxySays(t *testing.T) {
	t.Parallel()
	trusted := proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	const proxy, stranger = "10.0.0.1:443", "203.0.113.9:5000"
	for name, c := range map[string]struct {
		from      string
		forwarded []string // lines of X-Forwarded-For
		want      string
	}{
		"nobody's word but a proxy's":          {stranger, []string{"198.51.100.1"}, "203.0.113.9"},
		"a stranger who names a proxy":         {stranger, []string{"198.51.100.1, 10.0.0.1"}, "203.0.113.9"},
		"through a proxy":                      {proxy, []string{"198.51.100.1"}, "198.51.100.1"},
		"what the client wrote is to the left": {proxy, []string{"1.1.1.1, 10.0.0.7, 198.51.100.1"}, "198.51.100.1"},
		"through two proxies":                  {proxy, []string{"1.1.1.1, 198.51.100.1,10.0.0.2"}, "198.51.100.1"},
		"lines are one list":                   {proxy, []string{"1.1.1.1", "198.51.100.1", "10.0.0.2"}, "198.51.100.1"},
		"a proxy's own request":                {proxy, nil, "10.0.0.1"},
		"a proxy that says nothing":            {proxy, []string{""}, "10.0.0.1"},
		"nothing but proxies":                  {proxy, []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"no address":                           {proxy, []string{"198.51.100.1, unknown"}, "10.0.0.1"},
		"no address behind a proxy":            {proxy, []string{"1.1.1.1, evil, 10.0.0.2"}, "10.0.0.2"},
		"an empty element":                     {proxy, []string{"1.1.1.1,"}, "10.0.0.1"},
		"an element that is not one":           {proxy, []string{"1.1.1.1 198.51.100.1"}, "10.0.0.1"},
		"a quoted element":                     {proxy, []string{`"198.51.100.1"`}, "10.0.0.1"},
		"a number":                             {proxy, []string{"3325256705"}, "10.0.0.1"},
		"octal":                                {proxy, []string{"0306.51.100.1"}, "10.0.0.1"},
		"a port":                               {proxy, []string{"198.51.100.1:1234"}, "198.51.100.1"},
		"a port that is none":                  {proxy, []string{"198.51.100.1:99999"}, "10.0.0.1"},
		"IPv6":                                 {proxy, []string{"2001:db8::1"}, "2001:db8::1"},
		"IPv6 with brackets":                   {proxy, []string{"[2001:db8::1]"}, "2001:db8::1"},
		"IPv6 with a port":                     {proxy, []string{"[2001:db8::1]:1234"}, "2001:db8::1"},
		"IPv6 with a zone":                     {proxy, []string{"fe80::1%eth0"}, "fe80::1"},
		"IPv4 within IPv6":                     {proxy, []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		"a proxy's IPv4 within IPv6":           {"[::ffff:10.0.0.1]:443", []string{"198.51.100.1"}, "198.51.100.1"},
		"a proxy in the list, within IPv6":     {proxy, []string{"198.51.100.1, ::ffff:10.0.0.2"}, "198.51.100.1"},
		"a proxy with IPv6":                    {"[fd00::1]:443", []string{"198.51.100.1"}, "198.51.100.1"},
		"a connection without an address":      {"@", []string{"198.51.100.1"}, "invalid IP"},
		"more proxies than anybody has":        {proxy, []string{"1.1.1.1" + strings.Repeat(",10.0.0.2", maxHops)}, "10.0.0.2"},
		"ten thousand addresses":               {proxy, []string{strings.Repeat("1.1.1.1,", 10_000) + "198.51.100.1"}, "198.51.100.1"},
		"a header of commas":                   {proxy, []string{strings.Repeat(",", 10_000)}, "10.0.0.1"},
		"a NUL character, and other nonsense":  {proxy, []string{"198.51.100.1\x00"}, "10.0.0.1"},
		"Forwarded's form":                     {proxy, []string{"for=198.51.100.1"}, "10.0.0.1"},
		"a network":                            {proxy, []string{"198.51.100.0/24"}, "10.0.0.1"},
		"tabs and blanks around":               {proxy, []string{"\t 198.51.100.1 \t"}, "198.51.100.1"},
	} {
		r := &http.Request{RemoteAddr: c.from, Header: http.Header{"X-Forwarded-For": c.forwarded, "Forwarded": {"for=192.0.2.1"}, "X-Real-Ip": {"192.0.2.1"}}}
		require.Equal(t, c.want, trusted.client(r).String(), name)
		require.NotEqual(t, "192.0.2.1", proxies(nil).client(r).String(), name)
	}
}

func TestWithoutTrustedProxiesNoHeaderIsRead(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"127.0.0.1:80", "10.0.0.1:80", "[::1]:80"} {
		r := &http.Request{RemoteAddr: from, Header: http.Header{"X-Forwarded-For": {"198.51.100.1"}}}
		require.Equal(t, netip.MustParseAddrPort(from).Addr(), proxies(nil).client(r))
	}
}

func TestIPv6IsLimitedByNetwork(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2:ffff::": "2001:db8:1:2::/64",
		"2001:db8:1:3::": "2001:db8:1:3::/64", "198.51.100.1": "198.51.100.1",
	} {
		require.Equal(t, want, network(netip.MustParseAddr(addr)))
	}
}
