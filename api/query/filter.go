package query

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/insightforge/insightforge/api/column"
)

// fewValues is how many values are compared one by one before a hash table is faster. PostgreSQL would build one by
// itself, but not in a generic plan, where 500 values took 15 s for a million rows.
const fewValues = 8

var symbols = map[Comparison]string{Equal: "=", NotEqual: "<>", Less: "<", LessOrEqual: "<=", Greater: ">", GreaterOrEqual: ">="}

// filter adds the condition to the rows, and to the chunks where it can be told from a chunk that no row meets it.
func (c *compiler) filter(field string, f Filter) error {
	of, err := c.column(field+".column", f.Column)
	if err != nil {
		return err
	}
	if err := allowed(field, f.Op, of); err != nil {
		return err
	}
	if f.Op == IsNull {
		return c.isNull(field+".value", of, f.Value)
	}
	values, err := comparands(field+".value", f, of)
	if err != nil {
		return err
	}
	c.place(of) // also for a condition that turns out to be false: rows need a column to come from
	switch {
	case of.IsInts():
		c.filterInts(of, f.Op, values)
	case of.IsCoded():
		c.filterCodes(of, f.Op, values)
	case of.Type == column.Float:
		c.keep(c.compareFloats(of, f.Op, values))
	default:
		c.keep(c.compareTexts(c.value(of), f.Op, values))
	}
	return nil
}

func allowed(field string, op Comparison, of column.Column) error {
	switch op {
	case Equal, NotEqual, In, IsNull:
		return nil
	case Less, LessOrEqual, Greater, GreaterOrEqual, Between:
		if of.Type == column.Boolean {
			return mistake(field+".op", WrongType, "%q is boolean: use eq", of.Name)
		}
		return nil
	case Contains:
		if of.Type != column.Text {
			return mistake(field+".op", WrongType, "%q is %s: contains needs a text column", of.Name, of.Type)
		}
		return nil
	default:
		return mistake(field+".op", BadValue, "must be eq, ne, lt, le, gt, ge, in, between, contains or is_null")
	}
}

// comparands are the values of f: one, two for between, any number for in.
func comparands(field string, f Filter, of column.Column) ([]comparand, error) {
	decoded, err := decodeValue(field, f.Value)
	if err != nil {
		return nil, err
	}
	if f.Op != In && f.Op != Between {
		value, err := parse(field, of, decoded)
		return []comparand{value}, err
	}
	list, ok := decoded.([]any)
	if f.Op == Between && (!ok || len(list) != 2) {
		return nil, mistake(field, BadValue, "must be an array of two values")
	}
	if !ok || len(list) > MaxIn {
		return nil, mistake(field, BadValue, "must be an array of at most %d values", MaxIn)
	}
	values := make([]comparand, len(list))
	for i, v := range list {
		if values[i], err = parse(fmt.Sprintf("%s[%d]", field, i), of, v); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (c *compiler) keep(condition string) { c.where = append(c.where, condition) }

func (c *compiler) skip(format string, args ...any) {
	c.skipped = append(c.skipped, fmt.Sprintf(format, args...))
}

func (c *compiler) isNull(field string, of column.Column, raw json.RawMessage) error {
	want := true
	if len(raw) > 0 {
		decoded, err := decodeValue(field, raw)
		if err != nil {
			return err
		}
		var ok bool
		if want, ok = decoded.(bool); !ok {
			return mistake(field, BadValue, "must be true or false")
		}
	}
	if want {
		c.keep(c.value(of) + " is null")
		c.skip("%s.null_count > 0", c.chunk(of))
	} else {
		c.keep(c.value(of) + " is not null")
		c.skip("%[1]s.null_count < %[1]s.row_count", c.chunk(of))
	}
	return nil
}

func (c *compiler) filterInts(of column.Column, op Comparison, values []comparand) {
	switch op {
	case In:
		c.inInts(of, values)
	case NotEqual:
		if k, ok := stored64(values[0].stored); ok {
			c.keep(c.value(of) + " <> " + c.arg(k, "bigint"))
		} else {
			c.keep(c.value(of) + " is not null")
		}
	default:
		c.within(of, boundsOf(op, values[0].stored, values[len(values)-1].stored))
	}
}

func (c *compiler) within(of column.Column, b bounds) {
	b, ok := b.within64()
	if !ok {
		c.keep("false")
		return
	}
	value, chunk := c.value(of), c.chunk(of)
	if b.low == nil && b.high == nil {
		c.keep(value + " is not null")
		return
	}
	if b.low != nil && b.high != nil && b.low.Cmp(b.high) == 0 {
		k := c.arg(b.low.Int64(), "bigint")
		c.keep(value + " = " + k)
		c.skip("%[1]s.min_value <= %[2]s and %[1]s.max_value >= %[2]s", chunk, k)
		return
	}
	if b.low != nil {
		k := c.arg(b.low.Int64(), "bigint")
		c.keep(value + " >= " + k)
		c.skip("%s.max_value >= %s", chunk, k)
	}
	if b.high != nil {
		k := c.arg(b.high.Int64(), "bigint")
		c.keep(value + " <= " + k)
		c.skip("%s.min_value <= %s", chunk, k)
	}
}

func (c *compiler) inInts(of column.Column, values []comparand) {
	var keys []int64
	for _, v := range values {
		if k, ok := stored64(v.stored); ok {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		c.keep("false")
		return
	}
	c.keep(among(c.value(of), c.arg(keys, "bigint[]"), len(keys)))
	chunk := c.chunk(of)
	c.skip("%[1]s.max_value >= %[2]s and %[1]s.min_value <= %[3]s", chunk,
		c.arg(slices.Min(keys), "bigint"), c.arg(slices.Max(keys), "bigint"))
}

// among is value = any(list). "is true" keeps the planner from turning the hash table into a join, which it may run as
// a nested loop because it cannot know how many rows pass the other filters.
func among(value, list string, n int) string {
	if n <= fewValues {
		return value + " = any(" + list + ")"
	}
	return "(" + value + " in (select unnest(" + list + "))) is true"
}

func (c *compiler) compareFloats(of column.Column, op Comparison, values []comparand) string {
	value := c.value(of)
	switch op {
	case In:
		list := make([]float64, len(values))
		for i, v := range values {
			list[i] = v.float
		}
		return among(value, c.arg(list, "float8[]"), len(list))
	case Between:
		return fmt.Sprintf("%s between %s and %s", value, c.arg(values[0].float, "float8"), c.arg(values[1].float, "float8"))
	default:
		return value + " " + symbols[op] + " " + c.arg(values[0].float, "float8")
	}
}

// compareTexts compares words of a dictionary or values of a column that has none.
func (c *compiler) compareTexts(value string, op Comparison, values []comparand) string {
	switch op {
	case In:
		list := make([]string, len(values))
		for i, v := range values {
			list[i] = v.text
		}
		return among(value, c.arg(list, "text[]"), len(list))
	case Contains:
		return "strpos(lower(" + value + "), (select lower(" + c.arg(values[0].text, "text") + "))) > 0"
	case Between:
		return fmt.Sprintf(`%s collate "C" between %s and %s`, value, c.arg(values[0].text, "text"), c.arg(values[1].text, "text"))
	default:
		return fmt.Sprintf(`%s collate "C" %s %s`, value, symbols[op], c.arg(values[0].text, "text"))
	}
}
