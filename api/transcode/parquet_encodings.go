package transcode

import (
	"encoding/binary"
	"errors"
)

var errPage = errors.New("a page is damaged")

// values decodes the values of a page one after the other, so that what a page says of their number costs no memory.
// Bytes of a value are valid until the next one is read.
type values interface {
	next() (value, error)
}

// hybrid decodes runs of a repeated value and of bit-packed values, the encoding of levels and of dictionary indices.
type hybrid struct {
	b      []byte
	width  uint
	run    uint64 // values left in the run
	packed bool
	bit    uint64 // of b, where the next packed value begins
	value  uint64
}

func (h *hybrid) next() (uint64, error) {
	for h.run == 0 {
		if err := h.begin(); err != nil {
			return 0, err
		}
	}
	h.run--
	if !h.packed {
		return h.value, nil
	}
	v, ok := bitsAt(h.b, h.bit, h.width)
	h.bit += uint64(h.width)
	if h.run == 0 {
		h.b = h.b[min(int(h.bit+7)/8, len(h.b)):]
	}
	if !ok {
		return 0, errPage
	}
	return v, nil
}

func (h *hybrid) begin() error {
	head, n := binary.Uvarint(h.b)
	if n <= 0 {
		return errPage
	}
	h.b = h.b[n:]
	if h.run, h.packed = head>>1, head&1 == 1; h.packed {
		if h.bit = 0; h.run > 1<<31 {
			return errPage
		}
		h.run *= 8
		return nil
	}
	size := int(h.width+7) / 8
	if size > len(h.b) {
		return errPage
	}
	h.value = 0
	for i, c := range h.b[:size] {
		h.value |= uint64(c) << (8 * i)
	}
	h.b = h.b[size:]
	return nil
}

// bitsAt reads width bits, at most 64, from the bit at.
func bitsAt(b []byte, at uint64, width uint) (uint64, bool) {
	i, shift := at/8, uint(at%8)
	if uint64(len(b))*8 < at+uint64(width) {
		return 0, width == 0
	}
	if width == 0 {
		return 0, true
	}
	var v uint64
	if i+8 <= uint64(len(b)) {
		v = binary.LittleEndian.Uint64(b[i:]) >> shift
	} else {
		for k, c := range b[i:] {
			v |= uint64(c) << (8 * k)
		}
		v >>= shift
	}
	if shift+width > 64 {
		v |= uint64(b[i+8]) << (64 - shift)
	}
	return v & (1<<(width-1)<<1 - 1), true
}

// plainFixed decodes values of 1 to any number of bytes.
type plainFixed struct {
	b     []byte
	width int
}

func (p *plainFixed) next() (value, error) {
	if p.width > len(p.b) {
		return value{}, errPage
	}
	v := fixedValue(p.b[:p.width])
	p.b = p.b[p.width:]
	return v, nil
}

func fixedValue(b []byte) value {
	switch len(b) {
	case 4:
		return value{bits: uint64(binary.LittleEndian.Uint32(b)), bytes: b}
	case 8:
		return value{bits: binary.LittleEndian.Uint64(b), bytes: b}
	}
	return value{bytes: b}
}

// plainBytes decodes byte arrays, each after its length.
type plainBytes struct{ b []byte }

func (p *plainBytes) next() (value, error) {
	if len(p.b) < 4 {
		return value{}, errPage
	}
	n := binary.LittleEndian.Uint32(p.b)
	if uint64(n) > uint64(len(p.b)-4) {
		return value{}, errPage
	}
	v := value{bytes: p.b[4 : 4+n]}
	p.b = p.b[4+n:]
	return v, nil
}

// plainBooleans decodes a bit a value.
type plainBooleans struct {
	b  []byte
	at uint64
}

func (p *plainBooleans) next() (value, error) {
	v, ok := bitsAt(p.b, p.at, 1)
	p.at++
	if !ok {
		return value{}, errPage
	}
	return value{bits: v}, nil
}

// runBooleans decodes booleans in runs.
type runBooleans struct{ hybrid }

func (r *runBooleans) next() (value, error) {
	v, err := r.hybrid.next()
	return value{bits: v}, err
}

// dictionary holds the values that indices stand for: of one width, or with their ends.
type dictionary struct {
	b     []byte
	width int
	ends  []uint32
}

func (d *dictionary) get(i uint64) (value, error) {
	if d.width > 0 {
		if i >= uint64(len(d.b)/d.width) {
			return value{}, errPage
		}
		return fixedValue(d.b[int(i)*d.width : (int(i)+1)*d.width]), nil
	}
	if i >= uint64(len(d.ends)) {
		return value{}, errPage
	}
	start := uint32(4)
	if i > 0 {
		start += d.ends[i-1]
	}
	return value{bytes: d.b[start:d.ends[i]]}, nil
}

// countBytes counts the byte arrays of a dictionary.
func countBytes(b []byte) (n int, err error) {
	for ; len(b) > 0; n++ {
		if len(b) < 4 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-4) {
			return 0, errPage
		}
		b = b[4+binary.LittleEndian.Uint32(b):]
	}
	return n, nil
}

// index finds the ends of the byte arrays, which are that many.
func (d *dictionary) index(ends []uint32) {
	at := uint32(0)
	for i := range ends {
		at += 4 + binary.LittleEndian.Uint32(d.b[at:])
		ends[i] = at
	}
	d.ends = ends
}

// indexed decodes indices into a dictionary.
type indexed struct {
	hybrid
	dictionary *dictionary
}

func (x *indexed) next() (value, error) {
	i, err := x.hybrid.next()
	if err != nil {
		return value{}, err
	}
	return x.dictionary.get(i)
}

// deltas decodes DELTA_BINARY_PACKED: blocks of miniblocks of differences to the value before.
type deltas struct {
	b          []byte
	miniblocks int
	size       int // values in a miniblock
	left       uint64
	last       int64
	started    bool
	min        int64
	widths     []byte // of the miniblocks left in the block
	in         int    // values left in the miniblock
	width      uint
	bit        uint64
}

func newDeltas(b []byte) (*deltas, error) {
	d := &deltas{b: b}
	block, miniblocks := d.uvarint(), d.uvarint()
	d.left = d.uvarint()
	d.last = d.varint()
	if d.b == nil || block == 0 || block > 1<<16 || miniblocks == 0 || miniblocks > block || block%miniblocks != 0 || block/miniblocks%8 != 0 {
		return nil, errPage
	}
	d.miniblocks, d.size = int(miniblocks), int(block/miniblocks)
	return d, nil
}

// uvarint leaves b nil where it ends too early.
func (d *deltas) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.b = nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *deltas) varint() int64 {
	n := d.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

func (d *deltas) next() (value, error) {
	v, err := d.int()
	return value{bits: uint64(v)}, err
}

func (d *deltas) int() (int64, error) {
	if d.left == 0 {
		return 0, errPage
	}
	d.left--
	if !d.started {
		d.started = true
		return d.last, nil
	}
	if d.in == 0 {
		if err := d.miniblock(); err != nil {
			return 0, err
		}
	}
	d.in--
	delta, ok := bitsAt(d.b, d.bit, d.width)
	if !ok {
		return 0, errPage
	}
	d.bit += uint64(d.width)
	d.last += d.min + int64(delta)
	return d.last, nil
}

// miniblock moves to the next miniblock, and to the next block after the last one.
func (d *deltas) miniblock() error {
	d.skip()
	if len(d.widths) == 0 {
		if len(d.b) == 0 {
			return errPage
		}
		d.min = d.varint()
		if len(d.b) < d.miniblocks {
			return errPage
		}
		d.widths, d.b = d.b[:d.miniblocks], d.b[d.miniblocks:]
	}
	d.width, d.widths = uint(d.widths[0]), d.widths[1:]
	if d.in = d.size; d.width > 64 {
		return errPage
	}
	return nil
}

// skip goes past the miniblock that was read.
func (d *deltas) skip() {
	if d.bit > 0 || d.width > 0 {
		d.b = d.b[min(uint64(d.size)*uint64(d.width)/8, uint64(len(d.b))):]
	}
	d.bit, d.width = 0, 0
}

// rest is what follows the values, all of which are read: the last miniblock is whole, also where values are missing.
func (d *deltas) rest() ([]byte, error) {
	for d.left > 0 {
		if _, err := d.int(); err != nil {
			return nil, err
		}
	}
	d.skip()
	return d.b, nil
}

// deltaLengths decodes DELTA_LENGTH_BYTE_ARRAY: all lengths, then all bytes.
type deltaLengths struct {
	lengths *deltas
	b       []byte
}

func newDeltaLengths(b []byte) (*deltaLengths, error) {
	lengths, err := newDeltas(b)
	if err != nil {
		return nil, err
	}
	after := *lengths
	rest, err := after.rest()
	return &deltaLengths{lengths, rest}, err
}

func (d *deltaLengths) next() (value, error) {
	n, err := d.lengths.int()
	if err != nil || n < 0 || n > int64(len(d.b)) {
		return value{}, errPage
	}
	v := value{bytes: d.b[:n]}
	d.b = d.b[n:]
	return v, nil
}

// deltaBytes decodes DELTA_BYTE_ARRAY: how much of the value before each value begins with, then the rest of each.
type deltaBytes struct {
	prefixes *deltas
	suffixes *deltaLengths
	last     []byte
}

func newDeltaBytes(b []byte) (*deltaBytes, error) {
	prefixes, err := newDeltas(b)
	if err != nil {
		return nil, err
	}
	after := *prefixes
	rest, err := after.rest()
	if err != nil {
		return nil, err
	}
	suffixes, err := newDeltaLengths(rest)
	return &deltaBytes{prefixes: prefixes, suffixes: suffixes}, err
}

func (d *deltaBytes) next() (value, error) {
	n, err := d.prefixes.int()
	if err != nil || n < 0 || n > int64(len(d.last)) {
		return value{}, errPage
	}
	suffix, err := d.suffixes.next()
	if err != nil {
		return value{}, err
	}
	if d.last = append(d.last[:n], suffix.bytes...); len(d.last) > maxRecord {
		return value{}, recordTooLong(0)
	}
	return fixedValue(d.last), nil
}

// splitBytes decodes BYTE_STREAM_SPLIT: the first bytes of all values, then the second ones.
type splitBytes struct {
	b        []byte
	count, i int
	value    []byte
}

func newSplitBytes(b []byte, width int) (*splitBytes, error) {
	if len(b)%width != 0 {
		return nil, errPage
	}
	return &splitBytes{b: b, count: len(b) / width, value: make([]byte, width)}, nil
}

func (s *splitBytes) next() (value, error) {
	if s.i == s.count {
		return value{}, errPage
	}
	for k := range s.value {
		s.value[k] = s.b[k*s.count+s.i]
	}
	s.i++
	return fixedValue(s.value), nil
}
