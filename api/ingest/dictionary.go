package ingest

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
)

const pageWords = 1024

// wordPages are words as they are stored: in pages of 1,024, each a text[] in wire format.
type wordPages struct {
	pages [][]byte
	n     int // words
}

// append returns the offset in its page at which the word is.
func (p *wordPages) append(word []byte) int {
	if p.n%pageWords == 0 {
		p.pages = append(p.pages, make([]byte, headerSize))
	}
	page := &p.pages[p.n/pageWords]
	offset := len(*page)
	*page = appendText(*page, word)
	putHeader(*page, oidText, p.n%pageWords+1, false)
	p.n++
	return offset
}

// dictionary gives the words of a text column codes in the order of their first appearance.
type dictionary struct {
	seed  maphash.Seed
	slots []entry // open addressing, at most half full
	wordPages
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

// code returns the code of a word, a new one if need be.
func (d *dictionary) code(word []byte) uint32 {
	if 2*d.n >= len(d.slots) {
		d.grow()
	}
	hash := maphash.Bytes(d.seed, word)
	slot := d.find(hash, word)
	if *slot == 0 {
		code := d.n
		*slot = newEntry(hash, d.append(word), code)
	}
	return slot.code()
}

// find returns where a word is, or would be.
func (d *dictionary) find(hash uint64, word []byte) *entry {
	mask := uint64(len(d.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		if e := d.slots[i]; e == 0 || (uint64(e)^hash)&uint64(hashBits) == 0 && bytes.Equal(d.word(e), word) {
			return &d.slots[i]
		}
	}
}

// lookUp returns the code of a word that may be there.
func (d *dictionary) lookUp(word []byte) (code uint32, ok bool) {
	if d.n == 0 {
		return 0, false
	}
	e := *d.find(maphash.Bytes(d.seed, word), word)
	return e.code(), e != 0
}

func (d *dictionary) word(e entry) []byte {
	word := d.pages[e.code()/pageWords][e.offset():]
	return word[4:][:binary.BigEndian.Uint32(word)]
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
