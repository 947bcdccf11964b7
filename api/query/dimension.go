package query

import (
	"fmt"

	"github.com/insightforge/insightforge/api/column"
)

type dimension struct {
	column column.Column
	grain  Grain
	name   string
}

// Name is the name of the dimension's column in the result.
func (d Dimension) Name() string {
	if d.Grain == "" {
		return d.Column
	}
	return d.Column + "_" + string(d.Grain)
}

func (c *compiler) dimension(field string, d Dimension) (dimension, error) {
	found, err := c.column(field+".column", d.Column)
	if err != nil {
		return dimension{}, err
	}
	switch d.Grain {
	case "":
		return dimension{column: found, name: d.Name()}, nil
	case Year, Quarter, Month, Week, Day:
	default:
		return dimension{}, mistake(field+".grain", BadValue, "must be year, quarter, month, week or day")
	}
	if !found.Type.IsTime() {
		return dimension{}, mistake(field+".grain", WrongType, "%q is %s: only dates and timestamps have a grain", found.Name, found.Type)
	}
	return dimension{column: found, grain: d.Grain, name: d.Name()}, nil
}

func (d dimension) resultType() column.Type {
	if d.grain != "" {
		return column.Date
	}
	return d.column.Type
}

// coarse tells whether several days fall into one value of d.
func (d dimension) coarse() bool { return d.grain != "" && d.grain != Day }

// key is what rows are grouped by: a stored value, a day since 1970-01-01, or the start of a period.
func (d dimension) key(value string) string {
	switch {
	case d.grain == "":
		return value
	case d.coarse():
		return d.period(d.day(value))
	default:
		return d.day(value)
	}
}

func (d dimension) day(value string) string {
	if d.column.Type == column.Date {
		return value
	}
	return dayOf(value)
}

// dayOf is floor(value / 86400000000), the day of a timestamp. Adding 3,000,000 days first makes a truncating division
// floor from 6200 BC on.
func dayOf(value string) string {
	return fmt.Sprintf("(%s + 259200000000000000) / 86400000000 - 3000000", value)
}

// period goes through timestamp because date_trunc of a date goes through the session's time zone, which takes longer.
func (d dimension) period(day string) string {
	return fmt.Sprintf("date_trunc('%s', (date '1970-01-01' + (%s)::int)::timestamp)", d.grain, day)
}

// render is the key as the client sees it.
func (d dimension) render(key string) string {
	if d.coarse() {
		return key + "::date"
	}
	return render(d.resultType(), d.column.Scale, key)
}

// render turns a stored value into one that json_build_array writes exactly as column.Column says.
func render(t column.Type, scale int, value string) string {
	switch t {
	case column.Decimal:
		return "trim_scale(" + scaled(value, scale) + ")"
	case column.Boolean:
		return value + " <> 0"
	case column.Date:
		return "date '1970-01-01' + " + value + "::int"
	case column.Timestamp:
		return timestamp(value)
	default:
		return value
	}
}

// scaled multiplies by 10^-scale, which is exact where a division would round.
func scaled(value string, scale int) string {
	if scale == 0 {
		return value + "::numeric"
	}
	return fmt.Sprintf("%s * 0.%0*d", value, scale, 1)
}

// timestamp adds days and microseconds apart: an interval of microseconds is exact only up to 2^53.
func timestamp(value string) string {
	days := "(" + dayOf(value) + ")"
	return fmt.Sprintf("to_json(date '1970-01-01' + %s::int + (%s - %s * 86400000000) * interval '1 microsecond') #>> '{}' || 'Z'", days, value, days)
}
