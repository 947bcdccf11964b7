package ingest

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
)

const pageWords = 1024

// dictionary gives the words of a text column codes in the order of their first appearance. It keeps them as they are
// stored: in pages of 1,024, each a text[] in wire format.
type dictionary struct {
	seed  maphash.Seed
	slots []entry // open addressing, at most half full
	pages [][]byte
	n     int
}

// entry is a word in the hash table: 23 bits of its hash, its offset in its page (24 bits: a page is less than
// maxWordMem) and its code + 1 (17 bits: there are at most MaxWords). 0 is a free slot.
type entry uint64

const hashBits entry = 1<<64 - 1<<41

func newEntry(hash uint64, offset, code int) entry {
	return entry(hash)&hashBits | entry(offset)<<17 | entry(code+1)
}

func (e entry) code() uint32 { return uint32(e&(1<<17-1)) - 1 }

func (e entry) offset() int { return int(e >> 17 & (1<<24 - 1)) }

func newDictionary(seed maphash.Seed) *dictionary {
	return &dictionary{seed: seed}
}

// code returns the code of a word, a new one if need be.
func (d *dictionary) code(word []byte) uint32 {
	if 2*d.n >= len(d.slots) {
		d.grow()
	}
	h := maphash.Bytes(d.seed, word)
	mask := uint64(len(d.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch e := d.slots[i]; {
		case e == 0:
			d.slots[i] = d.append(h, word)
			return d.slots[i].code()
		case (uint64(e)^h)&uint64(hashBits) == 0 && bytes.Equal(d.word(e), word):
			return e.code()
		}
	}
}

func (d *dictionary) word(e entry) []byte {
	word := d.pages[e.code()/pageWords][e.offset():]
	return word[4:][:binary.BigEndian.Uint32(word)]
}

// append adds a new word; the caller stores its entry.
func (d *dictionary) append(hash uint64, word []byte) entry {
	if d.n%pageWords == 0 {
		d.pages = append(d.pages, make([]byte, headerSize))
	}
	page := &d.pages[d.n/pageWords]
	e := newEntry(hash, len(*page), d.n)
	*page = appendText(*page, word)
	putHeader(*page, oidText, d.n%pageWords+1, false)
	d.n++
	return e
}

func (d *dictionary) grow() {
	old := d.slots
	d.slots = make([]entry, max(16, 2*len(old)))
	mask := uint64(len(d.slots) - 1)
	for _, e := range old {
		if e == 0 {
			continue
		}
		i := maphash.Bytes(d.seed, d.word(e)) & mask
		for d.slots[i] != 0 {
			i = (i + 1) & mask
		}
		d.slots[i] = e
	}
}
