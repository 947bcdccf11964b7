package token

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func testKeys(t *testing.T) *Keys {
	k, err := LoadOrCreate(filepath.Join(t.TempDir(), "keys.json"))
	require.NoError(t, err)
	return k
}

func TestAnAccessTokenNamesItsSessionUntilItExpires(t *testing.T) {
	t.Parallel()
	k := testKeys(t)
	session := Session{User: uuid.New(), ID: uuid.New()}
	raw, err := k.Access(session, now)
	require.NoError(t, err)
	for range 2 { // the second from the cache
		got, err := k.Verify(raw, now.Add(AccessLifetime))
		require.NoError(t, err)
		require.Equal(t, session, got)
	}
	_, err = k.Verify(raw, now.Add(AccessLifetime+leeway+time.Second))
	require.ErrorIs(t, err, ErrInvalid)
}

func TestAnAccessTokenCarriesNoRoleAndNoOrganization(t *testing.T) {
	t.Parallel()
	raw, err := testKeys(t).Access(Session{User: uuid.New(), ID: uuid.New()}, now)
	require.NoError(t, err)
	body, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	require.NoError(t, err)
	var c map[string]any
	require.NoError(t, json.Unmarshal(body, &c))
	names := []string{}
	for name := range c {
		names = append(names, name)
	}
	require.ElementsMatch(t, []string{"iss", "aud", "sub", "iat", "exp", "sid"}, names)
}

// forged is a token that our key signs but that says something wrong.
func forged(t *testing.T, k *Keys, change func(*jwt.Token, jwt.MapClaims)) string {
	c := jwt.MapClaims{"iss": issuer, "aud": audience, "sub": uuid.NewString(), "sid": uuid.NewString(),
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
	tok := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	tok.Header["typ"], tok.Header["kid"] = tokenTyp, k.kid
	change(tok, c)
	raw, err := tok.SignedString(k.signing)
	require.NoError(t, err)
	return raw
}

func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	k := testKeys(t)
	for name, change := range map[string]func(*jwt.Token, jwt.MapClaims){
		"no exp":          func(_ *jwt.Token, c jwt.MapClaims) { delete(c, "exp") },
		"expired":         func(_ *jwt.Token, c jwt.MapClaims) { c["exp"] = now.Add(-time.Minute).Unix() },
		"issued tomorrow": func(_ *jwt.Token, c jwt.MapClaims) { c["iat"] = now.Add(24 * time.Hour).Unix() },
		"not yet valid":   func(_ *jwt.Token, c jwt.MapClaims) { c["nbf"] = now.Add(time.Hour).Unix() },
		"no iss":          func(_ *jwt.Token, c jwt.MapClaims) { delete(c, "iss") },
		"other iss":       func(_ *jwt.Token, c jwt.MapClaims) { c["iss"] = "evil" },
		"no aud":          func(_ *jwt.Token, c jwt.MapClaims) { delete(c, "aud") },
		"other aud":       func(_ *jwt.Token, c jwt.MapClaims) { c["aud"] = "insightforge-refresh" },
		"no sub":          func(_ *jwt.Token, c jwt.MapClaims) { delete(c, "sub") },
		"sub not a uuid":  func(_ *jwt.Token, c jwt.MapClaims) { c["sub"] = "1 or 1=1" },
		"no sid":          func(_ *jwt.Token, c jwt.MapClaims) { delete(c, "sid") },
		"typ JWT":         func(tok *jwt.Token, _ jwt.MapClaims) { tok.Header["typ"] = "JWT" },
		"no typ":          func(tok *jwt.Token, _ jwt.MapClaims) { delete(tok.Header, "typ") },
		"crit":            func(tok *jwt.Token, _ jwt.MapClaims) { tok.Header["crit"] = []string{"b64"} },
		"no kid":          func(tok *jwt.Token, _ jwt.MapClaims) { delete(tok.Header, "kid") },
		"kid a path":      func(tok *jwt.Token, _ jwt.MapClaims) { tok.Header["kid"] = "../../etc/passwd" },
		"kid not text":    func(tok *jwt.Token, _ jwt.MapClaims) { tok.Header["kid"] = 7 },
		"jku, other kid": func(tok *jwt.Token, _ jwt.MapClaims) {
			tok.Header["kid"], tok.Header["jku"] = "mine", "https://evil.example/jwks"
		},
	} {
		_, err := k.Verify(forged(t, k, change), now)
		require.ErrorIs(t, err, ErrInvalid, name)
	}
	_, err := k.Verify(forged(t, k, func(*jwt.Token, jwt.MapClaims) {}), now)
	require.NoError(t, err, "unchanged, the same token is accepted")
}

func TestOtherAlgorithmsAreRefused(t *testing.T) {
	t.Parallel()
	k := testKeys(t)
	good := forged(t, k, func(*jwt.Token, jwt.MapClaims) {})
	body := strings.Split(good, ".")[1]
	der, err := x509.MarshalPKIXPublicKey(k.public[k.kid])
	require.NoError(t, err)
	for _, alg := range []string{"none", "None", "HS256", "RS256", ""} {
		for _, secret := range [][]byte{k.public[k.kid], der} {
			header, err := json.Marshal(map[string]string{"alg": alg, "typ": tokenTyp, "kid": k.kid})
			require.NoError(t, err)
			signed := base64.RawURLEncoding.EncodeToString(header) + "." + body
			mac, err := jwt.SigningMethodHS256.Sign(signed, secret)
			require.NoError(t, err)
			for _, signature := range []string{"", base64.RawURLEncoding.EncodeToString(mac)} {
				_, err = k.Verify(signed+"."+signature, now)
				require.ErrorIs(t, err, ErrInvalid, alg)
			}
		}
	}
	other := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	tok := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"sub": uuid.NewString()})
	tok.Header["typ"], tok.Header["kid"] = tokenTyp, k.kid
	raw, err := tok.SignedString(other)
	require.NoError(t, err)
	_, err = k.Verify(raw, now)
	require.ErrorIs(t, err, ErrInvalid)
}

func TestARefreshTokenNamesSessionAndGenerationAndCannotBeChanged(t *testing.T) {
	t.Parallel()
	k := testKeys(t)
	session := uuid.New()
	raw := k.Refresh(session, 7)
	gotSession, generation, err := k.ParseRefresh(raw)
	require.NoError(t, err)
	require.Equal(t, session, gotSession)
	require.EqualValues(t, 7, generation)

	for i := range raw {
		changed := []byte(raw)
		changed[i] ^= 1
		_, _, err := k.ParseRefresh(string(changed))
		require.ErrorIs(t, err, ErrInvalid, i)
	}
	_, _, err = testKeys(t).ParseRefresh(raw)
	require.ErrorIs(t, err, ErrInvalid, "another installation's keys")
	access, err := k.Access(Session{}, now)
	require.NoError(t, err)
	_, _, err = k.ParseRefresh(access)
	require.ErrorIs(t, err, ErrInvalid)
	_, err = k.Verify(raw, now)
	require.ErrorIs(t, err, ErrInvalid)
}

func TestKeysLastAndAreMadeOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	kids := make([]string, 8)
	var all sync.WaitGroup
	for i := range kids {
		all.Go(func() {
			k, err := LoadOrCreate(path)
			if err == nil {
				kids[i] = k.kid
			}
		})
	}
	all.Wait()
	for _, kid := range kids {
		require.Equal(t, kids[0], kid)
		require.NotEmpty(t, kid)
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, os.WriteFile(path, []byte("{}"), 0o600))
	_, err = LoadOrCreate(path)
	require.ErrorContains(t, err, "not a key file")
}

func TestTheCacheOfVerifiedTokensIsBounded(t *testing.T) {
	t.Parallel()
	v := newVerified()
	for range verifiedLimit + 5 {
		v.put(uuid.NewString(), Session{}, now)
	}
	require.Equal(t, 5, len(v.tokens))
}
