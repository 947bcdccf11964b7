package token

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

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
				kids[i] = k.set().kid
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
