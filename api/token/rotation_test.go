package token

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// keysAt are those in a new file, and a clock for them: nothing is looked at again until it moves.
func keysAt(t *testing.T) (k *Keys, path string, clock *time.Duration) {
	path = filepath.Join(t.TempDir(), "keys.json")
	k, clock = loaded(t, path)
	return k, path, clock
}

func loaded(t *testing.T, path string) (*Keys, *time.Duration) {
	t.Helper()
	k, err := LoadOrCreate(path)
	require.NoError(t, err)
	clock := new(time.Duration)
	k.elapsed = func() time.Duration { return *clock }
	return k, clock
}

func rotated(t *testing.T, path string, now time.Time) []Key {
	t.Helper()
	keys, err := Rotate(path, now)
	require.NoError(t, err)
	return keys
}

func states(keys []Key) (states []State) {
	for _, k := range keys {
		states = append(states, k.State)
	}
	return states
}

func TestAKeyIsNextThenActiveThenRetiringThenRevoked(t *testing.T) {
	t.Parallel()
	_, path, _ := keysAt(t)
	now := time.Now().UTC()
	keys, err := List(path)
	require.NoError(t, err)
	require.Equal(t, []State{Active, Next}, states(keys))
	first, second := keys[0].ID, keys[1].ID

	keys = rotated(t, path, now)
	require.Equal(t, []State{Retiring, Active, Next}, states(keys))
	require.Equal(t, []string{first, second}, []string{keys[0].ID, keys[1].ID})
	require.Equal(t, []time.Time{now, now, now}, []time.Time{keys[0].RetiringAt, keys[1].ActiveAt, keys[2].CreatedAt})
	require.Equal(t, []State{Retiring, Retiring, Active, Next}, states(rotated(t, path, now.Add(signingRetires-1))), "what it signed may still be valid")
	keys = rotated(t, path, now.Add(signingRetires))
	require.Equal(t, []State{Revoked, Retiring, Retiring, Active, Next}, states(keys))

	f, _, err := readFile(path)
	require.NoError(t, err)
	require.Empty(t, f.Signing[0].Secret)
	keys = rotated(t, path, now.Add(signingRetires+remembered+1))
	require.False(t, slices.ContainsFunc(keys, func(k Key) bool { return k.ID == first }), "forgotten at last")
}

// TestARetiringKeyIsAcceptedAsLongAsItsTokensLast, and no longer: not even if nobody rotates again.
func TestARetiringKeyIsAcceptedAsLongAsItsTokensLast(t *testing.T) {
	t.Parallel()
	before, path, _ := keysAt(t)
	now := time.Now()
	raw, err := before.Access(Session{User: uuid.New(), ID: uuid.New()}, now)
	require.NoError(t, err)
	rotated(t, path, now)
	after, _ := loaded(t, path)
	for range 2 { // the second from the cache
		_, err = after.Verify(raw, now.Add(AccessLifetime+leeway-time.Second))
		require.NoError(t, err)
	}
	// What only a thief makes.
	late, err := before.Access(Session{User: uuid.New(), ID: uuid.New()}, now.Add(signingRetires-time.Minute))
	require.NoError(t, err)
	for range 2 {
		_, err = after.Verify(late, now.Add(signingRetires-time.Second))
		require.NoError(t, err)
	}
	_, err = after.Verify(late, now.Add(signingRetires))
	require.ErrorIs(t, err, ErrInvalid)
	require.Len(t, after.Public(), 3)
	rotated(t, path, now.Add(-signingRetires)) // the second key began to retire long ago
	after, _ = loaded(t, path)
	require.Len(t, after.Public(), 3, "the active one, the next one, the first")
	keys, err := List(path)
	require.NoError(t, err)
	require.Equal(t, []State{Retiring, Revoked, Active, Next}, states(keys))
}

func TestTheNextKeyIsKnownBeforeItSigns(t *testing.T) {
	t.Parallel()
	here, path, _ := keysAt(t)
	rotated(t, path, time.Now())
	there, _ := loaded(t, path)
	raw, err := there.Access(Session{User: uuid.New(), ID: uuid.New()}, time.Now())
	require.NoError(t, err)
	here.elapsed = func() time.Duration { return 0 }
	here.missed.Store(0) // it may not look
	_, err = here.Verify(raw, time.Now())
	require.NoError(t, err)
	_, _, err = here.ParseRefresh(there.Refresh(uuid.New(), 1))
	require.NoError(t, err)
}

func TestARotationLogsNobodyOut(t *testing.T) {
	t.Parallel()
	before, path, _ := keysAt(t)
	raw := before.Refresh(uuid.New(), 1)
	now := time.Now()
	rotated(t, path, now.Add(-7*24*time.Hour)) // longer no session lasts without a refresh
	rotated(t, path, now.Add(-time.Hour))
	rotated(t, path, now)
	after, _ := loaded(t, path)
	_, _, err := after.ParseRefresh(raw)
	require.NoError(t, err)

	f, _, err := readFile(path)
	require.NoError(t, err)
	f.Refresh[0].RetiringAt = now.Add(-refreshRetires)
	temp, err := writeBeside(path, f)
	require.NoError(t, err)
	require.NoError(t, os.Rename(temp, path))
	after, _ = loaded(t, path)
	_, _, err = after.ParseRefresh(raw)
	require.ErrorIs(t, err, ErrInvalid)
}

func TestAFileOfBeforeThereWereStatesIsUpgraded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	text, err := json.Marshal(map[string][]byte{"signing_seed": make([]byte, 32), "refresh_key": make([]byte, 32)})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	old, clock := loaded(t, path)
	session := Session{User: uuid.New(), ID: uuid.New()}
	access, err := old.Access(session, time.Now())
	require.NoError(t, err)
	refresh := old.Refresh(session.ID, 3)

	require.Equal(t, []State{Retiring, Active, Next}, states(rotated(t, path, time.Now())))
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(written), "signing_seed")
	after, _ := loaded(t, path)
	got, err := after.Verify(access, time.Now())
	require.NoError(t, err)
	require.Equal(t, session, got)
	_, generation, err := after.ParseRefresh(refresh)
	require.NoError(t, err)
	require.EqualValues(t, 3, generation)

	// A server that has not looked yet meets the tokens of one that has: nobody had told it of these keys.
	*clock = time.Millisecond
	_, _, err = old.ParseRefresh(after.Refresh(session.ID, 4))
	require.NoError(t, err)
	access, err = after.Access(session, time.Now())
	require.NoError(t, err)
	_, err = old.Verify(access, time.Now())
	require.NoError(t, err)
}

func TestAServerFollowsItsFileWithinASecond(t *testing.T) {
	t.Parallel()
	k, path, clock := keysAt(t)
	kid := func() string { return k.set().kid }
	first := kid()
	rotated(t, path, time.Now())
	*clock = lookEvery - 1
	require.Equal(t, first, kid())
	*clock = lookEvery
	second := kid()
	require.NotEqual(t, first, second)
	require.Len(t, k.Public(), 3)

	rotated(t, path, time.Now())
	*clock += lookEvery - 1
	require.Equal(t, second, kid())
	*clock++
	require.NotEqual(t, second, kid())
}

// TestAnUnknownKeyIsLookedForAtOnce, but not as often as somebody can send one.
func TestAnUnknownKeyIsLookedForAtOnce(t *testing.T) {
	t.Parallel()
	here, path, clock := keysAt(t)
	there := func() string { // two rotations: the key that is active now was not even next
		rotated(t, path, time.Now())
		rotated(t, path, time.Now())
		k, _ := loaded(t, path)
		raw, err := k.Access(Session{User: uuid.New(), ID: uuid.New()}, time.Now())
		require.NoError(t, err)
		return raw
	}
	_, err := here.Verify(there(), time.Now())
	require.NoError(t, err)
	raw := there()
	_, err = here.Verify(raw, time.Now())
	require.ErrorIs(t, err, ErrInvalid)
	*clock = missEvery
	_, err = here.Verify(raw, time.Now())
	require.NoError(t, err)
}

func TestAFileThatCannotBeReadChangesNothing(t *testing.T) {
	t.Parallel()
	k, path, clock := keysAt(t)
	raw, err := k.Access(Session{User: uuid.New(), ID: uuid.New()}, time.Now())
	require.NoError(t, err)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, text := range []string{"", "{}", string(whole[:len(whole)/2])} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		*clock += lookEvery
		_, err = k.Verify(raw, time.Now())
		require.NoError(t, err)
		_, err = Rotate(path, time.Now())
		require.Error(t, err)
	}
	require.NoError(t, os.Remove(path))
	*clock += lookEvery
	_, err = k.Verify(raw, time.Now())
	require.NoError(t, err)
	_, err = Rotate(path, time.Now())
	require.ErrorIs(t, err, os.ErrNotExist)

	require.NoError(t, os.WriteFile(path, whole, 0o600))
	rotated(t, path, time.Now())
	*clock += lookEvery
	require.Len(t, k.Public(), 3)
}

func TestRotationsAtOnceAreAllMadeAndReadersSeeWholeFiles(t *testing.T) {
	t.Parallel()
	_, path, _ := keysAt(t)
	var all sync.WaitGroup
	errs := make([]error, 16)
	for i := range 8 {
		all.Go(func() { _, errs[i] = Rotate(path, time.Now()) })
		all.Go(func() {
			for range 50 {
				if _, err := List(path); err != nil {
					errs[8+i] = err
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	keys, err := List(path)
	require.NoError(t, err)
	require.Equal(t, append(slices.Repeat([]State{Retiring}, 8), Active, Next), states(keys))
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

// TestARevocationEndsEveryToken, also what was verified before.
func TestARevocationEndsEveryToken(t *testing.T) {
	t.Parallel()
	k, path, clock := keysAt(t)
	raw, err := k.Access(Session{User: uuid.New(), ID: uuid.New()}, time.Now())
	require.NoError(t, err)
	refresh := k.Refresh(uuid.New(), 1)
	_, err = k.Verify(raw, time.Now())
	require.NoError(t, err)

	keys, err := Revoke(path, time.Now())
	require.NoError(t, err)
	require.Equal(t, []State{Revoked, Revoked, Active, Next}, states(keys))
	*clock = lookEvery
	_, err = k.Verify(raw, time.Now())
	require.ErrorIs(t, err, ErrInvalid)
	_, _, err = k.ParseRefresh(refresh)
	require.ErrorIs(t, err, ErrInvalid)
	require.Len(t, k.Public(), 2)
}

func TestAKeyFileThatContradictsItselfIsRefused(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(*keyFile){
		"no active key":      func(f *keyFile) { f.Signing[0].State = Retiring },
		"two active keys":    func(f *keyFile) { f.Signing[1].State = Active },
		"two next keys":      func(f *keyFile) { f.Signing = append(f.Signing, newKey(Next, time.Now(), signingID)) },
		"a short seed":       func(f *keyFile) { f.Signing[1].Secret = f.Signing[1].Secret[1:] },
		"another key's kid":  func(f *keyFile) { f.Signing[1].ID = f.Signing[0].ID },
		"an unknown state":   func(f *keyFile) { f.Signing[1].State = "retired" },
		"no key of sessions": func(f *keyFile) { f.Refresh = nil },
	} {
		_, path, _ := keysAt(t)
		f, _, err := readFile(path)
		require.NoError(t, err)
		change(&f)
		temp, err := writeBeside(path, f)
		require.NoError(t, err)
		require.NoError(t, os.Rename(temp, path))
		_, err = LoadOrCreate(path)
		require.ErrorContains(t, err, "not a key file", what)
	}
}
