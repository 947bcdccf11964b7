package ingest

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes at a time in a word, the first byte lowest.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
	zeros = '0' * ones
)

// indexAny returns the index of the first delimiter or line end at or after i; buf must hold one eight bytes before its end.
func indexAny(buf []byte, i int, delimiters uint64) int {
	for {
		w := binary.LittleEndian.Uint64(buf[i:])
		d, lf, cr := w^delimiters, w^('\n'*ones), w^('\r'*ones)
		// The lowest byte flagged is a true match; flags above it can be false.
		if m := ((d-ones)&^d | (lf-ones)&^lf | (cr-ones)&^cr) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
	}
}

// allDigits tells whether every byte of w is a digit.
func allDigits(w uint64) bool {
	const upper = 0xF0 * ones
	return w&upper|(w+0x06*ones)&upper>>4 == 0x33*ones
}

// pairs returns the numbers that four pairs of digits make, 16 bits for each, the first lowest.
func pairs(w uint64) uint64 {
	w &= 0x0F * ones
	return (w*10 + w>>8) & 0x00FF00FF00FF00FF
}

// eightDigits returns the number that eight digits make.
func eightDigits(w uint64) int64 {
	w = pairs(w)
	w = (w*100 + w>>16) & 0x0000FFFF0000FFFF
	return int64(uint32(w*10000 + w>>32))
}

// shortNumber reads a number, as scanNumber defines them, of at most eight bytes besides its sign and without an
// exponent: its digits as one integer, and how many stand before and after the point. Where it is not ok the number
// may still be a longer one.
func shortNumber(v []byte) (value int64, digits, scale int, ok bool) {
	negative := len(v) > 1 && v[0] == '-'
	if negative {
		v = v[1:]
	}
	n := len(v)
	if n == 0 || n > 8 || cap(v) < 8 {
		return 0, 0, 0, false
	}
	w := binary.LittleEndian.Uint64(v[:8]) // what follows v is shifted out below
	point := w ^ '.'*ones
	digits = min(n, bits.TrailingZeros64((point-ones)&^point&highs)>>3)
	if digits < n {
		before := uint64(1)<<(8*digits) - 1
		w = w&before | w>>8&^before
		n--
		scale = n - digits
		ok = scale > 0
	} else {
		ok = true
	}
	w = w<<(64-8*n) | zeros>>(8*n)
	value = eightDigits(w)
	if negative {
		value = -value
	}
	return value, digits, scale, ok && allDigits(w) && (digits < 2 || v[0] != '0')
}
