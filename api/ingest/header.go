package ingest

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxName = 200 // characters

// header reads the first record: the delimiter, the width of the table, and the columns' names, which are unique, with
// the numbers of those that are not as the file has them.
func (s *scanner) header() (names []string, renamed []int, err error) {
	if err := s.sniff(); err != nil {
		return nil, nil, err
	}
	if err := s.next(); err != nil {
		return nil, nil, err
	}
	line := s.line(s.fields[0].start)
	if s.count > maxColumns {
		return nil, nil, tooManyColumns(line)
	}
	s.fields = s.fields[:s.count]
	taken := make(map[string]bool, s.count)
	for i := range s.fields {
		written := strings.TrimSpace(string(s.field(i)))
		if utf8.RuneCountInString(written) > maxName {
			return nil, nil, columnNameTooLong(line, i+1)
		}
		name := uniqueName(cleanName(written, i+1), taken)
		if name != written {
			renamed = append(renamed, i+1)
		}
		taken[name] = true
		names = append(names, name)
	}
	return names, renamed, nil
}

func cleanName(written string, no int) string {
	name := strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, written))
	if name == "" {
		return fmt.Sprintf("column_%d", no)
	}
	return name
}

func uniqueName(name string, taken map[string]bool) string {
	unique := name
	for n := 2; taken[unique]; n++ {
		suffix := fmt.Sprintf(" (%d)", n)
		runes := []rune(name)
		unique = string(runes[:min(len(runes), maxName-len(suffix))]) + suffix
	}
	return unique
}

// sniff skips the byte order mark and blank lines and finds the delimiter from the header.
func (s *scanner) sniff() error {
	if err := s.fill(); err != nil {
		return err
	}
	if bytes.HasPrefix(s.buf[:s.end], []byte("\xef\xbb\xbf")) {
		s.pos = 3
	}
	for {
		line := bytes.TrimLeft(s.buf[s.pos:s.end], "\r\n")
		delimiter, complete := findDelimiter(line, s.escapes)
		if complete || s.eof {
			s.delimiter = delimiter
			return nil
		}
		if err := s.fill(); err != nil {
			return err
		}
	}
}

// findDelimiter returns the most frequent of , ; TAB | outside quotes in the first line of b, a comma if there is none,
// and whether the line ends in b.
func findDelimiter(b []byte, escapes bool) (delimiter byte, complete bool) {
	const delimiters = ",;\t|"
	var counts [len(delimiters)]int
	quoted, opens := false, true
	for i := 0; i < len(b) && !complete; i++ {
		n := strings.IndexByte(delimiters, b[i])
		switch {
		case quoted && escapes && b[i] == '\\':
			i++
		case b[i] == '"' && (quoted || opens):
			quoted = !quoted
			opens = !quoted // of "" the second opens the field again
			continue
		case quoted:
		case n >= 0:
			counts[n]++
		case b[i] == '\n' || b[i] == '\r':
			complete = true
		}
		opens = n >= 0
	}
	best := 0
	for i, n := range counts {
		if n > counts[best] {
			best = i
		}
	}
	return delimiters[best], complete
}
