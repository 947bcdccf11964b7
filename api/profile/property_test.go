package profile_test

import (
	"cmp"
	"encoding/json"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/profile"
)

var columns = []column.Column{
	{No: 1, Type: column.Integer, Payload: column.Ints},
	{No: 2, Type: column.Integer, Payload: column.Int2s},
	{No: 3, Type: column.Integer, Payload: column.Int4s},
	{No: 4, Type: column.Decimal, Scale: 2, Payload: column.Ints},
	{No: 5, Type: column.Decimal, Scale: 18, Payload: column.Ints},
	{No: 6, Type: column.Float, Payload: column.Floats},
	{No: 7, Type: column.Boolean, Payload: column.Ints},
	{No: 8, Type: column.Date, Payload: column.Ints},
	{No: 9, Type: column.Timestamp, Payload: column.Ints},
	{No: 10, Type: column.Text, Payload: column.Codes},
	{No: 11, Type: column.Text, Payload: column.Texts},
	{No: 12, Type: column.Text, Payload: column.Int2s},
	{No: 13, Type: column.Timestamp, Payload: column.Int4s},
	{No: 14, Type: column.Date, Payload: column.Int4s},
}

func generator(of column.Column) *rapid.Generator[any] {
	switch {
	case of.Type == column.Timestamp && of.Payload == column.Int4s:
		return rapid.Map(rapid.Int64Range(math.MinInt32, math.MaxInt32), func(s int64) int64 { return s * 1_000_000 }).AsAny()
	case of.Type == column.Integer && of.Payload == column.Int2s:
		return rapid.OneOf(rapid.Int64Range(-4, 4), rapid.Int64Range(math.MinInt16, math.MaxInt16)).AsAny()
	case of.Type == column.Integer && of.Payload == column.Int4s:
		return rapid.OneOf(rapid.Int64Range(-4, 4), rapid.Int64Range(math.MinInt32, math.MaxInt32)).AsAny()
	case of.Type == column.Integer:
		return rapid.OneOf(rapid.Int64Range(-4, 4), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, 1 << 53, 1<<53 + 1, -999}), rapid.Int64()).AsAny()
	case of.Type == column.Decimal:
		return rapid.OneOf(rapid.Int64Range(-300, 300), rapid.Int64Range(-1e18+1, 1e18-1)).AsAny()
	case of.Type == column.Float:
		return rapid.OneOf(rapid.Float64Range(-10, 10), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, 5e-324, 1e-200, -1e-200, 1e200}),
			rapid.SampledFrom([]float64{math.MaxFloat64, -math.MaxFloat64, 0.1})).AsAny()
	case of.Type == column.Boolean:
		return rapid.Int64Range(0, 1).AsAny()
	case of.Type == column.Date:
		return rapid.OneOf(rapid.Int64Range(-40, 40), rapid.SampledFrom([]int64{-719_162, 2_932_896, -25_567}), rapid.Int64Range(19_000, 20_000)).AsAny()
	case of.Type == column.Timestamp:
		return rapid.OneOf(rapid.Int64Range(-3e12, 3e12), rapid.SampledFrom([]int64{-62_135_596_800_000_000, 253_402_300_799_999_999, -1, 0}),
			rapid.Int64Range(1.6e15, 1.8e15), rapid.Int64Range(-30, 30)).AsAny()
	default:
		return rapid.SampledFrom([]string{"", "a", "A", " a", "a\u00a0", "Ärger", "ärger", "ÄRGER ", "12", "1,200.50", "007", "2024-01-31", "31/1/24", "n/a", "N/A", "-",
			"مرحبا", "日本", "z%", "'; drop table x", strings.Repeat("ö", 201)}).AsAny()
	}
}

// TestProfilesAreWhatANaiveComputationSays, beside the same segments of another organization and columns next to them.
func TestProfilesAreWhatANaiveComputationSays(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	rapid.Check(t, func(t *rapid.T) {
		_, err := conn.Exec(t.Context(), "begin")
		require.NoError(t, err)
		defer conn.Exec(t.Context(), "rollback")
		of := rapid.SampledFrom(columns).Draw(t, "column")
		kinds := []*rapid.Generator[any]{generator(of), generator(of), rapid.Just[any](nil)}
		if rapid.Bool().Draw(t, "a narrow column") {
			few := rapid.SliceOfN(generator(of), 1, 3).Draw(t, "few")
			kinds = append(kinds, rapid.SampledFrom(few), rapid.SampledFrom(few))
		}
		values := rapid.SliceOfN(rapid.OneOf(kinds...), 0, 120).Draw(t, "values")
		v := load(t, conn, of, values)
		stranger := v
		stranger.OrgID[0]++
		store(t, conn, of, rapid.SliceOfN(generator(of), 3, 6).Draw(t, "a stranger's"), stranger)
		beside := of
		beside.No += 20
		store(t, conn, beside, rapid.SliceOfN(generator(of), 3, 6).Draw(t, "beside"), v)
		requireNaive(t, of, slices.DeleteFunc(slices.Clone(values), func(v any) bool { return v == nil }), len(values), compute(t, conn, of, v))
	})
}

func requireNaive(t *rapid.T, of column.Column, values []any, rows int, p profile.Profile) {
	slices.SortFunc(values, compare)
	require.EqualValues(t, len(values), p.Count)
	require.EqualValues(t, rows-len(values), p.NullCount)
	counts := map[any]int64{}
	for _, v := range values {
		if v == 0.0 { // -0 as well
			v = 0.0
		}
		counts[v]++
	}
	require.EqualValues(t, len(counts), p.DistinctCount)
	require.GreaterOrEqual(t, p.Quality.Score, 0)
	if len(values) == 0 {
		require.Equal(t, 0, p.Quality.Score)
		return
	}
	require.Equal(t, shown(of, values[0]), string(p.Min))
	require.Equal(t, shown(of, values[len(values)-1]), string(p.Max))
	requireTop(t, of, counts, p.TopValues)
	switch {
	case of.Type == column.Boolean:
		require.Equal(t, &profile.Booleans{TrueCount: counts[int64(1)], FalseCount: counts[int64(0)]}, p.Booleans)
	case of.Type == column.Text:
		requireTexts(t, values, counts, p.Texts)
	case of.Type.IsTime():
		requireQuantiles(t, of, values, p)
		requireHistogram(t, of, values, p)
		requireTimes(t, of, values, p.Times)
	default:
		requireQuantiles(t, of, values, p)
		requireHistogram(t, of, values, p)
		requireNumbers(t, of, values, p)
	}
}

func compare(a, b any) int {
	switch a := a.(type) {
	case int64:
		return cmp.Compare(a, b.(int64))
	case float64:
		return cmp.Compare(a, b.(float64))
	default:
		return cmp.Compare(a.(string), b.(string))
	}
}

// shown is a stored value as JSON.
func shown(of column.Column, v any) string {
	if i, ok := v.(int64); ok {
		v = of.Cell(i)
	}
	if s, ok := v.(string); ok && utf8.RuneCountInString(s) > 200 {
		v = string([]rune(s)[:200]) + "…"
	}
	if v == 0.0 {
		v = 0.0
	}
	text, _ := json.Marshal(v)
	return string(text)
}

func requireTop(t *rapid.T, of column.Column, counts map[any]int64, top []profile.TopValue) {
	var all []any
	for v, n := range counts {
		if n > 1 || len(counts) <= 10 {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b any) int {
		if n := cmp.Compare(counts[b], counts[a]); n != 0 || of.Type == column.Boolean {
			return cmp.Or(n, compare(a, b))
		}
		return compare(a, b)
	})
	want := []profile.TopValue{}
	for _, v := range all[:min(10, len(all))] {
		want = append(want, profile.TopValue{Value: json.RawMessage(shown(of, v)), Count: counts[v]})
	}
	require.Equal(t, want, top)
}

// exact is a stored number in the column's unit.
func exact(of column.Column, v any) *big.Rat {
	if f, ok := v.(float64); ok {
		return new(big.Rat).SetFloat64(f)
	}
	return new(big.Rat).SetFrac(big.NewInt(v.(int64)), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(of.Scale)), nil))
}

func quantile(of column.Column, values []any, percent int64) *big.Rat {
	at := big.NewRat(int64(len(values)-1)*percent, 100)
	i := int(new(big.Int).Div(at.Num(), at.Denom()).Int64())
	q := exact(of, values[i])
	if of.Type.IsNumber() && i+1 < len(values) {
		rest := new(big.Rat).Sub(at, big.NewRat(int64(i), 1))
		q = new(big.Rat).Add(q, rest.Mul(rest, new(big.Rat).Sub(exact(of, values[i+1]), q)))
	}
	return q
}

// requireNumber: exact for integers and decimals up to the digits that are shown, near for floats.
func requireNumber(t *rapid.T, of column.Column, want *big.Rat, got json.RawMessage) {
	if of.Type == column.Float {
		w, _ := want.Float64()
		var g float64
		require.NoError(t, json.Unmarshal(got, &g))
		require.InDelta(t, w/2, g/2, 1e-9*math.Abs(w)+1e-300)
		return
	}
	r, ok := new(big.Rat).SetString(string(got))
	require.True(t, ok)
	digits := max(12, of.Scale+6)
	require.Equal(t, want.FloatString(digits), r.FloatString(digits))
}

func requireQuantiles(t *rapid.T, of column.Column, values []any, p profile.Profile) {
	q := p.Quantiles
	for percent, got := range map[int64]json.RawMessage{1: q.P1, 5: q.P5, 25: q.P25, 50: q.P50, 75: q.P75, 95: q.P95, 99: q.P99} {
		want := quantile(of, values, percent)
		if of.Type.IsTime() {
			require.Equal(t, shown(of, want.Num().Int64()), string(got))
		} else {
			requireNumber(t, of, want, got)
		}
	}
}

// read turns a shown number or time back into one that can be compared.
func read(t *rapid.T, of column.Column, text json.RawMessage) *big.Rat {
	var s string
	switch {
	case of.Type.IsNumber():
		r, ok := new(big.Rat).SetString(string(text))
		require.True(t, ok, string(text))
		if of.Type == column.Float {
			f, _ := r.Float64()
			r.SetFloat64(f)
		}
		return r
	default:
		require.NoError(t, json.Unmarshal(text, &s))
		layout := map[column.Type]string{column.Date: time.DateOnly, column.Timestamp: time.RFC3339Nano}[of.Type]
		at, err := time.Parse(layout, s)
		if err != nil { // of the year 10000 and later
			return big.NewRat(math.MaxInt64, 1)
		}
		if of.Type == column.Date {
			return big.NewRat(at.Unix()/86_400, 1)
		}
		return big.NewRat(at.UnixMicro(), 1)
	}
}

func requireHistogram(t *rapid.T, of column.Column, values []any, p profile.Profile) {
	h := p.Histogram
	if h == nil {
		require.Equal(t, column.Float, of.Type)
		require.EqualValues(t, 1, p.DistinctCount)
		return
	}
	require.Len(t, h.Counts, len(h.Edges)-1)
	require.NotEmpty(t, h.Counts)
	require.LessOrEqual(t, len(h.Counts), 20)
	var edges []*big.Rat
	for i, e := range h.Edges {
		edges = append(edges, read(t, of, e))
		if i > 0 {
			require.Positive(t, edges[i].Cmp(edges[i-1]), "%s", h.Edges)
		}
	}
	last := edges[len(edges)-1]
	if of.Type == column.Float && p.DistinctCount > 1 {
		if f, _ := last.Float64(); f == math.MaxFloat64 { // there is none above it
			last.SetFloat64(f).Add(last, big.NewRat(1, 1))
		}
	}
	counts, below, above := make([]int64, len(h.Counts)), int64(0), int64(0)
	for _, v := range values {
		x := exact(of, v)
		if of.Type.IsTime() {
			x = big.NewRat(v.(int64), 1)
		}
		switch i := slices.IndexFunc(edges, func(e *big.Rat) bool { return x.Cmp(e) < 0 }); i {
		case 0:
			below++
		case -1:
			above++
		default:
			counts[i-1]++
		}
	}
	require.Equal(t, counts, h.Counts)
	require.Equal(t, below, h.Below)
	require.Equal(t, above, h.Above)
}

func requireNumbers(t *rapid.T, of column.Column, values []any, p profile.Profile) {
	var want profile.Numbers
	want.IntegersOnly = true
	q1, q3 := quantile(of, values, 25), quantile(of, values, 75)
	iqr := new(big.Rat).Sub(q3, q1)
	fence := new(big.Rat).Mul(iqr, big.NewRat(3, 1))
	low, high := new(big.Rat).Sub(q1, fence), new(big.Rat).Add(q3, fence)
	sum := new(big.Rat)
	for _, v := range values {
		x := exact(of, v)
		sum.Add(sum, x)
		want.ZeroCount += btoi(x.Sign() == 0)
		want.NegativeCount += btoi(x.Sign() < 0)
		want.IntegersOnly = want.IntegersOnly && x.IsInt()
		want.OutlierCount += btoi(iqr.Sign() > 0 && (x.Cmp(low) < 0 || x.Cmp(high) > 0))
	}
	require.Equal(t, &want, p.Numbers)
	mean := sum.Quo(sum, big.NewRat(int64(len(values)), 1))
	if of.Type == column.Float {
		var got float64
		require.NoError(t, json.Unmarshal(p.Mean, &got))
		w, _ := mean.Float64()
		largest := max(math.Abs(values[0].(float64)), math.Abs(values[len(values)-1].(float64)))
		require.InDelta(t, w/2, got/2, 1e-9*largest)
	} else {
		requireNumber(t, of, mean, p.Mean)
	}
	requireDeviation(t, of, values, mean, p.StandardDeviation)
}

func requireDeviation(t *rapid.T, of column.Column, values []any, mean *big.Rat, got *float64) {
	if len(values) < 2 {
		require.Nil(t, got)
		return
	}
	squares := new(big.Rat)
	for _, v := range values {
		d := new(big.Rat).Sub(exact(of, v), mean)
		squares.Add(squares, d.Mul(d, d))
	}
	squares.Quo(squares, big.NewRat(int64(len(values)-1), 1))
	want, _ := new(big.Float).Sqrt(new(big.Float).SetPrec(200).SetRat(squares)).Float64()
	if math.IsInf(want, 0) || want > math.MaxFloat64/10 {
		return
	}
	require.NotNil(t, got)
	require.InDelta(t, want, *got, 1e-6*want+1e-150)
}

func btoi(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func requireTimes(t *rapid.T, of column.Column, values []any, got *profile.Times) {
	var days []int64
	present := map[string]bool{}
	for _, v := range values {
		at := time.UnixMicro(v.(int64)).UTC()
		if of.Type == column.Date {
			at = time.Unix(v.(int64)*86_400, 0).UTC()
		}
		present[at.Format("2006-01")] = true
		days = append(days, time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC).Unix()/86_400)
	}
	days = slices.Compact(days)
	require.EqualValues(t, len(days), got.DistinctDays)
	require.Equal(t, days[len(days)-1]-days[0], got.SpanDays)
	date := func(day int64) time.Time { return time.Unix(day*86_400, 0).UTC() }
	missing := []string{}
	n := int64(0)
	first := date(days[0])
	for m := time.Date(first.Year(), first.Month(), 1, 0, 0, 0, 0, time.UTC); !m.After(date(days[len(days)-1])); m = m.AddDate(0, 1, 0) {
		if !present[m.Format("2006-01")] {
			n++
			missing = append(missing, m.Format("2006-01"))
		}
	}
	require.Equal(t, n, got.MissingMonthCount)
	require.Equal(t, missing[:min(24, len(missing))], got.MissingMonths)
	gaps := []profile.Gap{}
	for i := 1; i < len(days); i++ {
		if days[i]-days[i-1] > 1 {
			gaps = append(gaps, profile.Gap{After: date(days[i-1]).Format(time.DateOnly), Before: date(days[i]).Format(time.DateOnly), Days: days[i] - days[i-1]})
		}
	}
	slices.SortStableFunc(gaps, func(a, b profile.Gap) int { return cmp.Compare(b.Days, a.Days) })
	require.Equal(t, gaps[:min(5, len(gaps))], got.LargestGaps)
}

func requireTexts(t *rapid.T, values []any, counts map[any]int64, got *profile.Texts) {
	numbers, dates := []string{"12", "1,200.50"}, []string{"2024-01-31", "31/1/24"}
	want := profile.Texts{MinLength: math.MaxInt64}
	total := int64(0)
	for _, v := range values {
		s := v.(string)
		length := int64(utf8.RuneCountInString(s))
		total += length
		want.MinLength, want.MaxLength = min(want.MinLength, length), max(want.MaxLength, length)
		want.EmptyCount += btoi(s == "")
		want.EdgeSpaceCount += btoi(strings.TrimSpace(s) != s)
		want.NumberLikeCount += btoi(slices.Contains(numbers, s))
		want.DateLikeCount += btoi(slices.Contains(dates, s))
	}
	keys := map[string]int64{}
	for v := range counts {
		keys[strings.ToLower(strings.TrimSpace(v.(string)))]++
	}
	for _, n := range keys {
		want.CaseVariantCount += n - 1
	}
	want.MeanLength = math.Round(float64(total)/float64(len(values))*1000) / 1000
	require.Equal(t, want, *got)
}
