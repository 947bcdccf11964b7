package ingest

import (
	"context"
	"fmt"

	"github.com/insightforge/insightforge/api/column"
)

const (
	maxChunkRows  = 16_384
	maxGroupBytes = 3 << 20 // of a row group, but for the texts of its last row
)

// Chunk holds the values of one column in a range of rows.
type Chunk struct {
	ColumnNo int   // from 1
	ChunkNo  int   // from 0; the same for all columns of a row group
	FirstRow int64 // from 0
	Rows     int
	Nulls    int
	Min, Max *int64 // of integers and codes; nil for others and where every value is null
	Payload  column.Payload
	Array    []byte // int8[], int4[], int2[], float8[] or text[] in PostgreSQL's binary format
}

// Chunks reads the file again and calls emit for each chunk, row group by row group and in order of columns. A chunk is
// valid until emit returns for the last column of its row group, so a row group can be sent as one batch. The next row
// group is read meanwhile.
func (f *File) Chunks(ctx context.Context, emit func(Chunk) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	encoders := f.encoders()
	free, full := make(chan *rowGroup, 2), make(chan *rowGroup)
	for range cap(free) {
		free <- newRowGroup(encoders, f.Rows, f.ChunkRows)
	}
	var failed error
	go func() {
		defer close(full)
		failed = f.encode(ctx, free, full)
	}()
	for g := range full {
		if err := g.emit(emit); err != nil {
			cancel()
			for range full { // until the reader has stopped
			}
			return err
		}
		free <- g
	}
	return failed
}

// encoders prepares the columns, and the dictionaries that go on stored ones.
func (f *File) encoders() []encoder {
	nulls := newNullWords(f.opt.Nulls)
	encoders := make([]encoder, len(f.Columns))
	for i, c := range f.Columns {
		oid, size := element(c.Payload)
		e := encoder{Column: c, reading: f.readings[i], nulls: nulls, strip: f.readings[i].given && f.opt.Reject == RejectCell, oid: oid, size: size}
		if c.IsCoded() {
			e.words, e.goesOn = &f.counted.columns[i].dictionary, f.goesOn(i)
		}
		if e.goesOn != nil {
			e.goesOn.complete(e.words)
		}
		encoders[i] = e
	}
	return encoders
}

// encode fills the row groups that it gets from free.
func (f *File) encode(ctx context.Context, free <-chan *rowGroup, full chan<- *rowGroup) error {
	source := f.source(ctx)
	for no, first := 0, int64(0); first < f.Rows; no++ {
		g, err := receive(ctx, free)
		if err != nil {
			return err
		}
		g.begin(no, first)
		if err := g.fill(source, f.rowsOf(no, first)); err != nil {
			return fmt.Errorf("read a spooled CSV file again: %w", err)
		}
		first += int64(g.rows)
		select {
		case full <- g:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// rowsOf is how many rows are left for a row group.
func (f *File) rowsOf(no int, first int64) int64 {
	if f.ChunkRows != nil {
		return int64(f.ChunkRows[no])
	}
	return f.Rows - first
}

// isStashed tells whether pass two can take a column from the stash.
func (f *File) isStashed(i int) bool {
	c := &f.Columns[i]
	return f.stash != nil && !f.stash.columns[i].lost && (c.Type != column.Text || c.IsCoded())
}

// source is what pass two reads: values that are stashed, text for the other columns.
type source struct {
	rows   *rows // nil where every column is stashed
	values *unstash
	read   []int // indexes of the columns that are not stashed
}

func (f *File) source(ctx context.Context) *source {
	s, wanted := &source{}, make([]bool, len(f.Columns))
	for i := range f.Columns {
		if wanted[i] = f.isStashed(i); !wanted[i] {
			s.read = append(s.read, i)
		}
	}
	if len(s.read) > 0 {
		s.rows = f.rows(ctx, f.decided)
	}
	if len(s.read) < len(f.Columns) {
		s.values = f.stash.open(wanted)
	}
	return s
}

func receive(ctx context.Context, free <-chan *rowGroup) (*rowGroup, error) {
	select {
	case g := <-free:
		return g, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
