package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// MaxColumns is how many columns a table has at most.
const MaxColumns = 1000

const (
	maxRecord = 1 << 20
	blockSize = 64 << 10
)

// errBackslash says that a quote can only be meant as text because of the backslash before it.
var errBackslash = errors.New("a backslash escapes a quote")

// span is where a field lies in the window of a scanner.
type span struct{ start, end int }

// scanner cuts a CSV stream into records (RFC 4180; also lone LF and CR as record ends, blank lines and comments
// skipped). It holds one window of the stream, as long as the longest record plus one block, and allocates nothing for a
// record.
type scanner struct {
	r         io.Reader
	delimiter byte
	quote     byte   // 0 where quotes are text
	comment   []byte // what lines that are skipped begin with; nil: there are none
	literal   bool   // the next record is one although it begins with comment
	escapes   bool   // a backslash escapes a quote or a backslash inside quotes
	doubtful  bool   // a quote after a backslash was read as the end of a field or as half of a doubled one
	buf       []byte // the window: buf[pos:end] is to be cut; 8 line feeds after end stop every search
	pos, end  int
	start     int   // of the record
	offset    int64 // of the window in the stream
	comments  int64 // lines
	blank     int64 // lines
	eof       bool
	fail      error // what is wrong with the byte at end
	checked   int   // buf[:checked] is UTF-8
	lf, cr    int64 // line ends before the window
	fields    []span
	dirty     []int // fields whose escapes are still to be resolved
	count     int   // of fields in the record, also of those past len(fields)
	record    int64 // its number below the header, where inference counts
	byRecord  bool  // faults are told by it
	extra     int   // the first field past len(fields) that is not empty; 0 for none
}

// newScanner has room for fields of a header; [scanner.header] narrows it to the width of the table.
func newScanner(r io.Reader, quotes Quotes) *scanner {
	s := &scanner{r: r, quote: '"', escapes: quotes == BackslashQuotes, buf: make([]byte, maxRecord+blockSize+8), fields: make([]span, MaxColumns)}
	if quotes == NoQuotes {
		s.quote = 0
	}
	s.guard()
	return s
}

func (s *scanner) field(i int) []byte { return s.buf[s.fields[i].start:s.fields[i].end] }

// line is the number of the line that holds buf[i]. Files end lines in LF, CRLF or CR, so the greater count is right.
func (s *scanner) line(i int) int64 {
	lf := s.lf + int64(bytes.Count(s.buf[:i], []byte{'\n'}))
	cr := s.cr + int64(bytes.Count(s.buf[:i], []byte{'\r'}))
	return 1 + max(lf, cr)
}

// next moves to the next record; io.EOF after the last one. The fields are valid until it is called again.
func (s *scanner) next() error {
	lf, cr := int64(0), int64(0)
	for {
		first := s.pos
		for s.pos < s.end && (s.buf[s.pos] == '\n' || s.buf[s.pos] == '\r') {
			s.pos++
		}
		lf, cr = s.addLineEnds(first, lf, cr)
		passed, is := false, false
		if s.comment != nil && s.pos < s.end {
			passed, is = s.passComment()
		}
		switch {
		case passed:
			s.countBlank(lf, cr)
			lf, cr = 0, 0
			continue
		case s.pos < s.end && !is:
			if done, err := s.cut(); done || err != nil {
				s.countBlank(lf, cr)
				return err
			}
		case s.pos == s.end && s.eof:
			s.countBlank(lf, cr)
			return io.EOF
		}
		if err := s.fill(); err != nil {
			return err
		}
	}
}

// addLineEnds counts those from first to pos.
func (s *scanner) addLineEnds(first int, lf, cr int64) (int64, int64) {
	if s.pos-first == 1 && s.buf[first] == '\n' {
		return lf + 1, cr
	}
	ends := s.buf[first:s.pos]
	n := int64(bytes.Count(ends, []byte{'\n'}))
	return lf + n, cr + int64(len(ends)) - n
}

// countBlank counts the blank lines among the line ends before a record; the first of them ends the line before.
func (s *scanner) countBlank(lf, cr int64) {
	if n := max(lf, cr); n > 1 {
		s.blank += n - 1
	}
}

// passComment passes the comment that begins at pos; if there is one but the window ends before it, it is not passed.
func (s *scanner) passComment() (passed, is bool) {
	line := s.buf[s.pos:s.end]
	if len(line) < len(s.comment) && !s.eof {
		return false, bytes.HasPrefix(s.comment, line)
	}
	if !bytes.HasPrefix(line, s.comment) || s.literal {
		return false, false
	}
	text, complete := firstLine(line)
	if !complete && !s.eof {
		return false, true
	}
	s.pos += len(text)
	s.comments++
	return true, true
}

// cut finds the fields of the record at pos. It is not done where the window ends before the record.
func (s *scanner) cut() (done bool, err error) {
	s.count, s.extra, s.dirty = 0, 0, s.dirty[:0]
	buf, quote, delimiter, delimiters := s.buf, s.quote, s.delimiter, uint64(s.delimiter)*ones
	i := s.pos
	for {
		field := span{i, i}
		if buf[i] == quote {
			field.start++
			if field.end, err = s.closing(field.start); field.end < 0 {
				return false, err
			}
			i = field.end + 1
		} else {
			i = indexAny(buf, i, delimiters)
			field.end = i
		}
		if s.count < len(s.fields) {
			s.fields[s.count] = field
		} else if field.start < field.end && s.extra == 0 {
			s.extra = s.count + 1
		}
		s.count++
		if buf[i] != delimiter {
			break
		}
		i++
	}
	if i >= s.end && !s.eof {
		return false, nil
	}
	return true, s.finish(i)
}

// closing returns the index of the quote that ends the field whose text begins at start; -1 where the window ends first.
func (s *scanner) closing(start int) (int, error) {
	escaped := false
	for i := start; ; i++ {
		n := bytes.IndexByte(s.buf[i:s.end], '"')
		if n < 0 || i+n+1 == s.end && !s.eof {
			if s.eof {
				return -1, unclosedQuote(s.line(start), s.count+1)
			}
			return -1, nil
		}
		i += n
		backslash := oddBackslashes(s.buf[start:i])
		if backslash && s.escapes {
			escaped = true
			continue
		}
		switch s.buf[i+1] {
		case '"':
			escaped = true
			s.doubtful = s.doubtful || backslash
			i++
		case s.delimiter, '\n', '\r':
			s.doubtful = s.doubtful || backslash
			if escaped || s.escapes && bytes.IndexByte(s.buf[start:i], '\\') >= 0 {
				s.dirty = append(s.dirty, s.count)
			}
			return i, nil
		default:
			fault := strayQuote(s.line(i), s.count+1)
			if backslash && !s.escapes {
				return -1, fmt.Errorf("%w: %w", errBackslash, fault)
			}
			return -1, fault
		}
	}
}

func oddBackslashes(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// finish ends the record at end: bounds, missing fields, escapes. Only now, since a record cut short is cut again.
func (s *scanner) finish(end int) error {
	if end-s.pos > maxRecord {
		return rowTooLong(s.line(s.pos))
	}
	for i := s.count; i < len(s.fields); i++ {
		s.fields[i] = span{}
	}
	for _, i := range s.dirty {
		if i < len(s.fields) {
			s.fields[i].end = s.fields[i].start + s.unescape(s.field(i))
		}
	}
	s.start, s.pos, s.literal = s.pos, end, false
	return nil
}

// unescape resolves the escapes of a quoted field in place and returns its new length.
func (s *scanner) unescape(b []byte) int {
	n := 0
	for i := 0; i < len(b); i++ {
		if i+1 < len(b) && (b[i] == '"' && b[i+1] == '"' || s.escapes && b[i] == '\\' && (b[i+1] == '"' || b[i+1] == '\\')) {
			i++
		}
		b[n] = b[i]
		n++
	}
	for i := n; i < len(b); i++ {
		b[i] = '"' // no line end twice: line counts them
	}
	return n
}

// fill moves the window on by a block.
func (s *scanner) fill() error {
	if s.fail != nil {
		return s.fail
	}
	if s.end-s.pos > maxRecord {
		return rowTooLong(s.line(s.pos))
	}
	s.lf += int64(bytes.Count(s.buf[:s.pos], []byte{'\n'}))
	s.cr += int64(bytes.Count(s.buf[:s.pos], []byte{'\r'}))
	s.offset += int64(s.pos)
	s.checked -= s.pos
	s.end = copy(s.buf, s.buf[s.pos:s.end])
	s.pos = 0
	n, err := readBlock(s.r, s.buf[s.end:s.end+blockSize])
	if err != nil && err != io.EOF {
		return err
	}
	s.eof = err == io.EOF
	s.end += n
	s.check()
	s.guard()
	return nil
}

// check ends the window before the first byte that no text may hold, so that the records before it are read first.
func (s *scanner) check() {
	fresh := s.buf[s.checked:s.end]
	if i := bytes.IndexByte(fresh, 0); i >= 0 {
		fresh = fresh[:i]
		s.stop(s.checked+i, nulByte)
	}
	for len(fresh) > 0 {
		if n := validPrefix(fresh); n > 0 {
			fresh = fresh[n:]
			s.checked += n
			continue
		}
		if s.fail != nil || s.eof || utf8.FullRune(fresh) {
			s.stop(s.checked, notUTF8)
		}
		return
	}
}

// validPrefix is the length of the UTF-8 that b begins with.
func validPrefix(b []byte) int {
	if utf8.Valid(b) {
		return len(b)
	}
	n := 0
	for n < len(b) {
		r, size := utf8.DecodeRune(b[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}

func (s *scanner) stop(end int, failure func(line int64) *Error) {
	s.end, s.eof = end, false
	s.fail = failure(s.line(end))
}

func (s *scanner) guard() {
	for i := range 8 {
		s.buf[s.end+i] = '\n'
	}
}

// readBlock fills b. Its error is r's own: io.EOF at the end of r, where n may be greater than 0. Unlike io.ReadFull it
// tells an upload that broke off (io.ErrUnexpectedEOF) from the end of a file.
func readBlock(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = r.Read(b[n:])
		n += m
	}
	return n, err
}
