package ingest

import (
	"context"
	"fmt"
	"hash/maphash"
	"io"

	"github.com/insightforge/insightforge/api/column"
)

const (
	maxChunkRows  = 16_384
	maxGroupBytes = 4 << 20 // of a row group's arrays, but for its last row
)

// Chunk holds the values of one column in a range of rows.
type Chunk struct {
	ColumnNo int   // from 1
	ChunkNo  int   // from 0; the same for all columns of a row group
	FirstRow int64 // from 0
	Rows     int
	Nulls    int
	Min, Max *int64 // of ints and codes; nil for others and where every value is null
	Payload  column.Payload
	Array    []byte // int8[], float8[], int4[] or text[] in PostgreSQL's binary format
}

// rowGroup is a chunk of every column.
type rowGroup struct {
	no      int
	first   int64
	rows    int
	vectors []vector
}

// Chunks reads the file again and calls emit for each chunk, row group by row group and in order of columns. The chunk
// is valid until emit returns. The next row group is read meanwhile.
func (f *File) Chunks(ctx context.Context, emit func(Chunk) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	encoders := f.encoders()
	free, full := make(chan *rowGroup, 2), make(chan *rowGroup)
	for range cap(free) {
		free <- &rowGroup{vectors: make([]vector, len(encoders))}
	}
	var failed error
	go func() {
		defer close(full)
		failed = f.encode(ctx, encoders, free, full)
	}()
	for g := range full {
		if err := g.emit(encoders, emit); err != nil {
			cancel()
			for range full { // until the reader has stopped
			}
			return err
		}
		free <- g
	}
	return failed
}

// Words returns the dictionary of a text column with codes, as pages of 1,024 words, each a text[] in PostgreSQL's
// binary format: code c is element c%1024+1 of page c/1024. It is known after [File.Chunks]; nil for other columns.
func (f *File) Words(columnNo int) [][]byte {
	if len(f.words) < columnNo || f.words[columnNo-1] == nil {
		return nil
	}
	return f.words[columnNo-1].pages
}

func (f *File) encoders() []encoder {
	seed := maphash.MakeSeed()
	encoders := make([]encoder, len(f.Columns))
	f.words = make([]*dictionary, len(f.Columns))
	for i, c := range f.Columns {
		if c.Payload == column.Codes {
			f.words[i] = newDictionary(seed)
		}
		encoders[i] = encoder{Column: c, kind: f.profiles[i].kind, layout: f.profiles[i].layouts, words: f.words[i]}
	}
	return encoders
}

// encode fills the row groups it gets from free.
func (f *File) encode(ctx context.Context, encoders []encoder, free <-chan *rowGroup, full chan<- *rowGroup) error {
	s := f.scanner(ctx)
	if _, _, err := s.header(); err != nil {
		return fmt.Errorf("read a spooled CSV file again: %w", err)
	}
	next := rowGroup{}
	for {
		var g *rowGroup
		select {
		case g = <-free:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		g.begin(next)
		err := g.fill(s, encoders)
		if err != nil && err != io.EOF {
			return fmt.Errorf("read a spooled CSV file again: %w", err)
		}
		next.no, next.first = g.no+1, g.first+int64(g.rows)
		if g.rows > 0 {
			select {
			case full <- g:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

func (g *rowGroup) begin(at rowGroup) {
	g.no, g.first, g.rows = at.no, at.first, 0
	for i := range g.vectors {
		g.vectors[i].reset()
	}
}

// fill reads rows until the group is full; io.EOF where the file ended.
func (g *rowGroup) fill(s *scanner, encoders []encoder) error {
	for size := 0; g.rows < maxChunkRows && size < maxGroupBytes; {
		if err := s.next(); err != nil {
			return err
		}
		g.rows++
		size = 0
		for i := range encoders {
			v := &g.vectors[i]
			if !encoders[i].add(v, s.field(i)) {
				return fmt.Errorf("row %d does not fit column %d", g.first+int64(g.rows), i+1)
			}
			size += len(v.array)
		}
	}
	return nil
}

func (g *rowGroup) emit(encoders []encoder, emit func(Chunk) error) error {
	for i := range encoders {
		chunk := encoders[i].chunk(&g.vectors[i], g.rows)
		chunk.ChunkNo, chunk.FirstRow = g.no, g.first
		if err := emit(chunk); err != nil {
			return err
		}
	}
	return nil
}
