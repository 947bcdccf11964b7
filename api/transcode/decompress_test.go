package transcode

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
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

func TestCompressedFilesAreRead(t *testing.T) {
	t.Parallel()
	const csv = "a,b\n1,2\n"
	long := csv + strings.Repeat("3,4\n", 100_000)
	for name, c := range map[string]struct {
		content string
		want    string
		found   Compression
	}{
		"gzip":            {gzipped(csv), csv, Gzip},
		"members of gzip": {gzipped(csv) + gzipped("") + gzipped("3,4\n"), csv + "3,4\n", Gzip},
		"long gzip":       {gzipped(long), long, Gzip},
		"zstd":            {zstded(csv), csv, Zstd},
		"frames of zstd":  {zstded(csv) + zstded("3,4\n"), csv + "3,4\n", Zstd},
		"skippable frame": {"\x50\x2a\x4d\x18\x01\x00\x00\x00x" + zstded(csv), csv, Zstd},
		"long zstd":       {zstded(long, zstd.WithEncoderLevel(zstd.SpeedBestCompression)), long, Zstd},
		"an empty gzip":   {gzipped(""), "", Gzip},
		"XLSX in gzip":    {gzipped(zipped(sheetOf(""))), "\"a\",\"b\"\n", Gzip},
		"Parquet in zstd": {zstded(parquetOf(t, []address{{Street: "s"}})), "\"street\",\"number\",\"tags\"\ns,,[]\n", Zstd},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := read(t, c.content, Options{})
			require.Equal(t, c.want, got.csv)
			require.Equal(t, c.found, got.Compression)
			requireSource(t, c.content, got)
			for i := 4; i < len(c.content); i += 1 + len(c.content)/50 {
				cut, err := tryRead(c.content[:i], Options{})
				if err == nil { // a whole member, of which nothing says that others follow
					require.Less(t, len(cut.csv), len(c.want))
					require.Contains(t, "members of gzip, frames of zstd, skippable frame", name)
					continue
				}
				require.True(t, isFault(err), "%v", err)
			}
		})
	}
}

func TestCompressionFaultsHaveTheirCode(t *testing.T) {
	t.Parallel()
	csv := "a,b\n" + strings.Repeat("1,2\n", 1000)
	zeros := strings.Repeat("\n", slack+1<<20)
	flip := func(s string, i int) string { return s[:i] + string(s[i]^0x10) + s[i+1:] }
	for name, c := range map[string]struct{ content, code string }{
		"gzip in gzip":         {gzipped(gzipped(csv)), CodeNested},
		"zstd in gzip":         {gzipped(zstded(csv)), CodeNested},
		"gzip, checksum":       {flip(gzipped(csv), len(gzipped(csv))-6), CodeCompression},
		"gzip, header":         {"\x1f\x8b\x07\x00\x00", CodeCompression},
		"gzip, something more": {gzipped(csv) + "more", CodeCompression},
		"zstd, checksum":       {flip(zstded(csv), len(zstded(csv))-1), CodeCompression},
		"zstd, something more": {zstded(csv) + "more", CodeCompression},
		"bomb of gzip":         {gzipped(zeros), CodeRatio},
		"bomb of zstd":         {zstded(zeros), CodeRatio},
		"bomb of JSON":         {gzipped("[" + strings.Repeat("{},", slack/3+1<<20) + `{"a":1}]`), CodeRatio},
		"wide rows of JSON":    {"[" + wide(maxColumns) + strings.Repeat(",{}", 1<<17) + "]", CodeRatio},
		"window":               {zstdOfWindow(64 << 20), CodeWindow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.code, fault(t, c.content, Options{}).Code)
		})
	}
}

// zstdOfWindow is a stream, of which nobody knows its length in advance, with a large window.
func zstdOfWindow(size int) string {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(size))
	if err != nil {
		panic(err)
	}
	for range 100 {
		_, _ = w.Write(bytes.Repeat([]byte("a,b\n1,2\n"), 1<<17))
	}
	_ = w.Close()
	return b.String()
}

func TestBytesMayBeLimited(t *testing.T) {
	t.Parallel()
	csv := "a,b\n" + strings.Repeat("1,2\n", 1000)
	json := strings.Repeat(`{"a":1}`, 1000)
	require.Equal(t, CodeExpanded, fault(t, gzipped(csv), Options{MaxBytes: 1000}).Code)
	require.Equal(t, CodeExpanded, fault(t, json, Options{MaxBytes: 1000}).Code)
	require.Equal(t, CodeExpanded, fault(t, zstded(csv), Options{MaxBytes: 1000}).Code)
	require.Equal(t, csv, read(t, csv, Options{MaxBytes: 1000}).csv, "whoever sends it has counted it")
}

func FuzzDecompress(f *testing.F) {
	f.Add([]byte(gzipped("a,b\n1,2\n")))
	f.Add([]byte(zstded("a,b\n1,2\n")))
	f.Add([]byte("\x50\x2a\x4d\x18\x01\x00\x00\x00x" + zstded("{}")))
	f.Fuzz(func(t *testing.T, b []byte) {
		readFuzzed(t, b, Options{})
	})
}
