package chart

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// grid holds the values of the series for the keys of one dimension.
type grid struct {
	category Column
	second   string // the name of what tells the series apart
	keys     []any
	series   []Series
}

// newGrid arranges rows of one dimension and any measures, or of two dimensions and one measure. It fails on other
// shapes, on measures that are not numbers, and when a cell of the grid has two rows.
func newGrid(columns []Column, dimensions, measures []int, rows [][]any) (*grid, bool) {
	switch {
	case len(rows) == 0:
		return nil, false
	case len(dimensions) == 1 && len(measures) > 0:
		return gridOfMeasures(columns, dimensions[0], measures, rows)
	case len(dimensions) == 2 && len(measures) == 1:
		first, second := dimensions[0], dimensions[1]
		if columns[second].Type.IsTime() && !columns[first].Type.IsTime() {
			first, second = second, first
		}
		if columns[second].Type.IsTime() {
			return nil, false
		}
		return gridOfPairs(columns, first, second, measures[0], rows)
	default:
		return nil, false
	}
}

func gridOfMeasures(columns []Column, dimension int, measures []int, rows [][]any) (*grid, bool) {
	g := &grid{category: columns[dimension], second: "measures"}
	for _, m := range measures {
		g.series = append(g.series, Series{Name: columns[m].Name})
	}
	seen := map[any]bool{}
	for _, row := range rows {
		key := row[dimension]
		if seen[key] {
			return nil, false
		}
		seen[key] = true
		g.keys = append(g.keys, key)
		for i, m := range measures {
			value, ok := number(row[m])
			if !ok {
				return nil, false
			}
			g.series[i].Values = append(g.series[i].Values, value)
		}
	}
	return g, true
}

func gridOfPairs(columns []Column, first, second, measure int, rows [][]any) (*grid, bool) {
	g := &grid{category: columns[first], second: columns[second].Name}
	var names []any
	values := map[[2]any]*float64{}
	for _, row := range rows {
		at := [2]any{row[first], row[second]}
		value, ok := number(row[measure])
		if _, twice := values[at]; twice || !ok {
			return nil, false
		}
		values[at] = value
		if !slices.Contains(g.keys, at[0]) {
			g.keys = append(g.keys, at[0])
		}
		if !slices.Contains(names, at[1]) {
			names = append(names, at[1])
		}
	}
	for _, name := range names {
		s := Series{Name: text(name)}
		for _, key := range g.keys {
			s.Values = append(s.Values, values[[2]any{key, name}])
		}
		g.series = append(g.series, s)
	}
	return g, true
}

// limitSeries keeps the series with the largest sums, in the order they had.
func (g *grid) limitSeries() []string {
	if len(g.series) <= maxSeries {
		return nil
	}
	sums := make([]float64, len(g.series))
	for i, s := range g.series {
		sums[i] = sum(s.Values)
	}
	kept := largest(sums, maxSeries)
	slices.Sort(kept)
	note := fmt.Sprintf("the %d largest of %d %s", maxSeries, len(g.series), g.plural(g.second))
	g.series = pick(g.series, kept)
	return []string{note}
}

// limitBars keeps the categories with the largest sums, in falling order, when there are too many.
func (g *grid) limitBars() []string {
	limit := maxBars
	if len(g.series) > 1 {
		limit = maxGrouped / len(g.series)
	}
	if len(g.keys) <= limit {
		return nil
	}
	sums := make([]float64, len(g.keys))
	for _, s := range g.series {
		for i, v := range s.Values {
			sums[i] += sum([]*float64{v})
		}
	}
	note := fmt.Sprintf("the %d largest of %d values of %s", limit, len(g.keys), g.category.Name)
	g.keep(largest(sums, limit))
	return []string{note}
}

func (g *grid) plural(name string) string {
	if name == "measures" {
		return name
	}
	return "values of " + name
}

// times reports whether the keys are at least two points of time, so that lines can join them.
func (g *grid) times() bool {
	if !g.category.Type.IsTime() {
		return false
	}
	points := 0
	for _, key := range g.keys {
		_, ok := moment(key)
		if !ok && key != nil {
			return false
		}
		if ok {
			points++
		}
	}
	return points > 1
}

// limitPoints sorts the keys by time, leaves out the missing one and opens gaps where the grain has steps without rows.
func (g *grid) limitPoints() []string {
	var notes []string
	order := make([]int, 0, len(g.keys))
	for i, key := range g.keys {
		if key == nil {
			notes = append(notes, "rows without "+g.category.Name+" are not shown")
		} else {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return at(g.keys[a]).Compare(at(g.keys[b])) })
	if len(order) > maxPoints {
		notes = append(notes, fmt.Sprintf("the first %d of %d points", maxPoints, len(order)))
		order = order[:maxPoints]
	}
	g.keep(order)
	g.openGaps()
	return notes
}

// openGaps adds keys without values for the steps of the grain that have no rows. Days are left out: a market's week has
// five of them. So are grids that would be more than half empty, whose points no line would join.
func (g *grid) openGaps() {
	var steps []any
	last := at(g.keys[len(g.keys)-1])
	for t := at(g.keys[0]); !t.After(last); t = next(t, g.category.Grain) {
		if steps = append(steps, t); len(steps) > 2*len(g.keys) || g.category.Grain == "" || g.category.Grain == "day" {
			return
		}
	}
	present := map[time.Time]int{}
	for i, key := range g.keys {
		present[at(key)] = i
	}
	for i := range g.series {
		values := make([]*float64, len(steps))
		for j, step := range steps {
			if k, ok := present[step.(time.Time)]; ok {
				values[j] = g.series[i].Values[k]
			}
		}
		g.series[i].Values = values
	}
	g.keys = steps
}

func next(t time.Time, grain string) time.Time {
	switch grain {
	case "year":
		return t.AddDate(1, 0, 0)
	case "quarter":
		return t.AddDate(0, 3, 0)
	case "month":
		return t.AddDate(0, 1, 0)
	case "week":
		return t.AddDate(0, 0, 7)
	default:
		return t.AddDate(0, 0, 1)
	}
}

func (g *grid) labels() []string {
	labels := make([]string, len(g.keys))
	for i, key := range g.keys {
		labels[i] = label(key, g.category)
	}
	return labels
}

// label writes a point of time as exactly as its grain asks for.
func label(key any, c Column) string {
	t, ok := moment(key)
	if !ok || !c.Type.IsTime() {
		return text(key)
	}
	switch c.Grain {
	case "year":
		return t.Format("2006")
	case "quarter":
		return fmt.Sprintf("%d Q%d", t.Year(), (int(t.Month())+2)/3)
	case "month":
		return t.Format("2006-01")
	case "week", "day":
		return t.Format(time.DateOnly)
	default:
		return text(key)
	}
}

func at(key any) time.Time {
	t, _ := moment(key)
	return t
}

func moment(key any) (time.Time, bool) {
	if t, ok := key.(time.Time); ok {
		return t, true
	}
	s, _ := key.(string)
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func (g *grid) keep(indexes []int) {
	g.keys = pick(g.keys, indexes)
	for i := range g.series {
		g.series[i].Values = pick(g.series[i].Values, indexes)
	}
}

func pick[T any](from []T, indexes []int) []T {
	picked := make([]T, len(indexes))
	for i, index := range indexes {
		picked[i] = from[index]
	}
	return picked
}

func sum(values []*float64) float64 {
	total := 0.0
	for _, v := range values {
		if v != nil {
			total += math.Abs(*v)
		}
	}
	return total
}
