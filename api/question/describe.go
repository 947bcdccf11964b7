package question

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/insightforge/insightforge/api/query"
)

// Describe says a specification in English.
func Describe(spec query.Specification) string {
	var b strings.Builder
	b.WriteString(measured(spec))
	if len(spec.Dimensions) > 0 && len(spec.Measures) > 0 {
		b.WriteString(" by " + grouped(spec.Dimensions))
	}
	for i, f := range spec.Filters {
		b.WriteString(either(i == 0, " where ", " and ") + condition(f))
	}
	for i, o := range spec.Order {
		fmt.Fprintf(&b, "%s %s, %s first", either(i == 0, ", ordered by", " and"), o.By, either(o.Desc, "highest", "lowest"))
	}
	if spec.Limit > 0 {
		fmt.Fprintf(&b, ", at most %d", spec.Limit)
	}
	text := b.String()
	return strings.ToUpper(text[:1]) + text[1:]
}

func either(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

var aggregateNames = map[query.Op]string{
	query.Count: "number of values of", query.CountDistinct: "number of distinct values of", query.Sum: "total",
	query.Avg: "average", query.Min: "lowest", query.Max: "highest", query.Median: "median",
}

func measured(spec query.Specification) string {
	if len(spec.Measures) == 0 {
		return "distinct values of " + grouped(spec.Dimensions)
	}
	names := make([]string, len(spec.Measures))
	for i, m := range spec.Measures {
		names[i] = measureText(m)
	}
	return list(names, "and")
}

func measureText(m query.Measure) string {
	if m.Column == "" {
		return "number of rows"
	}
	return aggregateNames[m.Op] + " " + m.Column
}

func grouped(dimensions []query.Dimension) string {
	names := make([]string, len(dimensions))
	for i, d := range dimensions {
		names[i] = d.Column
		if d.Grain != "" {
			names[i] = string(d.Grain) + " of " + d.Column
		}
	}
	return list(names, "and")
}

var comparisonNames = map[query.Comparison]string{
	query.Equal: "is", query.NotEqual: "is not", query.Less: "<", query.LessOrEqual: "<=", query.Greater: ">",
	query.GreaterOrEqual: ">=", query.Contains: "contains",
}

func condition(f query.Filter) string {
	var values []json.RawMessage
	switch f.Op {
	case query.IsNull:
		return f.Column + either(string(f.Value) == "false", " is present", " is missing")
	case query.Between:
		if json.Unmarshal(f.Value, &values) == nil && len(values) == 2 {
			return fmt.Sprintf("%s is between %s and %s", f.Column, plain(values[0]), plain(values[1]))
		}
	case query.In:
		if json.Unmarshal(f.Value, &values) == nil {
			texts := make([]string, len(values))
			for i, v := range values {
				texts[i] = plain(v)
			}
			return f.Column + " is " + list(texts, "or")
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Column, comparisonNames[f.Op], plain(f.Value)))
}

func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}
