// Package token makes and verifies the two credentials of a session: a signed access token and a refresh token.
package token

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Keys are the secrets of one installation: who has the file can act as anybody.
type Keys struct {
	kid     string
	signing ed25519.PrivateKey
	public  map[string]ed25519.PublicKey // by kid
	refresh []byte
	seen    *verified
}

// keyFile is the form of the file.
type keyFile struct {
	SigningSeed []byte `json:"signing_seed"`
	RefreshKey  []byte `json:"refresh_key"`
}

// LoadOrCreate reads the keys in the file at path, and makes them on first use. Servers of one database share the file.
func LoadOrCreate(path string) (*Keys, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, err
		}
		info, err = os.Stat(path)
	}
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by other accounts: chmod 600 it, or move it away and new keys are made", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var f keyFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(f.SigningSeed) != ed25519.SeedSize || len(f.RefreshKey) != sha256.Size {
		return nil, fmt.Errorf("%s is not a key file: move it away and a new one is made (everybody must log in again)", path)
	}
	return newKeys(f), nil
}

// create writes new keys beside path and links them there: of two servers that start at once, one wins and both read
// the same keys.
func create(path string) error {
	f := keyFile{SigningSeed: make([]byte, ed25519.SeedSize), RefreshKey: make([]byte, sha256.Size)}
	_, _ = rand.Read(f.SigningSeed) // never fails
	_, _ = rand.Read(f.RefreshKey)
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func newKeys(f keyFile) *Keys {
	signing := ed25519.NewKeyFromSeed(f.SigningSeed)
	public := signing.Public().(ed25519.PublicKey)
	sum := sha256.Sum256(public)
	kid := base64.RawURLEncoding.EncodeToString(sum[:12])
	return &Keys{
		kid: kid, signing: signing, refresh: f.RefreshKey, seen: newVerified(),
		public: map[string]ed25519.PublicKey{kid: public},
	}
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

// Public returns the keys that verify access tokens.
func (k *Keys) Public() []JWK {
	keys := []JWK{}
	for kid, public := range k.public {
		keys = append(keys, JWK{"OKP", "Ed25519", base64.RawURLEncoding.EncodeToString(public), kid, "sig", "EdDSA"})
	}
	return keys
}
