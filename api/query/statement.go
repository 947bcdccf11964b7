package query

import (
	"fmt"
	"strings"

	"github.com/insightforge/insightforge/api/column"
)

// statement puts the SQL together from the inside out: groups, then words and order and limit, then JSON, so that
// words are looked up for groups only and values rendered for the rows that are returned only.
func (c *compiler) statement(r resolved) string {
	groups, parts := c.groups(r)
	var fields, joins, keys, sorts, rendered []string
	for i, d := range r.dimensions {
		key := fmt.Sprintf("g.k%d", i+1)
		if d.column.IsCoded() {
			word := fmt.Sprintf("d%d", i+1)
			joins = append(joins, fmt.Sprintf(" left join (%s) %s on %s.code = %s", c.words(d.column), word, word, key))
			key = word + ".word"
		}
		fields = append(fields, fmt.Sprintf("%s as k%d", key, i+1))
		if d.column.Type == column.Text {
			key += ` collate "C"`
		}
		keys = append(keys, key)
		rendered = append(rendered, d.render(fmt.Sprintf("r.k%d", i+1)))
	}
	for i, m := range r.measures {
		var inner, outer []string
		for _, name := range parts[i] {
			value := "g." + name
			if m.ofWords() {
				word := "m" + name
				joins = append(joins, fmt.Sprintf(" left join %s %s on %s.rank = %s", c.ranks(m.column), word, word, value))
				value = word + ".word"
			}
			fields = append(fields, value+" as "+name)
			inner, outer = append(inner, value), append(outer, "r."+name)
		}
		sorts = append(sorts, m.sortKey(inner))
		rendered = append(rendered, m.result(outer))
	}
	with := ""
	rows := fmt.Sprintf("select json_build_array(%s)::text as j from (select %s from (%s) g%s%s limit %s) r", strings.Join(rendered, ", "),
		strings.Join(fields, ", "), groups, strings.Join(joins, ""), r.orderBy(keys, sorts), c.arg(r.limit+1, "int"))
	sql := fmt.Sprintf("select case when sum(octet_length(j)) over (rows unbounded preceding) <= %d then j end from (%s) bounded", MaxResultBytes, rows)
	if len(c.with) > 0 {
		with = "with " + strings.Join(c.with, ", ") + " "
	}
	return with + sql
}
