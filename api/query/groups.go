package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/insightforge/insightforge/api/column"
)

// aggregate is a part of a measure with its name in the groups.
type aggregate struct {
	part
	name string
}

// groups is the query that yields the keys k1, k2, … and the parts a1, a2, … of every measure, and the names of the
// parts of each measure.
func (c *compiler) groups(r resolved) (string, [][]string) {
	names := make([][]string, len(r.measures))
	var parts []aggregate
	for i, m := range r.measures {
		for _, p := range c.partsOf(r, m) {
			name := fmt.Sprintf("a%d", len(parts)+1)
			parts = append(parts, aggregate{p, name})
			names[i] = append(names[i], name)
		}
	}
	switch {
	case r.onlyDistinct():
		return c.distinct(r.measures[0].column), names
	case r.ofDays() && !slices.ContainsFunc(parts, func(a aggregate) bool { return a.combine == "" }):
		return c.twoStages(r, parts), names
	default:
		return c.oneStage(r, parts), names
	}
}

func (c *compiler) partsOf(r resolved, m measure) []part {
	if len(r.dimensions) == 0 && len(c.where) == 0 {
		if known, ok := c.fromChunks(m); ok {
			return []part{{first: known}}
		}
	}
	return c.parts(m)
}

func (c *compiler) oneStage(r resolved, parts []aggregate) string {
	var fields []string
	for i, d := range r.dimensions {
		fields = append(fields, fmt.Sprintf("%s as k%d", d.key(c.value(d.column)), i+1))
	}
	for _, a := range parts {
		fields = append(fields, a.first+" as "+a.name)
	}
	sql := "select " + strings.Join(fields, ", ")
	if len(c.read) > 0 {
		sql += " from " + c.rows()
	}
	return sql + groupBy(len(r.dimensions))
}

// ofDays tells whether all dimensions are periods of one column: then rows are grouped by day, and the few days by
// period. With another dimension there may be as many groups of days as rows, and the first stage would save nothing.
func (r resolved) ofDays() bool {
	if !slices.ContainsFunc(r.dimensions, dimension.coarse) {
		return false
	}
	return !slices.ContainsFunc(r.dimensions, func(d dimension) bool {
		return d.grain == "" || d.column.No != r.dimensions[0].column.No
	})
}

func (c *compiler) twoStages(r resolved, parts []aggregate) string {
	first := []string{r.dimensions[0].day(c.value(r.dimensions[0].column)) + " as day"}
	var second []string
	for i, d := range r.dimensions {
		key := "d.day"
		if d.coarse() {
			key = d.period(key)
		}
		second = append(second, fmt.Sprintf("%s as k%d", key, i+1))
	}
	for _, a := range parts {
		first = append(first, a.first+" as "+a.name)
		second = append(second, fmt.Sprintf("%s(d.%s) as %s", a.combine, a.name, a.name))
	}
	return fmt.Sprintf("select %s from (select %s from %s group by 1) d%s", strings.Join(second, ", "),
		strings.Join(first, ", "), c.rows(), groupBy(len(r.dimensions)))
}

// onlyDistinct tells whether distinct values are counted of a column that is likely to have far fewer of them than rows:
// then a hash table of them is faster than the sort of count(distinct), which is faster for values that hardly repeat.
func (r resolved) onlyDistinct() bool {
	if len(r.dimensions) > 0 || len(r.measures) != 1 || r.measures[0].op != CountDistinct {
		return false
	}
	of := r.measures[0].column
	return of.IsCoded() || of.Type == column.Date || of.Type == column.Boolean
}

func (c *compiler) distinct(of column.Column) string {
	value := c.value(of)
	return fmt.Sprintf("select count(d.k) as a1 from (select %s as k from %s group by 1) d", value, c.rows())
}

func groupBy(n int) string {
	if n == 0 {
		return ""
	}
	places := make([]string, n)
	for i := range places {
		places[i] = fmt.Sprint(i + 1)
	}
	return " group by " + strings.Join(places, ", ")
}
