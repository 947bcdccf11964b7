// Package token makes and verifies the two credentials of a session: a signed access token and a refresh token.
package token

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Keys are the secrets of one installation, as its file has them at the moment: who has the file can act as anybody.
type Keys struct {
	path    string
	current atomic.Pointer[keySet]
	elapsed func() time.Duration // since they were loaded

	looked, missed atomic.Int64 // elapsed when the file was last looked at, because it was time, or because a key was missed
	reading        sync.Mutex
	unreadable     bool // that was logged
}

// How often a file is looked at. Whether it has changed is one system call.
const (
	lookEvery = time.Second
	missEvery = 100 * time.Millisecond // whoever sends tokens of keys that nobody has
)

// keySet is one content of the file.
type keySet struct {
	info    fs.FileInfo
	kid     string
	signing ed25519.PrivateKey
	public  map[string]publicKey // by kid
	kids    []string             // of public: the active one first
	refresh []refreshKey         // the active one first
	seen    *verified
}

type publicKey struct {
	key   ed25519.PublicKey
	until time.Time // zero: as long as the file says nothing else
}

type refreshKey struct {
	key   []byte
	until time.Time
}

// LoadOrCreate reads the keys in the file at path, and makes them on first use. Servers of one database share the file,
// and follow its changes.
func LoadOrCreate(path string) (*Keys, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(path, time.Now()); err != nil {
			return nil, err
		}
	}
	set, err := readSet(path)
	if err != nil {
		return nil, err
	}
	loaded := time.Now()
	k := &Keys{path: path, elapsed: func() time.Duration { return time.Since(loaded) }}
	k.missed.Store(-int64(missEvery))
	k.current.Store(set)
	return k, nil
}

func readSet(path string) (*keySet, error) {
	f, info, err := readFile(path)
	if err != nil {
		return nil, err
	}
	set := &keySet{info: info, public: map[string]publicKey{}, seen: newVerified()}
	for _, state := range []State{Active, Next, Retiring} {
		for _, k := range f.Signing {
			if k.State == state {
				set.addSigning(k)
			}
		}
		for _, k := range f.Refresh {
			if k.State == state {
				set.refresh = append(set.refresh, refreshKey{k.Secret, k.until(refreshRetires)})
			}
		}
	}
	return set, nil
}

func (s *keySet) addSigning(k secretKey) {
	private := ed25519.NewKeyFromSeed(k.Secret)
	if k.State == Active {
		s.kid, s.signing = k.ID, private
	}
	s.kids = append(s.kids, k.ID)
	s.public[k.ID] = publicKey{private.Public().(ed25519.PublicKey), k.until(signingRetires)}
}

func (k secretKey) until(retires time.Duration) time.Time {
	if k.State != Retiring {
		return time.Time{}
	}
	return k.RetiringAt.Add(retires)
}

func ended(until, now time.Time) bool { return !until.IsZero() && !now.Before(until) }

// set is what the file says, or said a second ago.
func (k *Keys) set() *keySet {
	k.look(&k.looked, lookEvery)
	return k.current.Load()
}

// newer is what the file says now, if that is not old; nil too if it was looked at for this a moment ago.
func (k *Keys) newer(old *keySet) *keySet {
	k.look(&k.missed, missEvery)
	if set := k.current.Load(); set != old {
		return set
	}
	return nil
}

// look reads the file if it is another one than before, unless that was asked less than every ago. A file that cannot be
// read changes nothing.
func (k *Keys) look(last *atomic.Int64, every time.Duration) {
	now, before := int64(k.elapsed()), last.Load()
	if now-before < int64(every) || !last.CompareAndSwap(before, now) {
		return
	}
	k.reading.Lock()
	defer k.reading.Unlock()
	info, err := os.Stat(k.path)
	if old := k.current.Load().info; err == nil && os.SameFile(info, old) && info.ModTime().Equal(old.ModTime()) && info.Size() == old.Size() {
		return
	}
	var set *keySet
	if err == nil {
		set, err = readSet(k.path)
	}
	if err == nil {
		k.current.Store(set)
	} else if !k.unreadable {
		slog.Error("the keys cannot be read; those of before stay in use", "error", err)
	}
	k.unreadable = err != nil
}

// JWK is a public key as RFC 8037 writes it.
type JWK struct {
	KeyType   string `json:"kty" example:"OKP"`
	Curve     string `json:"crv" example:"Ed25519"`
	X         string `json:"x" doc:"The public key, base64url"`
	KeyID     string `json:"kid"`
	Use       string `json:"use" example:"sig"`
	Algorithm string `json:"alg" example:"EdDSA"`
}

// Public returns the keys that verify access tokens: the active one, the next one, those that are retiring.
func (k *Keys) Public() []JWK {
	keys, set := []JWK{}, k.set()
	for _, kid := range set.kids {
		if public := set.public[kid]; !ended(public.until, time.Now()) {
			keys = append(keys, JWK{"OKP", "Ed25519", base64.RawURLEncoding.EncodeToString(public.key), kid, "sig", "EdDSA"})
		}
	}
	return keys
}
