// Package password hashes passwords with Argon2id, at most two at once, beside whatever else is running.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/insightforge/insightforge/api/memory"
)

// The parameters: OWASP's first choice for Argon2id (46 MiB, one pass).
const (
	kibibytes = 47104
	passes    = 1
	threads   = 1
	saltLen   = 16
	keyLen    = 32
)

// unknown is compared with when there is no such user, so that the answer takes as long. No password has this hash.
var unknown = encode(make([]byte, saltLen), make([]byte, keyLen))

// Hash returns the PHC string of password. It waits for a slot, as long as ctx lasts.
func Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLen)
	_, _ = rand.Read(salt) // never fails
	key, err := derive(ctx, password, salt)
	return encode(salt, key), err
}

// Matches reports whether hash is of password. An empty hash, of a user who does not exist, takes as long and never is.
func Matches(ctx context.Context, password, hash string) (bool, error) {
	exists := hash != ""
	if !exists {
		hash = unknown
	}
	salt, want, err := decode(hash)
	if err != nil {
		return false, err
	}
	key, err := derive(ctx, password, salt)
	if err != nil {
		return false, err
	}
	return exists && subtle.ConstantTimeCompare(key, want) == 1, nil
}

func argon(password string, salt []byte) []byte {
	defer memory.Reserve(kibibytes << 10)()
	return argon2.IDKey([]byte(password), salt, passes, kibibytes, threads, keyLen)
}

var prefix = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, kibibytes, passes, threads)

func encode(salt, key []byte) string {
	return prefix + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(key)
}

func decode(hash string) (salt, key []byte, err error) {
	rest, ok := strings.CutPrefix(hash, prefix)
	saltText, keyText, ok2 := strings.Cut(rest, "$")
	if !ok || !ok2 {
		return nil, nil, errors.New("stored password hash has other parameters than " + prefix)
	}
	salt, err = base64.RawStdEncoding.DecodeString(saltText)
	if err != nil {
		return nil, nil, err
	}
	key, err = base64.RawStdEncoding.DecodeString(keyText)
	return salt, key, err
}
