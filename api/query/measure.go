package query

import (
	"fmt"

	"github.com/insightforge/insightforge/api/column"
)

type measure struct {
	op     Op
	column column.Column // No is 0 where rows are counted
	name   string
}

// part is one aggregate of a measure. combine aggregates it again over coarser groups; without it the part can only be
// computed from rows.
type part struct{ first, combine string }

// Name is the name of the measure's column in the result.
func (m Measure) Name() string {
	switch {
	case m.As != "":
		return m.As
	case m.Column == "":
		return string(m.Op)
	default:
		return string(m.Op) + "_" + m.Column
	}
}

func (c *compiler) measure(field string, m Measure) (measure, error) {
	switch m.Op {
	case Count, CountDistinct, Sum, Avg, Min, Max, Median:
	default:
		return measure{}, mistake(field+".op", BadValue, "must be count, count_distinct, sum, avg, min, max or median")
	}
	if err := checkAlias(field+".as", m.As); err != nil {
		return measure{}, err
	}
	if m.Column == "" {
		if m.Op != Count {
			return measure{}, mistake(field+".column", Missing, "%s needs a column", m.Op)
		}
		return measure{op: Count, name: m.Name()}, nil
	}
	found, err := c.column(field+".column", m.Column)
	if err != nil {
		return measure{}, err
	}
	if m.arithmetic() && !found.Type.IsNumber() {
		return measure{}, mistake(field+".column", WrongType, "%q is %s: %s needs an integer, decimal or float column", found.Name, found.Type, m.Op)
	}
	return measure{op: m.Op, column: found, name: m.Name()}, nil
}

func (m Measure) arithmetic() bool { return m.Op == Sum || m.Op == Avg || m.Op == Median }

func (m measure) resultType() column.Type {
	switch m.op {
	case Count, CountDistinct:
		return column.Integer
	case Avg, Median:
		if m.column.Type == column.Float {
			return column.Float
		}
		return column.Decimal
	default:
		return m.column.Type
	}
}

// ofWords tells whether m compares words that are stored as codes.
func (m measure) ofWords() bool {
	return (m.op == Min || m.op == Max) && m.column.IsCoded()
}

// parts are the aggregates of m over rows.
func (c *compiler) parts(m measure) []part {
	if m.column.No == 0 {
		return []part{{"count(*)", "sum"}}
	}
	value := c.value(m.column)
	switch m.op {
	case Count:
		return []part{{"count(" + value + ")", "sum"}}
	case CountDistinct:
		return []part{{first: "count(distinct " + bytewise(m.column, value) + ")"}}
	case Sum:
		return []part{{"sum(" + value + ")", "sum"}}
	case Avg:
		return []part{{"sum(" + value + ")", "sum"}, {"count(" + value + ")", "sum"}}
	case Median:
		return []part{{first: median(m.column, value)}}
	default:
		return []part{c.extreme(m, value)}
	}
}

func (c *compiler) extreme(m measure, value string) part {
	if m.ofWords() {
		value = c.rank(m.column, value)
	}
	return part{fmt.Sprintf("%s(%s)", m.op, bytewise(m.column, value)), string(m.op)}
}

// median takes the two middle values (the same one twice when their number is odd) in one sort. The second fraction is
// above one half by less than a row of 10^11.
func median(of column.Column, value string) string {
	if of.Type == column.Float {
		return "percentile_cont(0.5) within group (order by " + value + ")"
	}
	return "percentile_disc(array[0.5, 0.500000000001]) within group (order by " + value + ")"
}

// bytewise compares text by bytes, which is also the fastest order there is.
func bytewise(of column.Column, value string) string {
	if of.Payload == column.Texts {
		return value + ` collate "C"`
	}
	return value
}

// result is the measure as the client sees it, from its parts.
func (m measure) result(parts []string) string {
	first := parts[0]
	if m.op == Count || m.op == CountDistinct || m.column.Type == column.Float && m.op != Avg {
		return first
	}
	switch m.op {
	case Sum:
		return render(m.column.Type, m.column.Scale, first)
	case Avg:
		return m.average(first, parts[1])
	case Median:
		return "trim_scale(" + scaled(fmt.Sprintf("(%s[1]::numeric + %s[2]) * 0.5", first, first), m.column.Scale) + ")"
	default:
		return render(m.column.Type, m.column.Scale, first)
	}
}

// sortKey orders as the results would be ordered; stored values are cheaper where they do.
func (m measure) sortKey(parts []string) string {
	switch {
	case m.op == Avg || m.op == Median:
		return m.result(parts)
	case m.resultType() == column.Text:
		return parts[0] + ` collate "C"`
	default:
		return parts[0]
	}
}

// average rounds once, half away from zero, to 12 digits after the point or 6 more than the column's: with 12 digits
// more, the quotient of a count below 10^12 is never so near to one half that rounding it again changes it.
func (m measure) average(sum, count string) string {
	if m.column.Type == column.Float {
		return sum + " / " + count
	}
	digits := max(12, m.column.Scale+6)
	return fmt.Sprintf("trim_scale(round(round(%s, %d) / %s, %d))", scaled(sum, m.column.Scale), digits+12, count, digits)
}

// fromChunks is m's only part where neither filter nor dimension asks for single rows and the answer stands in the rows
// of segments or chunks.
func (c *compiler) fromChunks(m measure) (string, bool) {
	if m.column.No == 0 {
		return "(select coalesce(sum(s.row_count), 0) from app.dataset_segments s where s.org_id = $1 and s.id = any($2))", true
	}
	var aggregate string
	switch {
	case m.op == Count:
		aggregate = "coalesce(sum(c.row_count - c.null_count), 0)"
	case m.op == Min && m.column.IsInts():
		aggregate = "min(c.min_value)"
	case m.op == Max && m.column.IsInts():
		aggregate = "max(c.max_value)"
	default:
		return "", false
	}
	return fmt.Sprintf("(select %s from app.dataset_chunks c where c.org_id = $1 and c.segment_id = any($2) and c.column_no = %s)",
		aggregate, c.arg(m.column.No, "int")), true
}
