package ingest

import "bytes"

// NumberFormat is how the numbers of a column are grouped and where their fraction begins, written as an example.
type NumberFormat string

// The formats. Groups are of three digits and optional: 1234,56 is in 1.234,56 as well. A space may be a no-break or a
// thin one, an apostrophe a typographic one.
const (
	PlainNumbers    NumberFormat = "1234.56"
	CommaPoint      NumberFormat = "1,234.56"
	SpacePoint      NumberFormat = "1 234.56"
	ApostrophePoint NumberFormat = "1'234.56"
	IndianNumbers   NumberFormat = "12,34,567.89" // groups of two, the last of three
	PointComma      NumberFormat = "1.234,56"
	SpaceComma      NumberFormat = "1 234,56"
	ApostropheComma NumberFormat = "1'234,56"
)

const maxAmount = 64 // bytes of a number that is not plain

// styles is a set of formats.
type styles uint8

const (
	plain           styles = 1 << iota // 1234.56
	commaPoint                         // 1,234.56
	spacePoint                         // 1 234.56
	apostrophePoint                    // 1'234.56
	indian                             // 12,34,567.89
	pointComma                         // 1.234,56
	spaceComma                         // 1 234,56
	apostropheComma                    // 1'234,56

	pointStyles = plain | commaPoint | spacePoint | apostrophePoint | indian
	commaStyles = pointComma | spaceComma | apostropheComma
	commaGroups = commaPoint | indian
	allStyles   = pointStyles | commaStyles
)

// form is what a format consists of.
type form struct {
	format      NumberFormat
	group, mark byte // 0 for no groups
	indian      bool
}

var forms = [8]form{
	{PlainNumbers, 0, '.', false}, {CommaPoint, ',', '.', false}, {SpacePoint, ' ', '.', false}, {ApostrophePoint, '\'', '.', false},
	{IndianNumbers, ',', '.', true}, {PointComma, '.', ',', false}, {SpaceComma, ' ', ',', false}, {ApostropheComma, '\'', ',', false},
}

// styles is the set of f alone; all of them where f is empty.
func (f NumberFormat) styles() styles {
	for i := range forms {
		if forms[i].format == f {
			return 1 << i
		}
	}
	return allStyles
}

func (f NumberFormat) valid() bool { return f == "" || f.styles() != allStyles }

// first is the format that comes first in the set; the set is not empty.
func (s styles) first() *form {
	for i := range forms {
		if s&(1<<i) != 0 {
			return &forms[i]
		}
	}
	panic("ingest: a number in no format")
}

// readings are the formats in which the values of an ambiguous column can be read.
func (s styles) readings() []string {
	return []string{string((s & commaGroups).first().format), string((s & commaStyles).first().format)}
}

// ambiguous: a comma separates thousands, or it begins the fraction.
func (s styles) ambiguous() bool { return s&plain == 0 && s&commaGroups != 0 && s&commaStyles != 0 }

// extent is how many digits a number has before and after its mark; of a column the most of each.
type extent struct{ digits, scale int }

func (e extent) widen(with extent) extent {
	return extent{max(e.digits, with.digits), max(e.scale, with.scale)}
}

// measure returns those of the formats that a number without sign has, and its extent in those with a point and those
// with a comma.
func (s styles) measure(core []byte) (fits styles, point, comma extent) {
	for i := range forms {
		if s&(1<<i) == 0 {
			continue
		}
		e, ok := forms[i].measure(core)
		switch {
		case !ok:
			continue
		case pointStyles&(1<<i) != 0:
			point = e
		default:
			comma = e
		}
		fits |= 1 << i
	}
	return fits, point, comma
}

// measure reads a number without sign: digits, groups and one mark.
func (f *form) measure(core []byte) (extent, bool) {
	whole, fraction, marked := bytes.Cut(core, []byte{f.mark})
	if marked && (len(fraction) == 0 || skipDigits(fraction, 0) < len(fraction)) {
		return extent{}, false
	}
	digits, ok := f.count(whole)
	if digits == 0 && !marked {
		return extent{}, false
	}
	return extent{digits, len(fraction)}, ok
}

// count returns the number of digits of a number without fraction.
func (f *form) count(whole []byte) (digits int, ok bool) {
	digits = skipDigits(whole, 0)
	if digits > 1 && whole[0] == '0' {
		return digits, false
	}
	if digits == len(whole) {
		return digits, true
	}
	most := 3
	if f.indian {
		most = 2
	}
	if f.group == 0 || digits == 0 || digits > most || whole[0] == '0' || f.group == '.' && isAddress(whole) {
		return digits, false
	}
	rest := whole[digits:]
	for len(rest) > 0 {
		n := 3
		if f.indian && len(rest) > 4 {
			n = 2
		}
		if len(rest) <= n || rest[0] != f.group || skipDigits(rest[1:1+n], 0) < n {
			return digits, false
		}
		digits, rest = digits+n, rest[1+n:]
	}
	return digits, true
}

// isAddress tells whether v looks like 192.168.100.200.
func isAddress(v []byte) bool {
	if len(v) != len("192.168.100.200") {
		return false
	}
	for i := 0; i < len(v); i += 4 {
		if string(v[i:i+3]) > "255" || i > 0 && v[i-1] != '.' {
			return false
		}
	}
	return true
}

// plain appends the number core, which has this form, as a plain one.
func (f *form) plain(dst, core []byte) []byte {
	for _, c := range core {
		switch c {
		case f.mark:
			dst = append(dst, '.')
		case f.group:
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
