package transcode

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheContentSaysWhatAFileIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		want    Format
	}{
		"CSV":                    {"a,b\n1,2\n", CSV},
		"nothing":                {"", CSV},
		"CSV in brackets":        {"[a],[b]\n1,2\n", CSV},
		"CSV in quoted brackets": {"[\"a\",\"b\"]\n", CSV},
		"CSV in braces":          {"{a},{b}\n1,2\n", CSV},
		"CSV named as a magic":   {"PAR1,ORC\n1,2\n", CSV},
		"array":                  {" [ {\"a\":1}]", JSON},
		"array of arrays":        {"[[\"a\"],[1]]", JSON},
		"lines":                  {"\n{\"a\":1}\n", NDJSON},
		"mark":                   {"\xef\xbb\xbf[{\"a\":1}]", JSON},
		"UTF-16":                 {"\xff\xfe[\x00{\x00\"\x00a\x00\"\x00:\x001\x00}\x00]\x00", JSON},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, read(t, c.content, Options{}).Format)
			require.Equal(t, c.want, read(t, gzipped(c.content), Options{}).Format)
		})
	}
}

func TestWhatIsSaidMustAgreeWithTheContent(t *testing.T) {
	t.Parallel()
	const json, csv = `[{"a":1}]`, "a\n1\n"
	const parquet = "PAR1\x00\x00\x00"
	for name, c := range map[string]struct {
		content string
		opt     Options
	}{
		"media type of JSON":        {csv, Options{MediaType: "application/json; charset=utf-8"}},
		"name of JSON":              {csv, Options{FileName: "x.JSON"}},
		"media type of CSV":         {json, Options{MediaType: "text/csv"}},
		"Parquet as CSV":            {parquet, Options{MediaType: "text/csv"}},
		"Parquet as given CSV":      {parquet, Options{Format: CSV}},
		"CSV as Parquet":            {csv, Options{FileName: "x.parquet"}},
		"CSV as given XLSX":         {csv, Options{Format: XLSX}},
		"type against name":         {csv, Options{MediaType: "text/csv", FileName: "x.xlsx"}},
		"given against type":        {csv, Options{Format: CSV, MediaType: "application/json"}},
		"gzip that is none":         {csv, Options{Compression: Gzip}},
		"zstd that is gzip":         {gzipped(csv), Options{Compression: Zstd}},
		"none that is gzip":         {gzipped(csv), Options{Compression: None}},
		"a sheet of CSV":            {csv, Options{Sheet: "S"}},
		"Parquet in UTF-16":         {parquet, Options{Encoding: UTF16LE}},
		"encoding against its mark": {"\xff\xfea\x00", Options{Encoding: UTF16BE}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, CodeContradiction, fault(t, c.content, c.opt).Code)
		})
	}
}

// What is wrong with it is told, not that it is CSV.
func TestDamagedJSONIsJSON(t *testing.T) {
	t.Parallel()
	for content, code := range map[string]string{`{a: 1}`: CodeJSON, `[1, 2]`: CodeJSONShape, `{`: CodeJSON, " [\n": CodeJSON, `{'a': 1}`: CodeJSON} {
		require.Equal(t, code, fault(t, content, Options{MediaType: "application/json"}).Code, content)
		require.Equal(t, code, fault(t, content, Options{FileName: "x.ndjson"}).Code, content)
		require.Equal(t, CSV, read(t, content, Options{}).Format)
	}
}

func TestHintsThatSayNothingOfTablesAreIgnored(t *testing.T) {
	t.Parallel()
	for _, opt := range []Options{{MediaType: "application/octet-stream"}, {MediaType: "text/plain", FileName: "x.txt"}, {MediaType: "application/vnd.ms-excel"},
		{MediaType: "text/csv", FileName: "x.tsv"}, {FileName: "x.csv.gz"}, {MediaType: "no type at all;"}} {
		require.Equal(t, "a\n1\n", read(t, "a\n1\n", opt).csv)
	}
	require.Equal(t, TSV, read(t, "a\tb\n", Options{FileName: "../a/x.TSV"}).Format)
	require.Equal(t, TSV, read(t, "a\tb\n", Options{MediaType: "text/tab-separated-values"}).Format)
	require.Equal(t, CSV, read(t, `[{"a":1}]`, Options{Format: CSV}).Format, "who says so may have CSV that looks like JSON")
}

func TestOtherFilesAreRefusedByName(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"BZh9\x00", "\xfd7zXZ\x00", "Obj\x01\x00", "ARROW1\x00\x00", "ORC\x00", "%PDF-1.7\n\x00", "SQLite format 3\x00",
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00"} {
		require.Equal(t, CodeUnsupported, fault(t, content, Options{}).Code)
	}
}
