package transcode

import (
	"bytes"
	"context"
	"io"
)

// records are rows of fields, one after the other.
type records interface {
	// next returns the fields of the next row, valid until it is called again; io.EOF after the last one.
	next() ([][]byte, error)
}

// csvReader writes records as CSV.
type csvReader struct {
	ctx     context.Context
	records records
	in      int64 // bytes that the records were made of
	out     int64 // bytes of CSV
	max     int64
	buf     []byte
	rest    []byte // of buf
	err     error
}

// newCSV writes the records of the table's columns, which were made of so many bytes.
func (t *Table) newCSV(r records, in int64, opt Options) *csvReader {
	c := &csvReader{ctx: t.ctx, records: r, in: in, max: opt.MaxBytes}
	for i, column := range t.Columns {
		if i > 0 {
			c.buf = append(c.buf, ',')
		}
		c.buf = appendQuoted(c.buf, []byte(column.Name))
	}
	c.buf = append(c.buf, '\n')
	c.rest = c.buf
	return c
}

func (c *csvReader) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		c.fill()
	}
	if len(c.rest) == 0 {
		return 0, c.err
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *csvReader) fill() {
	c.buf = c.buf[:0]
	if c.err == nil {
		c.err = context.Cause(c.ctx)
	}
	for len(c.buf) < blockSize && c.err == nil {
		var fields [][]byte
		if fields, c.err = c.records.next(); c.err == nil {
			c.row(fields)
		}
	}
	c.out += int64(len(c.buf))
	if c.err == nil || c.err == io.EOF {
		c.rest = c.buf
	}
	if err := tooMuch(c.out, c.in, c.max); err != nil {
		c.rest, c.err = nil, err
	}
}

// tooMuch is the fault of a file that grows beyond the limits: a row of {} makes a thousand commas.
func tooMuch(out, in, limit int64) error {
	switch {
	case out > limit:
		return expandedTooLarge(limit)
	case out > slack && out/maxRatio > in:
		return ratioTooHigh()
	}
	return nil
}

func (c *csvReader) row(fields [][]byte) {
	for i, field := range fields {
		if i > 0 {
			c.buf = append(c.buf, ',')
		}
		if len(fields) == 1 && len(field) == 0 || special(field) {
			c.buf = appendQuoted(c.buf, field) // an empty line would be no row
		} else {
			c.buf = append(c.buf, field...)
		}
	}
	c.buf = append(c.buf, '\n')
}

// quoteable are the bytes for which a field is put in quotes: what CSV asks for, and what another dialect would read.
var quoteable = [256]bool{'"': true, ',': true, '\n': true, '\r': true, ';': true, '\t': true, '|': true, '#': true}

func special(field []byte) bool {
	for _, c := range field {
		if quoteable[c] {
			return true
		}
	}
	return false
}

func appendQuoted(dst, field []byte) []byte {
	dst = append(dst, '"')
	for {
		i := bytes.IndexByte(field, '"')
		if i < 0 {
			break
		}
		dst = append(append(dst, field[:i+1]...), '"')
		field = field[i+1:]
	}
	return append(append(dst, field...), '"')
}
