package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
)

// How long keys are used, and how often the issuer is asked.
const (
	fresh    = time.Hour        // then they are fetched again: a key that the issuer has withdrawn is forgotten
	stale    = 24 * time.Hour   // and used no longer than that, if the issuer does not answer
	askEvery = 10 * time.Second // whatever tokens arrive
	timeout  = 5 * time.Second
)

// keySet are the issuer's keys at a time.
type keySet struct {
	keyfunc.Keyfunc
	at time.Time
}

func (k *keySet) younger(than time.Duration, now time.Time) bool {
	return k != nil && now.Sub(k.at) < than
}

// keys are those known, fetched where there are none or they are old. None: [ErrUnavailable].
func (i *Issuer) keys(ctx context.Context) (*keySet, error) {
	known := i.current.Load()
	if !known.younger(fresh, i.now()) {
		known = i.newer(ctx, known)
	}
	if !known.younger(stale, i.now()) {
		return nil, ErrUnavailable
	}
	return known, nil
}

// newer are the issuer's keys now, or those of before if it does not answer or was asked a moment ago. Who waits for another
// request's answer takes that one.
func (i *Issuer) newer(ctx context.Context, old *keySet) *keySet {
	i.fetching.Lock()
	defer i.fetching.Unlock()
	if current := i.current.Load(); current != old || i.now().Sub(i.asked) < askEvery {
		return current
	}
	i.asked = i.now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), i.timeout) // others wait for it
	defer cancel()
	keys, err := i.fetch(ctx)
	if err != nil {
		slog.Warn("the OpenID Connect issuer does not answer as it should", "issuer", i.URL, "error", err)
		return old
	}
	i.current.Store(keys)
	return keys
}

// fetch asks the issuer where its keys are, and for them. A key of a kind that is not known here is left out.
func (i *Issuer) fetch(ctx context.Context) (*keySet, error) {
	where, err := i.discover(ctx)
	if err != nil {
		return nil, err
	}
	storage, err := jwkset.NewStorageFromHTTP(where, jwkset.HTTPClientStorageOptions{Client: i.client, Ctx: ctx})
	if err != nil {
		return nil, err
	}
	keys, err := keyfunc.New(keyfunc.Options{Storage: storage, UseWhitelist: []jwkset.USE{jwkset.UseSig, ""}})
	return &keySet{keys, i.now()}, err
}

// discover returns the address of the keys.
func (i *Issuer) discover(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(i.URL, "/")+"/.well-known/openid-configuration", nil)
	if err != nil {
		return "", err
	}
	response, err := i.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("discovery: status %d", response.StatusCode)
	}
	var document struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := json.NewDecoder(response.Body).Decode(&document); err != nil {
		return "", fmt.Errorf("discovery: %w", err)
	}
	if document.Issuer != i.URL {
		return "", fmt.Errorf("discovery: it is the issuer %q", document.Issuer)
	}
	if where, err := url.Parse(document.Keys); err != nil || !safe(where) || i.overTLS() && where.Scheme != "https" {
		return "", errors.New("discovery: jwks_uri is no https URL")
	}
	return document.Keys, nil
}

func (i *Issuer) overTLS() bool { return strings.HasPrefix(i.URL, "https:") }
