package column

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Cell is the JSON value of a number of the payload ints in column c: a json.Number, a bool or a string.
func (c Column) Cell(value int64) any {
	switch c.Type {
	case Decimal:
		return decimal(value, c.Scale)
	case Boolean:
		return value != 0
	case Date:
		return time.Unix(0, 0).UTC().AddDate(0, 0, int(value)).Format(time.DateOnly)
	case Timestamp:
		return time.UnixMicro(value).UTC().Format(time.RFC3339Nano)
	default:
		return json.Number(strconv.FormatInt(value, 10))
	}
}

// decimal writes value·10^-scale without trailing zeros, as queries do.
func decimal(value int64, scale int) json.Number {
	digits := strconv.FormatInt(value, 10)
	sign := ""
	if value < 0 {
		sign, digits = "-", digits[1:]
	}
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, fraction := digits[:len(digits)-scale], strings.TrimRight(digits[len(digits)-scale:], "0")
	if fraction == "" {
		return json.Number(sign + whole)
	}
	return json.Number(sign + whole + "." + fraction)
}
