package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/column"
)

// Version is what Compile has to know of a version of a dataset: its segments, and the columns that the caller may see.
type Version struct {
	OrgID     uuid.UUID
	DatasetID uuid.UUID
	Segments  []uuid.UUID
	Columns   []column.Column
	Expand    string // the function that expands an array: "app.expand", or "unnest" where that is missing
}

// Statement answers a specification. It returns one text column; each row is a JSON array with a value for each of
// Columns, and null from where the rows are more than [MaxResultBytes]. It asks for Limit + 1 rows, so that one too many
// tells that the result is truncated.
type Statement struct {
	SQL     string
	Args    []any
	Columns []ResultColumn
	Limit   int
}

// ResultColumn is a column of a result: first the dimensions, then the measures.
type ResultColumn struct {
	Name string      `json:"name" doc:"Name of the result column" example:"revenue"`
	Type column.Type `json:"type" enum:"integer,decimal,float,boolean,date,timestamp,text" doc:"Type of its values" example:"decimal"`
}

// Decode reads one row of a statement's result. Numbers are json.Number, with every digit.
func Decode(row []byte) ([]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(row))
	decoder.UseNumber()
	var values []any
	if err := decoder.Decode(&values); err != nil {
		return nil, fmt.Errorf("decode a result row: %w", err)
	}
	return values, nil
}

// Compile checks spec against the columns of a version and returns the statement that answers it. What the client got
// wrong is an *Error.
func Compile(spec Specification, version Version) (*Statement, error) {
	c := newCompiler(version)
	r, err := c.resolve(spec)
	if err != nil {
		return nil, err
	}
	for i, f := range spec.Filters {
		if err := c.filter(fmt.Sprintf("filters[%d]", i), f); err != nil {
			return nil, err
		}
	}
	sql := c.statement(r)
	return &Statement{SQL: sql, Args: c.args, Columns: r.columns(), Limit: r.limit}, nil
}

func (r resolved) columns() []ResultColumn {
	var columns []ResultColumn
	for _, d := range r.dimensions {
		columns = append(columns, ResultColumn{d.name, d.resultType()})
	}
	for _, m := range r.measures {
		columns = append(columns, ResultColumn{m.name, m.resultType()})
	}
	return columns
}

// compiler collects what a statement is made of. $1 is the organization and $2 the segments.
type compiler struct {
	version Version
	args    []any
	with    []string        // materialized common table expressions
	ranked  map[int]string  // column number → the one that ranks its words
	read    []column.Column // columns whose arrays are read, as v1, v2, … from chunks c1, c2, …
	skipped []string        // conditions that leave out chunks
	where   []string        // conditions that leave out rows
}

func newCompiler(version Version) *compiler {
	return &compiler{version: version, args: []any{version.OrgID, version.Segments}, ranked: map[int]string{}}
}

// arg adds a parameter of a type and returns its placeholder.
func (c *compiler) arg(value any, sqlType string) string {
	c.args = append(c.args, value)
	return fmt.Sprintf("$%d::%s", len(c.args), sqlType)
}

// define adds a common table expression, evaluated once, and returns its name.
func (c *compiler) define(prefix, query string) string {
	name := fmt.Sprintf("%s%d", prefix, len(c.with)+1)
	c.with = append(c.with, name+" as materialized ("+query+")")
	return name
}

func (c *compiler) place(of column.Column) int {
	for i, r := range c.read {
		if r.No == of.No {
			return i + 1
		}
	}
	c.read = append(c.read, of)
	return len(c.read)
}

// value is a column's value in an expanded row, chunk the row of app.dataset_chunks that it is expanded from.
func (c *compiler) value(of column.Column) string {
	return ofArray(of, fmt.Sprintf("v%d", c.place(of)))
}

// ofArray is the value that an element of a column's array stands for.
func ofArray(of column.Column, element string) string {
	if of.Type == column.Timestamp && of.Payload == column.Int4s {
		return "(" + element + " * 1000000::bigint)"
	}
	return element
}

func (c *compiler) chunk(of column.Column) string { return fmt.Sprintf("c%d", c.place(of)) }

// Array is the array of a chunk. A segment may have narrower integers than the widest of its version.
func Array(chunk string, of column.Column) string {
	switch of.Payload {
	case column.Ints:
		if of.Type == column.Timestamp {
			return fmt.Sprintf("coalesce(%[1]s.ints, array(select s * 1000000::bigint from unnest(%[1]s.int4s) s))", chunk)
		}
		return fmt.Sprintf("coalesce(%[1]s.ints, %[1]s.int4s::bigint[], %[1]s.int2s::bigint[])", chunk)
	case column.Int4s:
		return fmt.Sprintf("coalesce(%[1]s.int4s, %[1]s.int2s::integer[])", chunk)
	case column.Codes:
		return fmt.Sprintf("coalesce(%[1]s.codes, %[1]s.int2s::integer[])", chunk)
	}
	return fmt.Sprintf("%s.%s", chunk, of.Payload)
}

// rows is the rows that pass the filters. Arrays are expanded in lockstep in the select list: LATERAL takes longer.
func (c *compiler) rows() string {
	chunks, conditions := c.chunks()
	conditions = append(conditions, c.skipped...)
	rows := fmt.Sprintf("(select %s from %s where %s) v", strings.Join(c.expanded(), ", "), chunks, strings.Join(conditions, " and "))
	if len(c.where) > 0 {
		rows += " where " + strings.Join(c.where, " and ")
	}
	return rows
}

// expanded are the values v1, v2, … of the columns that are read.
func (c *compiler) expanded() []string {
	values := make([]string, len(c.read))
	for i, of := range c.read {
		values[i] = fmt.Sprintf("%s(%s) as v%d", c.version.Expand, Array(fmt.Sprintf("c%d", i+1), of), i+1)
	}
	return values
}

// chunks are the chunks c1, c2, … of the columns that are read, and the conditions that they hold the same rows.
func (c *compiler) chunks() (from string, conditions []string) {
	var chunks []string
	for i, of := range c.read {
		n := i + 1
		chunks = append(chunks, fmt.Sprintf("app.dataset_chunks c%d", n))
		conditions = append(conditions, fmt.Sprintf("c%d.org_id = $1 and c%d.segment_id = any($2) and c%d.column_no = %s", n, n, n, c.arg(of.No, "int")))
		if i > 0 {
			conditions = append(conditions, fmt.Sprintf("c%d.segment_id = c1.segment_id and c%d.chunk_no = c1.chunk_no", n, n))
		}
	}
	return strings.Join(chunks, ", "), conditions
}
