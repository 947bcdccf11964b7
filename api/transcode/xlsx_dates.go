package transcode

import (
	"math"
	"strconv"
	"time"
)

// dateStyle is what a number format makes of a number.
type dateStyle uint8

const (
	noDate    dateStyle = iota
	dateOnly            // 2014-03-01
	dateTime            // 2014-03-01T10:00:00
	clockTime           // 10:00:00
)

// readStyles reads the number formats of the cells' styles.
func (w *workbook) readStyles() error {
	custom := map[string]dateStyle{}
	inCells := false
	return w.each(w.style, true, func(x *xmlReader) error {
		switch string(x.name) {
		case "numFmt":
			code, err := unescapeXML(nil, x.attr("formatCode"))
			if err != nil {
				return err
			}
			custom[string(x.attr("numFmtId"))] = styleOf(string(code))
		case "cellXfs", "cellStyleXfs", "cellStyles", "dxfs":
			inCells = string(x.name) == "cellXfs"
		case "xf":
			if inCells {
				id := string(x.attr("numFmtId"))
				style, ok := custom[id]
				if !ok {
					style = builtinStyle(id)
				}
				w.styles = append(w.styles, style)
			}
		}
		return nil
	})
}

// builtinStyle is that of a format that has a number only; 27 to 58 are those of East Asia.
func builtinStyle(id string) dateStyle {
	n, err := strconv.Atoi(id)
	switch {
	case err != nil:
		return noDate
	case n >= 14 && n <= 17, n >= 27 && n <= 31, n == 36, n >= 50 && n <= 54, n == 57, n == 58:
		return dateOnly
	case n == 22:
		return dateTime
	case n >= 18 && n <= 21, n >= 32 && n <= 35, n == 45, n == 47, n == 55, n == 56:
		return clockTime
	}
	return noDate
}

// styleOf reads a format code, such as yyyy\-mm\-dd hh:mm;@. Minutes and months are both m, so a code of m alone counts
// as a date. Durations, [h]:mm, stay numbers.
func styleOf(code string) dateStyle {
	var days, hours, months bool
	for i := 0; i < len(code) && code[i] != ';'; i++ {
		switch code[i] {
		case '\\', '_', '*':
			i++
		case '"':
			i = skipTo(code, i+1, '"')
		case '[':
			if i+1 < len(code) && (code[i+1]|0x20 == 'h' || code[i+1]|0x20 == 'm' || code[i+1]|0x20 == 's') {
				return noDate
			}
			i = skipTo(code, i+1, ']')
		case 'd', 'D', 'y', 'Y':
			days = true
		case 'h', 'H', 's', 'S':
			hours = true
		case 'm', 'M':
			months = true
		case 'G', 'g':
			if len(code)-i >= 7 && code[i:i+7] == "General" {
				i += 6
			}
		case '0', '#', '?':
			if !hours {
				return noDate
			}
		}
	}
	switch {
	case hours && days:
		return dateTime
	case hours:
		return clockTime
	case days || months:
		return dateOnly
	}
	return noDate
}

// skipTo returns the index of c from i on, or the last one.
func skipTo(code string, i int, c byte) int {
	for i < len(code) && code[i] != c {
		i++
	}
	return i
}

var (
	epoch1900 = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	epoch1904 = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
)

// appendDate appends the days since the epoch as a date; false where they are none. Times are exact to the millisecond,
// as spreadsheets are.
func (w *workbook) appendDate(dst []byte, days float64, style dateStyle) ([]byte, bool) {
	if !(days >= 0 && days < 2958466) { // 10000-01-01
		return dst, false
	}
	epoch := epoch1900
	switch {
	case w.date1904:
		epoch = epoch1904
	case days < 60:
		epoch = epoch.AddDate(0, 0, 1) // 1900 was no leap year, except for spreadsheets
	}
	whole, part := math.Modf(days)
	millis := math.Round(part * 86_400_000)
	at := epoch.AddDate(0, 0, int(whole)).Add(time.Duration(millis) * time.Millisecond)
	layout := "2006-01-02T15:04:05"
	switch {
	case at.Year() > 9999:
		return dst, false
	case style == clockTime && days < 1:
		layout = "15:04:05"
	case style == dateOnly && millis == 0:
		return at.AppendFormat(dst, time.DateOnly), true
	}
	if int64(millis)%1000 != 0 {
		layout += ".000"
	}
	return at.AppendFormat(dst, layout), true
}
