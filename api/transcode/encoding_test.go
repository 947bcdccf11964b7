package transcode

import (
	"context"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"
)

func utf16Of(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

func TestEncodingsAreFound(t *testing.T) {
	t.Parallel()
	const text = "name,city\nZoë,Malmö\n😀,x\n"
	for name, c := range map[string]struct {
		content string
		want    Encoding
		mark    bool
	}{
		"UTF-8":             {text, UTF8, false},
		"UTF-16 LE":         {utf16Of(binary.LittleEndian, text), UTF16LE, false},
		"UTF-16 BE":         {utf16Of(binary.BigEndian, text), UTF16BE, false},
		"UTF-16 LE, marked": {utf16Of(binary.LittleEndian, "\ufeff"+text), UTF16LE, true},
		"UTF-16 BE, marked": {utf16Of(binary.BigEndian, "\ufeff"+text), UTF16BE, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := read(t, c.content, Options{})
			require.Equal(t, text, got.csv)
			require.Equal(t, c.want, got.Encoding)
			require.Equal(t, c.mark, got.BOM)
			require.Empty(t, got.Warnings())
			requireSource(t, c.content, got)
		})
	}
	marked := read(t, "\xef\xbb\xbf"+text, Options{})
	require.Equal(t, "\xef\xbb\xbf"+text, marked.csv, "whoever reads CSV skips the mark")
	require.True(t, marked.BOM)
}

func TestWhatIsNotUTF8IsWindows1252(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"a\n1\nZo\xeb\n":                  "a\n1\nZoë\n",
		"\x80":                            "€",
		"a\n\xe2":                         "a\nâ",
		"a\n\xe2\x82":                     "a\nâ‚",
		"a\n\x93x\x94 \xc3\x84\n\xe4\xf6": "a\n“x” Ã„\näö",
		strings.Repeat("x", blockSize-1) + "\xe4b": strings.Repeat("x", blockSize-1) + "äb",
	} {
		got := read(t, content, Options{})
		require.Equal(t, want, got.csv)
		require.Equal(t, Windows1252, got.Encoding)
		require.Equal(t, WarnEncodingGuessed, got.Warnings()[0].Code)
		require.Equal(t, want, read(t, content, Options{Encoding: Windows1252}).csv)
		requireSource(t, content, got)
	}
	require.EqualValues(t, 3, read(t, "a\n1\nZo\xeb\n", Options{}).Warnings()[0].Line)
	require.Equal(t, "\xeb", read(t, "\xeb", Options{Encoding: UTF8}).csv, "said to be UTF-8, it is left to whoever reads it")
	json := read(t, "{\"a\":\"Zo\xeb\"}", Options{})
	require.Equal(t, "\"a\"\nZoë\n", json.csv)
	require.Equal(t, WarnEncodingGuessed, json.Warnings()[0].Code)
}

func TestSequencesThatAnEncodingDoesNotHaveAreFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		given   Encoding
		code    string
		line    int64
	}{
		"half a pair":        {utf16Of(binary.LittleEndian, "\ufeffa\nb") + "\x00\xd8x\x00", "", CodeEncoding, 2},
		"pair cut short":     {utf16Of(binary.LittleEndian, "\ufeffa\r\nb\r\n") + "\x00\xd8", "", CodeEncoding, 3},
		"pair reversed":      {"\x00\xdc\x00\xd8", UTF16LE, CodeEncoding, 1},
		"half a unit":        {utf16Of(binary.BigEndian, "\ufeffa\n") + "x", "", CodeEncoding, 2},
		"undefined byte":     {"a\nb\x81", Windows1252, CodeEncoding, 2},
		"undefined, guessed": {"a\n\xe4\x81", "", CodeEncoding, 2},
		"mostly UTF-8":       {"a\n\xe4b\nZoë\nMalmö\n", "", CodeEncodingMixed, 2},
		"mostly UTF-8, byte": {"a\n\xe4b\nZoë\nMalmö\n\x81", "", CodeEncodingMixed, 2},
		"unknown":            {"a\n", "latin-9", CodeUnsupported, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fault(t, c.content, Options{Encoding: c.given})
			require.Equal(t, c.code, f.Code)
			require.Equal(t, c.line, f.Line)
		})
	}
}

func TestTextIsTheSameHoweverItIsEncodedAndRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := "abc,def\n" + rapid.StringOf(rapid.RuneFrom([]rune("ab,\n\ré€ß“"))).Draw(t, "text")
		content, err := charmap.Windows1252.NewEncoder().String(text)
		require.NoError(t, err)
		for _, c := range []struct {
			content string
			given   Encoding
		}{{text, ""}, {text, UTF8}, {content, Windows1252}, {utf16Of(binary.LittleEndian, text), UTF16LE}, {utf16Of(binary.BigEndian, "\ufeff"+text), ""}} {
			for _, r := range []io.Reader{strings.NewReader(c.content), iotest.OneByteReader(strings.NewReader(c.content)), iotest.DataErrReader(strings.NewReader(c.content))} {
				table, err := Open(context.Background(), r, Options{Encoding: c.given})
				require.NoError(t, err)
				got, err := io.ReadAll(iotest.HalfReader(table))
				require.NoError(t, err)
				require.Equal(t, text, string(got))
			}
		}
	})
}

// FuzzEncodings: a text comes out as UTF-8, and as golang.org/x/text reads it.
func FuzzEncodings(f *testing.F) {
	for i, seed := range []string{"a,\xe4\n", "\xff\xfea\x00\n\x001\x00", "\xfe\xff\x00a\x00\n", "\xef\xbb\xbfa\n\xe2\x82\xac", "a\x00\n\x00\x3d\xd8\x00\xde", "\xe2\x82"} {
		f.Add([]byte(seed), uint8(i))
	}
	references := map[Encoding]encoding.Encoding{UTF16LE: unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
		UTF16BE: unicode.UTF16(unicode.BigEndian, unicode.UseBOM), Windows1252: charmap.Windows1252}
	f.Fuzz(func(t *testing.T, b []byte, choice uint8) {
		given := []Encoding{"", UTF8, UTF16LE, UTF16BE, Windows1252}[choice%5]
		got := readFuzzed(t, b, Options{Format: CSV, Encoding: given})
		if got == nil || got.Encoding == UTF8 {
			return
		}
		require.True(t, utf8.ValidString(got.csv))
		want, err := references[got.Encoding].NewDecoder().Bytes(b)
		require.NoError(t, err)
		require.Equal(t, string(want), got.csv)
	})
}
