package token

import (
	"crypto/ed25519"
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
	t.Header["typ"] = tokenTyp
	t.Header["kid"] = k.kid
	return t.SignedString(k.signing)
}

// Verify returns the session of an access token that is ours and in force, else [ErrInvalid]. A token that was verified
// before is only compared and checked for its expiry: an EdDSA signature costs 54 µs.
func (k *Keys) Verify(raw string, now time.Time) (Session, error) {
	if session, ok := k.seen.get(raw, now); ok {
		return session, nil
	}
	parsed, err := jwt.ParseWithClaims(raw, &claims{}, k.key,
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(func() time.Time { return now }))
	if err != nil {
		return Session{}, ErrInvalid
	}
	c := parsed.Claims.(*claims)
	user, err := uuid.Parse(c.Subject)
	id, err2 := uuid.Parse(c.SID)
	if err != nil || err2 != nil {
		return Session{}, ErrInvalid
	}
	session := Session{User: user, ID: id}
	k.seen.put(raw, session, c.ExpiresAt.Add(leeway))
	return session, nil
}

// key finds the public key by kid, in memory only: jku, x5u and jwk in a header are never looked at. The library checks
// neither typ nor crit.
func (k *Keys) key(t *jwt.Token) (any, error) {
	kid, _ := t.Header["kid"].(string)
	public, ok := k.public[kid]
	_, critical := t.Header["crit"]
	if !ok || critical || t.Header["typ"] != tokenTyp {
		return nil, ErrInvalid
	}
	return ed25519.PublicKey(public), nil
}
