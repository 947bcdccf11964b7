package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// refreshPrefix makes a leaked token recognisable to scanners.
const refreshPrefix = "ifr_"

const refreshLen = 16 + 4 + sha256.Size

// Refresh returns the refresh token of a session's generation: both, and their HMAC. Nothing of it is stored.
func (k *Keys) Refresh(session uuid.UUID, generation int32) string {
	body := binary.BigEndian.AppendUint32(session[:], uint32(generation))
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(k.set().refresh[0].sealed(body))
}

// ParseRefresh returns what a refresh token names, else [ErrInvalid]. Whether it is the session's current generation
// the database knows.
func (k *Keys) ParseRefresh(raw string) (session uuid.UUID, generation int32, err error) {
	text, ok := strings.CutPrefix(raw, refreshPrefix)
	body, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if !ok || err != nil || len(body) != refreshLen || !k.opens(body) {
		return uuid.Nil, 0, ErrInvalid
	}
	return uuid.UUID(body[:16]), int32(binary.BigEndian.Uint32(body[16:])), nil
}

// opens reports whether one of the keys has sealed body.
func (k *Keys) opens(body []byte) bool {
	set := k.set()
	if set.opens(body) {
		return true
	}
	newer := k.newer(set)
	return newer != nil && newer.opens(body)
}

func (s *keySet) opens(body []byte) bool {
	return slices.ContainsFunc(s.refresh, func(k refreshKey) bool {
		return !ended(k.until, time.Now()) && hmac.Equal(body, k.sealed(body[:refreshLen-sha256.Size:refreshLen-sha256.Size]))
	})
}

func (k refreshKey) sealed(body []byte) []byte {
	mac := hmac.New(sha256.New, k.key)
	mac.Write(body)
	return mac.Sum(body)
}
