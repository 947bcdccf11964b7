package ingest

import (
	"bytes"
	"math"
	"slices"

	"github.com/insightforge/insightforge/api/column"
)

// continuation makes a column's own codes those of a stored dictionary that it goes on.
type continuation struct {
	codes []int32   // by own code; notYet: of a word that the dictionary lacks
	n     int       // words of the dictionary
	last  []byte    // its last page, if that is not full
	added wordPages // the words that it lacks, behind those of its last page
}

const notYet = math.MaxInt32

// GoOn has the codes of a text column go on those of a stored dictionary, instead of what it was told before. The function that it
// returns is to be told the pages of that one by one, each a text[] in PostgreSQL's binary format, which it does not keep. With each,
// DistinctCount, WordBytes and, if it has to be wider, Payload become those of both together.
func (f *File) GoOn(columnNo int) (page func([]byte) error) {
	if f.continued == nil {
		f.continued = make([]continuation, len(f.Columns))
	}
	on, own, c := &f.continued[columnNo-1], &f.counted.columns[columnNo-1], &f.Columns[columnNo-1]
	*on = continuation{codes: slices.Repeat([]int32{notYet}, own.n)}
	c.DistinctCount, c.WordBytes = int64(own.n), own.bytes
	return func(page []byte) error {
		err := eachText(page, func(word []byte) {
			if code, ok := own.lookUp(word); ok {
				on.codes[code] = int32(on.n)
			} else {
				c.DistinctCount++
				c.WordBytes += len(word) + WordCost
			}
			on.n++
		})
		if on.n%pageWords > 0 {
			on.last = bytes.Clone(page)
		}
		c.Payload = column.Wider(c.Payload, codesOf(c.DistinctCount))
		return err
	}
}

// codesOf is how a column with so many words is stored.
func codesOf(words int64) column.Payload {
	switch {
	case words > MaxWords:
		return column.Texts
	case words > 1<<15:
		return column.Codes
	}
	return column.Int2s
}

// complete gives the words that the dictionary lacks their codes.
func (on *continuation) complete(own *dictionary) {
	on.added = wordPages{n: on.n % pageWords}
	if on.added.n > 0 {
		on.added.pages = [][]byte{slices.Clip(on.last)}
	}
	code, next := 0, on.n
	for _, page := range own.pages {
		_ = eachText(page, func(word []byte) { // it is one
			if int(on.codes[code]) >= on.n {
				on.codes[code] = int32(next)
				on.added.append(word)
				next++
			}
			code++
		})
	}
}

// translate turns own codes into those of the stored dictionary.
func (on *continuation) translate(codes []int64) {
	for i, code := range codes {
		if code != nullValue {
			codes[i] = int64(on.codes[code])
		}
	}
}

// goesOn is nil for a column that has no dictionary but its own.
func (f *File) goesOn(i int) *continuation {
	if f.continued == nil || f.continued[i].n == 0 {
		return nil
	}
	return &f.continued[i]
}

// Words returns the pages of a text column's dictionary, each of 1,024 words, a text[] in PostgreSQL's binary format, from the
// first one that is not stored as it is, and the number of that: code c is element c%1024+1 of page c/1024. None for a column
// without a dictionary. It is known after [File.Chunks].
func (f *File) Words(columnNo int) (first int, pages [][]byte) {
	if !f.Columns[columnNo-1].IsCoded() {
		return 0, nil
	}
	on := f.goesOn(columnNo - 1)
	switch {
	case on == nil:
		return 0, f.counted.columns[columnNo-1].pages
	case on.added.n == on.n%pageWords:
		return 0, nil
	}
	return on.n / pageWords, on.added.pages
}
