package question

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"github.com/insightforge/insightforge/api/query"
)

// Answer states the result of a specification in plain English. Rows have the dimensions first and then the measures, as
// decoded JSON: json.Number, string, bool or nil; truncated says that there are more than these. Every number in the
// answer is one of the specification, a value of the result exactly as it is there, or the number of rows.
func Answer(spec query.Specification, rows [][]any, truncated bool) string {
	subject := Describe(spec)
	switch {
	case len(rows) == 0 || len(spec.Dimensions) == 0 && none(spec, rows[0]):
		return "No rows match: " + subject + "."
	case len(spec.Dimensions) == 0:
		return subject + ": " + measures(spec, rows[0]) + "."
	case len(rows) == 1 && len(spec.Measures) > 0:
		return fmt.Sprintf("%s: %s with %s.%s", subject, group(spec, rows[0]), measures(spec, rows[0]), cut(1, truncated))
	default:
		return fmt.Sprintf("%s: %s.%s", subject, extremes(spec, rows), cut(len(rows), truncated))
	}
}

// none reports whether the rows were counted and there are none.
func none(spec query.Specification, row []any) bool {
	for i, m := range spec.Measures {
		if m.Op == query.Count && m.Column == "" && row[i] == json.Number("0") {
			return true
		}
	}
	return false
}

func cut(rows int, truncated bool) string {
	switch {
	case !truncated:
		return ""
	case rows == 1:
		return " There are more rows than this one."
	default:
		return " There are more rows than these, which this does not take into account."
	}
}

func measures(spec query.Specification, row []any) string {
	values := row[len(spec.Dimensions):]
	if len(values) == 1 {
		return shown(values[0])
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = measureText(spec.Measures[i]) + " " + shown(v)
	}
	return list(texts, "and")
}

func group(spec query.Specification, row []any) string {
	texts := make([]string, len(spec.Dimensions))
	for i := range texts {
		texts[i] = shown(row[i])
	}
	return strings.Join(texts, ", ")
}

// extremes says how many rows there are, and the lowest and the highest value of the first measure.
func extremes(spec query.Specification, rows [][]any) string {
	count := fmt.Sprintf("%d rows", len(rows))
	if len(rows) == 1 {
		count = "1 row"
	}
	if len(spec.Measures) == 0 {
		return count
	}
	at := len(spec.Dimensions)
	var low, high []any
	var least, most *big.Rat
	for _, row := range rows {
		value, ok := rational(row[at])
		if !ok {
			continue
		}
		if low == nil || value.Cmp(least) < 0 {
			low, least = row, value
		}
		if high == nil || value.Cmp(most) > 0 {
			high, most = row, value
		}
	}
	if low == nil {
		return count
	}
	name := ""
	if len(spec.Measures) > 1 {
		name = " " + measureText(spec.Measures[0])
	}
	if least.Cmp(most) == 0 {
		return fmt.Sprintf("%s;%s always %s", count, name, shown(low[at]))
	}
	return fmt.Sprintf("%s;%s from %s (%s) to %s (%s)", count, name, shown(low[at]), group(spec, low), shown(high[at]), group(spec, high))
}

func rational(cell any) (*big.Rat, bool) {
	n, ok := cell.(json.Number)
	if !ok {
		return nil, false
	}
	if _, err := n.Float64(); err != nil {
		return nil, false
	}
	return new(big.Rat).SetString(n.String())
}

func shown(cell any) string {
	if cell == nil {
		return "no value"
	}
	return fmt.Sprint(cell)
}
