package profile

import (
	"encoding/json"
	"math"
	"math/big"
	"math/bits"
	"time"

	"github.com/insightforge/insightforge/api/column"
)

const maxBins = 20

// wantedBins are few for few values: half more than by Sturges' rule, as round steps make them fewer.
func (c *computation) wantedBins() int {
	return min(max((bits.Len64(uint64(c.profile.Count))+1)*3/2, 6), maxBins)
}

// bins are the edges of a histogram from about the least to the greatest value, as stored; the last one is above it. What is far from the bulk of
// the values is left out where it would take more than a third.
func (c *computation) bins() []*big.Rat {
	low, high := c.min, c.max
	if c.fenced {
		first, last := greater(low, c.bulk[0]), lesser(high, c.bulk[1])
		outer, inner := new(big.Rat).Sub(high, low), new(big.Rat).Sub(last, first)
		if outer.Cmp(inner.Mul(inner, big.NewRat(3, 2))) > 0 {
			low, high = first, last
		}
	}
	if c.column.Type.IsTime() {
		return c.timeBins(floor(low).Int64(), floor(high).Int64())
	}
	least := big.NewRat(1, 1)
	if c.column.Payload == column.Floats {
		least = nil
	}
	return numberBins(low, high, least, c.wantedBins())
}

func greater(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) < 0 {
		return b
	}
	return a
}

func lesser(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) < 0 {
		return a
	}
	return b
}

// numberBins are multiples of 1, 2 or 5 times a power of ten; of integers, of no less than least. Where no more than maxBins
// integers are possible, each has a bin.
func numberBins(low, high, least *big.Rat, wanted int) []*big.Rat {
	span := new(big.Rat).Sub(high, low)
	if span.Sign() == 0 {
		if least == nil {
			return nil // one float: nothing says how wide its bin would be
		}
		return []*big.Rat{low, new(big.Rat).Add(low, least)}
	}
	step := niceStep(new(big.Rat).Quo(span, big.NewRat(int64(wanted-1), 1)))
	if least != nil && (step.Cmp(least) < 0 || span.Cmp(big.NewRat(maxBins, 1)) < 0) {
		step = least
	}
	edge := new(big.Rat).SetInt(floor(new(big.Rat).Quo(low, step)))
	edge.Mul(edge, step)
	edges := []*big.Rat{edge}
	for edge.Cmp(high) <= 0 {
		edge = new(big.Rat).Add(edge, step)
		edges = append(edges, edge)
	}
	return edges
}

// niceStep is the next 1, 2 or 5 times a power of ten.
func niceStep(least *big.Rat) *big.Rat {
	f := new(big.Float).SetRat(least)
	exponent := int(math.Floor(float64(f.MantExp(nil)-1)*math.Log10(2))) - 1 // not more than that of least
	step := power(max(exponent, 0))
	if exponent < 0 {
		step.Inv(power(-exponent))
	}
	for i := 0; step.Cmp(least) < 0; i++ {
		step.Mul(step, []*big.Rat{big.NewRat(2, 1), big.NewRat(5, 2), big.NewRat(2, 1)}[i%3])
	}
	return step
}

// unit is a step of the calendar.
type unit struct {
	floor func(time.Time) time.Time
	next  func(time.Time) time.Time
	fine  bool // less than a day
}

var units = func() (units []unit) {
	for _, d := range []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute,
		30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour} {
		// Truncate counts from Monday, 1 January of the year 1.
		units = append(units, unit{func(t time.Time) time.Time { return t.Truncate(d) }, func(t time.Time) time.Time { return t.Add(d) }, d < 24*time.Hour})
	}
	for _, m := range []int{1, 3, 6, 12, 24, 60, 120, 240, 600, 1_200, 2_400, 6_000, 12_000, 24_000, 60_000} {
		units = append(units, unit{func(t time.Time) time.Time {
			months := monthOf(t)
			return time.Date(0, time.Month(months-months%m+1), 1, 0, 0, 0, 0, time.UTC)
		}, func(t time.Time) time.Time { return t.AddDate(0, m, 0) }, false})
	}
	return units
}()

// timeBins are steps of the calendar, the first that need no more bins than are wanted.
func (c *computation) timeBins(low, high int64) []*big.Rat {
	first, last := c.instant(low), c.instant(high)
	if c.column.Type == column.Timestamp && high-low < 10_000_000 { // microseconds
		return numberBins(big.NewRat(low, 1), big.NewRat(high, 1), big.NewRat(1, 1), c.wantedBins())
	}
	for _, u := range units {
		if u.fine && c.column.Type == column.Date {
			continue
		}
		if edges := u.edges(first, last, c.wantedBins()); edges != nil {
			bins := make([]*big.Rat, len(edges))
			for i, e := range edges {
				bins[i] = big.NewRat(c.stored(e), 1)
			}
			return bins
		}
	}
	return nil
}

// edges are nil where they would be for more than so many bins.
func (u unit) edges(first, last time.Time, bins int) []time.Time {
	edges := []time.Time{u.floor(first)}
	for !edges[len(edges)-1].After(last) {
		if len(edges) > bins {
			return nil
		}
		edges = append(edges, u.next(edges[len(edges)-1]))
	}
	return edges
}

func (c *computation) instant(stored int64) time.Time {
	if c.column.Type == column.Date {
		return time.Unix(stored*86_400, 0).UTC()
	}
	return time.UnixMicro(stored).UTC()
}

func (c *computation) stored(t time.Time) int64 {
	if c.column.Type == column.Date {
		return t.Unix() / 86_400
	}
	return t.UnixMicro()
}

// parameter is a number as stored, in the type of the column's array; beyond it, the last one there is.
func (c *computation) parameter(x *big.Rat) any {
	if c.column.Payload == column.Floats {
		f, _ := x.Float64()
		return min(max(f, -math.MaxFloat64), math.MaxFloat64)
	}
	switch i := floor(x); {
	case i.IsInt64():
		return i.Int64()
	case i.Sign() < 0:
		return int64(math.MinInt64)
	default:
		return int64(math.MaxInt64)
	}
}

// parameters are the edges without those that no stored value reaches: the first bin then begins with the least value that there
// can be, and the last one is what the database counts after the last edge.
func (c *computation) parameters(edges []*big.Rat) any {
	if c.column.Payload == column.Floats {
		floats := []float64{}
		for _, e := range edges {
			if f, _ := e.Float64(); !math.IsInf(f, 1) {
				floats = append(floats, max(f, -math.MaxFloat64))
			}
		}
		return floats
	}
	ints := []int64{}
	for _, e := range edges {
		if i := floor(e); i.IsInt64() || i.Sign() < 0 {
			ints = append(ints, c.parameter(e).(int64))
		}
	}
	return ints
}

func (c *computation) histogram(edges []*big.Rat, bins [][2]int64) *Histogram {
	if len(edges) == 0 {
		return nil
	}
	h := &Histogram{Edges: make([]json.RawMessage, len(edges)), Counts: make([]int64, len(edges)-1)}
	for i, e := range edges {
		h.Edges[i] = c.render(e)
	}
	for _, bin := range bins {
		switch i := int(bin[0]); {
		case i == 0:
			h.Below += bin[1]
		case i >= len(edges):
			h.Above += bin[1]
		default:
			h.Counts[i-1] += bin[1]
		}
	}
	return h.trimmed()
}

// trimmed has no empty bins at an end beyond which there are values.
func (h *Histogram) trimmed() *Histogram {
	for h.Below > 0 && len(h.Counts) > 1 && h.Counts[0] == 0 {
		h.Edges, h.Counts = h.Edges[1:], h.Counts[1:]
	}
	for last := len(h.Counts) - 1; h.Above > 0 && last > 0 && h.Counts[last] == 0; last-- {
		h.Edges, h.Counts = h.Edges[:last+1], h.Counts[:last]
	}
	return h
}

// placeholderDays are what programs write for a date that they do not have: the years 1, 1900, 1970 and 9999, and day 0 of spreadsheets.
var placeholderDays = func() (days []int64) {
	for _, day := range []string{"0001-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01", "9999-12-31"} {
		t, err := time.Parse(time.DateOnly, day)
		if err != nil {
			panic(err)
		}
		days = append(days, t.Unix()/86_400)
	}
	return days
}()
