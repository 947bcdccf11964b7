// Package oidc verifies the ID tokens of one OpenID Connect issuer: that it says who somebody is, to this client, just now.
package oidc

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"sync/atomic"
	"time"
)

// Issuer is who vouches for people. It is asked for its keys when the first token arrives, not before: a server starts and
// serves while the issuer is down.
type Issuer struct {
	URL      string // as iss has it
	ClientID string // as aud has it

	client  *http.Client
	timeout time.Duration // for both documents
	now     func() time.Time

	current  atomic.Pointer[keySet]
	fetching sync.Mutex
	asked    time.Time // when the issuer was last asked; under fetching
}

// Errors of [Issuer.Verify], beside [InvalidError].
var (
	ErrUnverified  = errors.New("the issuer has not verified the e-mail address")
	ErrUnavailable = errors.New("the issuer does not answer")
)

// InvalidError says why a token is not accepted, in words for whoever sent it: they have read it already.
type InvalidError string

func (e InvalidError) Error() string { return "the token " + string(e) }

// New returns the issuer with this URL, for the client that it knows by clientID. transport, nil for the system's, is how it
// is reached.
func New(issuer, clientID string, transport http.RoundTripper) (*Issuer, error) {
	u, err := url.Parse(issuer)
	if err != nil || !safe(u) || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || len(issuer) > 500 {
		return nil, errors.New("the issuer is an https URL without query, like https://accounts.example.com (http only on this machine)")
	}
	if !clientIDs.MatchString(clientID) {
		return nil, errors.New("the audience is the client id that the issuer has given, 1 to 200 characters without spaces")
	}
	return &Issuer{URL: issuer, ClientID: clientID, client: newClient(transport), timeout: timeout, now: time.Now}, nil
}

var clientIDs = regexp.MustCompile(`^[!-~]{1,200}$`)

// safe: nobody on the way can change what comes from there.
func safe(u *url.URL) bool {
	return u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()))
}

func loopback(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }

// maxDocument is the largest discovery document or set of keys, bytes.
const maxDocument = 256 << 10

// newClient follows no redirect, and reads no more than it must.
func newClient(transport http.RoundTripper) *http.Client {
	if transport == nil {
		transport = http.DefaultTransport
	}
	return &http.Client{
		Transport: bounded{transport},
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			return fmt.Errorf("a redirect to %s is not followed", r.URL.Host)
		},
	}
}

// bounded is a transport whose answers end.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, maxDocument)
	}
	return response, err
}
