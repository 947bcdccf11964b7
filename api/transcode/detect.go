package transcode

import (
	"bytes"
	"mime"
	"path"
	"strings"
)

// claim is what the client says of a file. A format said by a media type or the end of a name is a hint: the content
// decides, and the two may not contradict each other.
type claim struct {
	format Format
	hint   Format
}

var mediaTypes = map[string]Format{
	"text/csv": CSV, "application/csv": CSV, "text/tab-separated-values": TSV,
	"application/json": JSON, "application/x-ndjson": NDJSON, "application/ndjson": NDJSON, "application/jsonl": NDJSON,
	"application/vnd.apache.parquet": Parquet, "application/x-parquet": Parquet,
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": XLSX,
}

var endings = map[string]Format{
	".csv": CSV, ".tsv": TSV, ".tab": TSV, ".json": JSON, ".ndjson": NDJSON, ".jsonl": NDJSON, ".parquet": Parquet, ".xlsx": XLSX,
}

// claim checks that the parts of the options agree with each other.
func (o Options) claim() (claim, error) {
	mediaType, _, _ := mime.ParseMediaType(o.MediaType)
	name := strings.ToLower(o.FileName)
	for _, ending := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, ending)
	}
	hint, byName := mediaTypes[mediaType], endings[path.Ext(name)]
	if hint == "" || compatible(hint, byName) {
		hint = byName
	} else if byName != "" {
		return claim{}, contradiction(hint.title(), byName.title()+" by its name")
	}
	if hint == "" || o.Format == "" || compatible(o.Format, hint) {
		return claim{o.Format, hint}, nil
	}
	return claim{}, contradiction(o.Format.title(), hint.title()+" by its type or name")
}

// fit refuses options that the format found does not have.
func (o Options) fit(found Format) error {
	switch {
	case o.Sheet != "" && found != XLSX:
		return contradiction("a workbook with sheets", found.title())
	case o.Encoding != "" && o.Encoding != UTF8 && !found.isText():
		return contradiction("a text in "+string(o.Encoding), found.title())
	}
	return nil
}

// compatible tells whether a file said to be one may be the other.
func compatible(a, b Format) bool {
	return a == b || a.isText() && b.isText() && a.isJSON() == b.isJSON()
}

func (f Format) isJSON() bool { return f == JSON || f == NDJSON }
func (f Format) isText() bool { return f.isJSON() || f == CSV || f == TSV }

func (f Format) title() string {
	switch f {
	case Parquet:
		return "Parquet"
	default:
		return strings.ToUpper(string(f))
	}
}

// foreign are beginnings of files that are no tables, or not in a form that is read.
var foreign = []struct{ magic, what, instead string }{
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "A workbook of the old Excel format, or one with a password,", "Save it as XLSX without a password."},
	{"BZh", "bzip2", "Use gzip or zstd."},
	{"\xfd7zXZ\x00", "xz", "Use gzip or zstd."},
	{"7z\xbc\xaf\x27\x1c", "7-Zip", "Use gzip or zstd."},
	{"Obj\x01", "Avro", "Send CSV, JSON, Parquet or XLSX."},
	{"ARROW1\x00\x00", "Arrow", "Send CSV, JSON, Parquet or XLSX."},
	{"ORC", "ORC", "Send CSV, JSON, Parquet or XLSX."},
	{"%PDF-", "PDF", "Send CSV, JSON, Parquet or XLSX."},
	{"SQLite format 3\x00", "SQLite", "Send CSV, JSON, Parquet or XLSX."},
}

// formatOf decides what the content is that begins with head.
func (c claim) formatOf(head []byte) (Format, error) {
	found, err := sniff(head)
	if err != nil {
		return "", err
	}
	switch {
	case c.format.isText() && found.isText():
		return c.format, nil // text is text: the parser will tell
	case c.hint.isJSON() && found == CSV && opensJSON(asciiOf(head)):
		return c.hint, nil // likewise
	case c.format != "" && c.format != found:
		return "", contradiction(c.format.title(), found.title())
	case c.hint != "" && !compatible(c.hint, found):
		return "", contradiction(c.hint.title(), found.title())
	case found == CSV && c.hint == TSV:
		return TSV, nil
	}
	return found, nil
}

func sniff(head []byte) (Format, error) {
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) && isBinary(head) {
			return "", unsupported(f.what, f.instead)
		}
	}
	switch {
	case compressionOf(head) != None:
		return "", nested()
	case bytes.HasPrefix(head, []byte("PARE")) && isBinary(head):
		return "", encryptedParquet()
	case bytes.HasPrefix(head, []byte("PAR1")) && isBinary(head):
		return Parquet, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return XLSX, nil
	}
	return sniffText(asciiOf(head)), nil
}

// isBinary tells whether there are control characters that no text has: a CSV file may begin with ORC or BZh.
func isBinary(head []byte) bool {
	return bytes.ContainsFunc(head, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' })
}

// asciiOf is head without a mark of its encoding and without the NULs of UTF-16: enough to see brackets and quotes.
func asciiOf(head []byte) []byte {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		head = bytes.TrimPrefix(head, []byte(mark))
	}
	return bytes.ReplaceAll(head, []byte{0}, nil)
}

// opensJSON tells whether JSON that is a table, or is meant to be one, may begin so.
func opensJSON(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	return len(head) > 0 && (head[0] == '[' || head[0] == '{')
}

// sniffText tells JSON from CSV, whose header may begin with a bracket or a brace as well.
func sniffText(head []byte) Format {
	const space = " \t\r\n"
	head = bytes.TrimLeft(head, space)
	if len(head) == 0 {
		return CSV
	}
	next := bytes.TrimLeft(head[1:], space)
	switch {
	case len(next) == 0:
	case head[0] == '{' && (next[0] == '"' || next[0] == '}'):
		return NDJSON
	case head[0] == '[' && (next[0] == '{' || next[0] == '[' || next[0] == ']'):
		return JSON
	}
	return CSV
}
