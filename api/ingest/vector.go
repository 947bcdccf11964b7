package ingest

import (
	"bytes"
	"math"

	"github.com/insightforge/insightforge/api/column"
)

// vector is a column of a row group: an array in wire format that grows.
type vector struct {
	array    []byte
	nulls    int
	min, max int64
}

// reset empties the vector. Its capacity is then between least and most.
func (v *vector) reset(least, most int) {
	if cap(v.array) < least || cap(v.array) > most {
		v.array = make([]byte, headerSize, least)
	}
	v.array = v.array[:headerSize]
	v.nulls, v.min, v.max = 0, math.MaxInt64, math.MinInt64
}

func (v *vector) span(n int64) {
	v.min, v.max = min(v.min, n), max(v.max, n)
}

// encoder appends the values of a column to vectors.
type encoder struct {
	Column
	reading
	nulls  *nullWords    // nil: those of isNull
	strip  bool          // what does not fit is null
	words  *dictionary   // nil unless the payload is codes
	goesOn *continuation // nil: the codes are the dictionary's own
	oid    uint32        // of the elements
	size   int           // of an element, without the text of texts
}

// element returns the type and the size of an element.
func element(p column.Payload) (oid uint32, size int) {
	switch p {
	case column.Ints:
		return oidInt8, int8Size
	case column.Int4s:
		return oidInt4, int4Size
	case column.Int2s:
		return oidInt2, int2Size
	case column.Floats:
		return oidFloat8, int8Size
	case column.Codes:
		return oidInt4, int4Size
	default:
		return oidText, nullSize
	}
}

// add appends a field; false where it does not fit the column, which pass one excludes.
func (e *encoder) add(dst *vector, field []byte) bool {
	if len(field) == 0 || e.nulls != nil && e.nulls.has(field) {
		dst.addNull()
		return true
	}
	if e.kind == text {
		return e.addText(dst, field)
	}
	return e.addTyped(dst, field) || e.addOdd(dst, field)
}

func (v *vector) addNull() {
	v.nulls++
	v.array = appendNull(v.array)
}

func (e *encoder) addText(dst *vector, field []byte) bool {
	if e.words != nil {
		code, ok := e.words.lookUp(field)
		if e.goesOn != nil && ok {
			code = uint32(e.goesOn.codes[code])
		}
		return ok && e.addInt(dst, int64(code))
	}
	dst.array = appendText(dst.array, field)
	return true
}

func (e *encoder) addTyped(dst *vector, field []byte) bool {
	if e.kind == float {
		f, ok := e.parseFloat(field)
		if ok {
			dst.array = appendInt8(dst.array, math.Float64bits(f))
		}
		return ok
	}
	n, ok := e.parse(field)
	return ok && e.addInt(dst, n)
}

// addInt appends a number; false where it is too wide, which pass one excludes.
func (e *encoder) addInt(dst *vector, n int64) bool {
	dst.span(n)
	if e.kind == timestamp && e.oid == oidInt4 {
		n /= second
	}
	switch {
	case e.oid == oidInt8:
		dst.array = appendInt8(dst.array, uint64(n))
	case e.oid == oidInt4 && n == int64(int32(n)):
		dst.array = appendInt4(dst.array, uint32(n))
	case e.oid == oidInt2 && n == int64(int16(n)):
		dst.array = appendInt2(dst.array, uint16(n))
	default:
		return false
	}
	return true
}

// addValues appends values as a stash keeps them; false where one is too wide, which pass one excludes.
func (e *encoder) addValues(dst *vector, values []int64) bool {
	if e.goesOn != nil {
		e.goesOn.translate(values)
	}
	low, high, nulls := spanOf(values)
	dst.nulls += nulls
	if nulls < len(values) {
		dst.span(low)
		dst.span(high)
	}
	if e.kind == timestamp && e.oid == oidInt4 {
		low, high = low/second, high/second
		inSeconds(values)
	}
	switch {
	case e.oid == oidInt8:
		dst.array = appendInt8s(dst.array, values)
	case e.oid == oidInt4 && (nulls == len(values) || low >= math.MinInt32 && high <= math.MaxInt32):
		dst.array = appendInt4s(dst.array, values)
	case e.oid == oidInt2 && (nulls == len(values) || low >= math.MinInt16 && high <= math.MaxInt16):
		dst.array = appendInt2s(dst.array, values)
	default:
		return false
	}
	return true
}

func inSeconds(values []int64) {
	for i, v := range values {
		if v != nullValue {
			values[i] = v / second
		}
	}
}

// addOdd appends a field that stands for null or has spaces around it.
func (e *encoder) addOdd(dst *vector, field []byte) bool {
	trimmed := bytes.TrimSpace(field)
	switch {
	case e.nulls == nil && isNull(trimmed):
	case len(trimmed) < len(field) && e.addTyped(dst, trimmed):
		return true
	case !e.strip:
		return false
	}
	dst.addNull()
	return true
}

// chunk completes the vector of rows rows.
func (e *encoder) chunk(v *vector, rows int) Chunk {
	putHeader(v.array, e.oid, rows, v.nulls > 0)
	c := Chunk{ColumnNo: e.No, Rows: rows, Nulls: v.nulls, Payload: e.Payload, Array: v.array}
	if v.min <= v.max {
		c.Min, c.Max = &v.min, &v.max
	}
	return c
}
