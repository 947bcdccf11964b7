package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
)

// Figure is a measured value and the goal that it is held against.
type Figure struct {
	Name  string   `json:"name"`
	Value *float64 `json:"value"` // null: not measured
	Unit  string   `json:"unit"`
	Goal  string   `json:"goal"`
	Holds *bool    `json:"holds"`
	Note  string   `json:"note,omitempty"` // what a ratio is of; why there is no value
}

// goal is a bound.
type goal struct {
	sign  string // ≥ or ≤
	bound float64
}

func (g goal) String() string { return g.sign + " " + number(g.bound) }

func (g goal) holds(value float64) bool {
	if g.sign == "≥" {
		return value >= g.bound
	}
	return value <= g.bound
}

func figure(name string, value float64, unit string, g goal, note string) Figure {
	return Figure{Name: name, Value: new(value), Unit: unit, Goal: g.String(), Holds: new(g.holds(value)), Note: note}
}

func notMeasured(name, unit string, g goal, why string) Figure {
	return Figure{Name: name, Unit: unit, Goal: g.String(), Note: why}
}

// pair is one sample of each side.
type pair struct{ ours, theirs float64 }

type pairs []pair

// ratio is the median of the pairs' ratios.
func (p pairs) ratio() float64 {
	ratios := make([]float64, len(p))
	for i, s := range p {
		ratios[i] = s.ours / s.theirs
	}
	return median(ratios)
}

// note says what the ratio is of: medians, and the range of the pairs' ratios.
func (p pairs) note(unit string) string {
	var ours, theirs, ratios []float64
	for _, s := range p {
		ours, theirs, ratios = append(ours, s.ours), append(theirs, s.theirs), append(ratios, s.ours/s.theirs)
	}
	return fmt.Sprintf("%s : %s %s, %d pairs, %s–%s", number(median(ours)), number(median(theirs)), unit, len(p),
		number(slices.Min(ratios)), number(slices.Max(ratios)))
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func geometricMean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}

// number is v with three significant digits, or whole.
func number(v float64) string {
	switch abs := math.Abs(v); {
	case abs >= 100:
		return fmt.Sprintf("%.0f", v)
	case abs >= 10:
		return fmt.Sprintf("%.1f", v)
	case abs >= 0.1 || v == 0:
		return fmt.Sprintf("%.2f", v)
	default:
		return fmt.Sprintf("%.4f", v)
	}
}

func write(w io.Writer, format string, figures []Figure) error {
	if format == "json" {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(figures)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tfigure\tvalue\tgoal\t")
	for _, f := range figures {
		value, mark := "not measured", " "
		if f.Value != nil {
			value = number(*f.Value) + " " + f.Unit
		}
		if f.Holds != nil {
			mark = map[bool]string{true: "✔", false: "✘"}[*f.Holds]
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", mark, f.Name, value, f.Goal, f.Note)
	}
	return table.Flush()
}
