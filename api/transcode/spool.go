package transcode

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"github.com/insightforge/insightforge/api/column"
)

func createUnlinked(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, "transcode-*")
	if err != nil {
		return nil, fmt.Errorf("create a temporary file: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, fmt.Errorf("unlink a temporary file: %w", err)
	}
	return file, nil
}

// spoolAll copies r to an unlinked temporary file that the table closes.
func (t *Table) spoolAll(r io.Reader, dir string) (*os.File, int64, error) {
	file, err := createUnlinked(dir)
	if err != nil {
		return nil, 0, err
	}
	t.closers = append(t.closers, file)
	size, err := io.CopyBuffer(struct{ io.Writer }{file}, struct{ io.Reader }{r}, make([]byte, blockSize))
	return file, size, err
}

// kind is a set of what the values of a column are.
type kind uint8

const (
	number  kind = 1 << iota
	boolean      // true or false
	day          // a text in the form of a date
	word         // any other text
	empty        // null or no text
)

// typed is the type of a column of these kinds. Numbers are for inference to tell apart, and so are days and times; a
// text stays one, even if it is all digits. A mixture of numbers and texts is as open as in CSV, if mixed says so.
func (k kind) typed(mixed bool) column.Type {
	switch k &^ empty {
	case 0, number, day:
		return ""
	case boolean:
		return column.Boolean
	case word, word | day:
		return column.Text
	}
	if mixed {
		return ""
	}
	return column.Text
}

// kindOf tells the kind of a text.
func kindOf(text []byte) kind {
	switch {
	case len(text) == 0:
		return empty
	case isDated(text):
		return day
	}
	return word
}

// isDated tells whether a text has the form of a date, so that nothing but a date or a text can be made of it: three
// parts, of which one is a year of four digits, another one may be a name, and behind an ISO date a time.
func isDated(text []byte) bool {
	if len(text) > len("2006-01-02") && (text[10] == 'T' || text[10] == ' ') && text[4] == '-' {
		text = text[:10]
	}
	if len(text) > len("September 30, 2006") {
		return false
	}
	years, names, parts := 0, 0, 0
	for i := 0; i < len(text); parts++ {
		n := run(text[i:], isDigit)
		switch {
		case n == 4:
			years++
		case n > 2:
			return false
		case n == 0:
			if n = run(text[i:], isLetter); n < 3 {
				return false
			}
			names++
		}
		if i += n; i == len(text) {
			continue
		}
		separators := run(text[i:], func(c byte) bool { return c == '-' || c == '/' || c == '.' || c == ',' || c == ' ' })
		if i += separators; separators == 0 || separators > 2 || i == len(text) {
			return false
		}
	}
	return parts == 3 && years == 1 && names <= 1
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// run is the length of the bytes that text begins with and is says yes to.
func run(text []byte, is func(byte) bool) int {
	n := 0
	for n < len(text) && is(text[n]) {
		n++
	}
	return n
}

// recorder writes rows whose columns are not known before the last one to a temporary file: for each field the number of
// its column, its length and its bytes; a zero ends a row.
type recorder struct {
	ctx   context.Context
	file  *os.File
	w     *bufio.Writer
	kinds []kind // of the columns
	rows  int64
	head  []byte
	width int   // bytes of the row so far
	bytes int64 // of all rows
	max   int64
}

func (t *Table) newRecorder(opt Options) (*recorder, error) {
	file, err := createUnlinked(opt.Dir)
	if err != nil {
		return nil, err
	}
	t.closers = append(t.closers, file)
	return &recorder{ctx: t.ctx, file: file, w: bufio.NewWriterSize(file, blockSize), max: opt.MaxBytes}, nil
}

// field adds a field to the row; a column has at most one. An empty one is not written.
func (r *recorder) field(column int, k kind, value []byte) error {
	r.kinds[column] |= k
	if len(value) == 0 {
		return nil
	}
	if r.width += len(value); r.width > maxRecord {
		return recordTooLong(r.rows + 1)
	}
	r.head = binary.AppendUvarint(r.head[:0], uint64(column)+1)
	r.head = binary.AppendUvarint(r.head, uint64(len(value)))
	if _, err := r.w.Write(r.head); err != nil {
		return err
	}
	_, err := r.w.Write(value)
	return err
}

func (r *recorder) endRow() error {
	r.rows++
	if r.bytes += int64(r.width + 1); r.bytes > r.max {
		return expandedTooLarge(r.max)
	}
	r.width = 0
	if r.rows%1024 == 0 {
		if err := context.Cause(r.ctx); err != nil {
			return err
		}
	}
	return r.w.WriteByte(0)
}

// recorded reads rows back. The column i of the recorder is the field place[i] of a row, or none if that is negative.
type recorded struct {
	r      *bufio.Reader
	rows   int64
	place  []int
	fields [][]byte
	ends   []int // of the fields in buf: start and end
	buf    []byte
}

func (r *recorder) read(place []int, width int) (*recorded, error) {
	if err := r.w.Flush(); err != nil {
		return nil, err
	}
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return &recorded{r: bufio.NewReaderSize(r.file, blockSize), rows: r.rows, place: place,
		fields: make([][]byte, width), ends: make([]int, 2*width)}, nil
}

func (r *recorded) next() ([][]byte, error) {
	if r.rows == 0 {
		return nil, io.EOF
	}
	r.rows--
	r.buf = r.buf[:0]
	clear(r.ends)
	for {
		no, err := binary.ReadUvarint(r.r)
		if err != nil {
			return nil, unexpected(err)
		}
		if no == 0 {
			break
		}
		if err := r.field(r.place[no-1]); err != nil {
			return nil, err
		}
	}
	for i := range r.fields {
		r.fields[i] = r.buf[r.ends[2*i]:r.ends[2*i+1]]
	}
	return r.fields, nil
}

func (r *recorded) field(i int) error {
	size, err := binary.ReadUvarint(r.r)
	if err != nil {
		return unexpected(err)
	}
	start := len(r.buf)
	r.buf = append(r.buf, make([]byte, size)...)
	r.ends[2*i], r.ends[2*i+1] = start, len(r.buf)
	_, err = io.ReadFull(r.r, r.buf[start:])
	return unexpected(err)
}

// unexpected makes the end of a file that should go on an error.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
