package chart

import "github.com/go-analyze/charts"

const (
	tableTop  = 90
	rowHeight = 24
	gap       = 16 // between columns
	widest    = 300
)

var (
	headerStyle = charts.FontStyle{FontSize: 10, FontColor: grey}
	cellStyle   = charts.FontStyle{FontSize: 10, FontColor: dark}
)

func drawTable(p *charts.Painter, c Chart) error {
	drawHeading(p, c, "", "")
	widths := columnWidths(p, c)
	drawRow(p, c.Header, widths, tableTop, headerStyle)
	for i, row := range c.Cells[:min(len(c.Cells), maxRows)] {
		drawRow(p, row, widths, tableTop+(i+1)*rowHeight, cellStyle)
	}
	return nil
}

// columnWidths gives each column what its longest cell needs, or its share of the image where that is too much.
func columnWidths(p *charts.Painter, c Chart) []int {
	widths := make([]int, len(c.Header))
	total := 0
	for i, name := range c.Header {
		widths[i] = p.MeasureText(line(name, 60), 0, headerStyle).Width()
		for _, row := range c.Cells {
			widths[i] = max(widths[i], p.MeasureText(line(row[i], 60), 0, cellStyle).Width())
		}
		widths[i] = min(widths[i], widest) + gap
		total += widths[i]
	}
	for i := range widths {
		widths[i] = min(widths[i], widths[i]*(right-left)/max(total, 1))
	}
	return widths
}

func drawRow(p *charts.Painter, cells []string, widths []int, y int, style charts.FontStyle) {
	x := left
	for i, cell := range cells {
		p.Text(fitted(p, cell, widths[i]-gap+2, style), x, y, 0, style)
		x += widths[i]
	}
	p.LineStroke([]charts.Point{{X: left, Y: y + 8}, {X: right, Y: y + 8}}, pale, 1)
}

// fitted shortens text until it is no wider than width pixels.
func fitted(p *charts.Painter, text string, width int, style charts.FontStyle) string {
	for n := 120; n > 1; n-- {
		if short := line(text, n); p.MeasureText(short, 0, style).Width() <= width {
			return short
		}
	}
	return "…"
}
