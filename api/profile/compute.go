package profile

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
)

// computation is a profile on its way, and what only the judgement of it needs.
type computation struct {
	ctx       context.Context
	run       Run
	version   query.Version
	column    column.Column
	published time.Time
	profile   Profile

	chunkMin, chunkMax *int64
	sample             int64 // distinct values of the first chunk

	minCount, maxCount int64       // of the least and the greatest value
	min, max           *big.Rat    // as stored
	low, high          *big.Rat    // likewise: outliers are beyond them
	bulk               [2]*big.Rat // within low and high, and not farther beyond the 5 and 95 % than the median is from them
	fenced             bool        // there may be outliers
	future             int64
	placeholders       [][2]int64 // day and count
	text               textFacts
}

// sampled is about how many values the sample is of.
func (c *computation) sampled() int64 { return min(c.profile.Count, 16_384) }

// ask runs a statement that returns one JSON value.
func (c *computation) ask(s *statement, sql string, into any) error {
	rows, err := c.run(c.ctx, sql, s.args...)
	if err != nil {
		return err
	}
	if len(rows) != 1 {
		return fmt.Errorf("a profile of %d rows", len(rows))
	}
	d := json.NewDecoder(bytes.NewReader(rows[0]))
	d.UseNumber()
	return d.Decode(into)
}

func (c *computation) counts() error {
	var facts struct {
		Count, Nulls, Sample int64
		Min, Max             *int64
	}
	s := c.statement()
	if err := c.ask(s, s.counts(), &facts); err != nil {
		return err
	}
	c.profile.Count, c.profile.NullCount = facts.Count, facts.Nulls
	c.chunkMin, c.chunkMax, c.sample = facts.Min, facts.Max, facts.Sample
	return nil
}

func (c *computation) values() error {
	switch c.column.Type {
	case column.Boolean:
		return c.booleans()
	case column.Text:
		return c.texts()
	default:
		return c.quantities()
	}
}

func (c *computation) booleans() error {
	var groups [][2]int64
	s := c.statement()
	if err := c.ask(s, s.booleans(), &groups); err != nil {
		return err
	}
	p, b := &c.profile, &Booleans{}
	for _, g := range groups {
		p.TopValues = append(p.TopValues, TopValue{c.value(g[0]), g[1]})
		if g[0] != 0 {
			b.TrueCount = g[1]
		} else {
			b.FalseCount = g[1]
		}
	}
	p.DistinctCount, p.Booleans = int64(len(groups)), b
	p.Min, p.Max = shown(b.FalseCount == 0), shown(b.TrueCount > 0)
	return nil
}

// value is a stored integer as it is shown.
func (c *computation) value(stored int64) json.RawMessage { return shown(c.column.Cell(stored)) }

func shown(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // no value of a column is infinite
	}
	return text
}

// shift is near to the values where their distances to it are integers of 64 bits.
func (c *computation) shift() int64 {
	if c.chunkMin != nil && c.chunkMax != nil && *c.chunkMax-*c.chunkMin >= 0 {
		return *c.chunkMin
	}
	return 0
}

// summary and groups are what the statements of these names return.
type summary struct {
	Min, Max                 json.Number
	Ranks                    []json.Number
	Zeros, Negatives, Broken int64
	Sum                      json.Number
	Mean, Deviation          *float64
	SmallMean                *float64 `json:"small_mean"`
	SmallDeviation           *float64 `json:"small_deviation"`
}

type groups struct {
	Distinct, Outliers int64
	Bins               [][2]int64
	Top                [][2]json.Number
	MinCount           int64 `json:"min_count"`
	MaxCount           int64 `json:"max_count"`

	Days, Future       int64
	MonthCount         int64 `json:"month_count"`
	Placeholders, Gaps [][2]int64
	Months             []int64
}

// quantities profiles numbers and times: first their order and their sums, then their groups, whose histogram needs edges.
func (c *computation) quantities() error {
	var sums summary
	s := c.statement()
	if err := c.ask(s, s.summary(c.fractions()), &sums); err != nil {
		return err
	}
	c.order(sums)
	if c.column.Type.IsNumber() {
		c.profile.Numbers = &Numbers{ZeroCount: sums.Zeros, NegativeCount: sums.Negatives, IntegersOnly: sums.Broken == 0}
		c.moments(sums)
	}
	bins := c.bins()
	var g groups
	s = c.statement()
	if err := c.ask(s, s.grouped(bins), &g); err != nil {
		return err
	}
	c.take(g, bins)
	return nil
}

func (c *computation) take(g groups, bins []*big.Rat) {
	p := &c.profile
	p.DistinctCount, c.minCount, c.maxCount = g.Distinct, g.MinCount, g.MaxCount
	for _, t := range g.Top {
		n, _ := t[1].Int64()
		p.TopValues = append(p.TopValues, TopValue{c.render(rational(t[0])), n})
	}
	p.Histogram = c.histogram(bins, g.Bins)
	if p.Numbers != nil {
		p.Numbers.OutlierCount = g.Outliers
	} else {
		c.future, c.placeholders = g.Future, g.Placeholders
		p.Times = c.times(g)
	}
}

// rational reads a number that is stored: exactly, be it an integer or a float.
func rational(n json.Number) *big.Rat {
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		panic("not a number: " + n.String())
	}
	return r
}

func power(scale int) *big.Rat {
	return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
}

// render shows a number as stored, or the nearest that the column's type can show.
func (c *computation) render(stored *big.Rat) json.RawMessage {
	if c.column.Payload == column.Floats {
		f, _ := stored.Float64()
		return shown(min(max(f, -math.MaxFloat64), math.MaxFloat64))
	}
	if c.column.Type.IsTime() {
		return c.value(floor(stored).Int64())
	}
	return c.number(stored, max(12, c.column.Scale+6))
}

// number shows a stored number of integers or decimals with at most so many digits after the point.
func (c *computation) number(stored *big.Rat, digits int) json.RawMessage {
	text := new(big.Rat).Quo(stored, power(c.column.Scale)).FloatString(digits)
	text = string(bytes.TrimRight(bytes.TrimRight([]byte(text), "0"), "."))
	if text == "-0" || text == "" {
		text = "0"
	}
	return json.RawMessage(text)
}

// floor works because big.Int.Div rounds towards negative infinity for a positive divisor, which a Rat's always is.
func floor(x *big.Rat) *big.Int { return new(big.Int).Div(x.Num(), x.Denom()) }

func ceil(x *big.Rat) *big.Int { return new(big.Int).Neg(floor(new(big.Rat).Neg(x))) }

var percents = []int64{1, 5, 25, 50, 75, 95, 99}

// fractions ask percentile_disc for the two values next to each quantile. Half a rank more than its own keeps a rank from being
// rounded to another.
func (c *computation) fractions() []float64 {
	var fractions []float64
	n := c.profile.Count
	for _, p := range percents {
		rank := (n - 1) * p / 100
		for _, k := range []int64{rank, min(rank+1, n-1)} {
			fractions = append(fractions, (float64(k)+0.5)/float64(n))
		}
	}
	return fractions
}

// order tells the extremes and quantiles, and where outliers begin.
func (c *computation) order(sums summary) {
	p, quantiles := &c.profile, make([]*big.Rat, len(percents))
	for i, percent := range percents {
		below, above := rational(sums.Ranks[2*i]), rational(sums.Ranks[2*i+1])
		quantiles[i] = below
		if c.column.Type.IsNumber() {
			rest := big.NewRat((p.Count-1)*percent%100, 100)
			quantiles[i] = new(big.Rat).Add(below, rest.Mul(rest, new(big.Rat).Sub(above, below)))
		}
	}
	c.min, c.max = rational(sums.Min), rational(sums.Max)
	p.Min, p.Max = c.render(c.min), c.render(c.max)
	p.Quantiles = &Quantiles{c.render(quantiles[0]), c.render(quantiles[1]), c.render(quantiles[2]), c.render(quantiles[3]),
		c.render(quantiles[4]), c.render(quantiles[5]), c.render(quantiles[6])}
	c.low, c.high = c.min, c.max
	if range3 := new(big.Rat).Sub(quantiles[4], quantiles[2]); range3.Sign() > 0 {
		range3.Mul(range3, big.NewRat(3, 1))
		c.low, c.high, c.fenced = new(big.Rat).Sub(quantiles[2], range3), new(big.Rat).Add(quantiles[4], range3), true
		if c.column.Payload != column.Floats {
			c.low = new(big.Rat).SetInt(ceil(c.low)) // what is less than the fence is less than the next integer
		}
		c.bulk = [2]*big.Rat{greater(c.low, mirrored(quantiles[3], quantiles[1])), lesser(c.high, mirrored(quantiles[3], quantiles[5]))}
	}
}

// mirrored is as far beyond x as the center is on this side of it.
func mirrored(center, x *big.Rat) *big.Rat {
	twice := new(big.Rat).Add(x, x)
	return twice.Sub(twice, center)
}

// moments are mean and deviation. Those of floats that are too large for their squares come from smaller ones. The last digits of a
// sum of floats depend on the order in which the database reads chunks, so 12 are kept.
func (c *computation) moments(sums summary) {
	p, factor := &c.profile, 1.0
	mean, deviation := sums.Mean, sums.Deviation
	switch {
	case c.column.Type != column.Float:
		sum := rational(sums.Sum)
		p.Mean = c.render(sum.Quo(sum, new(big.Rat).SetInt64(p.Count)))
		factor, _ = new(big.Rat).Inv(power(c.column.Scale)).Float64()
	case max(math.Abs(number64(sums.Min)), math.Abs(number64(sums.Max))) >= 1e140:
		mean, deviation, factor = sums.SmallMean, sums.SmallDeviation, 1e180
		fallthrough
	default:
		p.Mean = shown(min(max(rounded(*mean*factor), number64(sums.Min)), number64(sums.Max)))
	}
	if deviation != nil && !math.IsInf(*deviation*factor, 0) {
		scaled := rounded(*deviation * factor)
		p.StandardDeviation = &scaled
	}
}

func rounded(f float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 12, 64), 64) // beyond the largest float it is infinite
	return r
}

func number64(n json.Number) float64 {
	f, _ := n.Float64()
	return f
}

func (c *computation) times(g groups) *Times {
	first, last := c.instant(c.min.Num().Int64()), c.instant(c.max.Num().Int64())
	t := &Times{DistinctDays: g.Days, LargestGaps: []Gap{}, MissingMonths: []string{}}
	t.SpanDays = dayOf(last) - dayOf(first)
	t.MissingMonthCount = int64(monthOf(last)-monthOf(first)) + 1 - g.MonthCount
	for _, gap := range g.Gaps {
		t.LargestGaps = append(t.LargestGaps, Gap{dayText(gap[0]), dayText(gap[1]), gap[1] - gap[0]})
	}
	for i := 1; i < len(g.Months); i++ {
		for m := g.Months[i-1] + 1; m < g.Months[i] && len(t.MissingMonths) < 24; m++ {
			t.MissingMonths = append(t.MissingMonths, fmt.Sprintf("%04d-%02d", m/12, m%12+1))
		}
	}
	return t
}

func dayOf(t time.Time) int64 { return t.Truncate(24*time.Hour).Unix() / 86_400 }
func monthOf(t time.Time) int { return t.Year()*12 + int(t.Month()) - 1 }

func dayText(day int64) string { return time.Unix(day*86_400, 0).UTC().Format(time.DateOnly) }

type textFacts struct {
	Distinct, Empty, Edges, Numbers, Dates int64
	MinLength                              int64 `json:"min_length"`
	MaxLength                              int64 `json:"max_length"`
	Characters                             json.Number
	Min, Max                               string
	Others                                 []string
	Missing, Top                           []wordCount
	Variants                               int64
	VariantRows                            int64    `json:"variant_rows"`
	VariantExamples                        []string `json:"variant_examples"`
}

type wordCount struct {
	word string
	n    int64
}

// UnmarshalJSON reads a pair.
func (w *wordCount) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&w.word, &w.n})
}

func (c *computation) texts() error {
	s := c.statement()
	f := &c.text
	if err := c.ask(s, s.texts(), f); err != nil {
		return err
	}
	p := &c.profile
	p.DistinctCount, p.Min, p.Max = f.Distinct, shown(cut(f.Min)), shown(cut(f.Max))
	mean, _ := new(big.Rat).Quo(rational(f.Characters), new(big.Rat).SetInt64(p.Count)).Float64()
	p.Texts = &Texts{MinLength: f.MinLength, MeanLength: math.Round(mean*1000) / 1000, MaxLength: f.MaxLength, EmptyCount: f.Empty, EdgeSpaceCount: f.Edges,
		NumberLikeCount: f.Numbers, DateLikeCount: f.Dates, CaseVariantCount: f.Variants}
	for _, t := range f.Top {
		p.TopValues = append(p.TopValues, TopValue{shown(cut(t.word)), t.n})
	}
	return nil
}

// cut marks a text of which the database has sent one character too many.
func cut(text string) string {
	if utf8.RuneCountInString(text) <= maxShown {
		return text
	}
	return string([]rune(text)[:maxShown]) + "…"
}
