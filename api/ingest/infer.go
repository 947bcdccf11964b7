package ingest

import (
	"bytes"

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
	huge // integers of more than 64 bits among them: text in the end
	date
	timestamp
	text
	assigned // the type is given
)

const maxDigits = 18 // of a decimal

// profile is what pass one learns about a column.
type profile struct {
	kind      kind
	zones     zones   // of timestamps
	words     words   // of booleans: those seen
	pinned    bool    // the format of numbers is given
	untracked bool    // values that are not in the vocabulary went by
	styles    styles  // of numbers: those that fit every value
	layouts   layouts // of dates and timestamps: those that fit every value
	digits    int     // of plain numbers, the most before the point
	scale     int     // the most after it
	empty     int64   // empty fields
	tokens    int64   // NA and the like: null unless the column is text
	rejected  int64   // values that do not fit the given type
	reach     reach   // of what is stored
	amounts   *amounts
	given     *given
}

// amounts is what the numbers of a column that are not plain have in common.
type amounts struct {
	point, comma            extent // as numbers of pointStyles and of commaStyles
	unit                    string // of the first one with a unit
	units                   int64  // with that unit
	parens, pluses, grouped int64  // in parentheses; with a plus; with separators
	either, begins          int64  // with a comma that separates thousands or begins the fraction; that only does the latter
	mixed                   bool   // several units
}

func newProfile(o ColumnOptions) profile {
	p := profile{styles: o.Numbers.styles(), layouts: o.Dates.layouts(), pinned: o.Numbers != ""}
	if k := kindOf[o.Type]; k == text {
		p.kind, p.given = text, &given{kind: text}
	} else if k != unknown {
		p.kind, p.given = assigned, &given{kind: k, scale: o.Scale, styles: p.styles, layouts: p.layouts}
	}
	return p
}

// fit widens the profile to v; false where only text can.
func (p *profile) fit(v []byte) bool {
	if p.kind >= integer && p.kind <= huge {
		return p.fitNumber(v)
	}
	switch p.kind {
	case boolean:
		word, _ := trueOrFalse(v)
		return word != 0 && word&p.words == word || p.fitBoolean(v)
	case date:
		if p.layouts == isoDate && isISO(v) {
			days, ok := parseISO(v)
			if ok {
				p.reach.add(days, 0)
			}
			return ok
		}
		return p.fitDate(v) || p.fitTimestamp(v)
	case timestamp:
		if p.layouts == isoDate {
			if micros, zone, ok := parseISOTimestamp(v); ok {
				p.reach.addInstant(micros)
				p.zones |= zone
				return true
			}
		}
		return p.fitTimestamp(v)
	case unknown:
		return p.fitNumber(v) || p.fitBoolean(v) || p.fitDate(v) || p.fitTimestamp(v)
	case assigned:
		return p.given.fit(v, &p.reach)
	}
	return false
}

func (p *profile) fitNumber(v []byte) bool {
	n := scanNumber(v)
	if n.kind != integer && (n.kind == unknown || p.styles != pointStyles) && !p.fitMark(n, v) {
		return false
	}
	p.kind = max(p.kind, n.kind)
	p.digits = max(p.digits, n.digits)
	p.scale = max(p.scale, n.scale)
	p.reach.addNumber(v, n)
	return true
}

// fitMark narrows the formats to those of a number with a point or an exponent.
func (p *profile) fitMark(n number, v []byte) bool {
	fits := p.styles & n.styles(v)
	if fits == 0 {
		return false
	}
	p.styles = fits
	if fits&commaStyles != 0 {
		p.reach.addDigits(extent{n.digits + n.scale, 0}) // 1.234 is a group
	}
	return true
}

// styles returns the formats in which v, a plain number, is one as well.
func (n number) styles(v []byte) styles {
	switch {
	case n.kind == unknown:
		return 0
	case n.kind == integer:
		return allStyles
	case n.kind == decimal && n.scale == 3 && n.digits > 0 && n.digits <= 3 && bytes.TrimLeft(v, "-")[0] != '0':
		return pointStyles | pointComma
	}
	return pointStyles
}

// fitAmount widens the profile to a number that is not plain.
func (p *profile) fitAmount(v []byte) bool {
	if p.kind > float || p.kind == boolean {
		return false
	}
	var buf [maxAmount]byte
	a, core, ok := cutAmount(v, &buf)
	if !ok {
		return false
	}
	looks, point, comma := (p.styles | commaGroups).measure(core)
	fits := looks & p.styles
	if fits == 0 || p.kind == float && fits&pointStyles == 0 {
		return false
	}
	p.kind, p.styles = max(p.kind, integer), fits
	if p.amounts == nil {
		p.amounts = &amounts{}
	}
	p.amounts.add(a, point, comma)
	p.reach.addDigits(point)
	p.reach.addDigits(comma)
	p.amounts.either += one(looks.ambiguous())
	p.amounts.begins += one(looks&(commaGroups|pointStyles) == 0)
	p.amounts.grouped += one(skipDigits(core, 0) < len(core))
	return true
}

func (all *amounts) add(a amount, point, comma extent) {
	all.point, all.comma = all.point.widen(point), all.comma.widen(comma)
	if a.unit != "" && all.unit == "" {
		all.unit = a.unit
	}
	if a.unit != "" && a.unit == all.unit {
		all.units++
	}
	all.mixed = all.mixed || a.unit != all.unit
	all.parens += one(a.parens)
	all.pluses += one(a.plus)
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// fitHuge tells whether v is an integer among integers that is longer than 64 bits.
func (p *profile) fitHuge(v []byte) bool {
	digits := bytes.TrimPrefix(v, []byte{'-'})
	ok := p.kind <= huge && p.kind != boolean && len(digits) > maxDigits && digits[0] != '0' && skipDigits(digits, 0) == len(digits)
	if ok {
		p.kind = huge
	}
	return ok
}

func (p *profile) fitBoolean(v []byte) bool {
	word, _ := booleanWord(v)
	if word == 0 || (p.words|word)&^word.pair() != 0 {
		return false
	}
	p.kind, p.words = boolean, p.words|word
	return true
}

func (p *profile) fitDate(v []byte) bool {
	fits := datesOf(v) & p.layouts &^ monthLayouts
	if fits == 0 {
		return false
	}
	p.kind, p.layouts = date, fits
	p.reach.addDate(v, fits)
	return true
}

func (p *profile) fitTimestamp(v []byte) bool {
	fits, zone := timestampsOf(v, p.layouts)
	if fits &^= monthLayouts; fits == 0 {
		return false
	}
	if p.kind == date {
		p.reach.daysToSeconds()
	}
	p.reach.addTimestamp(v, fits)
	p.kind, p.layouts, p.zones = timestamp, fits, p.zones|zone
	return true
}

// addOdd adds a value that does not fit as it stands; false where it is rejected.
func (p *profile) addOdd(v []byte, nulls *nullWords) bool {
	trimmed := bytes.TrimSpace(v)
	switch {
	case nulls == nil && isNull(trimmed):
		p.tokens++
	case len(trimmed) < len(v) && p.fit(trimmed), p.fitHuge(trimmed), p.fitAmount(trimmed):
	case p.kind == assigned:
		return false
	default:
		p.kind = text
	}
	return true
}

// nulls counts the values that are null. The words of a list that was given are in columns of text too.
func (p *profile) nulls(everywhere bool) (count, tokens int64) {
	if p.kind != text || everywhere {
		tokens = p.tokens
	}
	return p.empty + tokens + p.rejected, tokens
}

var types = [...]column.Type{
	boolean: column.Boolean, integer: column.Integer, decimal: column.Decimal, float: column.Float,
	date: column.Date, timestamp: column.Timestamp, text: column.Text,
}

var kindOf = map[column.Type]kind{
	"": unknown, column.Boolean: boolean, column.Integer: integer, column.Decimal: decimal, column.Float: float,
	column.Date: date, column.Timestamp: timestamp, column.Text: text,
}
