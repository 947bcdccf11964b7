package chart

import (
	"math"
	"slices"

	"github.com/go-analyze/charts"
)

var (
	dark  = charts.Color{R: 40, G: 40, B: 40, A: 255}
	grey  = charts.Color{R: 100, G: 100, B: 100, A: 255}
	pale  = charts.Color{R: 225, G: 225, B: 225, A: 255}
	small = charts.FontStyle{FontSize: 9, FontColor: dark}
)

const (
	left  = 20
	right = Width - 20
)

// drawHeading draws the title, the note and the names of the axes: the library's own ones overlap labels and each other.
// It comes after the library's chart, which begins by painting the whole image white.
func drawHeading(p *charts.Painter, c Chart, across, up string) {
	large := charts.FontStyle{FontSize: 13, FontColor: dark}
	p.Text(fitted(p, c.Title, right-left, large), left, 32, 0, large)
	p.Text(line(c.Note, 130), left, 52, 0, charts.FontStyle{FontSize: 9, FontColor: grey})

	style := charts.FontStyle{FontSize: 10, FontColor: grey}
	across, up = line(across, 80), line(up, 50)
	p.Text(across, (Width-p.MeasureText(across, 0, style).Width())/2, Height-12, 0, style)
	p.Text(up, left+4, (Height+60+p.MeasureText(up, 0, style).Width())/2, -math.Pi/2, style)
}

// room is what the heading and the names of the axes leave.
var room = charts.NewBox(36, 62, 30, 30)

func drawLines(p *charts.Painter, c Chart) error {
	opt := charts.NewLineChartOptionWithData(numbers(c.Series))
	opt.Padding, opt.Legend = room, legend(c)
	opt.XAxis.Labels, opt.XAxis.LabelCount = spread(c.Categories), len(c.Categories)
	opt.XAxis.LabelFontStyle = small
	opt.YAxis[0].LabelFontStyle = small
	opt.ValueFormatter = tick
	err := p.LineChart(opt)
	drawHeading(p, c, c.CategoryName, c.ValueName)
	return err
}

// Names need room to be read, so bars lie unless their names are short and few.
func drawBars(p *charts.Painter, c Chart) error {
	lying := !upright(c)
	if lying {
		c = upsideDown(c)
	}
	opt := charts.NewBarChartOptionWithData(numbers(c.Series))
	opt.Horizontal = lying
	opt.Padding, opt.Legend = room, legend(c)
	opt.CategoryAxis.Labels = shortened(c.Categories, 28)
	opt.CategoryAxis.LabelCount = len(c.Categories)
	opt.CategoryAxis.LabelFontStyle = barFont(c)
	opt.ValueAxis[0].LabelFontStyle = small
	opt.ValueAxis[0].Min, opt.ValueAxis[0].Max = fromZero(c.Series)
	opt.ValueFormatter = tick
	if len(c.Series) == 1 && len(c.Categories) <= maxBars {
		opt.SeriesList[0].Label = charts.SeriesLabel{Show: charts.Ptr(true), ValueFormatter: exact, FontStyle: barFont(c)}
	}
	err := p.BarChart(opt)
	if lying {
		c.CategoryName, c.ValueName = c.ValueName, c.CategoryName
	}
	drawHeading(p, c, c.CategoryName, c.ValueName)
	return err
}

func upright(c Chart) bool {
	longest := 0
	for _, category := range c.Categories {
		longest = max(longest, len([]rune(category)))
	}
	return len(c.Categories)*max(longest, 4, 2*len(c.Series)) <= 100
}

// fromZero is the end of the axis that must be zero, so that the length of a bar is its value.
func fromZero(series []Series) (least, most *float64) {
	negative, positive := false, false
	for _, s := range series {
		for _, v := range s.Values {
			negative = negative || v != nil && *v < 0
			positive = positive || v != nil && *v > 0
		}
	}
	if !negative {
		least = charts.Ptr(0.0)
	}
	if !positive && negative {
		most = charts.Ptr(0.0)
	}
	return least, most
}

func barFont(c Chart) charts.FontStyle {
	if len(c.Categories) > 24 {
		return charts.FontStyle{FontSize: 7.5, FontColor: dark}
	}
	return small
}

// upsideDown reverses the categories: the library draws the first lying bar at the bottom.
func upsideDown(c Chart) Chart {
	c.Categories = slices.Clone(c.Categories)
	slices.Reverse(c.Categories)
	c.Series = slices.Clone(c.Series)
	for i := range c.Series {
		c.Series[i].Values = slices.Clone(c.Series[i].Values)
		slices.Reverse(c.Series[i].Values)
	}
	return c
}

func legend(c Chart) charts.LegendOption {
	if len(c.Series) < 2 {
		return charts.LegendOption{Show: charts.Ptr(false)}
	}
	names := make([]string, len(c.Series))
	for i, s := range c.Series {
		names[i] = s.Name
	}
	return charts.LegendOption{
		SeriesNames: shortened(names, max(100/len(names), 10)),
		FontStyle:   small, Offset: charts.OffsetStr{Left: charts.PositionLeft, Top: "0"},
	}
}

func numbers(series []Series) [][]float64 {
	values := make([][]float64, len(series))
	for i, s := range series {
		for _, v := range s.Values {
			if v == nil {
				values[i] = append(values[i], charts.GetNullValue())
			} else {
				values[i] = append(values[i], *v)
			}
		}
	}
	return values
}

func drawNumber(p *charts.Painter, c Chart) error {
	drawHeading(p, c, "", "")
	value := line(c.Cells[0][0], 40)
	drawCentred(p, value, Height/2+20, min(60, 1000/float64(max(len([]rune(value)), 1))), dark)
	drawCentred(p, line(c.Header[0], 70), Height/2+80, 14, grey)
	return nil
}

func drawCentred(p *charts.Painter, text string, y int, size float64, color charts.Color) {
	style := charts.FontStyle{FontSize: size, FontColor: color}
	p.Text(text, (Width-p.MeasureText(text, 0, style).Width())/2, y, 0, style)
}
