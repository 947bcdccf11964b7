package transcode

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"
)

func (t *Table) openJSON(r io.Reader, opt Options) error {
	rec, err := t.newRecorder(opt)
	if err != nil {
		return err
	}
	s := &jsonStream{r: r, buf: make([]byte, maxRecord+blockSize), lines: t.Format == NDJSON}
	columns := newJSONColumns(rec)
	if err := s.each(columns.record); err != nil {
		return err
	}
	var place []int
	if t.Columns, place, err = columns.finish(); err != nil {
		return err
	}
	rows, err := rec.read(place, len(t.Columns))
	if err != nil {
		return err
	}
	t.csv = t.newCSV(rows, s.bytes, opt)
	return nil
}

// jsonStream cuts a stream into its records: the values of an array, or values that follow each other. It holds one
// window of the stream, as long as the longest record plus one block.
type jsonStream struct {
	r        io.Reader
	lines    bool // records follow each other; else an object does so too, as it is the first of many or the only one
	buf      []byte
	pos, end int // buf[pos:end] is to be cut
	eof      bool
	bytes    int64
	line     int64 // line ends before pos
	column   int   // characters of the line before pos
}

// each calls record with each record, which is valid until it returns.
func (s *jsonStream) each(record func([]byte) error) error {
	c, err := s.peek()
	switch {
	case err != nil || c == 0:
		return err
	case c == '[' && !s.lines:
		s.skip(1)
		return s.array(record)
	}
	for c != 0 && err == nil {
		if err = s.one(record); err == nil {
			c, err = s.peek()
		}
	}
	return err
}

func (s *jsonStream) array(record func([]byte) error) error {
	c, err := s.peek()
	for c != ']' && err == nil {
		if err = s.one(record); err != nil {
			return err
		}
		if c, err = s.peek(); c != ',' {
			break
		}
		s.skip(1)
		if c, err = s.peek(); c == ']' {
			return s.syntax(0, "a comma is not followed by a value")
		}
	}
	switch {
	case err != nil:
		return err
	case c == 0:
		return s.syntax(0, "the file ends before its array does")
	case c != ']':
		return s.syntax(0, "a comma or a closing bracket is missing")
	}
	s.skip(1)
	if c, err = s.peek(); err != nil || c == 0 {
		return err
	}
	return s.syntax(0, "something follows the array")
}

// one cuts one record.
func (s *jsonStream) one(record func([]byte) error) error {
	n, whole, err := s.extent()
	if err != nil {
		return err
	}
	value := s.buf[s.pos : s.pos+n]
	if i := invalidUTF8(value); i >= 0 {
		return invalidEncoding(UTF8, s.line+1+int64(bytes.Count(value[:i], []byte{'\n'})))
	}
	err = record(value)
	if fault, ok := err.(*jsonFault); ok && (whole || fault.at < n) {
		return s.syntax(fault.at, fault.what)
	}
	switch {
	case whole && err == nil && n > maxRecord, !whole && n > maxRecord:
		return &Error{Code: CodeRecord, Line: s.line + 1,
			Message: fmt.Sprintf("The record that begins on line %d is longer than 1 MiB. Shorten it, or close what it opens.", s.line+1)}
	case !whole:
		return s.syntax(n, "the file ends inside a record")
	case err != nil:
		return s.locate(err)
	}
	s.skip(n)
	return nil
}

// locate adds the line of the record to a fault in it.
func (s *jsonStream) locate(err error) error {
	if fault, ok := err.(*Error); ok && fault.Line == 0 {
		fault.Line = s.line + 1
	}
	return err
}

// extent is the length of the value at pos; of what there is of it, where the stream ends first or it is too long.
func (s *jsonStream) extent() (n int, whole bool, err error) {
	depth, quoted := 0, false
	for ; ; n++ {
		if s.pos+n >= s.end {
			if n > maxRecord || s.eof {
				return n, depth == 0 && !quoted && n <= maxRecord, nil
			}
			if err := s.fill(); err != nil {
				return 0, false, err
			}
			n--
			continue
		}
		switch c := s.buf[s.pos+n]; {
		case quoted && c == '\\':
			n++
		case c == '"':
			quoted = !quoted
			if depth == 0 && !quoted {
				return n + 1, true, nil
			}
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return n + 1, true, nil
			}
			if depth < 0 {
				return n, true, nil
			}
		case depth == 0 && (c == ',' || c <= ' '):
			return n, true, nil
		}
	}
}

// peek skips white space and returns the next byte; 0 at the end of the stream.
func (s *jsonStream) peek() (byte, error) {
	for {
		for s.pos < s.end {
			switch c := s.buf[s.pos]; c {
			case ' ', '\t', '\r', '\n':
				s.skip(1)
			case 0:
				return 0, s.syntax(0, "there is a NUL character")
			default:
				return c, nil
			}
		}
		if s.eof {
			return 0, nil
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

func (s *jsonStream) skip(n int) {
	b := s.buf[s.pos : s.pos+n]
	s.pos += n
	if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
		s.line += int64(bytes.Count(b, []byte{'\n'}))
		s.column = 0
		b = b[i+1:]
	}
	s.column += utf8.RuneCount(b)
}

func (s *jsonStream) fill() error {
	s.end = copy(s.buf, s.buf[s.pos:s.end])
	s.pos = 0
	first := s.bytes == 0
	n, err := fill(s.r, s.buf[s.end:min(s.end+blockSize, len(s.buf))])
	s.end += n
	s.bytes += int64(n)
	s.eof = err == io.EOF
	if first && bytes.HasPrefix(s.buf[:s.end], []byte("\xef\xbb\xbf")) {
		s.pos = 3
	}
	if s.eof {
		return nil
	}
	return err
}

// syntax is the fault of the byte that is so many bytes after pos.
func (s *jsonStream) syntax(after int, what string) *Error {
	s.skip(min(after, s.end-s.pos))
	line, column := s.line+1, s.column+1
	return &Error{Code: CodeJSON, Line: line, Column: column,
		Message: fmt.Sprintf("The file is not valid JSON at line %d, character %d: %s.", line, column, what)}
}

func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; ; {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
}
