package ingest

import (
	"iter"
	"math/bits"
)

// given is what pass one learns about a column whose type is given: how often each way to write it fits.
type given struct {
	kind    kind
	scale   int     // of a decimal
	styles  styles  // candidates
	layouts layouts // candidates

	numbers  *[1 + int(allStyles)]int64 // values by the formats that they fit, where these are not all; nil for none
	thousand int64                      // like 12.345, which fit in groups only; they count where a value of another look fits too
	dates    [len(layoutNames)]int64    // values by layout
	units    map[string]int64           // values by unit
	fitting  int64                      // numbers that fit every format, booleans
	zones    zones                      // of timestamps
	decided  *encoder                   // once the way is decided: what fits is what it reads
}

// fit tells whether v fits in any way, and widens the reach to what it may be stored as.
func (g *given) fit(v []byte, r *reach) bool {
	if g.decided != nil {
		return g.decided.fit(v, r)
	}
	switch g.kind {
	case integer, decimal, float:
		return g.fitNumber(v, r)
	case boolean:
		value, ok := parseGivenBoolean(v)
		r.take(value, 0)
		g.fitting += one(ok)
		return ok
	case date:
		if isISO(v) && g.layouts&isoDate != 0 {
			days, ok := parseISO(v)
			if ok {
				r.take(days, 0)
				g.dates[0]++
			}
			return ok
		}
		fits := datesOf(v) & g.layouts
		if fits != 0 {
			r.addDate(v, fits)
		}
		return g.fitLayouts(fits)
	default:
		if g.layouts&isoDate != 0 {
			if micros, zone, ok := parseISOTimestamp(v); ok {
				r.takeInstant(micros)
				g.zones |= zone
				g.dates[0]++
				return true
			}
		}
		fits, zone := timestampsOf(v, g.layouts)
		g.zones |= zone
		if fits != 0 {
			r.addTimestamp(v, fits)
		}
		return g.fitLayouts(fits)
	}
}

func (g *given) fitLayouts(fits layouts) bool {
	for rest := fits; rest != 0; rest &= rest - 1 {
		g.dates[bits.TrailingZeros16(uint16(rest))]++
	}
	return fits != 0
}

func (g *given) fitNumber(v []byte, r *reach) bool {
	if value, digits, scale, ok := shortNumber(v); ok {
		if scale == 0 && (g.kind == integer || g.kind == float || digits <= maxDigits-g.scale) {
			r.take(value, 0)
			g.fitting++
			return true
		}
		if fits := g.styles & pointStyles; fits != 0 && scale != 3 && scale > 0 && g.kind == decimal && scale <= g.scale && digits <= maxDigits-g.scale {
			r.take(value, scale)
			return g.count(fits)
		}
	}
	n := scanNumber(v)
	switch {
	case n.kind == unknown:
		return g.fitAmount(v, r)
	case n.kind == integer && (g.kind == integer || g.holds(extent{n.digits, 0})):
		r.addNumber(v, n)
		g.fitting++
		return true
	}
	fits := g.plainStyles(n, v) & g.styles
	r.addNumber(v, n)
	if fits&commaStyles != 0 {
		r.addDigits(extent{n.digits + n.scale, 0}) // 1.234 is a group
	}
	if fits == pointComma && g.styles == allStyles {
		g.thousand++
		return true
	}
	return g.count(fits)
}

// plainStyles returns the formats in which v, a plain number, fits the type.
func (g *given) plainStyles(n number, v []byte) (fits styles) {
	looks := n.styles(v)
	if g.kind == float || n.kind != float && g.holds(extent{n.digits, n.scale}) {
		fits |= looks & pointStyles
	}
	if n.kind == decimal && g.holds(extent{n.digits + n.scale, 0}) {
		fits |= looks & commaStyles
	}
	return fits
}

func (g *given) fitAmount(v []byte, r *reach) bool {
	var buf [maxAmount]byte
	a, core, ok := cutAmount(v, &buf)
	if !ok {
		return false
	}
	fits, point, comma := g.styles.measure(core)
	if !g.holds(point) {
		fits &^= pointStyles
	}
	if !g.holds(comma) {
		fits &^= commaStyles
	}
	r.addDigits(point)
	r.addDigits(comma)
	if a.unit != "" && fits != 0 {
		if g.units == nil {
			g.units = map[string]int64{}
		}
		g.units[a.unit]++
	}
	return g.count(fits)
}

func (g *given) count(fits styles) bool {
	if fits == 0 {
		return false
	}
	if g.numbers == nil {
		g.numbers = new([1 + int(allStyles)]int64)
	}
	g.numbers[fits]++
	return true
}

// decide takes the way that most values fit, and says how many do; where as many fit with a comma for thousands as
// with one for the fraction, or as many month first as day first, the options decide, or else it is ambiguous.
func (g *given) decide(o *Options) (r reading, fits int64, ambiguous []string) {
	r = reading{kind: g.kind, scale: g.scale, zones: g.zones, given: true, digits: maxDigits - g.scale}
	switch g.kind {
	case integer, decimal, float:
		fits, ambiguous = g.decideNumbers(&r, o.Numbers.styles())
	case date, timestamp:
		fits, ambiguous = g.decideDates(&r, o.Dates.layouts())
	default:
		fits = g.fitting
	}
	return r, fits, ambiguous
}

func (g *given) decideNumbers(r *reading, preferred styles) (most int64, ambiguous []string) {
	var best styles // all that fit most
	for i := range forms {
		s := styles(1 << i)
		n := g.support(s)
		if g.styles&s == 0 || n < most {
			continue
		}
		if n > most {
			best, most = 0, n
		}
		best |= s
	}
	decided := g.styles != allStyles || preferred != allStyles && best&preferred != 0
	if best&preferred != 0 {
		best &= preferred
	}
	if best == 0 {
		best = g.styles
	}
	if best.ambiguous() || !decided && g.doubtful(best) {
		return most, (best | commaPoint).readings()
	}
	r.form = best.first()
	return most - g.decideUnit(r), nil
}

// counts yields how many values fit each set of formats.
func (g *given) counts() iter.Seq2[styles, int64] {
	return func(yield func(styles, int64) bool) {
		if g.numbers == nil {
			return
		}
		for fits, n := range g.numbers {
			if n > 0 && !yield(styles(fits), n) {
				return
			}
		}
	}
}

// doubtful is [amounts.doubtful].
func (g *given) doubtful(best styles) bool {
	either, begins := int64(0), int64(0)
	for fits, n := range g.counts() {
		either += n * one(fits.ambiguous())
		begins += n * one(fits&pointStyles == 0)
	}
	return best.first().mark == ',' && either > begins
}

// support is how many values fit a format.
func (g *given) support(s styles) int64 {
	n, other := g.fitting, false
	for fits, count := range g.counts() {
		if fits&s != 0 {
			n += count
			other = other || fits&plain == 0
		}
	}
	if s == pointComma && other {
		n += g.thousand
	}
	return n
}

// decideUnit takes the most frequent unit and returns how many values have another one.
func (g *given) decideUnit(r *reading) (others int64) {
	most := int64(0)
	for unit, n := range g.units {
		others += n
		if n > most || n == most && unit < r.unit {
			r.unit, most = unit, n
		}
	}
	return others - most
}

func (g *given) decideDates(r *reading, preferred layouts) (most int64, ambiguous []string) {
	var best layouts
	for i, n := range g.dates {
		switch {
		case n > most:
			best, most = 1<<i, n
		case n == most && n > 0:
			best |= 1 << i
		}
	}
	if best&preferred != 0 {
		best &= preferred
	}
	if best.ambiguous() {
		return most, best.readings()
	}
	r.layout = max(best.first(), isoDate)
	return most, nil
}

// holds tells whether the type has room for so many digits.
func (g *given) holds(e extent) bool { return holds(g.kind, g.scale, e) }

func holds(k kind, scale int, e extent) bool {
	switch k {
	case integer:
		return e.scale == 0 && e.digits <= maxDigits
	case decimal:
		return e.scale <= scale && e.digits <= maxDigits-scale
	}
	return true
}
