package ingest

import (
	"hash/maphash"
	"io"
)

// What a column's dictionary may have. A version that is made of several files has to keep to it, too.
const (
	MaxWords = 65_536 // distinct values
	WordCost = 40     // bytes that a word needs besides its text
)

const (
	maxWord    = 4 << 10  // bytes of a word; a column with a longer one has no dictionary
	maxWordMem = 10 << 20 // bytes for the dictionaries of all columns
)

// distinct is the distinct values of a column.
type distinct struct {
	dictionary
	bytes int  // what it takes, about
	over  bool // too many for a dictionary: no longer counted
}

// vocabulary counts the distinct values of text columns, and gives up the largest columns when all would take too much.
type vocabulary struct {
	seed    maphash.Seed
	columns []distinct
	bytes   int
}

func newVocabulary(columns int) *vocabulary {
	v := &vocabulary{seed: maphash.MakeSeed(), columns: make([]distinct, columns)}
	for i := range v.columns {
		v.columns[i].seed = v.seed
	}
	return v
}

// add returns the code of a word and whether it is a new one. The codes of a column that was given up mean nothing.
func (v *vocabulary) add(column int, word []byte) (code uint32, fresh bool) {
	d := &v.columns[column]
	if d.over {
		return 0, false
	}
	if len(word) <= maxWord {
		n := d.n
		if code = d.code(word); d.n == n {
			return code, false
		}
	}
	d.bytes += len(word) + WordCost
	v.bytes += len(word) + WordCost
	if d.n > MaxWords || len(word) > maxWord {
		v.giveUp(column)
	}
	for v.bytes > maxWordMem {
		v.giveUp(v.largest())
	}
	return code, true
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
	v.columns[column] = distinct{dictionary: dictionary{seed: v.seed}}
}

// count adds the words of columns, row by row, and tells of each new one.
func (v *vocabulary) count(r *rows, columns []int, nulls *nullWords, tell func(i int, word []byte)) error {
	err := r.next()
	for ; err == nil; err = r.next() {
		for _, i := range columns {
			word := r.field(i)
			if len(word) == 0 || nulls != nil && nulls.has(word) {
				continue
			}
			if _, fresh := v.add(i, word); fresh {
				tell(i, word)
			}
		}
	}
	if err != io.EOF {
		return err
	}
	return nil
}
