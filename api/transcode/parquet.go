package transcode

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// openParquet reads Parquet page by page. A row group is turned from columns into rows by way of a temporary file, since
// a page of each column at once may be more than fits into memory.
//
// The format is read by this package itself, since parquet-go takes a page's own word for how much to allocate: see
// docs/decisions/0022-formats.md.
func (t *Table) openParquet(r io.Reader, opt Options) error {
	file, size, err := t.spoolAll(r, opt.Dir)
	if err != nil {
		return err
	}
	footer, err := readFooter(file, size)
	if err != nil {
		return err
	}
	columns, err := readSchema(footer)
	if err != nil {
		return err
	}
	t.Encoding = UTF8
	for _, c := range columns {
		t.Columns = append(t.Columns, c.Column)
	}
	fields, err := createUnlinked(opt.Dir)
	if err != nil {
		return err
	}
	t.closers = append(t.closers, fields)
	p := &parquetReader{ctx: t.ctx, pages: &pages{file: &countingFile{ReaderAt: file}, size: size}, columns: columns,
		groups: footer.rowGroups, fields: fields, max: opt.MaxBytes, notFinite: make([]int64, len(columns)), nanos: make([]int64, len(columns))}
	t.csv, t.warnings = t.newCSV(p, size, opt), p.warnings
	return nil
}

// parquetReader reads row group by row group.
type parquetReader struct {
	ctx context.Context
	*pages
	columns   []parquetColumn
	groups    []parquetRowGroup
	rows      int64 // of the groups before
	left      int64 // rows of the group
	fields    *os.File
	bytes     int64 // of all fields so far
	max       int64
	leaves    []*leafReader
	readers   []*bufio.Reader // of the fields of each column
	buf       []byte
	ends      []int
	row       [][]byte
	notFinite []int64 // by column
	nanos     []int64
}

// next returns the next row.
func (p *parquetReader) next() ([][]byte, error) {
	for p.left == 0 {
		if len(p.groups) == 0 {
			return nil, io.EOF
		}
		if err := p.open(p.groups[0]); err != nil {
			return nil, err
		}
		p.left, p.groups = p.groups[0].rows, p.groups[1:]
	}
	p.left--
	p.rows++
	p.buf, p.ends, p.row = p.buf[:0], p.ends[:0], p.row[:0]
	for _, r := range p.readers {
		if err := p.field(r); err != nil {
			return nil, unexpected(err)
		}
	}
	start := 0
	for _, end := range p.ends {
		p.row = append(p.row, p.buf[start:end])
		start = end
	}
	return p.row, nil
}

func (p *parquetReader) field(r *bufio.Reader) error {
	size, err := binary.ReadUvarint(r)
	if err != nil {
		return err
	}
	start := len(p.buf)
	if start+int(size) > maxRecord {
		return recordTooLong(p.rows)
	}
	p.buf = append(p.buf, make([]byte, size)...)
	p.ends = append(p.ends, len(p.buf))
	_, err = io.ReadFull(r, p.buf[start:])
	return err
}

// open writes the fields of a row group, column by column, and opens a reader for each.
func (p *parquetReader) open(g parquetRowGroup) error {
	if err := p.fields.Truncate(0); err != nil {
		return err
	}
	w := &fieldWriter{file: p.fields, w: bufio.NewWriterSize(nil, blockSize)}
	w.w.Reset(w)
	starts := make([]int64, 0, len(p.columns)+1)
	for i := range p.columns {
		starts = append(starts, w.at)
		if err := p.column(i, g, w); err != nil {
			return p.locate(err, i)
		}
		if err := w.w.Flush(); err != nil {
			return err
		}
	}
	starts = append(starts, w.at)
	size := min(max(8<<20/len(p.columns), 4<<10), blockSize)
	for i := range p.columns {
		section := io.NewSectionReader(p.fields, starts[i], starts[i+1]-starts[i])
		if len(p.readers) <= i {
			p.readers = append(p.readers, bufio.NewReaderSize(section, size))
		} else {
			p.readers[i].Reset(section)
		}
	}
	return nil
}

// fieldWriter writes at its own place, since readers of a file move the file's.
type fieldWriter struct {
	file *os.File
	at   int64
	w    *bufio.Writer
}

func (w *fieldWriter) Write(b []byte) (int, error) {
	n, err := w.file.WriteAt(b, w.at)
	w.at += int64(n)
	return n, err
}

// locate says in which column and row the fault is, rows being counted from the beginning of the table.
func (p *parquetReader) locate(err error, column int) error {
	var fault *Error
	var wrong valueFault
	record := p.rows + p.left + 1
	switch {
	case p.file.err != nil:
		return p.file.err
	case context.Cause(p.ctx) != nil:
		return err
	case errors.As(err, &fault) && fault.Code == CodeRecord:
		return recordTooLong(record)
	case errors.As(err, &fault):
		if fault.Column == 0 {
			fault.Column = column + 1
		}
		return fault
	case errors.As(err, &wrong):
		return parquetValue(record, column+1, string(wrong))
	case errors.Is(err, errPage), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		fault = damagedParquet("the values of column %d are not what their description says", column+1)
		fault.Column = column + 1
		return fault
	}
	return err
}

// column writes the fields of a column. While it does so, left counts the rows that are written, for locate.
func (p *parquetReader) column(i int, g parquetRowGroup, w *fieldWriter) (err error) {
	c := p.columns[i]
	for len(p.leaves) < c.leaves {
		p.leaves = append(p.leaves, &leafReader{pages: p.pages})
	}
	leaves := p.leaves[:c.leaves]
	for k, leaf := range leaves {
		leaf.node = c.leafNode(k)
		if err := leaf.open(g.chunks[c.leaf+k]); err != nil {
			return err
		}
	}
	defer func() {
		if err == nil {
			p.left = 0
		}
	}()
	field := p.scalar(i, leaves[0])
	if c.isList() {
		r := &listReader{leaves: leaves, first: c.leaf}
		field = func(dst []byte) ([]byte, error) { return r.row(c.parquetNode, dst) }
	}
	return p.write(i, g.rows, field, leaves, w)
}

// leafNode finds the leaf of that number below a node.
func (n *parquetNode) leafNode(k int) *parquetNode {
	if n.physical != parquetGroup {
		return n
	}
	for _, child := range n.children {
		if k < child.leaves {
			return child.leafNode(k)
		}
		k -= child.leaves
	}
	return nil
}

func (p *parquetReader) write(i int, rows int64, field func([]byte) ([]byte, error), leaves []*leafReader, w *fieldWriter) error {
	var text, head []byte
	var err error
	for p.left = 0; p.left < rows; p.left++ {
		if p.left%4096 == 0 {
			if err := context.Cause(p.ctx); err != nil {
				return err
			}
		}
		if text, err = field(text[:0]); err != nil {
			return err
		}
		if len(text) > maxRecord {
			return recordTooLong(0)
		}
		if bytes.IndexByte(text, 0) >= 0 {
			return nulCharacter(p.rows+p.left+1, i+1)
		}
		p.bytes += int64(len(text)) + 1
		if err := tooMuch(p.bytes, p.size, p.max); err != nil {
			return err
		}
		head = binary.AppendUvarint(head[:0], uint64(len(text)))
		if _, err := w.w.Write(head); err != nil {
			return err
		}
		if _, err := w.w.Write(text); err != nil {
			return err
		}
	}
	for _, leaf := range leaves {
		if err := leaf.peek(); err != io.EOF {
			return errors.Join(errPage, err)
		}
	}
	return nil
}

// scalar is a reader of the fields of a leaf that does not repeat.
func (p *parquetReader) scalar(i int, leaf *leafReader) func([]byte) ([]byte, error) {
	typ := p.columns[i].typ
	return func(dst []byte) ([]byte, error) {
		if err := leaf.peek(); err != nil {
			return nil, err
		}
		v, ok, err := leaf.take()
		if err != nil || !ok {
			return dst, err
		}
		dst, err = typ.render(dst, v)
		if len(dst) == 0 && !typ.quoted {
			p.notFinite[i]++
		}
		if typ.nanos && typ.cut(v) {
			p.nanos[i]++
		}
		return dst, err
	}
}

func (p *parquetReader) warnings() (list []Warning) {
	if n, columns := counts(p.notFinite); n > 0 {
		list = append(list, Warning{Code: WarnNotFinite, Count: n, Columns: columns,
			Message: fmt.Sprintf("Numbers that are not finite (NaN, infinite), read as null: %d.", n)})
	}
	if n, columns := counts(p.nanos); n > 0 {
		list = append(list, Warning{Code: WarnNanoseconds, Count: n, Columns: columns,
			Message: fmt.Sprintf("Timestamps cut to the microsecond: %d.", n)})
	}
	return list
}

func counts(byColumn []int64) (n int64, columns []int) {
	for i, c := range byColumn {
		if c > 0 {
			columns = append(columns, i+1)
		}
		n += c
	}
	return n, slices.Clip(columns)
}
