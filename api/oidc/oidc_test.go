package oidc_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/oidc"
	"github.com/insightforge/insightforge/api/oidc/oidctest"
)

const email = "ada@example.com"

var (
	claim  = oidctest.Claim
	header = oidctest.Header
)

// trusting is the issuer as a server knows it, with a clock that the test moves on.
func trusting(t *testing.T, from *oidctest.Issuer) (*oidc.Issuer, *atomic.Int64) {
	t.Helper()
	issuer, err := oidc.New(from.URL, oidctest.ClientID, from.Transport())
	require.NoError(t, err)
	later := new(atomic.Int64)
	issuer.Adjust(func() time.Time { return time.Now().Add(time.Duration(later.Load())) }, time.Minute)
	return issuer, later
}

// requireEach refuses with this error what one change makes of a token that is accepted without it.
func requireEach(t *testing.T, want error, changes ...oidctest.Change) {
	t.Helper()
	from := oidctest.New(t)
	issuer, _ := trusting(t, from)
	_, err := issuer.Verify(t.Context(), from.Token("ada", email), "")
	require.NoError(t, err)
	for i, change := range changes {
		raw := from.Token("ada", email, change)
		_, err := issuer.Verify(t.Context(), raw, "")
		require.Equal(t, want, err, "%d: %s", i, raw)
	}
}

func TestATokenSaysWhoSomebodyIs(t *testing.T) {
	t.Parallel()
	from := oidctest.New(t)
	issuer, _ := trusting(t, from)
	raw := from.Token("a|1", "Ada@Example.com", claim("aud", []string{oidctest.ClientID}), claim("azp", oidctest.ClientID), claim("typ", "ID"), header("typ", "JWT"), claim("nonce", "n"))
	who, err := issuer.Verify(t.Context(), raw, "n")
	require.NoError(t, err)
	token := who.Token
	who.Token = uuid.Nil
	require.Equal(t, oidc.Identity{Issuer: from.URL, Subject: "a|1", Email: "Ada@Example.com", Name: "Ada Lovelace"}, who)

	again, err := issuer.Verify(t.Context(), raw, "n")
	require.NoError(t, err)
	require.Equal(t, token, again.Token)
	require.EqualValues(t, 7, token.Version())
	require.Equal(t, uuid.RFC4122, token.Variant())
	seconds, _ := token.Time().UnixTime()
	require.InDelta(t, time.Now().Unix(), seconds, 2)
	other, err := issuer.Verify(t.Context(), from.Token("a|1", email), "")
	require.NoError(t, err)
	require.NotEqual(t, token, other.Token)
}

// signers are a key for each algorithm that is accepted.
func signers(t *testing.T) (keys []oidctest.Key) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
		keys = append(keys, oidctest.Key{ID: alg, Method: jwt.GetSigningMethod(alg), Private: private})
	}
	for alg, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		private, err := ecdsa.GenerateKey(curve, rand.Reader)
		require.NoError(t, err)
		keys = append(keys, oidctest.Key{ID: alg, Method: jwt.GetSigningMethod(alg), Private: private})
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return append(keys, oidctest.Key{ID: "EdDSA", Method: jwt.SigningMethodEdDSA, Private: edwards})
}

func TestEachAlgorithmWithAPublicKeyIsAcceptedForItsKeyOnly(t *testing.T) {
	t.Parallel()
	from := oidctest.New(t)
	issuer, _ := trusting(t, from)
	keys := signers(t)
	from.Publish(keys...)
	for i, key := range keys {
		_, err := issuer.Verify(t.Context(), from.SignedBy(key, "ada", email), "")
		require.NoError(t, err, key.ID)
		other := keys[(i+1)%len(keys)]
		raw := from.SignedBy(oidctest.Key{ID: other.ID, Method: key.Method, Private: key.Private}, "ada", email)
		_, err = issuer.Verify(t.Context(), raw, "")
		require.ErrorAs(t, err, new(oidc.InvalidError), "signed as %s, with the id of %s", key.ID, other.ID)
	}
}

func TestAnotherIssuerOrClientIsRefused(t *testing.T) {
	t.Parallel()
	requireEach(t, oidc.InvalidError("is of another issuer"), claim("iss", "https://evil.example"))
	requireEach(t, oidc.InvalidError("lacks iss, aud, exp or iat"), claim("iss", nil), claim("iss", ""), claim("aud", nil), claim("aud", []string{}), claim("exp", nil), claim("exp", 0))
	requireEach(t, oidc.InvalidError("is for another client"), claim("aud", "another"), claim("aud", []string{"another", strings.ToUpper(oidctest.ClientID)}),
		claim("aud", []string{oidctest.ClientID, "another"}), claim("azp", "another"), claim("azp", ""), claim("azp", []string{oidctest.ClientID}))
}

func TestATokenOfAnotherTimeIsRefused(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	requireEach(t, oidc.InvalidError("has expired"), claim("exp", at(-time.Minute)))
	requireEach(t, oidc.InvalidError("is of the future"), claim("iat", at(time.Minute)), claim("nbf", at(time.Minute)))
	requireEach(t, oidc.InvalidError("was not issued within the last 10 minutes"), claim("iat", nil), claim("iat", at(-11*time.Minute)), claim("iat", 1e-300), claim("iat", -1e300))
	from := oidctest.New(t)
	issuer, _ := trusting(t, from)
	for _, lenient := range []oidctest.Change{claim("exp", at(-20*time.Second)), claim("iat", at(20*time.Second)), claim("iat", at(-10*time.Minute)), claim("nbf", at(20*time.Second))} {
		_, err := issuer.Verify(t.Context(), from.Token("ada", email, lenient), "")
		require.NoError(t, err)
	}
}

func TestAnAddressThatTheIssuerHasNotVerifiedIsRefused(t *testing.T) {
	t.Parallel()
	requireEach(t, oidc.ErrUnverified,
		claim("email_verified", nil), claim("email_verified", false), claim("email_verified", "true"), claim("email_verified", 1), claim("email_verified", []bool{true}),
		claim("email", nil), claim("email", ""), claim("email", []string{email}), claim("email", "ada"), claim("email", "Ada <ada@example.com>"), claim("email", "ada@example.com\n"),
		claim("email", " ada@example.com"), claim("email", "a\x00da@example.com"), claim("email", strings.Repeat("a", 250)+"@example.com"), claim("email", "ada@example.com,bob@example.com"),
		claim("email", "\u212aelvin@example.com"), claim("email", "\u0130da@example.com")) // of which the lower case is kelvin, and ida
	from := oidctest.New(t)
	issuer, _ := trusting(t, from)
	_, err := issuer.Verify(t.Context(), from.Token("ada", email, claim("email", nil), claim("EMAIL", email)), "")
	require.Equal(t, oidc.ErrUnverified, err)
	who, err := issuer.Verify(t.Context(), from.Token("ada", "ådå@example.com"), "")
	require.NoError(t, err)
	require.Equal(t, "ådå@example.com", who.Email)
}

func TestASubjectIsBoundedText(t *testing.T) {
	t.Parallel()
	requireEach(t, oidc.InvalidError("lacks a sub of 1 to 255 ASCII characters"), claim("sub", nil), claim("sub", ""), claim("sub", 7), claim("sub", strings.Repeat("a", 256)),
		claim("sub", "a\x00"), claim("sub", "a\nb"), claim("sub", "é"), claim("sub", []string{"ada"}))
}

func TestANonceIsTheOneThatTheClientHasSent(t *testing.T) {
	t.Parallel()
	from := oidctest.New(t)
	issuer, _ := trusting(t, from)
	with, without := from.Token("ada", email, claim("nonce", "one")), from.Token("ada", email)
	for _, c := range []struct {
		raw, nonce string
		ok         bool
	}{{with, "one", true}, {without, "", true}, {with, "", false}, {with, "two", false}, {without, "one", false}} {
		_, err := issuer.Verify(t.Context(), c.raw, c.nonce)
		if c.ok {
			require.NoError(t, err)
		} else {
			require.Equal(t, oidc.InvalidError("has another nonce"), err)
		}
	}
}

func TestAnotherKindOfTokenIsRefused(t *testing.T) {
	t.Parallel()
	requireEach(t, oidc.InvalidError("is no ID token"), header("typ", "at+jwt"), header("typ", "application/at+jwt"), header("typ", "logout+jwt"), header("typ", ""),
		header("typ", []string{"JWT"}), header("crit", []string{"b64"}), header("crit", []string{}), claim("typ", "Bearer"), claim("typ", "Refresh"), claim("typ", ""), claim("typ", 1))
}

func TestNoKeyOfTheCallersChoiceIsTaken(t *testing.T) {
	t.Parallel()
	requireEach(t, oidc.InvalidError("does not name a key of the issuer"), header("kid", nil), header("kid", ""), header("kid", 7), header("kid", []string{"a"}),
		header("kid", "' or true --"), header("kid", "../../dev/null"))
	from := oidctest.New(t)
	issuer, _ := trusting(t, from)
	own, private := from.Signing(), signers(t)[0].Private
	_, err := issuer.Verify(t.Context(), from.SignedBy(oidctest.Key{ID: own.ID, Method: own.Method, Private: private}, "ada", email), "")
	require.Equal(t, oidc.InvalidError("is not signed by the issuer"), err)

	evil := oidctest.New(t)
	evil.Publish(oidctest.Key{ID: "evil", Method: own.Method, Private: private})
	for name, value := range map[string]any{"jku": evil.URL + oidctest.Keys, "x5u": evil.URL, "jwk": map[string]string{"kty": "RSA"}, "x5c": []string{"MII"}} {
		_, err := issuer.Verify(t.Context(), from.SignedBy(evil.Signing(), "ada", email, header(name, value)), "")
		require.Equal(t, oidc.InvalidError("does not name a key of the issuer"), err)
	}
	require.Zero(t, evil.Asked.Load())
}

// TestThePublicKeyIsNoSecret: neither an HMAC with it, nor nothing, is a signature.
func TestThePublicKeyIsNoSecret(t *testing.T) {
	t.Parallel()
	from := oidctest.New(t)
	issuer, _ := trusting(t, from)
	public := from.Signing().Private.Public().(*rsa.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	claims := strings.Split(from.Token("ada", email), ".")[1]
	forged := func(alg string, sign func(string) []byte) string {
		signed := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"alg":%q,"kid":%q}`, alg, from.Signing().ID)) + "." + claims
		return signed + "." + base64.RawURLEncoding.EncodeToString(sign(signed))
	}
	nothing := func(string) []byte { return nil }
	tokens := []string{"", "x", "a.b.c", strings.Repeat(".", 1000), from.Token("ada", email) + ".", forged("none", nothing), forged("None", nothing), forged("", nothing), forged("RS256", nothing), forged("ES256", nothing)}
	for _, secret := range [][]byte{public.N.Bytes(), der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(public)}), {}} {
		for _, method := range []*jwt.SigningMethodHMAC{jwt.SigningMethodHS256, jwt.SigningMethodHS384, jwt.SigningMethodHS512} {
			tokens = append(tokens, forged(method.Alg(), func(signed string) []byte {
				mac, err := method.Sign(signed, secret)
				require.NoError(t, err)
				return mac
			}))
		}
	}
	for _, raw := range tokens {
		_, err := issuer.Verify(t.Context(), raw, "")
		require.ErrorAs(t, err, new(oidc.InvalidError), raw)
	}
}

// TestASecondSignatureOfOneTokenIsTheSameToken: of an ECDSA signature (r, s) anybody makes (r, -s), which is valid too.
func TestASecondSignatureOfOneTokenIsTheSameToken(t *testing.T) {
	t.Parallel()
	from := oidctest.New(t)
	issuer, _ := trusting(t, from)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	from.Publish(oidctest.Key{ID: "p256", Method: jwt.SigningMethodES256, Private: private})
	raw := from.Token("ada", email)
	end := strings.LastIndexByte(raw, '.') + 1
	signature, err := base64.RawURLEncoding.DecodeString(raw[end:])
	require.NoError(t, err)
	s := new(big.Int).Sub(private.Params().N, new(big.Int).SetBytes(signature[32:]))
	second := raw[:end] + base64.RawURLEncoding.EncodeToString(append(slices.Clone(signature[:32]), s.FillBytes(make([]byte, 32))...))

	one, err := issuer.Verify(t.Context(), raw, "")
	require.NoError(t, err)
	other, err := issuer.Verify(t.Context(), second, "")
	require.NoError(t, err)
	require.NotEqual(t, raw, second)
	require.Equal(t, one, other)
}

func TestANameIsWhatTheIssuerSaysOrTheAddress(t *testing.T) {
	t.Parallel()
	from := oidctest.New(t)
	issuer, _ := trusting(t, from)
	for want, changes := range map[string][]oidctest.Change{
		"Ada":                    {claim("name", "  Ada\n")},
		"ada99":                  {claim("name", nil), claim("preferred_username", "ada99")},
		"a":                      {claim("name", "\u202e\x00"), claim("preferred_username", "a")},
		email:                    {claim("name", 7), claim("preferred_username", " ")},
		strings.Repeat("é", 200): {claim("name", strings.Repeat("é", 300))},
	} {
		who, err := issuer.Verify(t.Context(), from.Token("ada", email, changes...), "")
		require.NoError(t, err)
		require.Equal(t, want, who.Name)
	}
}

func TestANewKeyIsLookedForAtOnceAndAnOldOneForgottenWithinAnHour(t *testing.T) {
	t.Parallel()
	from := oidctest.New(t)
	issuer, later := trusting(t, from)
	before := from.Signing()
	_, err := issuer.Verify(t.Context(), from.Token("ada", email), "")
	require.NoError(t, err)
	later.Add(int64(11 * time.Second))
	from.Publish(before, oidctest.Key{ID: "new", Method: before.Method, Private: before.Private})
	_, err = issuer.Verify(t.Context(), from.Token("ada", email), "")
	require.NoError(t, err)

	from.Publish(from.Signing())
	later.Add(int64(59 * time.Minute))
	fresh := claim("iat", time.Now().Add(time.Hour-30*time.Second).Unix())
	lasting := claim("exp", time.Now().Add(3*time.Hour).Unix())
	_, err = issuer.Verify(t.Context(), from.SignedBy(before, "ada", email, fresh, lasting), "")
	require.NoError(t, err)
	later.Add(int64(2 * time.Minute))
	_, err = issuer.Verify(t.Context(), from.SignedBy(before, "ada", email, fresh, lasting), "")
	require.Equal(t, oidc.InvalidError("does not name a key of the issuer"), err)
	require.EqualValues(t, 3, from.Asked.Load())
}

func TestUnknownKeysAskTheIssuerOnceInTenSeconds(t *testing.T) {
	t.Parallel()
	from := oidctest.New(t)
	issuer, later := trusting(t, from)
	_, err := issuer.Verify(t.Context(), from.Token("ada", email), "")
	require.NoError(t, err)
	guess := func() {
		t.Helper()
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				_, _ = issuer.Verify(t.Context(), from.Token("ada", email, header("kid", uuid.NewString())), "")
			})
		}
		all.Wait()
	}
	guess()
	require.EqualValues(t, 1, from.Asked.Load())
	later.Add(int64(11 * time.Second))
	guess()
	require.EqualValues(t, 2, from.Asked.Load())
}

// TestAnIssuerThatDoesNotAnswerAsItShould is unavailable, for 10 seconds without being asked again; and then it is there.
func TestAnIssuerThatDoesNotAnswerAsItShould(t *testing.T) {
	t.Parallel()
	elsewhere := oidctest.New(t)
	document := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, text) }
	}
	moved := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
	}
	for name, c := range map[string]struct {
		path string
		with http.HandlerFunc
	}{
		"is down":                    {oidctest.Discovery, oidctest.Down},
		"has no keys":                {oidctest.Keys, oidctest.Down},
		"hangs":                      {oidctest.Discovery, oidctest.Hangs},
		"hangs with its keys":        {oidctest.Keys, oidctest.Hangs},
		"has a huge document":        {oidctest.Discovery, oidctest.Huge},
		"has a huge set of keys":     {oidctest.Keys, oidctest.Huge},
		"is another one":             {oidctest.Discovery, document(`{"issuer": "` + elsewhere.URL + `", "jwks_uri": "` + elsewhere.URL + oidctest.Keys + `"}`)},
		"is no one":                  {oidctest.Discovery, document(`{"jwks_uri": "` + elsewhere.URL + oidctest.Keys + `"}`)},
		"has its document elsewhere": {oidctest.Discovery, moved(elsewhere.URL + oidctest.Discovery)},
		"has its keys elsewhere":     {oidctest.Keys, moved(elsewhere.URL + oidctest.Keys)},
		"has no JSON":                {oidctest.Discovery, document("<html>")},
		"has no JSON for keys":       {oidctest.Keys, document("<html>")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := oidctest.New(t)
			issuer, later := trusting(t, from)
			clock := func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
			if strings.HasPrefix(name, "hangs") {
				issuer.Adjust(clock, 100*time.Millisecond)
			}
			from.Answer(c.path, c.with)
			_, err := issuer.Verify(t.Context(), from.Token("ada", email), "")
			require.Equal(t, oidc.ErrUnavailable, err)
			from.Answer(c.path, nil)
			issuer.Adjust(clock, time.Minute)
			_, err = issuer.Verify(t.Context(), from.Token("ada", email), "")
			require.Equal(t, oidc.ErrUnavailable, err)
			later.Add(int64(11 * time.Second))
			_, err = issuer.Verify(t.Context(), from.Token("ada", email), "")
			require.NoError(t, err)
		})
	}
	require.Zero(t, elsewhere.Asked.Load())
}

func TestKeysComeOverTLSOnly(t *testing.T) {
	t.Parallel()
	from := oidctest.New(t)
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("somebody asked") }))
	t.Cleanup(plain.Close)
	for _, uri := range []string{plain.URL, "http://evil.example/keys", "file:///etc/passwd", "", "/keys", "https://user@evil.example/keys"} {
		issuer, _ := trusting(t, from)
		from.Answer(oidctest.Discovery, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"issuer": %q, "jwks_uri": %q}`, from.URL, uri)
		})
		_, err := issuer.Verify(t.Context(), from.Token("ada", email), "")
		require.Equal(t, oidc.ErrUnavailable, err, uri)
	}
	from.Answer(oidctest.Discovery, nil)
	stranger, err := oidc.New(from.URL, oidctest.ClientID, nil) // which does not know who has signed the certificate
	require.NoError(t, err)
	_, err = stranger.Verify(t.Context(), from.Token("ada", email), "")
	require.Equal(t, oidc.ErrUnavailable, err)
	require.Zero(t, from.Asked.Load())
}

func TestKeysThatCannotBeFetchedAgainServeADay(t *testing.T) {
	t.Parallel()
	from := oidctest.New(t)
	issuer, later := trusting(t, from)
	_, err := issuer.Verify(t.Context(), from.Token("ada", email), "")
	require.NoError(t, err)
	from.Answer(oidctest.Keys, oidctest.Down)
	for wait, want := range map[time.Duration]error{23 * time.Hour: nil, 25 * time.Hour: oidc.ErrUnavailable} {
		later.Store(int64(wait))
		now := time.Now().Add(wait)
		_, err := issuer.Verify(t.Context(), from.Token("ada", email, claim("iat", now.Unix()), claim("exp", now.Add(time.Minute).Unix())), "")
		require.Equal(t, want, err)
	}
}

// TestAKeyOfAnotherKindIsLeftOut, and the others serve.
func TestAKeyOfAnotherKindIsLeftOut(t *testing.T) {
	t.Parallel()
	from := oidctest.New(t)
	issuer, _ := trusting(t, from)
	public := from.Signing().Private.Public().(*rsa.PublicKey)
	key := func(kid, use string) string {
		return fmt.Sprintf(`{"kty": "RSA", "kid": %q, "use": %q, "n": %q, "e": "AQAB"}`, kid, use, base64.RawURLEncoding.EncodeToString(public.N.Bytes()))
	}
	from.Answer(oidctest.Keys, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"keys": [{"kty": "AKP", "kid": "later"}, {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"}, %s, %s]}`, key("enc", "enc"), key("sig", "sig"))
	})
	_, err := issuer.Verify(t.Context(), from.Token("ada", email, header("kid", "sig")), "")
	require.NoError(t, err)
	for _, kid := range []string{"enc", "later", "secret"} {
		_, err := issuer.Verify(t.Context(), from.Token("ada", email, header("kid", kid)), "")
		require.ErrorAs(t, err, new(oidc.InvalidError), kid)
	}
}

func TestAnIssuerIsAnHTTPSAddress(t *testing.T) {
	t.Parallel()
	for _, issuer := range []string{"", "accounts.example.com", "http://accounts.example.com", "https://", "https://user:pw@accounts.example.com", "https://accounts.example.com?x=1",
		"https://accounts.example.com#x", "ftp://127.0.0.1", "https://accounts.example.com/a b" + strings.Repeat("c", 500), "http://127.0.0.1.example.com", "http://2130706433"} {
		_, err := oidc.New(issuer, "client", nil)
		require.ErrorContains(t, err, "https URL", issuer)
	}
	for _, client := range []string{"", "two words", "a\n", strings.Repeat("a", 201), "é"} {
		_, err := oidc.New("https://accounts.example.com", client, nil)
		require.ErrorContains(t, err, "client id", client)
	}
	for _, issuer := range []string{"https://accounts.example.com", "https://login.example.com/tenant/v2.0", "http://127.0.0.1:8080/realms/one", "http://[::1]:8080", "http://localhost/"} {
		_, err := oidc.New(issuer, "client", nil)
		require.NoError(t, err, issuer)
	}
}
