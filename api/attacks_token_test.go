package api_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/token"
)

const me = "/api/v1/users/me"

// forgery changes an access token before it is signed.
type forgery func(*jwt.Token, jwt.MapClaims)

// forge is the person with a token signed as the server signs, of which something was changed.
func (p person) forge(change forgery) person {
	p.s.t.Helper()
	now := time.Now()
	claims := jwt.MapClaims{"iss": "insightforge", "aud": "insightforge-api", "sub": p.id.String(), "sid": uuid.NewString(),
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
	t.Header["typ"], t.Header["kid"] = "at+jwt", keys().Public()[0].KeyID
	change(t, claims)
	var err error
	p.token, err = t.SignedString(ed25519.NewKeyFromSeed(seed))
	require.NoError(p.s.t, err)
	return p
}

func header(name string, value any) forgery {
	return func(t *jwt.Token, _ jwt.MapClaims) { t.Header[name] = value }
}

func noHeader(name string) forgery {
	return func(t *jwt.Token, _ jwt.MapClaims) { delete(t.Header, name) }
}

func claim(name string, value any) forgery {
	return func(_ *jwt.Token, c jwt.MapClaims) { c[name] = value }
}

func noClaim(name string) forgery { return func(_ *jwt.Token, c jwt.MapClaims) { delete(c, name) } }

// requireForgeriesRefused: the same token without the change opens what each is refused.
func requireForgeriesRefused(t *testing.T, forgeries ...forgery) {
	t.Helper()
	p := newServer(t).newPerson("Ada")
	p.forge(func(*jwt.Token, jwt.MapClaims) {}).get(me).is(http.StatusOK)
	for i, change := range forgeries {
		forged := p.forge(change)
		require.Equal(t, http.StatusUnauthorized, forged.get(me).status, "%d: %s", i, forged.token)
	}
}

// requireTokensRefused for a person whose own token is made into others.
func requireTokensRefused(t *testing.T, tokens func(header, claims, signature string) []string) {
	t.Helper()
	p := newServer(t).newPerson("Ada")
	p.get(me).is(http.StatusOK)
	parts := strings.Split(p.token, ".")
	for _, token := range tokens(parts[0], parts[1], parts[2]) {
		p.token = token
		require.Equal(t, http.StatusUnauthorized, p.get(me).status, token)
	}
}

// headerOf is a token's first part for an algorithm.
func headerOf(alg string) string {
	text, _ := json.Marshal(map[string]string{"alg": alg, "typ": "at+jwt", "kid": keys().Public()[0].KeyID})
	return base64.RawURLEncoding.EncodeToString(text)
}

func TestAttack_063_NoAlgorithm(t *testing.T) {
	t.Parallel()
	requireTokensRefused(t, func(_, claims, signature string) (tokens []string) {
		for _, alg := range []string{"none", "None", "NONE", "nOnE", ""} {
			tokens = append(tokens, headerOf(alg)+"."+claims+".", headerOf(alg)+"."+claims+"."+signature)
		}
		return tokens
	})
}

func TestAttack_064_ThePublicKeyAsASecret(t *testing.T) {
	t.Parallel()
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	secrets := [][]byte{public, der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), []byte(keys().Public()[0].X), {}}
	requireTokensRefused(t, func(_, claims, _ string) (tokens []string) {
		for _, secret := range secrets {
			for _, alg := range []string{"HS256", "HS384", "HS512", "RS256", "ES256"} {
				signed := headerOf(alg) + "." + claims
				method, ok := jwt.GetSigningMethod(alg).(*jwt.SigningMethodHMAC)
				if !ok {
					method = jwt.SigningMethodHS256
				}
				mac, err := method.Sign(signed, secret)
				require.NoError(t, err)
				tokens = append(tokens, signed+"."+base64.RawURLEncoding.EncodeToString(mac))
			}
		}
		return tokens
	})
}

func TestAttack_065_NoExpiry(t *testing.T) {
	t.Parallel()
	requireForgeriesRefused(t, noClaim("exp"), claim("exp", nil), claim("exp", "never"), claim("exp", 0), claim("exp", time.Now().Add(-time.Minute).Unix()))
}

func TestAttack_066_AnotherIssuerOrAudience(t *testing.T) {
	t.Parallel()
	requireForgeriesRefused(t, noClaim("iss"), claim("iss", ""), claim("iss", "evil"), claim("iss", []string{"insightforge"}),
		noClaim("aud"), claim("aud", ""), claim("aud", "insightforge-refresh"), claim("aud", []string{}), claim("aud", []string{"insightforge"}))
}

func TestAttack_068_NoTokenStandsInForAnother(t *testing.T) {
	t.Parallel()
	requireForgeriesRefused(t, noHeader("typ"), header("typ", "JWT"), header("typ", "rt+jwt"), header("typ", "id+jwt"), header("typ", []string{"at+jwt"}))
	o := newServer(t).newOrganization()
	p := o.s.newPerson("Nora New")
	o.s.refresh(p.token).refused(http.StatusUnprocessableEntity, "invalid") // too long to be one
	invitation := o.invite(o.owner, p.email, "OWNER")["token"].(string)
	for _, token := range []string{p.refresh, invitation} {
		person{s: o.s, token: token}.get(me).refused(http.StatusUnauthorized, "unauthorized")
	}
	for _, token := range []string{invitation, "ifr_nonsense", ""} {
		o.s.refresh(token).refused(http.StatusUnauthorized, "session_ended")
	}
	p.post(accept, object{"token": p.refresh}).refused(http.StatusNotFound, "not_found")
	p.post(accept, object{"token": p.token}).refused(http.StatusUnprocessableEntity, "invalid")
	o.s.refresh(p.refresh).is(http.StatusOK)
}

func TestAttack_070_ATokenOfTomorrow(t *testing.T) {
	t.Parallel()
	tomorrow := time.Now().Add(24 * time.Hour).Unix()
	requireForgeriesRefused(t, claim("iat", tomorrow), claim("nbf", tomorrow), claim("nbf", "now"))
}

// TestAttack_072_AKeyOfTheCallersChoice: a kid is looked up in memory, and no header brings or names another key.
func TestAttack_072_AKeyOfTheCallersChoice(t *testing.T) {
	t.Parallel()
	own := keys().Public()[0].KeyID
	forgeries := []forgery{noHeader("kid"), header("crit", []string{"b64"}), header("crit", []string{})}
	for _, kid := range []any{"", "../../../../dev/null", "/etc/passwd", "' union select 'x", "https://evil.example/key", own + "\x00", own[1:], 7, nil, []string{own}} {
		forgeries = append(forgeries, header("kid", kid))
	}
	requireForgeriesRefused(t, forgeries...)

	// Signed with the attacker's own key, which the header brings along.
	attacker := ed25519.NewKeyFromSeed(otherSeed)
	requireTokensRefused(t, func(_, claims, _ string) (tokens []string) {
		for name, value := range map[string]any{"jwk": otherKeys().Public()[0], "jku": "https://evil.example/jwks", "x5u": "https://evil.example/chain", "x5c": []string{"MII"}} {
			for _, kid := range []string{own, otherKeys().Public()[0].KeyID} {
				text, err := json.Marshal(object{"alg": "EdDSA", "typ": "at+jwt", "kid": kid, name: value})
				require.NoError(t, err)
				signed := base64.RawURLEncoding.EncodeToString(text) + "." + claims
				tokens = append(tokens, signed+"."+base64.RawURLEncoding.EncodeToString(ed25519.Sign(attacker, []byte(signed))))
			}
		}
		return tokens
	})
}

// rotated is a server whose signing key, that of keys(), began to retire at a time; and a person with a token of its next one.
func rotated(t *testing.T, at time.Time) (before, after person) {
	t.Helper()
	path := writeKeys(t.TempDir(), seed)
	own, err := token.LoadOrCreate(path)
	require.NoError(t, err)
	before = newServerOf(t, own).newPerson("Ada")
	before.get(me).is(http.StatusOK)
	_, err = token.Rotate(path, at)
	require.NoError(t, err)

	elsewhere, err := token.LoadOrCreate(path)
	require.NoError(t, err)
	after = before
	after.token, err = elsewhere.Access(token.Session{User: before.id, ID: before.session}, time.Now())
	require.NoError(t, err)
	after.get(me).is(http.StatusOK) // the server meets a key that it does not know, and reads the file
	return before, after
}

// TestAttack_073_ARetiredKey opens nothing, whatever its tokens say, without a restart; sessions go on.
func TestAttack_073_ARetiredKey(t *testing.T) {
	t.Parallel()
	thief, owner := rotated(t, time.Now().Add(-time.Hour))
	for _, p := range []person{thief, thief.forge(func(*jwt.Token, jwt.MapClaims) {}), thief.forge(claim("exp", time.Now().Add(time.Hour).Unix()))} {
		p.get(me).refused(http.StatusUnauthorized, "unauthorized")
	}
	s := owner.s
	s.signedIn(s.refresh(owner.refresh).is(http.StatusOK)).get(me).is(http.StatusOK)
	owner.get(me).is(http.StatusOK)
}

func TestARotationOfKeysEndsNoSession(t *testing.T) {
	t.Parallel()
	before, after := rotated(t, time.Now())
	before.get(me).is(http.StatusOK)
	after.s.signedIn(after.s.refresh(before.refresh).is(http.StatusOK)).get(me).is(http.StatusOK)

	a := after.s.nobody().get("/.well-known/jwks.json")
	require.Equal(t, "public, max-age=300", a.header.Get("Cache-Control"))
	published := a.is(http.StatusOK)["keys"].([]any)
	require.Len(t, published, 3)
	require.Equal(t, keys().Public()[0].KeyID, published[2].(object)["kid"], "the retiring one comes last")
	for _, key := range published {
		require.ElementsMatch(t, []string{"kty", "crv", "x", "kid", "use", "alg"}, slices.Collect(maps.Keys(key.(object))))
	}
}

func TestTokensThatNameNobodyOrAreNotWholeAreRefused(t *testing.T) {
	t.Parallel()
	requireForgeriesRefused(t, noClaim("sub"), claim("sub", "1 or 1=1"), claim("sub", []string{uuid.NewString()}), noClaim("sid"), claim("sid", "x"))
	requireTokensRefused(t, func(header, claims, signature string) []string {
		whole := header + "." + claims + "." + signature
		return []string{header + "." + claims + ".", header + "." + claims + "." + signature[:80] + "AAAAAA", header + ".." + signature, whole + ".", whole + "=", "x", whole + " " + whole}
	})
	p := newServer(t).newPerson("Ada")
	nobody := p.s.nobody()
	nobody.get(me, "Authorization", "Basic "+p.token).refused(http.StatusUnauthorized, "unauthorized")
	nobody.get(me+"?access_token="+p.token).refused(http.StatusUnauthorized, "unauthorized")
	nobody.get(me, "Cookie", "access_token="+p.token).refused(http.StatusUnauthorized, "unauthorized")
	nobody.get(me, "Authorization", "bearer "+p.token).is(http.StatusOK)
}

// TestNotStopped_AStolenKeyFile: who has keys.json is anybody, without ever having logged in.
func TestNotStopped_AStolenKeyFile(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.s.force("delete from app.sessions")
	thief := person{s: o.s, id: o.owner.id}.forge(func(*jwt.Token, jwt.MapClaims) {})
	require.Equal(t, "OWNER", thief.get(o.path("")).is(http.StatusOK)["role"])
}

// TestNotStopped_AnAccessTokenOutlivesItsLogout by up to 10 minutes.
func TestNotStopped_AnAccessTokenOutlivesItsLogout(t *testing.T) {
	t.Parallel()
	p := newServer(t).newPerson("Ada")
	p.post(auth+"logout", nil).is(http.StatusNoContent)
	p.get(me).is(http.StatusOK)
}
