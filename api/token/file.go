package token

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// State of a key. A rotation moves each key one on.
type State string

// The states, in their order.
const (
	Next     State = "next"     // known to all who verify, before it is used
	Active   State = "active"   // signs or seals
	Retiring State = "retiring" // accepted as long as what it made can last
	Revoked  State = "revoked"  // its secret is gone
)

// Key is what may be told of a key.
type Key struct {
	ID         string    `json:"kid,omitempty"` // of a signing key
	State      State     `json:"state"`
	CreatedAt  time.Time `json:"created_at,omitzero"` // and active_at: not known of a file of before there were states
	ActiveAt   time.Time `json:"active_at,omitzero"`
	RetiringAt time.Time `json:"retiring_at,omitzero"`
	RevokedAt  time.Time `json:"revoked_at,omitzero"`
}

// secretKey is a key in the file: the seed of a signing key, or the key of an HMAC.
type secretKey struct {
	Key
	Secret []byte `json:"secret,omitempty"`
}

// keyFile is the form of the file. The first two are its form before there were states, which is still read.
type keyFile struct {
	SigningSeed []byte `json:"signing_seed,omitempty"`
	RefreshKey  []byte `json:"refresh_key,omitempty"`

	Signing []secretKey `json:"signing_keys"`
	Refresh []secretKey `json:"refresh_keys"`
}

// How long a retiring key is accepted: what it made last, and some time for servers to notice that it is to make no more.
// A session's idle limit, in the SQL of package api, is 7 days.
const (
	signingRetires = AccessLifetime + 2*leeway
	refreshRetires = 8 * 24 * time.Hour
)

// remembered is how long a revoked key is listed.
const remembered = 90 * 24 * time.Hour

// readFile reads the file at path and what the system says of it.
func readFile(path string) (f keyFile, info fs.FileInfo, err error) {
	file, err := os.Open(path)
	if err != nil {
		return f, nil, err
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil {
		return f, nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return f, nil, fmt.Errorf("%s can be read by other accounts: chmod 600 it, or move it away and new keys are made", path)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return f, nil, err
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return f, nil, fmt.Errorf("%s: %w", path, err)
	}
	f.upgrade()
	if !complete(f.Signing, signingID) || !complete(f.Refresh, noID) {
		return f, nil, fmt.Errorf("%s is not a key file: move it away and a new one is made (everybody must log in again)", path)
	}
	return f, info, nil
}

// upgrade makes the two keys of a file without states active ones.
func (f *keyFile) upgrade() {
	if f.SigningSeed == nil {
		return
	}
	f.Signing = []secretKey{{Key{ID: signingID(f.SigningSeed), State: Active}, f.SigningSeed}}
	f.Refresh = []secretKey{{Key{State: Active}, f.RefreshKey}}
	f.SigningSeed, f.RefreshKey = nil, nil
}

// complete: one key is active, at most one is next, and each has its secret and the id that belongs to it.
func complete(keys []secretKey, id func(secret []byte) string) bool {
	count := map[State]int{}
	for _, k := range keys {
		count[k.State]++
		if k.State != Revoked && (len(k.Secret) != secretLen || k.ID != id(k.Secret)) {
			return false
		}
	}
	return count[Active] == 1 && count[Next] <= 1 && count[Active]+count[Next]+count[Retiring]+count[Revoked] == len(keys)
}

const secretLen = ed25519.SeedSize // sha256.Size as well

func noID([]byte) string { return "" }

// signingID is a hash of the public key.
func signingID(seed []byte) string {
	if len(seed) != secretLen {
		return ""
	}
	sum := sha256.Sum256(ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

func newKey(state State, now time.Time, id func([]byte) string) secretKey {
	secret := make([]byte, secretLen)
	_, _ = rand.Read(secret) // never fails
	k := secretKey{Key{ID: id(secret), State: state, CreatedAt: now}, secret}
	if state == Active {
		k.ActiveAt = now
	}
	return k
}

// newPair is an active key and the next one.
func newPair(now time.Time, id func([]byte) string) []secretKey {
	return []secretKey{newKey(Active, now, id), newKey(Next, now, id)}
}

// rotate moves each key one on. Of a file without states none was next: one is made that nobody has heard of, which servers
// find when they meet it.
func rotate(keys []secretKey, now time.Time, retires time.Duration, id func([]byte) string) []secretKey {
	if !slices.ContainsFunc(keys, func(k secretKey) bool { return k.State == Next }) {
		keys = append(keys, newKey(Next, now, id))
	}
	for i := range keys {
		keys[i].advance(now, retires)
	}
	return append(forget(keys, now), newKey(Next, now, id))
}

func (k *secretKey) advance(now time.Time, retires time.Duration) {
	switch {
	case k.State == Next:
		k.State, k.ActiveAt = Active, now
	case k.State == Active:
		k.State, k.RetiringAt = Retiring, now
	case k.State == Retiring && k.retired(now, retires):
		k.revoke(now)
	}
}

// retired: a key that is still written as retiring is accepted no more after that time.
func (k *secretKey) retired(now time.Time, retires time.Duration) bool {
	return k.State == Retiring && !now.Before(k.RetiringAt.Add(retires))
}

func (k *secretKey) revoke(now time.Time) {
	if k.State != Revoked {
		k.State, k.RevokedAt, k.Secret = Revoked, now, nil
	}
}

func revokeAll(keys []secretKey, now time.Time, id func([]byte) string) []secretKey {
	for i := range keys {
		keys[i].revoke(now)
	}
	return append(forget(keys, now), newPair(now, id)...)
}

// forget drops what was revoked long ago.
func forget(keys []secretKey, now time.Time) []secretKey {
	return slices.DeleteFunc(keys, func(k secretKey) bool { return k.State == Revoked && now.Sub(k.RevokedAt) > remembered })
}

// Rotate moves the keys in the file at path one on: the next ones are used from now on, what the active ones made stays
// valid, and new ones are next. Nobody is logged out. Servers notice within a second.
func Rotate(path string, now time.Time) ([]Key, error) {
	return change(path, func(f *keyFile) {
		f.Signing = rotate(f.Signing, now, signingRetires, signingID)
		f.Refresh = rotate(f.Refresh, now, refreshRetires, noID)
	})
}

// Revoke replaces all keys in the file at path: no token of before is accepted, and everybody must log in again.
func Revoke(path string, now time.Time) ([]Key, error) {
	return change(path, func(f *keyFile) {
		f.Signing = revokeAll(f.Signing, now, signingID)
		f.Refresh = revokeAll(f.Refresh, now, noID)
	})
}

// List returns the signing keys in the file at path.
func List(path string) ([]Key, error) {
	f, _, err := readFile(path)
	return f.list(time.Now()), err
}

// list has as revoked what is accepted no more.
func (f keyFile) list(now time.Time) (keys []Key) {
	for _, k := range f.Signing {
		if k.retired(now, signingRetires) {
			k.State, k.RevokedAt = Revoked, k.until(signingRetires)
		}
		keys = append(keys, k.Key)
	}
	return keys
}

// change replaces the file at path. Who changes it at the same time waits for the directory; who reads it has the file of
// before or this one.
func change(path string, how func(*keyFile)) ([]Key, error) {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX); err != nil {
		return nil, err
	}
	f, info, err := readFile(path)
	if err != nil {
		return nil, err
	}
	how(&f)
	temp, err := writeBeside(path, f)
	if err != nil {
		return nil, err
	}
	defer os.Remove(temp)                                                                // gone already if all went well
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != os.Geteuid() { // root's rotation of a server's keys
		if err := os.Chown(temp, int(owner.Uid), int(owner.Gid)); err != nil {
			return nil, err
		}
	}
	if err := os.Rename(temp, path); err != nil {
		return nil, err
	}
	return f.list(time.Now()), dir.Sync()
}

// create writes new keys beside path and links them there: of two servers that start at once, one wins and both read
// the same keys.
func create(path string, now time.Time) error {
	temp, err := writeBeside(path, keyFile{Signing: newPair(now, signingID), Refresh: newPair(now, noID)})
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	if err := os.Link(temp, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// writeBeside writes f to a new file in the directory of path and returns its name.
func writeBeside(path string, f keyFile) (name string, err error) {
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return "", err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = temp.Write(append(text, '\n'))
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		os.Remove(temp.Name())
	}
	return temp.Name(), err
}
