package ingest

import (
	"fmt"

	"github.com/insightforge/insightforge/api/column"
)

const (
	phoneDigits = 7 // of whole numbers that all have a plus sign: they are telephone numbers
	groupDigits = 3 // of the numbers without a comma, where commas separate thousands
)

// decide takes the ways in which the columns with given types are written, and tells whether values do not fit.
func (f *inference) decide() (decided []*encoder, misfits bool, err error) {
	for i := range f.profiles {
		p := &f.profiles[i]
		if p.kind != assigned {
			continue
		}
		r, fits, ambiguous := p.given.decide(f.opt)
		if ambiguous != nil {
			return nil, false, columnAmbiguous(i+1, ambiguous)
		}
		if decided == nil {
			decided = make([]*encoder, len(f.profiles))
		}
		decided[i] = &encoder{reading: r, nulls: f.nulls}
		misfits = misfits || fits != f.values(p)
	}
	f.decided = decided
	return decided, misfits, nil
}

// values is how many values of a column are not null.
func (f *inference) values(p *profile) int64 { return f.rows - p.empty - p.tokens - p.rejected }

// close decides how each column is read.
func (f *inference) close(d *Dialect) []reading {
	readings, commas := make([]reading, len(f.profiles)), f.commas(d)
	for i := range f.profiles {
		p := &f.profiles[i]
		if p.kind == assigned {
			readings[i] = f.decided[i].reading
		} else {
			readings[i] = p.close(f.values(p), f.opt, commas)
		}
		if f.stash != nil && !p.stays(&readings[i], f.nulls != nil) {
			f.stash.columns[i].lost = true
		}
		p.kind = readings[i].kind
	}
	return readings
}

func (p *profile) close(values int64, o *Options, commas commas) reading {
	switch p.kind {
	case integer, decimal, float:
		return p.closeNumbers(values, o.Numbers.styles(), commas)
	case date, timestamp:
		return p.closeDates(o.Dates.layouts())
	case huge:
		return leftAsText(WarnIntegersTooLong)
	case boolean:
		if p.words.whole() {
			return reading{kind: boolean}
		}
	}
	return reading{kind: text}
}

// leftAsText is a column of which it is told that it is text.
func leftAsText(warning string, readings ...string) reading {
	return reading{kind: text, warning: warning, readings: readings}
}

func (p *profile) closeDates(preferred layouts) reading {
	if p.layouts&preferred != 0 {
		p.layouts &= preferred
	}
	if p.layouts.ambiguous() {
		return leftAsText(WarnAmbiguousDates, p.layouts.readings()...)
	}
	return reading{kind: p.kind, layout: p.layouts.first(), zones: p.zones}
}

func (p *profile) closeNumbers(values int64, preferred styles, commas commas) reading {
	all := p.amounts
	if all == nil {
		all = &amounts{}
	}
	switch {
	case all.mixed || all.units > 0 && all.units < values:
		return leftAsText(WarnMixedUnits)
	case all.parens == values, all.pluses == values && all.grouped == 0 && all.point.digits >= phoneDigits:
		return reading{kind: text}
	}
	decided := p.pinned || preferred != allStyles && p.styles&preferred != 0
	if p.styles&preferred != 0 {
		p.styles &= preferred
	}
	r := reading{unit: all.unit}
	if p.styles.ambiguous() && (!commas.presumed || p.digits <= groupDigits) {
		p.styles, decided = p.styles&commas.styles, true
		if commas.presumed {
			r.warning = WarnThousandsPresumed
		}
	}
	if p.styles.ambiguous() || !decided && all.doubtful(p.styles) {
		return leftAsText(WarnAmbiguousNumbers, (p.styles | commaPoint).readings()...)
	}
	r.form = p.styles.first()
	if p.amounts == nil && r.form.mark == '.' {
		r.form = nil
	}
	return p.closeType(r, all)
}

// commas is how to read the columns in which every comma can separate thousands or begin the fraction.
type commas struct {
	styles   styles // all of them where nothing tells
	presumed bool   // no other column tells, only the delimiter
}

// commas asks the other columns. Where they say nothing, the delimiter does: programs that begin fractions with a comma
// delimit fields otherwise.
func (f *inference) commas(d *Dialect) commas {
	var told styles
	for i := range f.profiles {
		told |= f.profiles[i].tells()
	}
	switch {
	case told == pointStyles, told == commaStyles:
		return commas{styles: told}
	case told == 0 && d.Delimiter == "," && len(f.profiles) > 1 && !f.opt.Records:
		return commas{styles: pointStyles, presumed: true}
	}
	return commas{styles: allStyles}
}

// tells returns the formats of a file with such a column of numbers: those in which a comma begins the fraction, those in
// which it does not, all where it is doubtful, none where the column says nothing.
func (p *profile) tells() styles {
	fraction := p.scale > 0 || p.amounts != nil && p.amounts.point.scale > 0
	switch {
	case p.kind < integer || p.kind > float:
		return 0
	case p.styles&pointStyles == 0 && p.amounts != nil && p.amounts.doubtful(p.styles):
		return allStyles
	case p.styles&pointStyles == 0:
		return commaStyles
	case p.styles&commaStyles == 0 && (fraction || p.styles&^commaGroups == 0):
		return pointStyles
	}
	return 0
}

// doubtful tells whether a few values make fractions of what looks like thousands in the others: 17,189 above 6,01.
func (all *amounts) doubtful(s styles) bool { return s.first().mark == ',' && all.either > all.begins }

// closeType finds the narrowest type of the numbers, which are all in one format.
func (p *profile) closeType(r reading, all *amounts) reading {
	e := extent{p.digits, p.scale}.widen(all.point)
	if r.form != nil && r.form.mark == ',' {
		e = all.comma.widen(extent{p.digits + p.scale, 0}) // 1.234 is a group
	}
	switch {
	case p.kind == float:
		r.kind = float
	case e.scale > 0 && e.digits+e.scale > maxDigits:
		r.warning, r.kind = WarnDecimalAsFloat, float
	case e.scale > 0:
		r.kind, r.scale = decimal, e.scale
	case max(all.point.digits, all.comma.digits) > maxDigits:
		return leftAsText(WarnIntegersTooLong)
	default:
		r.kind = integer
	}
	r.digits = e.digits
	return r
}

// clone is a copy that can be widened without the original.
func (p *profile) clone() *profile {
	c := *p
	if p.amounts != nil {
		all := *p.amounts
		c.amounts = &all
	}
	if p.given != nil {
		c.given = &given{kind: p.given.kind, scale: p.given.scale, styles: p.given.styles, layouts: p.given.layouts, decided: p.given.decided}
	}
	return &c
}

// columns describes the columns.
func (f *inference) columns(readings []reading) []Column {
	columns := make([]Column, len(readings))
	for i := range columns {
		p, r := &f.profiles[i], &readings[i]
		c := Column{Column: column.Column{No: i + 1, Name: f.header.names[i], Type: types[r.kind], Scale: r.scale, Payload: p.payload(r)},
			Header: f.header.headers[i], Asked: f.header.columns[i].asked, Digits: r.digits, Rejected: p.rejected, Format: r.format(), Readings: r.readings, Unit: r.unit, Zones: r.zones.name()}
		c.NullCount, c.NullWords = p.nulls(f.nulls != nil)
		f.words.describe(i, r, &c)
		c.Semantic = f.semantic(i, &c)
		columns[i] = c
	}
	return columns
}

// payload is the array of numbers, booleans, days and instants.
func (p *profile) payload(r *reading) column.Payload {
	switch r.kind {
	case boolean:
		return column.Int2s
	case integer, decimal, date:
		return p.reach.payload(r.scale)
	case timestamp:
		if p.reach.payload(0) != column.Ints {
			return column.Int4s
		}
	}
	return column.Ints
}

// describe says how a column is stored: texts where a text column has too many words for a dictionary.
func (v *vocabulary) describe(i int, r *reading, c *Column) {
	switch words := &v.columns[i]; {
	case r.kind == float:
		c.Payload = column.Floats
	case r.kind == text && words.over:
		c.Payload = column.Texts
	case r.kind == text:
		c.Payload, c.DistinctCount, c.WordBytes = codesOf(int64(words.n)), int64(words.n), words.bytes
	}
}

// format is what [Column.Format] says.
func (r *reading) format() string {
	switch {
	case r.layout > isoDate:
		return r.layout.name()
	case r.form != nil && r.form.group != 0:
		return string(r.form.format)
	}
	return ""
}

// warnings tells what was read otherwise than the client may expect.
func (f *inference) warnings(file *File) (list []Warning) {
	columns := map[string][]int{WarnColumnsRenamed: f.header.renamed}
	for i, r := range file.readings {
		columns[r.warning] = append(columns[r.warning], i+1)
		if r.zones == withZone|withoutZone {
			columns[WarnMixedZones] = append(columns[WarnMixedZones], i+1)
		}
	}
	for _, w := range columnWarnings {
		if numbers := columns[w.code]; len(numbers) > 0 {
			list = append(list, Warning{Code: w.code, Count: int64(len(numbers)), Columns: numbers, Message: fmt.Sprintf(w.sentence, len(numbers))})
		}
	}
	if f.short.Count > 0 {
		list = append(list, Warning{Code: WarnShortRows, Count: f.short.Count, Line: f.short.Line,
			Message: fmt.Sprintf("Rows with fewer fields than the header: %d, the first on line %d. The missing values are null.", f.short.Count, f.short.Line)})
	}
	if file.opt.Dialect.Header == "" && file.Dialect.Header == HeaderAbsent {
		list = append(list, Warning{Code: WarnNoHeader, Count: 1, Line: f.header.line,
			Message: fmt.Sprintf("Line %d was read as values, not as the names of the columns: it looks like the rows below it.", f.header.line)})
	}
	if file.opt.Dialect.Comment == "" && file.CommentLines > 0 {
		list = append(list, Warning{Code: WarnComments, Count: file.CommentLines,
			Message: fmt.Sprintf("Lines skipped as comments: %d.", file.CommentLines)})
	}
	return list
}
