package transcode

import (
	"bufio"
	"io"
	"os"
	"slices"
)

const (
	maxStrings    = 4 << 20   // different texts of a workbook
	maxStringText = 512 << 20 // bytes of them
	stringMemory  = 8 << 20   // bytes of them in memory; the rest lies in a temporary file
)

// sharedStrings are the texts that cells name by number.
type sharedStrings struct {
	count  int
	ends   [][]uint32 // in pages, so that they need not move to grow
	memory []byte
	file   *os.File
	w      *bufio.Writer
	buf    []byte
}

// readStrings reads them, if there are any.
func (t *Table) readStrings(w *workbook, opt Options) (*sharedStrings, error) {
	s := &sharedStrings{}
	part, err := w.open(w.texts)
	if err == errMissing {
		return s, nil
	}
	if err != nil {
		return nil, w.fault("", err)
	}
	defer part.Close()
	if s.file, err = createUnlinked(opt.Dir); err != nil {
		return nil, err
	}
	t.closers = append(t.closers, s.file)
	s.w = bufio.NewWriterSize(s.file, blockSize)
	if err := s.read(newXML(part)); err != nil {
		return nil, w.fault("", err)
	}
	return s, s.w.Flush()
}

// read reads <si><t>text</t></si>, also in runs, <si><r><t>te</t></r><r><t>xt</t></r></si>, without what says how to
// pronounce it.
func (s *sharedStrings) read(x *xmlReader) error {
	var text []byte
	var phonetic, inText bool
	for {
		token, err := x.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch name := string(x.name); {
		case token == xmlText && inText && !phonetic:
			if text, err = x.appendText(text); err == nil && len(text) > maxRecord {
				err = xlsxTooLarge("a text of more than 1 MiB")
			}
		case token == xmlText:
		case name == "rPh":
			phonetic = token == xmlStart
		case name == "t":
			inText = token == xmlStart
		case name == "si" && token == xmlEnd:
			err = s.add(unescapeString(text))
			text = text[:0]
		}
		if err != nil {
			return err
		}
	}
}

const endsPage = 1 << 14

// end is where text i ends; 0 before the first one.
func (s *sharedStrings) end(i int) int {
	if i < 0 {
		return 0
	}
	return int(s.ends[i/endsPage][i%endsPage])
}

func (s *sharedStrings) add(text []byte) error {
	end := s.end(s.count-1) + len(text)
	if s.count == maxStrings || end > maxStringText {
		return xlsxTooLarge("too many different texts")
	}
	if s.count%endsPage == 0 {
		s.ends = append(s.ends, make([]uint32, endsPage))
	}
	s.ends[s.count/endsPage][s.count%endsPage] = uint32(end)
	s.count++
	if end <= stringMemory {
		s.memory = append(s.memory, text...)
	}
	_, err := s.w.Write(text)
	return err
}

// get returns a text, valid until it is called again.
func (s *sharedStrings) get(i int) (text []byte, ok bool, err error) {
	if i < 0 || i >= s.count {
		return nil, false, nil
	}
	start, end := s.end(i-1), s.end(i)
	if end <= len(s.memory) {
		return s.memory[start:end], true, nil
	}
	s.buf = slices.Grow(s.buf[:0], end-start)[:end-start]
	_, err = s.file.ReadAt(s.buf, int64(start))
	return s.buf, true, err
}

// unescapeString resolves _x000D_ and its like in place: how spreadsheets write the characters that XML does not have.
func unescapeString(b []byte) []byte {
	n := 0
	for i := 0; i < len(b); n++ {
		if c, ok := excelEscape(b[i:]); ok {
			b[n] = c
			i += len("_x000D_")
			continue
		}
		b[n] = b[i]
		i++
	}
	return b[:n]
}

// excelEscape reads the escape of a control character, or of the underscore that would begin one.
func excelEscape(b []byte) (byte, bool) {
	if len(b) < 7 || b[0] != '_' || b[1] != 'x' || b[2] != '0' || b[3] != '0' || b[6] != '_' {
		return 0, false
	}
	r := jsonRecord{b: []byte{'\\', 'u', '0', '0', b[4], b[5]}}
	c, ok := r.hex(0)
	return byte(c), ok && (c < ' ' || c == '_')
}
