package ingest

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const maxName = 200 // characters

// header is the first record: names, or values of columns without names.
type header struct {
	kind    Header // empty until it is decided
	names   []string
	headers []string // the names without those that the options give
	renamed []int    // numbers of columns whose names are not as the file has them

	line       int64
	start, end int64  // where the record is in the file
	record     []byte // a copy of it
	fields     []span
	columns    []ColumnOptions // of each column, as the options or its format have them; No is 0 where they say nothing
}

// header reads the first record, which decides the width of the table.
func (s *scanner) header(opt *Options) (*header, error) {
	if err := s.sniff(&opt.Dialect); err != nil {
		return nil, emptyOr(err)
	}
	literal := s.literal
	if err := s.next(); err != nil {
		return nil, emptyOr(err)
	}
	h := &header{kind: opt.Dialect.Header, line: s.line(s.fields[0].start), start: s.offset + int64(s.start), end: s.offset + int64(s.pos)}
	if literal {
		h.kind = HeaderPresent
	}
	if s.count > MaxColumns {
		return nil, tooManyColumns(h.line)
	}
	s.fields = s.fields[:s.count]
	h.record = bytes.Clone(s.buf[s.start:s.pos])
	for _, field := range s.fields {
		h.fields = append(h.fields, span{field.start - s.start, field.end - s.start})
	}
	return h, nil
}

func emptyOr(err error) error {
	if err == io.EOF {
		return &Error{Code: CodeEmpty, Message: "The file is empty. The first line must name the columns."}
	}
	return err
}

func (h *header) width() int { return len(h.fields) }

func (h *header) cell(i int) []byte { return h.record[h.fields[i].start:h.fields[i].end] }

// replay makes the record the scanner's current one again, after the last.
func (h *header) replay(s *scanner) {
	copy(s.buf, h.record)
	copy(s.fields, h.fields)
	s.count, s.extra = len(h.fields), 0
}

// body is where the first row is in the file.
func (h *header) body() int64 {
	if h.kind == HeaderAbsent {
		return h.start
	}
	return h.end
}

// assign finds the columns that the options are about. Where one is found by its name there is a header.
func (h *header) assign(opt *Options) ([]ColumnOptions, error) {
	columns := make([]ColumnOptions, h.width())
	h.columns = columns
	for _, o := range opt.Columns {
		if o.No == 0 {
			o.No = 1 + h.find(o.Header)
		}
		if o.No < 1 || o.No > len(columns) || columns[o.No-1].No != 0 {
			return nil, unknownColumn()
		}
		o.asked = o.Type != ""
		columns[o.No-1] = o
	}
	for i, known := range opt.Known[:min(len(opt.Known), len(columns))] {
		if o := &columns[i]; known.Type != "" && o.Type == "" {
			o.Type, o.Scale, o.Numbers, o.Dates = known.Type, known.Scale, PlainNumbers, ""
		}
	}
	return columns, nil
}

func (h *header) find(name string) int {
	if h.kind == HeaderAbsent {
		return -1
	}
	named := header{kind: HeaderPresent, record: h.record, fields: h.fields, columns: make([]ColumnOptions, h.width())}
	if named.name() != nil {
		return -1
	}
	i := slices.Index(named.names, name)
	if i >= 0 {
		h.kind = HeaderPresent
	}
	return i
}

// name gives the columns names, which are unique.
func (h *header) name() error {
	taken, headers := make(map[string]bool, h.width()), make(map[string]bool, h.width())
	for i := range h.fields {
		header := ""
		if h.kind == HeaderPresent {
			header = strings.TrimSpace(string(h.cell(i)))
		}
		written := h.columns[i].Name
		if written == "" {
			written = header
		}
		clean := cleanName(written, i+1)
		if utf8.RuneCountInString(clean) > maxName {
			return columnNameTooLong(h.line, i+1)
		}
		name := UniqueName(clean, taken)
		if name != written && (h.kind == HeaderPresent || written != "") {
			h.renamed = append(h.renamed, i+1)
		}
		taken[name] = true
		h.names = append(h.names, name)
		header = UniqueName(shortName(cleanName(header, i+1)), headers)
		headers[header] = true
		h.headers = append(h.headers, header)
	}
	return nil
}

// shortName cuts what is too long for a name, of a column that has another one.
func shortName(name string) string {
	runes := []rune(name)
	return string(runes[:min(len(runes), maxName)])
}

// cleanName takes the characters out of a name that are not to be seen, and composes the others (NFC).
func cleanName(written string, no int) string {
	name := strings.TrimSpace(norm.NFC.String(strings.Map(visible, written)))
	if name == "" {
		return fmt.Sprintf("column_%d", no)
	}
	return name
}

// visible replaces what breaks lines by a space, and drops what turns the direction of the text around it.
func visible(r rune) rune {
	switch {
	case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
		return ' '
	case r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\ufeff':
		return -1
	}
	return r
}

// UniqueName is name with a number behind it where it is taken.
func UniqueName(name string, taken map[string]bool) string {
	unique := name
	for n := 2; taken[unique]; n++ {
		suffix := fmt.Sprintf(" (%d)", n)
		runes := []rune(name)
		unique = string(runes[:min(len(runes), maxName-len(suffix))]) + suffix
	}
	return unique
}
