package ingest

import (
	"hash/maphash"
	"io"
)

const (
	maxWords   = 65_536   // distinct values of a column with a dictionary
	wordCost   = 40       // bytes that a dictionary needs for a word besides its text
	maxWord    = 4 << 10  // bytes of a word; a column with a longer one has no dictionary
	maxWordMem = 10 << 20 // bytes for the dictionaries of all columns
)

// distinct is a set of the hashes of a column's values.
type distinct struct {
	slots []uint64 // open addressing, at most half full; 0 is free
	n     int
	bytes int  // what the column's dictionary would take
	over  bool // too many for a dictionary: no longer counted
}

// add returns whether h is new.
func (d *distinct) add(h uint64) bool {
	if 2*d.n >= len(d.slots) {
		d.grow()
	}
	h = max(h, 1)
	mask := uint64(len(d.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch d.slots[i] {
		case h:
			return false
		case 0:
			d.slots[i] = h
			d.n++
			return true
		}
	}
}

func (d *distinct) grow() {
	old := d.slots
	d.slots, d.n = make([]uint64, max(16, 2*len(old))), 0
	for _, h := range old {
		if h != 0 {
			d.add(h)
		}
	}
}

// vocabulary counts the distinct values of text columns, and gives up the largest columns when all would take too much.
type vocabulary struct {
	seed    maphash.Seed
	columns []distinct
	bytes   int
}

func newVocabulary(columns int) *vocabulary {
	return &vocabulary{seed: maphash.MakeSeed(), columns: make([]distinct, columns)}
}

// add returns whether the word is a new one.
func (v *vocabulary) add(column int, word []byte) bool {
	d := &v.columns[column]
	if d.over || len(word) <= maxWord && !d.add(maphash.Bytes(v.seed, word)) {
		return false
	}
	d.bytes += len(word) + wordCost
	v.bytes += len(word) + wordCost
	if d.n > maxWords || len(word) > maxWord {
		v.giveUp(column)
	}
	for v.bytes > maxWordMem {
		v.giveUp(v.largest())
	}
	return true
}

func (v *vocabulary) largest() int {
	largest := 0
	for i := range v.columns {
		if v.columns[i].bytes > v.columns[largest].bytes {
			largest = i
		}
	}
	return largest
}

func (v *vocabulary) giveUp(column int) {
	v.forget(column)
	v.columns[column].over = true
}

// forget empties a column, to be counted again from the start.
func (v *vocabulary) forget(column int) {
	v.bytes -= v.columns[column].bytes
	v.columns[column] = distinct{}
}

// count adds the words of columns, row by row, and tells of each new one.
func (v *vocabulary) count(r *rows, columns []int, nulls *nullWords, tell func(i int, word []byte)) error {
	err := r.next()
	for ; err == nil; err = r.next() {
		for _, i := range columns {
			word := r.field(i)
			if len(word) > 0 && (nulls == nil || !nulls.has(word)) && v.add(i, word) {
				tell(i, word)
			}
		}
	}
	if err != io.EOF {
		return err
	}
	return nil
}
