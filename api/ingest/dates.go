package ingest

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// layouts is a set of the ways to write a date. Months and days after the year, or before a year of four digits, may
// have one digit; names of months are English, short or in full, in any case.
type layouts uint16

const (
	isoDate        layouts = 1 << iota // 2006-01-02
	slashedYear                        // 2006/01/02
	dottedYear                         // 2006.01.02
	dotted                             // 02.01.2006
	monthFirst                         // 01/02/2006
	dayFirst                           // 02/01/2006
	monthFirstDash                     // 01-02-2006
	dayFirstDash                       // 02-01-2006
	namedMonth                         // Jan 2 2006, Jan 2, 2006, January 2, 2006
	dayMonth                           // 2 Jan 2006, 2 Jan, 2006
	dayMonthDash                       // 02-Jan-2006
	isoMonth                           // 2006-01, only where a date is asked for: it can be a season or a code as well
	monthYear                          // Jan 2006, likewise
)

const (
	monthLayouts = isoMonth | monthYear
	monthsFirst  = monthFirst | monthFirstDash
	daysFirst    = dayFirst | dayFirstDash
	allLayouts   = monthYear<<1 - 1
)

// layoutNames are what clients see.
var layoutNames = [...]string{"2006-01-02", "2006/01/02", "2006.01.02", "02.01.2006", "01/02/2006", "02/01/2006", "01-02-2006", "02-01-2006",
	"Jan 2, 2006", "2 Jan 2006", "02-Jan-2006", "2006-01", "Jan 2006"}

func (l layouts) first() layouts { return l & -l }

func (l layouts) name() string { return layoutNames[bits.TrailingZeros16(uint16(l))] }

// ambiguous tells whether the dates can be read month first and day first.
func (l layouts) ambiguous() bool { return l&monthsFirst != 0 && l&daysFirst != 0 }

// readings are the layouts in which the values of an ambiguous column can be read.
func (l layouts) readings() []string {
	return []string{(l & monthsFirst).first().name(), (l & daysFirst).first().name()}
}

// layouts is the set without those of the other order.
func (o DateOrder) layouts() layouts {
	switch o {
	case MonthFirst:
		return allLayouts &^ daysFirst
	case DayFirst:
		return allLayouts &^ monthsFirst
	}
	return allLayouts
}

// datesOf returns the layouts in which v is a date of the years 1 to 9999.
func datesOf(v []byte) layouts {
	if isISO(v) {
		if _, ok := parseISO(v); ok {
			return isoDate
		}
		return 0
	}
	parts, shape := splitDate(v)
	if shape.ambiguous() {
		if parts[0] > 12 {
			shape &= daysFirst
		}
		if parts[1] > 12 {
			shape &= monthsFirst
		}
	}
	if shape == 0 || !validDate(civil(parts, shape)) {
		return 0
	}
	return shape
}

// parseDate reads a date in one layout as days since 1970-01-01.
func parseDate(v []byte, layout layouts) (int64, bool) {
	if isISO(v) && layout == isoDate {
		return parseISO(v)
	}
	parts, shape := splitDate(v)
	if shape&layout == 0 {
		return 0, false
	}
	year, month, day := civil(parts, layout)
	return daysSince1970(year, month, day), validDate(year, month, day)
}

func isISO(v []byte) bool { return len(v) == len("2006-01-02") && v[4] == '-' }

// civil puts the parts of a date in order.
func civil(parts [3]int, layout layouts) (year, month, day int) {
	switch {
	case layout&(isoDate|slashedYear|dottedYear) != 0:
		return parts[0], parts[1], parts[2]
	case layout == isoMonth:
		return parts[0], parts[1], 1
	case layout == monthYear:
		return parts[1], parts[0], 1
	case layout&(monthsFirst|namedMonth) != 0:
		return parts[2], parts[0], parts[1]
	default:
		return parts[2], parts[1], parts[0]
	}
}

// splitDate returns the three parts of a date as written, a month's name as its number, and the layouts of that shape.
func splitDate(v []byte) (parts [3]int, shape layouts) {
	if len(v) > len("September 30, 2006") || len(v) < len("2006-01") {
		return parts, 0
	}
	first, rest := datePart(v)
	separator, rest := dateSeparator(rest)
	second, rest := datePart(rest)
	separator2, rest := dateSeparator(rest)
	third, rest := datePart(rest)
	if len(rest) > 0 {
		return parts, 0
	}
	form := [...]byte{first.form, separator, second.form, separator2, third.form}
	return [3]int{first.n, second.n, third.n}, shapes(string(form[:]))
}

// shapes returns the layouts of a form: d is one or two digits, y four, m a month's name, a comma also its space.
func shapes(form string) layouts {
	switch form {
	case "y-d-d":
		return isoDate
	case "y/d/d":
		return slashedYear
	case "y.d.d":
		return dottedYear
	case "d.d.y":
		return dotted
	case "d/d/y":
		return monthFirst | dayFirst
	case "m d y", "m d,y":
		return namedMonth
	case "d-d-y":
		return monthFirstDash | dayFirstDash
	case "y-d\x00\x00":
		return isoMonth
	case "m y\x00\x00":
		return monthYear
	case "d m y", "d m,y":
		return dayMonth
	case "d-m-y":
		return dayMonthDash
	}
	return 0
}

// parseISO reads 2006-01-02, of which v has the length, as days since 1970-01-01.
func parseISO(v []byte) (int64, bool) {
	w := binary.LittleEndian.Uint64(v[:8])
	w = w&0xFFFFFFFF | w>>8&(0xFFFF<<32) | uint64(v[8])<<48 | uint64(v[9])<<56 // without the dashes
	p := pairs(w)
	year, month, day := int(p&0xFF)*100+int(p>>16&0xFF), int(p>>32&0xFF), int(p>>48)
	ok := v[4] == '-' && v[7] == '-' && allDigits(w) && validDate(year, month, day)
	return daysSince1970(year, month, day), ok
}

// twoDigits reads the two digits that v begins with.
func twoDigits(v []byte) (int, bool) {
	a, b := v[0]-'0', v[1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

type part struct {
	n    int
	form byte // d, y, m; 0 for none
}

// datePart cuts the number or the month's name that v begins with.
func datePart(v []byte) (part, []byte) {
	n := skipDigits(v, 0)
	if n == 0 {
		return monthPart(v)
	}
	p := part{}
	for _, c := range v[:n] {
		p.n = p.n*10 + int(c-'0')
	}
	switch n {
	case 1, 2:
		p.form = 'd'
	case 4:
		p.form = 'y'
	}
	return p, v[n:]
}

var months = [...]string{"january", "february", "march", "april", "may", "june",
	"july", "august", "september", "october", "november", "december"}

func monthPart(v []byte) (part, []byte) {
	n := 0
	for n < len(v) && v[n]|0x20 >= 'a' && v[n]|0x20 <= 'z' {
		n++
	}
	if n < 3 {
		return part{}, v
	}
	for i, name := range months {
		if (n == 3 || n == len(name)) && strings.EqualFold(name[:n], string(v[:n])) {
			return part{n: i + 1, form: 'm'}, v[n:]
		}
	}
	return part{}, v
}

// dateSeparator cuts the byte that v begins with, and the space after a comma.
func dateSeparator(v []byte) (byte, []byte) {
	switch {
	case len(v) > 1 && v[0] == ',' && v[1] == ' ':
		return ',', v[2:]
	case len(v) > 0 && v[0] != ',':
		return v[0], v[1:]
	}
	return 0, v
}

var monthDays = [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func validDate(year, month, day int) bool {
	if year < 1 || month < 1 || month > 12 || day < 1 {
		return false
	}
	leap := month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0)
	return day <= monthDays[month-1] || leap && day == 29
}

// daysSince1970 counts from March of year 0, so that the leap day ends a year.
func daysSince1970(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return int64(365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - 719468)
}
