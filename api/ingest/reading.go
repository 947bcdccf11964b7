package ingest

import "bytes"

// reading is how the values of a column are read.
type reading struct {
	kind   kind
	scale  int     // of decimals
	layout layouts // of dates and timestamps: one
	form   *form   // of numbers; nil where all are plain and without unit
	unit   string  // of numbers
	zones  zones   // of timestamps: seen
	given  bool    // values need not fit
	digits int     // of integers and decimals: before the point, at most

	warning  string   // why the column is not what it may look like
	readings []string // the formats between which the values do not decide
}

// fits tells whether v, a value that is not null, is read.
func (r *reading) fits(v []byte) bool {
	switch r.kind {
	case text:
		return true
	case float:
		_, ok := r.parseFloat(v)
		return ok
	}
	_, ok := r.parse(v)
	return ok
}

// fit is fits, and widens the reach to what is stored.
func (r *reading) fit(v []byte, to *reach) bool {
	if r.kind == text || r.kind == float {
		return r.fits(v)
	}
	n, ok := r.parse(v)
	switch {
	case ok && r.kind == timestamp:
		to.addInstant(n)
	case ok:
		to.add(n, r.scale)
	}
	return ok
}

// keeps tells whether a field is null or fits.
func (e *encoder) keeps(field []byte) bool {
	if len(field) == 0 || e.fits(field) {
		return true
	}
	trimmed := bytes.TrimSpace(field)
	if e.nulls != nil {
		return e.nulls.has(field) || e.fits(trimmed)
	}
	return isNull(trimmed) || e.fits(trimmed)
}

func (r *reading) parse(v []byte) (int64, bool) {
	switch r.kind {
	case boolean:
		if r.given {
			return parseGivenBoolean(v)
		}
		return parseBoolean(v)
	case integer:
		if n, ok := parseInteger(v); ok || r.form == nil {
			return n, ok
		}
		return r.parseAmount(v)
	case decimal:
		if r.form == nil {
			return parseDecimal(v, r.scale)
		}
		return r.parseMarked(v)
	case date:
		return parseDate(v, r.layout)
	default:
		if r.layout == isoDate {
			if t, _, ok := parseISOTimestamp(v); ok {
				return t, ok
			}
		}
		t, _, ok := parseTimestamp(v, r.layout)
		return t, ok
	}
}

// parseMarked reads a decimal, plain or not.
func (r *reading) parseMarked(v []byte) (int64, bool) {
	if r.form.mark == '.' {
		if n := scanNumber(v); (n.kind == integer || n.kind == decimal) && holds(decimal, r.scale, extent{n.digits, n.scale}) {
			return parseDecimal(v, r.scale)
		}
	}
	return r.parseAmount(v)
}

// parseAmount reads a number that is not plain.
func (r *reading) parseAmount(v []byte) (int64, bool) {
	var core [maxAmount]byte
	var number [maxAmount + 1]byte
	written, ok := r.plain(v, &core, &number)
	switch {
	case !ok:
		return 0, false
	case r.kind == integer:
		return parseInteger(written)
	}
	return parseDecimal(written, r.scale)
}

func (r *reading) parseFloat(v []byte) (float64, bool) {
	if r.form == nil || r.form.mark == '.' && scanNumber(v).kind != unknown {
		return parseFloat(v)
	}
	var core [maxAmount]byte
	var number [maxAmount + 1]byte
	written, ok := r.plain(v, &core, &number)
	if !ok {
		return 0, false
	}
	return parseFloat(written)
}

// plain writes v, a number of the column's format and unit, as a plain one.
func (r *reading) plain(v []byte, core *[maxAmount]byte, number *[maxAmount + 1]byte) ([]byte, bool) {
	a, digits, ok := cutAmount(v, core)
	if !ok || a.unit != "" && a.unit != r.unit {
		return nil, false
	}
	e, ok := r.form.measure(digits)
	return a.plain(number, r.form, digits), ok && holds(r.kind, r.scale, e)
}
