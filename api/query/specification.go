// Package query compiles a query specification into one SQL statement on the column store (app.dataset_chunks): see [Compile];
// [CompileRows] does the same for the numbers of rows that pass filters, in an order. A chunk may have a narrower array of integers
// than its column's payload says, never a wider one. [Specification.Renamed] follows columns that got other names.
//
// Names and values of a client only ever become parameters; every identifier in the SQL is one of ours. Each table
// reference names its organization (org_id = $1), so a row-level-security policy costs nothing for a row.
package query

import (
	"encoding/json"
)

// The bounds of a specification.
const (
	MaxMeasures   = 20
	MaxDimensions = 10
	MaxFilters    = 50
	MaxOrder      = 10
	MaxIn         = 1_000
	MaxLimit      = 10_000
	DefaultLimit  = 1_000
	maxName       = 200 // characters of a name or alias

	MaxResultBytes = 8 << 20 // of the rows of a result, as JSON: 20 measures of texts of 1 MiB would be 20 MiB a row
)

// Specification is a question to one version of a dataset: measures of the rows that pass every filter, for each
// distinct combination of the dimensions.
type Specification struct {
	Measures   []Measure   `json:"measures,omitempty" maxItems:"20" doc:"What to compute. Without measures the result is the distinct combinations of the dimensions"`
	Dimensions []Dimension `json:"dimensions,omitempty" maxItems:"10" doc:"What to group by. Without dimensions the result is one row"`
	Filters    []Filter    `json:"filters,omitempty" maxItems:"50" doc:"Conditions on rows; a row must meet all of them"`
	Order      []Order     `json:"order,omitempty" maxItems:"10" doc:"Order of the result. Nulls come last; ties are broken by the dimensions, ascending"`
	Limit      int         `json:"limit,omitempty" minimum:"1" maximum:"10000" default:"1000" doc:"Largest number of result rows" example:"100"`
}

// Measure is an aggregate of one column, or the count of rows.
type Measure struct {
	Op     Op     `json:"op" enum:"count,count_distinct,sum,avg,min,max,median" doc:"Aggregate. sum, avg and median take integer, decimal and float columns, the others every column" example:"sum"`
	Column string `json:"column,omitempty" maxLength:"200" doc:"Column to aggregate; its nulls are left out. Only count may leave it out and then counts rows" example:"amount"`
	As     string `json:"as,omitempty" maxLength:"200" doc:"Name in the result. By default <op>_<column>, or count" example:"revenue"`
}

// Dimension is a column, or the calendar period of one, to group by. It is named <column> or <column>_<grain>.
type Dimension struct {
	Column string `json:"column" minLength:"1" maxLength:"200" doc:"Column to group by; nulls are a group" example:"ordered_on"`
	Grain  Grain  `json:"grain,omitempty" enum:"year,quarter,month,week,day" doc:"Group dates and timestamps by period (UTC; a week begins on Monday); the result is its first day" example:"month"`
}

// Filter is a condition on the rows. Only is_null ever keeps a row whose value is null.
type Filter struct {
	Column string          `json:"column" minLength:"1" maxLength:"200" doc:"Column to compare" example:"region"`
	Op     Comparison      `json:"op" enum:"eq,ne,lt,le,gt,ge,in,between,contains,is_null" doc:"Comparison. ne keeps no nulls. Text is compared by its bytes; contains ignores case and has no wildcards. between includes both ends" example:"eq"`
	Value  json.RawMessage `json:"value,omitempty" doc:"A number, true or false, a date \"2014-03-01\", an RFC 3339 timestamp (or a date, meaning its first instant) or a string, as the column's type asks; an array of up to 1,000 for in, of two for between; for is_null true (default) or false" example:"\"north\""`
}

// Order is one sort key.
type Order struct {
	By   string `json:"by" minLength:"1" maxLength:"220" doc:"Name of a result column, or the column of a dimension" example:"revenue"`
	Desc bool   `json:"desc,omitempty" doc:"Largest first"`
}

// Op is an aggregate.
type Op string

// The aggregates.
const (
	Count         Op = "count"
	CountDistinct Op = "count_distinct"
	Sum           Op = "sum"
	Avg           Op = "avg"
	Min           Op = "min"
	Max           Op = "max"
	Median        Op = "median"
)

// Grain is a calendar period.
type Grain string

// The periods.
const (
	Year    Grain = "year"
	Quarter Grain = "quarter"
	Month   Grain = "month"
	Week    Grain = "week" // from Monday
	Day     Grain = "day"
)

// Comparison is the operator of a filter.
type Comparison string

// The operators.
const (
	Equal          Comparison = "eq"
	NotEqual       Comparison = "ne"
	Less           Comparison = "lt"
	LessOrEqual    Comparison = "le"
	Greater        Comparison = "gt"
	GreaterOrEqual Comparison = "ge"
	In             Comparison = "in"
	Between        Comparison = "between"
	Contains       Comparison = "contains"
	IsNull         Comparison = "is_null"
)
