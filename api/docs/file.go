package docs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// plain serves a file as it is.
func plain(name string, content []byte) http.HandlerFunc {
	tag := etag(content)
	return func(w http.ResponseWriter, r *http.Request) {
		writeFileHeaders(w, name, tag)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	}
}

// compressed serves a file that is stored in gzip, unpacked for the few clients that do not take it.
func compressed(name string, packed []byte) http.HandlerFunc {
	tag := etag(packed)
	return func(w http.ResponseWriter, r *http.Request) {
		writeFileHeaders(w, name, tag)
		w.Header().Set("Vary", "Accept-Encoding")
		content := packed
		if acceptsGzip(r) {
			w.Header().Set("Content-Encoding", "gzip")
		} else {
			content = unpack(packed)
		}
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	}
}

// The tag is weak because one tag stands for the packed and the unpacked bytes. Files keep their names when a release
// changes them, so a client asks each time whether its copy is current.
func writeFileHeaders(w http.ResponseWriter, name, tag string) {
	secure(w)
	h := w.Header()
	h.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "public, no-cache")
	h.Set("ETag", tag)
}

func etag(content []byte) string {
	sum := sha256.Sum256(content)
	return `W/"` + hex.EncodeToString(sum[:12]) + `"`
}

// acceptsGzip reports whether the client named gzip, or everything, and did not give it the weight 0.
func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, weighted := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";q=")
		if name != "gzip" && name != "*" {
			continue
		}
		q, err := strconv.ParseFloat(weight, 64)
		return !weighted || err == nil && q > 0
	}
	return false
}

// The errors of the three functions below are impossible: their input is part of this program.

func mustRead(fs embed.FS, name string) []byte {
	content, err := fs.ReadFile(name)
	must(err)
	return content
}

func compress(content string) []byte {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write([]byte(content))
	must(err)
	must(w.Close())
	return packed.Bytes()
}

func unpack(packed []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	must(err)
	content, err := io.ReadAll(r)
	must(err)
	return content
}

func must(err error) {
	if err != nil {
		panic("docs: " + err.Error())
	}
}
