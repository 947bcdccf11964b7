package ingest

import (
	"bytes"
	"encoding/binary"

	"github.com/insightforge/insightforge/api/column"
)

// kind is what every value of a column has been so far, narrowest first.
type kind uint8

const (
	unknown kind = iota // nothing but nulls
	boolean
	integer // the three kinds of numbers widen upwards
	decimal
	float
	date
	timestamp
	text
)

const maxDigits = 18 // of a decimal

// profile is what pass one learns about a column.
type profile struct {
	kind      kind
	layouts   layouts // of a date: those that fit every value
	digits    int     // the most before the point
	scale     int     // the most after it
	empty     int64   // empty fields
	tokens    int64   // NA and the like: null unless the column is text
	untracked bool    // values that are not in the vocabulary went by
}

// fit widens the profile to v; false where only text can.
func (p *profile) fit(v []byte) bool {
	switch p.kind {
	case boolean:
		_, ok := parseBoolean(v)
		return ok
	case integer, decimal, float:
		return p.fitNumber(v)
	case date:
		if p.layouts == isoDate && isISO(v) {
			_, ok := parseISO(v)
			return ok
		}
		return p.fitDate(v) || p.layouts&isoDate != 0 && p.fitTimestamp(v)
	case timestamp:
		return p.fitTimestamp(v)
	case unknown:
		return p.fitNumber(v) || p.fitBoolean(v) || p.fitDate(v) || p.fitTimestamp(v)
	}
	return false
}

func (p *profile) fitNumber(v []byte) bool {
	n := scanNumber(v)
	if n.kind == unknown {
		return false
	}
	p.kind = max(p.kind, n.kind)
	p.digits = max(p.digits, n.digits)
	p.scale = max(p.scale, n.scale)
	return true
}

func (p *profile) fitBoolean(v []byte) bool {
	_, ok := parseBoolean(v)
	if ok {
		p.kind = boolean
	}
	return ok
}

func (p *profile) fitDate(v []byte) bool {
	fits := datesOf(v)
	if p.kind == date {
		fits &= p.layouts
	}
	if fits == 0 {
		return false
	}
	p.kind, p.layouts = date, fits
	return true
}

func (p *profile) fitTimestamp(v []byte) bool {
	_, ok := parseTimestamp(v)
	if ok {
		p.kind = timestamp
	}
	return ok
}

// addOdd adds a value that does not fit as it stands.
func (p *profile) addOdd(v []byte) {
	trimmed := bytes.TrimSpace(v)
	switch {
	case isNull(trimmed):
		p.tokens++
	case len(trimmed) < len(v) && p.fit(trimmed):
	default:
		p.kind = text
	}
}

// ambiguous tells whether the dates can be read month first and day first.
func (p *profile) ambiguous() bool { return p.kind == date && p.layouts == monthFirst|dayFirst }

// close decides what is left open after the last row.
func (p *profile) close() {
	switch {
	case p.kind == unknown || p.ambiguous():
		p.kind = text
	case p.kind == decimal && p.digits+p.scale > maxDigits:
		p.kind = float
	}
}

func (p *profile) nulls() int64 {
	if p.kind == text {
		return p.empty
	}
	return p.empty + p.tokens
}

// column describes the column. Its payload is texts where a text column has too many words for a dictionary.
func (p *profile) column(no int, name string, words *distinct) Column {
	c := Column{Column: column.Column{No: no, Name: name, Type: types[p.kind], Payload: column.Ints}, NullCount: p.nulls()}
	switch p.kind {
	case decimal:
		c.Scale = p.scale
	case float:
		c.Payload = column.Floats
	case text:
		c.Payload = column.Codes
		c.DistinctCount = int64(words.n)
		if words.over {
			c.Payload = column.Texts
		}
	}
	return c
}

var types = [...]column.Type{
	boolean: column.Boolean, integer: column.Integer, decimal: column.Decimal, float: column.Float,
	date: column.Date, timestamp: column.Timestamp, text: column.Text,
}

// parseBoolean reads true or false in any case.
func parseBoolean(v []byte) (int64, bool) {
	const caseBits = 0x20202020
	switch {
	case len(v) == 4 && binary.LittleEndian.Uint32(v)|caseBits == 'e'<<24|'u'<<16|'r'<<8|'t':
		return 1, true
	case len(v) == 5 && binary.LittleEndian.Uint32(v)|caseBits == 's'<<24|'l'<<16|'a'<<8|'f' && v[4]|0x20 == 'e':
		return 0, true
	}
	return 0, false
}
