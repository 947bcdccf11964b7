// Package oidctest is an OpenID Connect issuer for tests: a TLS server with a discovery document and keys that rotate.
package oidctest

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// ClientID is what the issuer knows the server under test by.
const ClientID = "insightforge-test"

// Issuer answers on the loopback address, and vouches for whomever a test likes.
type Issuer struct {
	*httptest.Server
	t     testing.TB
	Asked atomic.Int64 // how often somebody came for the keys

	mu     sync.Mutex
	keys   []Key // published; the last one signs
	answer map[string]http.HandlerFunc
}

// Key is a signing key of the issuer.
type Key struct {
	ID      string
	Method  jwt.SigningMethod
	Private crypto.Signer
}

// rsaKey is one for all tests: making them takes longer than many a test.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// New is an issuer with one RSA key.
func New(t testing.TB) *Issuer {
	t.Helper()
	private, err := rsaKey()
	require.NoError(t, err)
	i := &Issuer{t: t, answer: map[string]http.HandlerFunc{}}
	i.Publish(Key{uuid.NewString(), jwt.SigningMethodRS256, private})
	i.Server = httptest.NewTLSServer(http.HandlerFunc(i.serve))
	t.Cleanup(i.Close)
	return i
}

// Transport trusts the issuer's certificate, beside which nothing is different from the system's.
func (i *Issuer) Transport() http.RoundTripper { return i.Client().Transport }

// Publish replaces the keys. The last one signs.
func (i *Issuer) Publish(keys ...Key) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = keys
}

// Signing is the key that signs.
func (i *Issuer) Signing() Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[len(i.keys)-1]
}

// Answer replaces what a path answers; nil: as before.
func (i *Issuer) Answer(path string, with http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer[path] = with
}

// The paths of the two documents.
const (
	Discovery = "/.well-known/openid-configuration"
	Keys      = "/keys"
)

func (i *Issuer) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == Keys {
		i.Asked.Add(1)
	}
	i.mu.Lock()
	answer := i.answer[r.URL.Path]
	i.mu.Unlock()
	switch {
	case answer != nil:
		answer(w, r)
	case r.URL.Path == Keys:
		_, _ = w.Write(i.set())
	case r.URL.Path == Discovery:
		_, _ = fmt.Fprintf(w, `{"issuer": %q, "jwks_uri": %q}`, i.URL, i.URL+Keys)
	default:
		http.NotFound(w, r)
	}
}

func (i *Issuer) set() []byte {
	i.mu.Lock()
	defer i.mu.Unlock()
	storage := jwkset.NewMemoryStorage()
	for _, k := range i.keys {
		jwk, err := jwkset.NewJWKFromKey(k.Private.Public(), jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: k.ID, ALG: jwkset.ALG(k.Method.Alg()), USE: jwkset.UseSig}})
		if err == nil {
			err = storage.KeyWrite(context.Background(), jwk)
		}
		if err != nil {
			panic(err)
		}
	}
	text, err := storage.JSONPublic(context.Background())
	if err != nil {
		panic(err)
	}
	return text
}

// Change changes a token before it is signed.
type Change func(*jwt.Token, jwt.MapClaims)

// Token is an ID token of somebody with a verified address, each time another one.
func (i *Issuer) Token(subject, email string, changes ...Change) string {
	i.t.Helper()
	return i.SignedBy(i.Signing(), subject, email, changes...)
}

// SignedBy is [Issuer.Token] with a key that may be nobody's.
func (i *Issuer) SignedBy(key Key, subject, email string, changes ...Change) string {
	i.t.Helper()
	now := time.Now()
	claims := jwt.MapClaims{"iss": i.URL, "aud": ClientID, "sub": subject, "email": email, "email_verified": true, "name": "Ada Lovelace",
		"jti": uuid.NewString(), "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	token := jwt.NewWithClaims(key.Method, claims)
	token.Header["kid"] = key.ID
	for _, change := range changes {
		change(token, claims)
	}
	raw, err := token.SignedString(key.Private)
	require.NoError(i.t, err)
	return raw
}

// Claim sets a claim; nil removes it.
func Claim(name string, value any) Change {
	return func(_ *jwt.Token, c jwt.MapClaims) {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
}

// Header sets a field of the header; nil removes it.
func Header(name string, value any) Change {
	return func(t *jwt.Token, _ jwt.MapClaims) {
		if t.Header[name] = value; value == nil {
			delete(t.Header, name)
		}
	}
}

// Down answers nothing but an error.
func Down(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }

// Hangs answers when the caller has gone away.
func Hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// Huge answers more than anybody should read.
func Huge(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, `{"keys": [`)
	for range 1 << 14 {
		_, _ = fmt.Fprintf(w, `{"kty": "unknown", "kid": %q},`, uuid.NewString())
	}
	_, _ = io.WriteString(w, `{}]}`)
}
