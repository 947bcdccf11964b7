package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/insightforge/insightforge/api/column"
)

// Selection says which rows of a version are read, and in which order: that of the file where Order has nothing, and among
// rows that are equal in it. By names a column. Nulls come last.
type Selection struct {
	Filters []Filter
	Order   []Order
	After   int64 // 0: from the first row on; else the rows that come after the row with this number
	Until   int64 // 0: to the last row; else only rows with numbers up to this one
	Limit   int
}

// RowsStatement finds the rows of a selection. It returns one text column: their numbers, from 1, in their order.
type RowsStatement struct {
	SQL  string
	Args []any
}

// CompileRows checks a selection as [Compile] does a specification. The statement reads the columns of filters and order
// only: what else is wanted of the rows is read by their numbers.
func CompileRows(sel Selection, version Version) (*RowsStatement, error) {
	c := newCompiler(version)
	if err := checkLists([]list{{"filters", len(sel.Filters), MaxFilters}, {"order", len(sel.Order), MaxOrder}}); err != nil {
		return nil, err
	}
	for i, f := range sel.Filters {
		if err := c.filter(fmt.Sprintf("filters[%d]", i), f); err != nil {
			return nil, err
		}
	}
	keys, err := c.sortKeys(sel.Order)
	if err != nil {
		return nil, err
	}
	if len(c.read) == 0 {
		return nil, mistake("order", Missing, "give filters or an order")
	}
	return &RowsStatement{SQL: c.numbers(sel, keys), Args: c.args}, nil
}

// Named are the columns of these names, in their order; without names all columns.
func (v Version) Named(names []string) ([]column.Column, error) {
	if len(names) == 0 {
		return v.Columns, nil
	}
	var found []column.Column
	c := compiler{version: v}
	for i, name := range names {
		field := fmt.Sprintf("columns[%d]", i)
		of, err := c.column(field, name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(found, of) {
			return nil, mistake(field, DuplicateName, "%q is asked for twice", name)
		}
		found = append(found, of)
	}
	return found, nil
}

// sortKey is a column by which rows are sorted.
type sortKey struct {
	of   column.Column
	desc bool
}

func (c *compiler) sortKeys(orders []Order) ([]sortKey, error) {
	keys := make([]sortKey, len(orders))
	for i, o := range orders {
		of, err := c.column(fmt.Sprintf("order[%d].by", i), o.By)
		if err != nil {
			return nil, err
		}
		c.place(of)
		keys[i] = sortKey{of, o.Desc}
	}
	return keys, nil
}

// key is what a stored value is sorted by.
func (c *compiler) key(of column.Column, value string) string {
	switch {
	case of.IsCoded():
		return c.rank(of, value)
	case of.Type == column.Text:
		return value + ` collate "C"`
	default:
		return value
	}
}

// starts is a common table expression: where the rows of each segment begin in the version.
const starts = `s as materialized (select g.id, (sum(g.row_count) over (order by u.n) - g.row_count)::bigint as start
  from unnest($2::uuid[]) with ordinality u(id, n) join app.dataset_segments g on g.org_id = $1 and g.id = u.id)`

// numbers is the statement. A row's number comes out in lockstep with its values.
func (c *compiler) numbers(sel Selection, keys []sortKey) string {
	with, sorts := []string{starts}, []string{}
	for _, k := range keys {
		sort := c.key(k.of, c.value(k.of))
		if k.desc {
			sort += " desc"
		}
		sorts = append(sorts, sort+" nulls last")
	}
	if sel.After > 0 {
		after := c.arg(sel.After, "bigint")
		if len(keys) > 0 {
			with = append(with, c.last(keys, after))
			c.keep(c.comesAfter(keys, after))
		} else {
			c.keep("v.number > " + after)
			c.skip("s.start + c1.first_row + c1.row_count > %s", after)
		}
	}
	if sel.Until > 0 {
		until := c.arg(sel.Until, "bigint")
		c.keep("v.number <= " + until)
		c.skip("s.start + c1.first_row < %s", until)
	}
	from, conditions := c.chunks()
	fields := append([]string{"generate_series(s.start + c1.first_row + 1, s.start + c1.first_row + c1.row_count) as number"}, c.expanded()...)
	conditions = append(append(conditions, "c1.segment_id = s.id"), c.skipped...)
	sql := fmt.Sprintf("select v.number::text from (select %s from s, %s where %s) v", strings.Join(fields, ", "), from, strings.Join(conditions, " and "))
	if len(c.where) > 0 {
		sql += " where " + strings.Join(c.where, " and ")
	}
	sql += fmt.Sprintf(" order by %s limit %s", strings.Join(append(sorts, "v.number"), ", "), c.arg(sel.Limit, "int"))
	return "with " + strings.Join(append(c.with, with...), ", ") + " " + sql
}

// last is a common table expression: the sort keys of one row.
func (c *compiler) last(keys []sortKey, number string) string {
	fields := make([]string, len(keys))
	for i, k := range keys {
		chunk := c.chunk(k.of)
		value := fmt.Sprintf("(%s)[(%s - s.start - c1.first_row)::int]", Array(chunk, k.of), number)
		fields[i] = fmt.Sprintf("%s as k%d", c.key(k.of, ofArray(k.of, value)), i+1)
	}
	from, conditions := c.chunks()
	return fmt.Sprintf("last as materialized (select %s from s, %s where %s and c1.segment_id = s.id and %s between s.start + c1.first_row + 1 and s.start + c1.first_row + c1.row_count)",
		strings.Join(fields, ", "), from, strings.Join(conditions, " and "), number)
}

// comesAfter is the condition that a row comes after the last one: by its first key, or if that is equal by the next, and at
// the end by its number. Most rows are decided by the first case. A chunk whose first keys all come before is not read.
func (c *compiler) comesAfter(keys []sortKey, number string) string {
	condition := "v.number > " + number
	for i := len(keys) - 1; i >= 0; i-- {
		k := keys[i]
		key, last, before, after := c.key(k.of, c.value(k.of)), fmt.Sprintf("(select k%d from last)", i+1), "<", ">"
		if k.desc {
			before, after = after, before
		}
		condition = fmt.Sprintf("case when %[1]s %[3]s %[2]s then false when %[1]s %[4]s %[2]s then true when %[1]s is distinct from %[2]s then %[1]s is null else %[5]s end",
			key, last, before, after, condition)
	}
	if first := keys[0]; first.of.IsInts() {
		extreme := "max_value >="
		if first.desc {
			extreme = "min_value <="
		}
		c.skip("(%[1]s.null_count > 0 or %[1]s.%[2]s (select k1 from last))", c.chunk(first.of), extreme)
	}
	return condition
}
