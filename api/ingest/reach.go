package ingest

import (
	"math"

	"github.com/insightforge/insightforge/api/column"
)

// reach is a range that holds 0 and every number that a column may have to store, as number·10^scale. It decides how
// wide the stored integers are, and may be too wide where pass one does not know how a value will be read.
type reach struct {
	low, high int64
	scale     int
}

// add widens the range to value·10^-scale.
func (r *reach) add(value int64, scale int) {
	if scale > r.scale {
		r.low, r.high, r.scale = times(r.low, scale-r.scale), times(r.high, scale-r.scale), scale
	} else if scale < r.scale {
		value = times(value, r.scale-scale)
	}
	r.low, r.high = min(r.low, value), max(r.high, value)
}

// addDigits widens the range to every number of so many digits.
func (r *reach) addDigits(e extent) {
	if e.digits+e.scale > maxDigits {
		e = extent{maxDigits, 0}
	}
	most := pow10[e.digits+e.scale] - 1
	r.add(most, e.scale)
	r.add(-most, e.scale)
}

// addNumber widens the range to v, a plain number.
func (r *reach) addNumber(v []byte, n number) {
	if n.short {
		r.add(n.value, n.scale)
	} else if value, ok := parseInteger(v); ok {
		r.add(value, 0)
	} else {
		r.addDigits(extent{n.digits, n.scale})
	}
}

// addDate widens the range to v, whichever of the layouts it turns out to have: the orders of month and day are less
// than a year apart.
func (r *reach) addDate(v []byte, fits layouts) {
	days, _ := parseDate(v, fits.first())
	if fits.ambiguous() {
		r.add(days-366, 0)
		days += 366
	}
	r.add(days, 0)
}

// addInstant widens the range of seconds to an instant in microseconds; one that is no whole second needs those.
func (r *reach) addInstant(micros int64) {
	if micros%second != 0 {
		r.high = math.MaxInt64
	}
	r.add(micros/second, 0)
}

// addTimestamp widens the range of seconds to v, whichever of the layouts it turns out to have.
func (r *reach) addTimestamp(v []byte, fits layouts) {
	micros, _, _ := parseTimestamp(v, fits.first())
	r.addInstant(micros)
	if fits.ambiguous() {
		r.addInstant(micros - 366*day)
		r.addInstant(micros + 366*day)
	}
}

// daysToSeconds turns a range of days into one of seconds.
func (r *reach) daysToSeconds() { r.low, r.high = r.low*(day/second), r.high*(day/second) }

// payload is the narrowest array that holds the range at a scale.
func (r *reach) payload(scale int) column.Payload {
	low, high := times(r.low, scale-r.scale), times(r.high, scale-r.scale)
	if d := r.scale - scale; d > 0 && d < len(pow10) && low > math.MinInt64 && high < math.MaxInt64 { // 1.234 was a group
		low, high = low/pow10[d], high/pow10[d]
	}
	switch {
	case low >= math.MinInt16 && high <= math.MaxInt16:
		return column.Int2s
	case low >= math.MinInt32 && high <= math.MaxInt32:
		return column.Int4s
	}
	return column.Ints
}

// times is value·10^digits, or as near as 64 bits allow.
func times(value int64, digits int) int64 {
	switch {
	case value == 0 || digits <= 0:
		return value
	case digits < len(pow10) && value <= math.MaxInt64/pow10[digits] && value >= math.MinInt64/pow10[digits]:
		return value * pow10[digits]
	case value < 0:
		return math.MinInt64
	}
	return math.MaxInt64
}
