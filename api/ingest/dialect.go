package ingest

import (
	"bytes"
	"strings"
)

const (
	delimiters  = ",;\t|"
	sniffedRows = 10 // records after the first that the delimiter is found from
)

// top is what the beginning of a file tells.
type top struct {
	skip      int    // bytes before the first record
	comments  int64  // lines among them
	separator int64  // 1 for a line sep=;
	prefix    []byte // of comments; nil for none
	literal   bool   // the first record begins with the prefix, and is none
	delimiter byte
	open      bool // nothing but comments so far
	complete  bool // the first record ends in the window
}

// sniff skips the byte order mark and finds what the dialect leaves open, from the beginning of the file.
func (s *scanner) sniff(d *Dialect) error {
	if err := s.fill(); err != nil {
		return err
	}
	if bytes.HasPrefix(s.buf[:s.end], []byte("\xef\xbb\xbf")) {
		s.pos = 3
	}
	for {
		t := s.look(d, s.buf[s.pos:s.end])
		s.delimiter = t.delimiter // also where the first record has no end, which tells whether its quotes may be text
		if t.complete && !(t.open && s.end-s.pos <= maxRecord) || s.eof {
			s.comment, s.literal, s.comments = t.prefix, t.literal, t.comments
			skipped := s.buf[s.pos : s.pos+t.skip]
			s.blank = int64(max(bytes.Count(skipped, []byte{'\n'}), bytes.Count(skipped, []byte{'\r'}))) - t.comments - t.separator
			s.pos += t.skip
			return nil
		}
		if err := s.fill(); err != nil {
			return err
		}
	}
}

// look finds what is open in b.
func (s *scanner) look(d *Dialect, b []byte) (t top) {
	t.skip = lineEnds(b)
	if d.Delimiter != "" {
		t.delimiter = d.Delimiter[0]
	}
	if n := separatorLine(b[t.skip:]); n > 0 && (t.delimiter == 0 || t.delimiter == b[t.skip+n-1]) {
		t.skip += n
		t.delimiter, t.separator = b[t.skip-1], 1
		t.skip += lineEnds(b[t.skip:])
	}
	s.lookForComments(d, &t, b)
	delimiter, complete := s.findDelimiter(b[t.skip:])
	if t.complete = complete; t.delimiter == 0 {
		t.delimiter = delimiter
	}
	if d.Comment == "" && d.Header != HeaderAbsent && t.comments > 0 {
		t.mendHeader(b)
	}
	return t
}

// lineEnds is how many line ends b begins with.
func lineEnds(b []byte) int { return len(b) - len(bytes.TrimLeft(b, "\r\n")) }

// separatorLine returns the length of the line sep=; that spreadsheets begin a file with; 0 for none.
func separatorLine(b []byte) int {
	line, complete := firstLine(b)
	if complete && len(line) == len("sep=;") && strings.EqualFold(string(line[:4]), "sep=") && strings.IndexByte(delimiters, line[4]) >= 0 {
		return len(line)
	}
	return 0
}

// firstLine is b up to its first line end.
func firstLine(b []byte) (line []byte, complete bool) {
	if i := bytes.IndexAny(b, "\r\n"); i >= 0 {
		return b[:i], true
	}
	return b, false
}

// lookForComments skips the comments at the top of b. Where nothing follows them they were none, unless the prefix is given.
func (s *scanner) lookForComments(d *Dialect, t *top, b []byte) {
	prefix := commentPrefix(d, b[t.skip:])
	if prefix == nil {
		return
	}
	skip, comments := t.skip, int64(0)
	for bytes.HasPrefix(b[skip:], prefix) {
		line, _ := firstLine(b[skip:])
		skip += len(line)
		skip += lineEnds(b[skip:])
		comments++
	}
	if t.open = skip == len(b); !t.open || d.Comment != "" {
		t.skip, t.comments, t.prefix = skip, comments, prefix
	}
}

func commentPrefix(d *Dialect, b []byte) []byte {
	if d.Comment == NoComments {
		return nil
	}
	if d.Comment != "" {
		return []byte(d.Comment)
	}
	for _, prefix := range []string{"#", "//"} {
		if bytes.HasPrefix(b, []byte(prefix)) {
			return []byte(prefix)
		}
	}
	return nil
}

// mendHeader takes the last comment for the header where it has as many fields as the record after it, and at least
// two: #chrom,start above chr1,100.
func (t *top) mendHeader(b []byte) {
	before := bytes.TrimRight(b[:t.skip], "\r\n")
	start := bytes.LastIndexAny(before, "\r\n") + 1
	delimiter := []byte{t.delimiter}
	next, _ := firstLine(b[t.skip:])
	if n := bytes.Count(before[start:], delimiter); n == 0 || n != bytes.Count(next, delimiter) {
		return
	}
	t.skip, t.comments, t.literal = start, t.comments-1, true
	if t.comments == 0 {
		t.prefix, t.literal = nil, false
	}
}

// findDelimiter returns the delimiter of the records that b begins with, and whether the first one ends in b: of those
// that the first record has, the one that most of the next have as often; of several, the most frequent.
func (s *scanner) findDelimiter(b []byte) (delimiter byte, complete bool) {
	first, rest, complete := s.countDelimiters(b)
	var alike [len(delimiters)]int
	for range sniffedRows {
		counts, after, whole := s.countDelimiters(rest)
		if !whole {
			break
		}
		for i := range alike {
			if counts[i] == first[i] && first[i] > 0 {
				alike[i]++
			}
		}
		rest = after
	}
	best := 0
	for i := range alike {
		if alike[i] > alike[best] || alike[i] == alike[best] && first[i] > first[best] {
			best = i
		}
	}
	return delimiters[best], complete
}

// countDelimiters counts them outside quotes in the first record of b, and returns what follows it.
func (s *scanner) countDelimiters(b []byte) (counts [len(delimiters)]int, rest []byte, complete bool) {
	b = bytes.TrimLeft(b, "\r\n")
	quoted, opens := false, true
	for i := 0; i < len(b); i++ {
		n := strings.IndexByte(delimiters, b[i])
		switch {
		case quoted && s.escapes && b[i] == '\\':
			i++
		case b[i] == '"' && s.quote != 0 && (quoted || opens):
			quoted = !quoted
			opens = !quoted // of "" the second opens the field again
			continue
		case quoted:
		case n >= 0:
			counts[n]++
		case b[i] == '\n' || b[i] == '\r':
			return counts, b[i:], true
		}
		opens = n >= 0
	}
	return counts, nil, false
}
