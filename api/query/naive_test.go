package query_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
)

// The naive evaluator: one row at a time, exact rationals. A value is nil, *big.Rat, float64, bool, time.Time or string.

func logical(col column.Column, cell any) any {
	i, ok := cell.(int64)
	if !ok {
		return cell
	}
	switch col.Type {
	case column.Boolean:
		return i == 1
	case column.Date:
		return time.Unix(i*86400, 0).UTC()
	case column.Timestamp:
		return time.UnixMicro(i).UTC()
	default:
		power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(col.Scale)), nil)
		return new(big.Rat).SetFrac(big.NewInt(i), power)
	}
}

func compare(a, b any) int {
	switch a := a.(type) {
	case *big.Rat:
		return a.Cmp(b.(*big.Rat))
	case float64:
		return cmp.Compare(a, b.(float64))
	case bool:
		return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
	case time.Time:
		return a.Compare(b.(time.Time))
	default:
		return bytes.Compare([]byte(a.(string)), []byte(b.(string)))
	}
}

// compareNullsLast also reverses for descending order, but never the place of nulls.
func compareNullsLast(a, b any, desc bool) int {
	switch {
	case a == nil || b == nil:
		return cmp.Compare(btoi(a == nil), btoi(b == nil))
	case desc:
		return compare(b, a)
	default:
		return compare(a, b)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// condition is a filter whose value is known before it was written as JSON.
type condition struct {
	filter  query.Filter
	operand []any
}

func (c condition) meets(v any) bool {
	if c.filter.Op == query.IsNull {
		return (v == nil) == c.operand[0].(bool)
	}
	if v == nil {
		return false
	}
	switch c.filter.Op {
	case query.In:
		return slices.ContainsFunc(c.operand, func(o any) bool { return compare(v, o) == 0 })
	case query.Between:
		return compare(v, c.operand[0]) >= 0 && compare(v, c.operand[1]) <= 0
	case query.Contains:
		return strings.Contains(strings.ToLower(v.(string)), strings.ToLower(c.operand[0].(string)))
	}
	sign := compare(v, c.operand[0])
	return map[query.Comparison]bool{
		query.Equal: sign == 0, query.NotEqual: sign != 0, query.Less: sign < 0,
		query.LessOrEqual: sign <= 0, query.Greater: sign > 0, query.GreaterOrEqual: sign >= 0,
	}[c.filter.Op]
}

func truncate(v any, grain query.Grain) any {
	t, ok := v.(time.Time)
	if !ok || grain == "" {
		return v
	}
	y, m, d := t.Date()
	switch grain {
	case query.Year:
		m, d = 1, 1
	case query.Quarter:
		m, d = (m-1)/3*3+1, 1
	case query.Month:
		d = 1
	case query.Week:
		d -= (int(t.Weekday()) + 6) % 7
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func aggregate(op query.Op, values []any) any {
	values = slices.DeleteFunc(slices.Clone(values), func(v any) bool { return v == nil })
	slices.SortFunc(values, compare)
	n := int64(len(values))
	if op == query.Count {
		return big.NewRat(n, 1)
	}
	if op == query.CountDistinct {
		return big.NewRat(int64(len(slices.CompactFunc(values, func(a, b any) bool { return compare(a, b) == 0 }))), 1)
	}
	if n == 0 {
		return nil
	}
	switch op {
	case query.Min:
		return values[0]
	case query.Max:
		return values[n-1]
	case query.Median:
		return times(plus(values[(n-1)/2], values[n/2]), 1, 2)
	}
	sum := values[0]
	for _, v := range values[1:] {
		sum = plus(sum, v)
	}
	if op == query.Avg {
		return times(sum, 1, n)
	}
	return sum
}

func plus(a, b any) any {
	if f, ok := a.(float64); ok {
		return f + b.(float64)
	}
	return new(big.Rat).Add(a.(*big.Rat), b.(*big.Rat))
}

func times(a any, num, denom int64) any {
	if f, ok := a.(float64); ok {
		return f * float64(num) / float64(denom)
	}
	return new(big.Rat).Mul(a.(*big.Rat), big.NewRat(num, denom))
}

// evaluate answers spec, whose filters are conditions, from the rows of tbl.
func evaluate(tbl table, spec query.Specification, conditions []condition) [][]any {
	groups := map[string][][]any{}
	for _, row := range tbl.rows {
		if slices.ContainsFunc(conditions, func(c condition) bool { return !c.meets(tbl.value(row, c.filter.Column)) }) {
			continue
		}
		key := fmt.Sprint(shown(tbl.keys(row, spec)))
		groups[key] = append(groups[key], row)
	}
	if len(spec.Dimensions) == 0 && len(groups) == 0 {
		groups[""] = nil
	}
	var answer [][]any
	for _, rows := range groups {
		var result []any
		if len(rows) > 0 {
			result = tbl.keys(rows[0], spec)
		}
		for _, m := range spec.Measures {
			result = append(result, tbl.measure(m, rows))
		}
		answer = append(answer, result)
	}
	slices.SortFunc(answer, func(a, b []any) int { return inOrder(tbl, spec, a, b) })
	return answer[:min(len(answer), spec.Limit+1)]
}

func (tbl table) find(name string) int {
	return slices.IndexFunc(tbl.columns, func(c column.Column) bool { return c.Name == name })
}

func (tbl table) value(row []any, name string) any {
	i := tbl.find(name)
	return logical(tbl.columns[i], row[i])
}

func (tbl table) keys(row []any, spec query.Specification) []any {
	var keys []any
	for _, d := range spec.Dimensions {
		keys = append(keys, truncate(tbl.value(row, d.Column), d.Grain))
	}
	return keys
}

func (tbl table) measure(m query.Measure, rows [][]any) any {
	if m.Column == "" {
		return big.NewRat(int64(len(rows)), 1)
	}
	var values []any
	for _, row := range rows {
		values = append(values, tbl.value(row, m.Column))
	}
	result := aggregate(m.Op, values)
	if exact, ok := result.(*big.Rat); ok && m.Op == query.Avg {
		rounded, _ := new(big.Rat).SetString(exact.FloatString(max(12, tbl.columns[tbl.find(m.Column)].Scale+6)))
		return rounded
	}
	return result
}

// inOrder compares by the orders, which name results, and then by every dimension.
func inOrder(tbl table, spec query.Specification, a, b []any) int {
	names := resultNames(spec)
	for _, o := range spec.Order {
		i := slices.Index(names, o.By)
		if sign := compareNullsLast(a[i], b[i], o.Desc); sign != 0 {
			return sign
		}
	}
	for i := range spec.Dimensions {
		if sign := compareNullsLast(a[i], b[i], false); sign != 0 {
			return sign
		}
	}
	return 0
}

func resultNames(spec query.Specification) []string {
	var names []string
	for _, d := range spec.Dimensions {
		name := d.Column
		if d.Grain != "" {
			name += "_" + string(d.Grain)
		}
		names = append(names, name)
	}
	for _, m := range spec.Measures {
		names = append(names, m.As)
	}
	return names
}

// shown writes values so that equal ones, and only those, are the same text.
func shown(values []any) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case *big.Rat:
			texts[i] = "number " + v.RatString()
		case time.Time:
			texts[i] = "time " + v.Format(time.RFC3339Nano)
		default:
			texts[i] = fmt.Sprintf("%T %v", v, v)
		}
	}
	return texts
}

// read turns a decoded result row into values of the evaluator.
func read(columns []query.ResultColumn, row []any) ([]any, error) {
	values := make([]any, len(row))
	for i, cell := range row {
		var err error
		switch columns[i].Type {
		case column.Date:
			values[i], err = readTime(time.DateOnly, cell)
		case column.Timestamp:
			values[i], err = readTime("2006-01-02T15:04:05.999999Z", cell)
		case column.Float:
			values[i], err = readFloat(cell)
		case column.Integer, column.Decimal:
			values[i], err = readNumber(cell)
		default:
			values[i] = cell
		}
		if err != nil {
			return nil, err
		}
	}
	return values, nil
}

func readTime(layout string, cell any) (any, error) {
	if cell == nil {
		return nil, nil
	}
	return time.Parse(layout, cell.(string))
}

func readFloat(cell any) (any, error) {
	if cell == nil {
		return nil, nil
	}
	f, err := cell.(json.Number).Float64()
	if math.IsInf(f, 0) {
		return nil, fmt.Errorf("infinite")
	}
	return f, err
}

func readNumber(cell any) (any, error) {
	if cell == nil {
		return nil, nil
	}
	digits := cell.(json.Number).String()
	if strings.ContainsAny(digits, "eE") {
		return nil, fmt.Errorf("%s has an exponent", digits)
	}
	r, ok := new(big.Rat).SetString(digits)
	if !ok {
		return nil, fmt.Errorf("%s is no number", digits)
	}
	return r, nil
}
