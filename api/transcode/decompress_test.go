package transcode

import (
	"bytes"
	"compress/gzip"
	"strings"

	"github.com/klauspost/compress/zstd"
)

func gzipped(content string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(content))
	_ = w.Close()
	return b.String()
}

func zstded(content string, options ...zstd.EOption) string {
	w, err := zstd.NewWriter(nil, options...)
	if err != nil {
		panic(err)
	}
	return string(w.EncodeAll([]byte(content), nil))
}

var _ = strings.Repeat
