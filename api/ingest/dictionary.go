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
	seed    maphash.Seed
	slots   []uint64 // open addressing, at most half full: upper half of the hash, then code + 1; 0 is free
	offsets []uint32 // of each word in its page
	pages   [][]byte
}

func newDictionary(seed maphash.Seed) *dictionary {
	return &dictionary{seed: seed, slots: make([]uint64, 16)}
}

// code returns the code of a word, a new one if need be.
func (d *dictionary) code(word []byte) uint32 {
	if 2*len(d.offsets) >= len(d.slots) {
		d.grow()
	}
	h := maphash.Bytes(d.seed, word)
	tag, mask := h>>32<<32, uint64(len(d.slots)-1)
	for i := h & mask; ; i = (i + 1) & mask {
		slot := d.slots[i]
		if slot == 0 {
			d.slots[i] = tag | uint64(len(d.offsets)+1)
			return d.append(word)
		}
		if code := uint32(slot) - 1; slot>>32<<32 == tag && bytes.Equal(d.word(code), word) {
			return code
		}
	}
}

func (d *dictionary) grow() {
	d.slots = make([]uint64, 2*len(d.slots))
	mask := uint64(len(d.slots) - 1)
	for code := range uint32(len(d.offsets)) {
		h := maphash.Bytes(d.seed, d.word(code))
		i := h & mask
		for d.slots[i] != 0 {
			i = (i + 1) & mask
		}
		d.slots[i] = h>>32<<32 | uint64(code+1)
	}
}

func (d *dictionary) word(code uint32) []byte {
	page, at := d.pages[code/pageWords], d.offsets[code]
	return page[at+4:][:binary.BigEndian.Uint32(page[at:])]
}

func (d *dictionary) append(word []byte) uint32 {
	code := len(d.offsets)
	if code%pageWords == 0 {
		d.pages = append(d.pages, make([]byte, headerSize))
	}
	page := &d.pages[code/pageWords]
	d.offsets = append(d.offsets, uint32(len(*page)))
	*page = appendText(*page, word)
	putHeader(*page, oidText, code%pageWords+1, false)
	return uint32(code)
}
