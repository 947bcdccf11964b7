package query

import (
	"bytes"
	"encoding/json"
	"io"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/insightforge/insightforge/api/column"
)

const (
	maxDigits = 400 // of a number, exponent included: enough for every float, too few to make arithmetic expensive
	daySecond = 86_400
)

// comparand is a checked value of a filter in the form in which a column's payload can be compared with it.
type comparand struct {
	stored *big.Rat // of integers: what the value would be in the array, perhaps no integer and beyond 64 bits
	float  float64
	text   string
}

func decodeValue(field string, raw json.RawMessage) (any, error) {
	if len(raw) == 0 {
		return nil, mistake(field, Missing, "must be given")
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, mistake(field, BadValue, "must be JSON")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, mistake(field, BadValue, "must be one JSON value")
	}
	if v == nil {
		return nil, mistake(field, BadValue, "must not be null: use is_null to find missing values")
	}
	return v, nil
}

// parse checks one JSON value against the column's type.
func parse(field string, of column.Column, v any) (comparand, error) {
	var value comparand
	var ok bool
	switch of.Type {
	case column.Float:
		value.float, ok = parseFloat(v)
	case column.Text:
		value.text, ok = v.(string)
		ok = ok && !strings.ContainsRune(value.text, 0)
	case column.Boolean:
		value.stored, ok = parseBoolean(v)
	case column.Date:
		value.stored, ok = parseDate(v)
	case column.Timestamp:
		value.stored, ok = parseTimestamp(v)
	default:
		value.stored, ok = parseNumber(v, of.Scale)
	}
	if !ok {
		return value, mistake(field, BadValue, "must be %s, because %q is %s", wanted[of.Type], of.Name, of.Type)
	}
	return value, nil
}

var wanted = map[column.Type]string{
	column.Integer:   "a number of at most 400 digits",
	column.Decimal:   "a number of at most 400 digits",
	column.Float:     "a number of at most 400 digits",
	column.Boolean:   "true or false",
	column.Date:      `a date such as "2014-03-01"`,
	column.Timestamp: `a timestamp such as "2014-03-01T12:00:00Z" or a date such as "2014-03-01"`,
	column.Text:      "a string without NUL",
}

func parseNumber(v any, scale int) (*big.Rat, bool) {
	n, ok := v.(json.Number)
	if !ok || !bounded(n.String()) {
		return nil, false
	}
	stored, ok := new(big.Rat).SetString(n.String())
	if !ok {
		return nil, false
	}
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	return stored.Mul(stored, new(big.Rat).SetInt(power)), true
}

// bounded keeps 1e999999999 from being written out.
func bounded(number string) bool {
	mantissa, exponent, found := strings.Cut(strings.ToLower(number), "e")
	if !found {
		return len(mantissa) <= maxDigits
	}
	e, err := strconv.Atoi(exponent)
	return err == nil && len(mantissa) <= maxDigits && -maxDigits <= e && e <= maxDigits
}

// parseFloat takes the nearest float; beyond the largest it is infinite, which compares as the number would.
func parseFloat(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok || !bounded(n.String()) {
		return 0, false
	}
	f, _ := strconv.ParseFloat(n.String(), 64) // the only error left is the range
	return f, true
}

func parseBoolean(v any) (*big.Rat, bool) {
	b, ok := v.(bool)
	if b {
		return big.NewRat(1, 1), ok
	}
	return new(big.Rat), ok
}

func parseDate(v any) (*big.Rat, bool) {
	s, ok := v.(string)
	if !ok {
		return nil, false
	}
	t, err := time.Parse(time.DateOnly, s)
	return big.NewRat(t.Unix()/daySecond, 1), err == nil
}

// parseTimestamp keeps nanoseconds: a value between two microseconds is equal to none.
func parseTimestamp(v any) (*big.Rat, bool) {
	if day, ok := parseDate(v); ok {
		return day.Mul(day, big.NewRat(daySecond*1_000_000, 1)), true
	}
	s, ok := v.(string)
	if !ok {
		return nil, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	micros := big.NewRat(t.Unix()*1_000_000, 1)
	return micros.Add(micros, big.NewRat(int64(t.Nanosecond()), 1_000)), err == nil
}
