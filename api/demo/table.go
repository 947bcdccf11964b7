package demo

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/insightforge/insightforge/api/client"
)

// What of a table is printed.
const (
	maxRows    = 12
	maxColumns = 8
	maxWidth   = 36 // of a cell, characters
)

// table prints the beginning of a table and says what is left out.
func (d *demo) table(header []string, rows client.Table) {
	w := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	cells := make([]any, len(header))
	for i, name := range header {
		cells[i] = name
	}
	printRow(w, cells)
	for _, row := range rows[:min(len(rows), maxRows)] {
		printRow(w, row)
	}
	_ = w.Flush() // a terminal that is gone
	if more := len(rows) - maxRows; more > 0 {
		d.say("   … and %d more rows", more)
	}
	if more := len(header) - maxColumns; more > 0 {
		d.say("   … and %d more columns", more)
	}
}

func printRow(w *tabwriter.Writer, row []any) {
	fmt.Fprint(w, "   ")
	for _, cell := range row[:min(len(row), maxColumns)] {
		fmt.Fprint(w, printable(cell), "\t")
	}
	fmt.Fprintln(w)
}

// printable is a cell without what would steer a terminal, and not longer than a column is wide.
func printable(cell any) string {
	if cell == nil {
		return "–"
	}
	text := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, fmt.Sprint(cell)))
	if len(text) > maxWidth {
		return string(text[:maxWidth-1]) + "…"
	}
	return string(text)
}
