package ingest

import (
	"math"
	"strconv"
	"unsafe"
)

// number is how a number is written.
type number struct {
	kind   kind  // integer, decimal or float; unknown for what is no number
	digits int   // before the point
	scale  int   // digits after the point
	short  bool  // value is known
	value  int64 // ·10^-scale
}

// scanNumber tells how v is written: an integer (64 bits), a decimal (digits with a point: 1.5, -0.5, .5) or a float
// (with an exponent). No plus sign, no leading zeros, no 5., no grouping, nothing that overflows its type.
func scanNumber(v []byte) number {
	if value, digits, scale, ok := shortNumber(v); ok {
		kind := integer
		if scale > 0 {
			kind = decimal
		}
		return number{kind, digits, scale, true, value}
	}
	return scanLongNumber(v)
}

func scanLongNumber(v []byte) number {
	i := 0
	if len(v) > 0 && v[0] == '-' {
		i = 1
	}
	first := i
	i = skipDigits(v, i)
	n := number{kind: integer, digits: i - first}
	if n.digits > 1 && v[first] == '0' {
		return number{}
	}
	if i < len(v) && v[i] == '.' {
		point := i
		i = skipDigits(v, i+1)
		n.kind, n.scale = decimal, i-point-1
		if n.scale == 0 {
			return number{}
		}
	}
	if n.digits+n.scale == 0 {
		return number{}
	}
	if i < len(v) {
		if !isExponent(v[i:]) {
			return number{}
		}
		n.kind = float
	}
	return n.checked(v)
}

// checked refuses what does not fit: integers of more than 64 bits, floats out of range.
func (n number) checked(v []byte) number {
	ok := true
	switch {
	case n.kind == integer && n.digits > 18:
		_, ok = parseInteger(v)
	case n.kind == float || n.digits > 300 || n.scale > 300:
		_, ok = parseFloat(v)
	}
	if !ok {
		return number{}
	}
	return n
}

func skipDigits(v []byte, i int) int {
	for i < len(v) && v[i]-'0' <= 9 {
		i++
	}
	return i
}

func isExponent(v []byte) bool {
	if v[0]|0x20 != 'e' {
		return false
	}
	i := 1
	if i < len(v) && (v[i] == '-' || v[i] == '+') {
		i++
	}
	return i < len(v) && skipDigits(v, i) == len(v)
}

// parseInteger reads a 64-bit integer without leading zeros.
func parseInteger(v []byte) (int64, bool) {
	if n, _, scale, ok := shortNumber(v); ok {
		return n, scale == 0
	}
	digits := v
	if len(v) > 0 && v[0] == '-' {
		digits = v[1:]
	}
	if len(digits) == 0 || len(digits) > 1 && digits[0] == '0' {
		return 0, false
	}
	if len(digits) > 18 {
		n, err := strconv.ParseInt(text64(v), 10, 64)
		return n, err == nil
	}
	var n int64
	for _, c := range digits {
		if c -= '0'; c > 9 {
			return 0, false
		} else {
			n = n*10 + int64(c)
		}
	}
	if len(digits) < len(v) {
		n = -n
	}
	return n, true
}

var pow10 = func() (p [19]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// parseDecimal reads a decimal or an integer as value·10^scale; together they have at most 18 digits.
func parseDecimal(v []byte, scale int) (int64, bool) {
	if n, _, fraction, ok := shortNumber(v); ok && fraction <= scale {
		return n * pow10[scale-fraction], true
	}
	i := 0
	if len(v) > 0 && v[0] == '-' {
		i = 1
	}
	var n int64
	fraction := -1 // digits after the point, -1 before it
	for _, c := range v[i:] {
		if c == '.' && fraction < 0 {
			fraction = 0
			continue
		}
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
		if fraction >= 0 {
			fraction++
		}
	}
	fraction = max(fraction, 0)
	if len(v) == i || len(v) > 20 || fraction > scale {
		return 0, false
	}
	n *= pow10[scale-fraction]
	if i == 1 {
		n = -n
	}
	return n, true
}

// parseFloat reads what scanNumber found to be a number. A float that would become 0 or infinite does not fit.
func parseFloat(v []byte) (float64, bool) {
	f, err := strconv.ParseFloat(text64(v), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, false
	}
	if f == 0 && !zeroMantissa(v) {
		return 0, false
	}
	return f, true
}

func zeroMantissa(v []byte) bool {
	for _, c := range v {
		if c|0x20 == 'e' {
			break
		}
		if c >= '1' && c <= '9' {
			return false
		}
	}
	return true
}

// text64 is v as a string for strconv, without a copy: strconv keeps only copies of it, in its errors.
func text64(v []byte) string { return unsafe.String(unsafe.SliceData(v), len(v)) }
