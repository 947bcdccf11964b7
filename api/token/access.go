package token

import (
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// AccessLifetime is how long an access token is valid. It carries no role and no organization, so it need not be short
// for those: membership and role are looked up in each transaction.
const AccessLifetime = 10 * time.Minute

const (
	issuer   = "insightforge"
	audience = "insightforge-api"
	tokenTyp = "at+jwt" // RFC 9068; nothing else that we sign is one
	leeway   = 30 * time.Second
)

// ErrInvalid is every reason not to accept a token; which one is not for the caller to know.
var ErrInvalid = errors.New("invalid token")

// Session is what an access token says: who, and by which login.
type Session struct {
	User uuid.UUID
	ID   uuid.UUID
}

type claims struct {
	jwt.RegisteredClaims
	SID string `json:"sid"`
}

// Access signs an access token for session, valid from now on.
func (k *Keys) Access(session Session, now time.Time) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: session.User.String(),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(AccessLifetime)),
		},
		SID: session.ID.String(),
	})
	set := k.set()
	t.Header["typ"] = tokenTyp
	t.Header["kid"] = set.kid
	return t.SignedString(set.signing)
}

// Verify returns the session of an access token that is ours and in force, else [ErrInvalid]. A token that was verified
// before is only compared and checked for its expiry: an EdDSA signature costs 54 µs.
func (k *Keys) Verify(raw string, now time.Time) (Session, error) {
	set := k.set()
	session, err := set.verify(raw, now)
	if errors.Is(err, errUnknownKey) {
		if newer := k.newer(set); newer != nil {
			session, err = newer.verify(raw, now)
		}
	}
	if err != nil {
		return Session{}, ErrInvalid
	}
	return session, nil
}

// errUnknownKey: the key may have been made a moment ago.
var errUnknownKey = errors.New("unknown key")

func (s *keySet) verify(raw string, now time.Time) (Session, error) {
	if session, ok := s.seen.get(raw, now); ok {
		return session, nil
	}
	var until time.Time
	parsed, err := jwt.ParseWithClaims(raw, &claims{}, func(t *jwt.Token) (any, error) { return s.key(t, now, &until) },
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(func() time.Time { return now }))
	if err != nil {
		return Session{}, err
	}
	c := parsed.Claims.(*claims)
	user, err := uuid.Parse(c.Subject)
	id, err2 := uuid.Parse(c.SID)
	if err != nil || err2 != nil {
		return Session{}, ErrInvalid
	}
	session := Session{User: user, ID: id}
	expires := c.ExpiresAt.Add(leeway)
	if !until.IsZero() && until.Before(expires) {
		expires = until
	}
	s.seen.put(raw, session, expires)
	return session, nil
}

// key finds the public key by kid, in memory only: jku, x5u and jwk in a header are never looked at. The library checks
// neither typ nor crit. until is how long the key is accepted.
func (s *keySet) key(t *jwt.Token, now time.Time, until *time.Time) (any, error) {
	kid, _ := t.Header["kid"].(string)
	_, critical := t.Header["crit"]
	if critical || t.Header["typ"] != tokenTyp {
		return nil, ErrInvalid
	}
	public, ok := s.public[kid]
	if !ok {
		return nil, errUnknownKey
	}
	if ended(public.until, now) {
		return nil, ErrInvalid
	}
	*until = public.until
	return public.key, nil
}
