package chart

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/insightforge/insightforge/api/column"
)

// What fits on an image and can still be read.
const (
	maxBars    = 30
	maxGrouped = 60 // bars of several series
	maxPoints  = 2000
	maxSeries  = 8
	maxRows    = 13
	maxColumns = 8
)

// Column is a column of a result.
type Column struct {
	Name    string
	Type    column.Type
	Measure bool   // computed for each group, in contrast to the dimensions that make the groups
	Grain   string // of a time dimension: year, quarter, month, week or day; empty where values are as they were uploaded
}

// Suggest chooses the chart for a result. Rows are decoded JSON: json.Number, string, bool or nil.
//
//   - A single value is a number.
//   - A time dimension makes lines, one for each measure or for each value of a second dimension.
//   - Another dimension makes bars: at most 30 categories and 8 series, the largest.
//   - All else is a table of the first rows and columns.
//
// What is left out is said in the Note. Points of time without rows stay open in the line where the grain is known.
func Suggest(title string, columns []Column, rows [][]any) Chart {
	dimensions, measures := split(columns)
	if len(dimensions) == 0 && len(measures) == 1 && len(rows) == 1 {
		return Chart{Kind: Number, Title: title, Header: []string{columns[0].Name}, Cells: [][]string{{text(rows[0][0])}}}
	}
	g, ok := newGrid(columns, dimensions, measures, rows)
	if !ok {
		return table(title, columns, rows)
	}
	c := Chart{Kind: Bar, Title: title, CategoryName: g.category.Name, ValueName: columns[measures[0]].Name}
	if len(measures) > 1 {
		c.ValueName = ""
	}
	notes := g.limitSeries()
	if g.times() {
		c.Kind = Line
		notes = append(notes, g.limitPoints()...)
	} else {
		notes = append(notes, g.limitBars()...)
	}
	if len(g.keys) == 0 {
		return table(title, columns, rows)
	}
	c.Categories, c.Series, c.Note = g.labels(), g.series, strings.Join(notes, "; ")
	return c
}

func split(columns []Column) (dimensions, measures []int) {
	for i, c := range columns {
		if c.Measure {
			measures = append(measures, i)
		} else {
			dimensions = append(dimensions, i)
		}
	}
	return dimensions, measures
}

func table(title string, columns []Column, rows [][]any) Chart {
	c := Chart{Kind: Table, Title: title}
	for _, column := range columns[:min(len(columns), maxColumns)] {
		c.Header = append(c.Header, column.Name)
	}
	for _, row := range rows[:min(len(rows), maxRows)] {
		cells := make([]string, len(c.Header))
		for i := range cells {
			cells[i] = text(row[i])
		}
		c.Cells = append(c.Cells, cells)
	}
	c.Note = tableNote(len(rows), len(columns))
	return c
}

func tableNote(rows, columns int) string {
	var notes []string
	if rows == 0 {
		notes = append(notes, "no rows")
	}
	if rows > maxRows {
		notes = append(notes, fmt.Sprintf("the first %d of %d rows", maxRows, rows))
	}
	if columns > maxColumns {
		notes = append(notes, fmt.Sprintf("the first %d of %d columns", maxColumns, columns))
	}
	return strings.Join(notes, "; ")
}

func text(cell any) string {
	switch v := cell.(type) {
	case nil:
		return "(missing)"
	case string:
		return cmp.Or(strings.TrimSpace(v), "(blank)")
	default:
		return fmt.Sprint(v)
	}
}

// number reads a measure's value. It fails on all that is not a finite number or missing.
func number(cell any) (*float64, bool) {
	if cell == nil {
		return nil, true
	}
	n, ok := cell.(json.Number)
	if !ok {
		return nil, false
	}
	// Near the largest float the library's arithmetic overflows.
	f, err := n.Float64()
	return &f, err == nil && math.Abs(f) < 1e300
}

// largest returns the n indexes whose weight is largest, in falling order; equal ones keep their order.
func largest(weights []float64, n int) []int {
	indexes := make([]int, len(weights))
	for i := range indexes {
		indexes[i] = i
	}
	slices.SortStableFunc(indexes, func(a, b int) int { return cmp.Compare(weights[b], weights[a]) })
	return indexes[:min(n, len(indexes))]
}
