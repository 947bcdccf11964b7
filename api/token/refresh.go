package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/google/uuid"
)

// refreshPrefix makes a leaked token recognisable to scanners.
const refreshPrefix = "ifr_"

const refreshLen = 16 + 4 + sha256.Size

// Refresh returns the refresh token of a session's generation: both, and their HMAC. Nothing of it is stored.
func (k *Keys) Refresh(session uuid.UUID, generation int32) string {
	body := binary.BigEndian.AppendUint32(session[:], uint32(generation))
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(k.sealed(body))
}

// ParseRefresh returns what a refresh token names, else [ErrInvalid]. Whether it is the session's current generation
// the database knows.
func (k *Keys) ParseRefresh(raw string) (session uuid.UUID, generation int32, err error) {
	text, ok := strings.CutPrefix(raw, refreshPrefix)
	body, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if !ok || err != nil || len(body) != refreshLen || !hmac.Equal(body, k.sealed(body[:20:20])) {
		return uuid.Nil, 0, ErrInvalid
	}
	return uuid.UUID(body[:16]), int32(binary.BigEndian.Uint32(body[16:])), nil
}

func (k *Keys) sealed(body []byte) []byte {
	mac := hmac.New(sha256.New, k.refresh)
	mac.Write(body)
	return mac.Sum(body)
}
