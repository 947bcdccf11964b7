package oidc

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// Identity is a person, as the issuer has just said.
type Identity struct {
	Issuer, Subject string
	Email           string // verified; as the issuer writes it
	Name            string // never empty
	// Token is an id made of the token: the same for the same token, in the order of their issue. Its signature is left out, of
	// which a reader can make others that are valid as well.
	Token uuid.UUID
}

// Key names an identity among all: an issuer has no space.
func (i Identity) Key() string { return i.Issuer + " " + i.Subject }

const (
	leeway = 30 * time.Second
	maxAge = 10 * time.Minute // since iat: a sign-in hands the token over at once
)

// algorithms are those with a public key. None of them takes a shared secret.
var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// Verify returns whom an ID token is about. nonce is what the client sent to the issuer with the request that the token
// answers; empty if nothing. An error is an [InvalidError], [ErrUnverified] or [ErrUnavailable].
func (i *Issuer) Verify(ctx context.Context, raw, nonce string) (Identity, error) {
	claims := jwt.MapClaims{} // and no struct: there {"EMAIL": …} would be email too
	_, err := jwt.ParseWithClaims(raw, claims, func(t *jwt.Token) (any, error) { return i.key(ctx, t) },
		jwt.WithValidMethods(algorithms), jwt.WithIssuer(i.URL), jwt.WithAudience(i.ClientID),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithStrictDecoding(), jwt.WithTimeFunc(i.now))
	if err != nil {
		return Identity{}, reason(err)
	}
	issuedAt, err := claims.GetIssuedAt()
	if err != nil || issuedAt == nil || i.now().Sub(issuedAt.Time) > maxAge+leeway {
		return Identity{}, InvalidError("was not issued within the last 10 minutes")
	}
	if err := i.check(claims, nonce); err != nil {
		return Identity{}, err
	}
	return i.identity(claims, tokenID(raw, issuedAt.Time))
}

// key finds the key by kid, among those that the issuer publishes: jku, x5u, x5c and jwk in a header are never looked at. The
// library checks neither typ nor crit.
func (i *Issuer) key(ctx context.Context, t *jwt.Token) (any, error) {
	typ, named := t.Header["typ"]
	name, _ := typ.(string)
	_, critical := t.Header["crit"]
	if critical || named && !strings.EqualFold(name, "JWT") {
		return nil, errNoIDToken
	}
	if kid, _ := t.Header["kid"].(string); kid == "" {
		return nil, errNoKey
	}
	keys, err := i.keys(ctx)
	if err != nil {
		return nil, err
	}
	key, err := keys.Keyfunc.Keyfunc(t)
	if errors.Is(err, jwkset.ErrKeyNotFound) { // it may have been made a moment ago
		if newer := i.newer(ctx, keys); newer != keys {
			key, err = newer.Keyfunc.Keyfunc(t)
		}
	}
	return key, err
}

const (
	errNoIDToken = InvalidError("is no ID token")
	errNoKey     = InvalidError("does not name a key of the issuer")
)

// reasons are the library's errors, the more telling ones first.
var reasons = []struct{ of, is error }{
	{ErrUnavailable, ErrUnavailable},
	{errNoIDToken, errNoIDToken}, {errNoKey, errNoKey}, {jwkset.ErrKeyNotFound, errNoKey},
	{jwt.ErrTokenInvalidIssuer, InvalidError("is of another issuer")},
	{jwt.ErrTokenInvalidAudience, InvalidError("is for another client")},
	{jwt.ErrTokenExpired, InvalidError("has expired")},
	{jwt.ErrTokenUsedBeforeIssued, InvalidError("is of the future")}, {jwt.ErrTokenNotValidYet, InvalidError("is of the future")},
	{jwt.ErrTokenRequiredClaimMissing, InvalidError("lacks iss, aud, exp or iat")},
	{jwt.ErrTokenSignatureInvalid, InvalidError("is not signed by the issuer")},
}

func reason(err error) error {
	for _, r := range reasons {
		if errors.Is(err, r.of) {
			return r.is
		}
	}
	return errNoIDToken
}

// check is what OpenID Connect asks beyond JWT. A token that names several audiences, or another one that it was issued to,
// may be in the hands of that other one. Keycloak says in the claim typ what a token is.
func (i *Issuer) check(claims jwt.MapClaims, nonce string) error {
	audiences, _ := claims.GetAudience()
	party, named := claims["azp"]
	if (named || len(audiences) > 1) && party != i.ClientID {
		return InvalidError("is for another client")
	}
	if typ, named := claims["typ"]; named && typ != "ID" {
		return errNoIDToken
	}
	if sent, _ := claims["nonce"].(string); sent != nonce {
		return InvalidError("has another nonce")
	}
	return nil
}

var subjects = regexp.MustCompile(`^[ -~]{1,255}$`) // OpenID Connect Core 1.0, 2

// identity reads who it is. email_verified is true, not a string that says so: an issuer that writes strings may write
// "false" as well.
func (i *Issuer) identity(claims jwt.MapClaims, token uuid.UUID) (Identity, error) {
	subject, _ := claims["sub"].(string)
	if !subjects.MatchString(subject) {
		return Identity{}, InvalidError("lacks a sub of 1 to 255 ASCII characters")
	}
	email, _ := claims["email"].(string)
	if !address(email) || claims["email_verified"] != true {
		return Identity{}, ErrUnverified
	}
	return Identity{Issuer: i.URL, Subject: subject, Email: email, Name: name(claims, email), Token: token}, nil
}

// address: one that a person here can have. A letter that is not ASCII and whose lower case is, as the Kelvin sign's is k,
// would make it somebody else's.
func address(text string) bool {
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Address == text && len(text) <= 254 && !strings.ContainsFunc(text, func(r rune) bool {
		return r == ' ' || r == '<' || r == '>' || !unicode.IsPrint(r) || r >= utf8.RuneSelf && unicode.ToLower(r) < utf8.RuneSelf
	})
}

// name is what somebody is called, or else their address: 200 printable characters at most.
func name(claims jwt.MapClaims, email string) string {
	for _, claim := range []string{"name", "preferred_username"} {
		text, _ := claims[claim].(string)
		text = strings.TrimSpace(strings.Map(func(r rune) rune {
			if !unicode.IsPrint(r) {
				return -1
			}
			return r
		}, text))
		if runes := []rune(text); len(runes) > 0 {
			return string(runes[:min(len(runes), 200)])
		}
	}
	return string([]rune(email)[:min(len([]rune(email)), 200)])
}

// tokenID is a UUIDv7: the time of issue, and a hash of what is signed.
func tokenID(raw string, issuedAt time.Time) uuid.UUID {
	sum := sha256.Sum256([]byte(raw[:strings.LastIndexByte(raw, '.')]))
	id := uuid.UUID(sum[:16])
	binary.BigEndian.PutUint64(id[:], uint64(issuedAt.UnixMilli())<<16|uint64(id[6]&0x0f|0x70)<<8|uint64(id[7]))
	id[8] = id[8]&0x3f | 0x80
	return id
}
