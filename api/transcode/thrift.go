package transcode

import "encoding/binary"

// The types of Thrift's compact protocol that matter here.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

const maxThriftDepth = 32

// thriftReader reads Thrift's compact protocol, in which Parquet describes itself. It allocates nothing, so that what a
// file says of its sizes costs nothing. After a fault, bad is set and everything reads as zero.
type thriftReader struct {
	b     []byte
	i     int
	depth int
	bad   bool
	short bool // bad because b ended
}

func (r *thriftReader) fail() { r.bad, r.i = true, len(r.b) }

func (r *thriftReader) byte() byte {
	if r.i >= len(r.b) {
		r.short = r.short || !r.bad
		r.fail()
		return 0
	}
	r.i++
	return r.b[r.i-1]
}

func (r *thriftReader) uvarint() uint64 {
	n, size := binary.Uvarint(r.b[r.i:])
	if size <= 0 {
		r.short = r.short || !r.bad && size == 0
		r.fail()
		return 0
	}
	r.i += size
	return n
}

// int reads an integer of that type.
func (r *thriftReader) int(typ byte) int64 {
	switch {
	case typ == thriftByte:
		return int64(int8(r.byte()))
	case typ < thriftByte || typ > thriftI64:
		r.fail()
		return 0
	}
	n := r.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

// size reads the length of a list or of bytes, of which each takes one byte at least.
func (r *thriftReader) size(n uint64) int {
	if n > uint64(len(r.b)-r.i) {
		r.short = r.short || !r.bad
		r.fail()
		return 0
	}
	return int(n)
}

func (r *thriftReader) bytes(typ byte) []byte {
	if typ != thriftBinary {
		r.fail()
		return nil
	}
	n := r.size(r.uvarint())
	r.i += n
	return r.b[r.i-n : r.i]
}

// fields calls field for each field of a struct, which must read it or skip it.
func (r *thriftReader) fields(typ byte, field func(id int64, typ byte)) {
	if r.depth++; r.depth > maxThriftDepth || typ != thriftStruct {
		r.fail()
	}
	for id := int64(0); !r.bad; {
		head := r.byte()
		if head == 0 {
			break
		}
		typ := head & 0x0f
		if delta := head >> 4; delta > 0 {
			id += int64(delta)
		} else {
			id = r.int(thriftI64)
		}
		field(id, typ)
	}
	r.depth--
}

// list calls element for each element of a list or set, which must read it or skip it.
func (r *thriftReader) list(typ byte, element func(typ byte)) {
	if r.depth++; r.depth > maxThriftDepth || typ != thriftList && typ != thriftSet {
		r.fail()
	}
	head := r.byte()
	n := uint64(head >> 4)
	if n == 15 {
		n = r.uvarint()
	}
	for range r.size(n) {
		if r.bad {
			break
		}
		if element(head & 0x0f); head&0x0f <= thriftFalse {
			r.byte() // of a boolean, which in a list has a byte of its own
		}
	}
	r.depth--
}

func (r *thriftReader) skip(typ byte) {
	switch {
	case typ == thriftTrue || typ == thriftFalse:
	case typ <= thriftI64:
		r.int(typ)
	case typ == thriftDouble:
		r.i += r.size(8)
	case typ == thriftBinary:
		r.bytes(typ)
	case typ == thriftList || typ == thriftSet:
		r.list(typ, r.skip)
	case typ == thriftMap:
		r.skipMap()
	default:
		r.fields(typ, func(_ int64, typ byte) { r.skip(typ) })
	}
}

func (r *thriftReader) skipMap() {
	n := r.size(r.uvarint())
	if n == 0 {
		return
	}
	types := r.byte()
	r.depth++
	if r.depth > maxThriftDepth || types>>4 <= thriftFalse || types&0x0f <= thriftFalse {
		r.fail() // Parquet has no maps of booleans, in fact none at all
	}
	for i := 0; i < n && !r.bad; i++ {
		r.skip(types >> 4)
		r.skip(types & 0x0f)
	}
	r.depth--
}
