// Package chart chooses a chart for the result of a query and draws it as an SVG image.
//
// A chart never leaves something out in silence: what does not fit is counted in its Note, which is drawn under the title.
package chart

import (
	"fmt"

	"github.com/go-analyze/charts"
)

// Kind is the form of a chart.
type Kind string

// The kinds.
const (
	Bar    Kind = "bar"
	Line   Kind = "line"
	Number Kind = "number" // one value, shown large
	Table  Kind = "table"  // rows of text, for what the other kinds cannot show
)

// Width and Height are the size of every image, in pixels.
const (
	Width  = 800
	Height = 450
)

// Chart is what is to be drawn.
type Chart struct {
	Kind  Kind   `json:"kind"`
	Title string `json:"title"`
	Note  string `json:"note,omitempty"` // what is not shown, in English

	// Of a bar or line chart.
	CategoryName string   `json:"category_name,omitempty"` // the title of the axis of categories
	ValueName    string   `json:"value_name,omitempty"`    // the title of the axis of values
	Categories   []string `json:"categories,omitempty" nullable:"false"`
	Series       []Series `json:"series,omitempty" nullable:"false"`

	// Of a table, and of a number as its only cell.
	Header []string   `json:"header,omitempty" nullable:"false"`
	Cells  [][]string `json:"cells,omitempty" nullable:"false"`
}

// Series is a name and a value for each category; nil is a missing value.
type Series struct {
	Name   string     `json:"name"`
	Values []*float64 `json:"values" nullable:"false"`
}

// SVG draws the chart. Equal charts give equal bytes. The image has no script, no reference to anything outside it and no
// style attribute, so it can be shown under the strictest Content-Security-Policy. It fails if the chart is not complete:
// a series that has not one value for each category, or a row that has not one cell for each name of the header.
func SVG(c Chart) ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	p := charts.NewPainter(charts.PainterOptions{
		OutputFormat: charts.ChartOutputSVG, Width: Width, Height: Height, Theme: charts.GetTheme(charts.ThemeLight),
	})
	p.FilledRect(0, 0, Width, Height, charts.ColorWhite, charts.ColorWhite, 0)
	draw := map[Kind]func(*charts.Painter, Chart) error{Bar: drawBars, Line: drawLines, Number: drawNumber, Table: drawTable}
	if err := draw[c.Kind](p, c); err != nil {
		return nil, fmt.Errorf("draw %s chart: %w", c.Kind, err)
	}
	image, err := p.Bytes()
	if err != nil {
		return nil, fmt.Errorf("draw %s chart: %w", c.Kind, err)
	}
	return restrict(image, line(c.Title, 200))
}

func (c Chart) check() error {
	switch c.Kind {
	case Bar, Line:
		return c.checkSeries()
	case Number:
		if len(c.Header) != 1 || len(c.Cells) != 1 {
			return fmt.Errorf("a number needs one header and one cell, not %d and %d rows", len(c.Header), len(c.Cells))
		}
	case Table:
	default:
		return fmt.Errorf("unknown kind of chart %q: use bar, line, number or table", c.Kind)
	}
	for i, row := range c.Cells {
		if len(row) != len(c.Header) {
			return fmt.Errorf("row %d has %d cells for %d columns", i+1, len(row), len(c.Header))
		}
	}
	return nil
}

func (c Chart) checkSeries() error {
	if len(c.Categories) == 0 || len(c.Series) == 0 {
		return fmt.Errorf("a %s chart needs a category and a series", c.Kind)
	}
	for i, s := range c.Series {
		if len(s.Values) != len(c.Categories) {
			return fmt.Errorf("series %d has %d values for %d categories", i+1, len(s.Values), len(c.Categories))
		}
	}
	return nil
}
