package ingest

import (
	"encoding/binary"
	"errors"
	"math"
)

// The binary format of a one-dimensional PostgreSQL array: number of dimensions, whether there are nulls, the type of
// the elements, number of elements, first index, then each element as its length (-1 for null) and its bytes.
const (
	headerSize = 20
	nullSize   = 4
	int8Size   = 4 + 8
	int4Size   = 4 + 4
	int2Size   = 4 + 2
)

// Object identifiers of the types of elements.
const (
	oidInt8   = 20
	oidInt2   = 21
	oidInt4   = 23
	oidText   = 25
	oidFloat8 = 701
)

// putHeader completes an array whose elements begin at headerSize.
func putHeader(array []byte, oid uint32, n int, nulls bool) {
	binary.BigEndian.PutUint32(array[0:], 1)
	binary.BigEndian.PutUint32(array[4:], 0)
	if nulls {
		array[7] = 1
	}
	binary.BigEndian.PutUint32(array[8:], oid)
	binary.BigEndian.PutUint32(array[12:], uint32(n))
	binary.BigEndian.PutUint32(array[16:], 1)
}

func appendNull(array []byte) []byte { return binary.BigEndian.AppendUint32(array, math.MaxUint32) }

// appendInt8, appendInt4 and appendInt2 need the array to have the capacity.
func appendInt8(array []byte, v uint64) []byte {
	n := len(array)
	array = array[:n+int8Size]
	element := array[n : n+int8Size]
	binary.BigEndian.PutUint32(element, 8)
	binary.BigEndian.PutUint64(element[4:], v)
	return array
}

func appendInt4(array []byte, v uint32) []byte {
	n := len(array)
	array = array[:n+int4Size]
	binary.BigEndian.PutUint64(array[n:n+int4Size], 4<<32|uint64(v))
	return array
}

func appendInt2(array []byte, v uint16) []byte {
	n := len(array)
	array = array[:n+int2Size]
	element := array[n : n+int2Size]
	binary.BigEndian.PutUint32(element, 2)
	binary.BigEndian.PutUint16(element[4:], v)
	return array
}

func appendText(array []byte, v []byte) []byte {
	return append(binary.BigEndian.AppendUint32(array, uint32(len(v))), v...)
}

// eachText reads a text[] that has no nulls.
func eachText(array []byte, do func(word []byte)) error {
	if len(array) < headerSize || binary.BigEndian.Uint32(array) != 1 || binary.BigEndian.Uint32(array[8:]) != oidText {
		return errNotTexts
	}
	rest := array[headerSize:]
	for range binary.BigEndian.Uint32(array[12:]) {
		if len(rest) < 4 || int64(binary.BigEndian.Uint32(rest)) > int64(len(rest)-4) {
			return errNotTexts
		}
		word := rest[4:][:binary.BigEndian.Uint32(rest)]
		do(word)
		rest = rest[4+len(word):]
	}
	return nil
}

var errNotTexts = errors.New("not an array of texts without nulls")

// appendInt8s, appendInt4s and appendInt2s append values, of which nullValue is null, to an array that has the capacity.
func appendInt8s(array []byte, values []int64) []byte {
	for _, v := range values {
		if v == nullValue {
			array = appendNull(array)
		} else {
			array = appendInt8(array, uint64(v))
		}
	}
	return array
}

func appendInt4s(array []byte, values []int64) []byte {
	for _, v := range values {
		if v == nullValue {
			array = appendNull(array)
		} else {
			array = appendInt4(array, uint32(v))
		}
	}
	return array
}

func appendInt2s(array []byte, values []int64) []byte {
	for _, v := range values {
		if v == nullValue {
			array = appendNull(array)
		} else {
			array = appendInt2(array, uint16(v))
		}
	}
	return array
}
