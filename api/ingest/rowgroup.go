package ingest

import (
	"fmt"
	"math"
	"slices"

	"github.com/insightforge/insightforge/api/column"
)

// rowGroup is a chunk of every column.
type rowGroup struct {
	no       int
	first    int64
	rows     int
	maxRows  int
	maxBytes int
	rowSize  int // bytes of a row in the arrays of fixed size
	vectors  []vector
	encoders []encoder
	texts    []int // indexes of the columns whose size is not known beforehand
}

// newRowGroup makes room for as many of the file's rows as the bounds allow, or for as many as one of chunkRows has.
func newRowGroup(encoders []encoder, fileRows int64, chunkRows []int) *rowGroup {
	g := &rowGroup{maxBytes: maxGroupBytes, vectors: make([]vector, len(encoders)), encoders: encoders}
	for i, e := range encoders {
		if e.Payload == column.Texts {
			g.texts = append(g.texts, i)
		} else {
			g.rowSize += e.size
		}
	}
	least := g.rowSize + nullSize*len(g.texts)
	g.maxRows = int(min(maxChunkRows, int64(maxGroupBytes/least), fileRows))
	if len(chunkRows) > 0 {
		g.maxRows, g.maxBytes = slices.Max(chunkRows), math.MaxInt
	}
	return g
}

func (g *rowGroup) begin(no int, first int64) {
	g.no, g.first, g.rows = no, first, 0
	share := maxGroupBytes / len(g.vectors) // a text column that once had more gives it back
	for i, e := range g.encoders {
		least := headerSize + g.maxRows*e.size
		g.vectors[i].reset(least, least+share)
	}
}

// fill reads at most limit rows, fewer where the group is full before.
func (g *rowGroup) fill(s *source, limit int64) error {
	rows := int(min(limit, int64(g.maxRows)))
	if s.rows == nil {
		g.rows = rows
	}
	for g.rows < rows && g.size() < g.maxBytes {
		if err := s.rows.next(); err != nil {
			return err
		}
		if err := g.add(s.rows.scanner, s.read); err != nil {
			return err
		}
	}
	if s.values == nil {
		return nil
	}
	return s.values.fill(g, g.rows)
}

func (g *rowGroup) add(s *scanner, columns []int) error {
	fields, buf := s.fields[:len(g.encoders)], s.buf
	for _, i := range columns {
		if !g.encoders[i].add(&g.vectors[i], buf[fields[i].start:fields[i].end]) {
			return fmt.Errorf("row %d does not fit column %d", g.first+int64(g.rows)+1, i+1)
		}
	}
	g.rows++
	return nil
}

// size is how many bytes the arrays have so far.
func (g *rowGroup) size() int {
	size := g.rows * g.rowSize
	for _, i := range g.texts {
		size += len(g.vectors[i].array)
	}
	return size
}

func (g *rowGroup) emit(emit func(Chunk) error) error {
	for i := range g.encoders {
		chunk := g.encoders[i].chunk(&g.vectors[i], g.rows)
		chunk.ChunkNo, chunk.FirstRow = g.no, g.first
		if err := emit(chunk); err != nil {
			return err
		}
	}
	return nil
}
