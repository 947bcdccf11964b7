package profile

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/insightforge/insightforge/api/column"
)

// Quality is 100 less the points of all reasons, and no less than 0.
type Quality struct {
	Score   int      `json:"score" minimum:"0" maximum:"100" doc:"100 less the points of all reasons, and no less than 0"`
	Reasons []Reason `json:"reasons" nullable:"false" doc:"The costliest first"`
}

// Reason is something that an analyst would look into.
type Reason struct {
	Code     string `json:"code" enum:"empty,missing_values,missing_words,empty_texts,constant,case_variants,edge_spaces,nearly_unique,numbers_as_text,dates_as_text,outliers,placeholder_number,placeholder_date,future_dates,missing_months" example:"missing_values"`
	Sentence string `json:"sentence" example:"2,013 of 10,000 values are missing (20.1 %)."`
	Points   int    `json:"points" minimum:"1" maximum:"100"`
}

// What a reason costs. A share is of the values that are not null, that of missing ones of the rows.
//
//	empty               there is no value                                                   100
//	missing_values      nulls, from 1 % of the rows                                         40 × share, rounded up
//	empty_texts         texts without a character, from 1 %                                 40 × share
//	missing_words       texts such as "n/a", "-" or "unknown", each at most half of all     40 × share, at most 10
//	constant            two values or more, all the same                                    30
//	case_variants       values that differ from a more frequent one in case or outer space  5 + 20 × share, at most 20
//	edge_spaces         texts that begin or end in white space                              3 + 10 × share
//	nearly_unique       text, 98 % or more of at least 50 values distinct, but not all      5
//	numbers_as_text     half of the texts or more read as numbers                           15
//	dates_as_text       half of the texts or more read as dates                             15
//	outliers            numbers beyond 3 × IQR, at most 5 % (more are a long tail), other   2 + 100 × share
//	                    than placeholders
//	placeholder_number  ±99, ±999, …: the least or greatest value, an outlier, three times  10
//	placeholder_date    year 1, 1900, 1970, 9999: far from the others, or far more often    10
//	future_dates        after the day of publishing, unless they are half of all            5 + 20 × share
//	missing_months      up to a quarter of at least 6 months have no values                 5
func (c *computation) judge() Quality {
	j := &judgement{computation: c, reasons: []Reason{}}
	if c.profile.Count == 0 {
		j.cost(100, "empty", "There are no values.")
	} else {
		j.all()
		switch {
		case c.column.Type == column.Text:
			j.texts()
		case c.column.Type.IsNumber():
			j.numbers()
		case c.column.Type.IsTime():
			j.times()
		}
	}
	slices.SortStableFunc(j.reasons, func(a, b Reason) int { return b.Points - a.Points })
	q := Quality{Score: 100, Reasons: j.reasons}
	for _, r := range j.reasons {
		q.Score = max(q.Score-r.Points, 0)
	}
	return q
}

type judgement struct {
	*computation
	reasons []Reason
}

func (j *judgement) cost(points int, code, sentence string, args ...any) {
	j.reasons = append(j.reasons, Reason{code, fmt.Sprintf(sentence, args...), points})
}

// part is base and, rounded up, a part of whole points.
func part(base, whole int, share float64) int { return base + int(math.Ceil(float64(whole)*share)) }

func (j *judgement) share(n int64) float64 { return float64(n) / float64(j.profile.Count) }

func (j *judgement) all() {
	p := j.profile
	rows := p.Count + p.NullCount
	if missing := float64(p.NullCount) / float64(rows); missing >= 0.01 {
		j.cost(part(0, 40, missing), "missing_values", "%s of %s values are missing (%s).", thousands(p.NullCount), thousands(rows), percent(missing))
	}
	if p.DistinctCount == 1 && p.Count > 1 {
		j.cost(30, "constant", "All values are the same: %s.", p.Min)
	}
}

func (j *judgement) texts() {
	p, t, f := j.profile, j.profile.Texts, j.text
	if empty := j.share(t.EmptyCount); empty >= 0.01 && p.DistinctCount > 1 {
		j.cost(part(0, 40, empty), "empty_texts", "%s texts are empty, but not null (%s).", thousands(t.EmptyCount), percent(empty))
	}
	if n, words := j.missingWords(); n > 0 {
		j.cost(min(part(0, 40, j.share(n)), 10), "missing_words", "%s (%s) seem to say that there is no value: %s.", plural(n, "text", "texts"), percent(j.share(n)), words)
	}
	if f.Variants > 0 {
		j.cost(min(part(5, 20, j.share(f.VariantRows)), 20), "case_variants", "%s from a more frequent one in case or outer spaces only, such as %s from %s.",
			plural(f.Variants, "value differs", "values differ"), quoted(f.VariantExamples[1]), quoted(f.VariantExamples[0]))
	}
	if t.EdgeSpaceCount > 0 {
		j.cost(part(3, 10, j.share(t.EdgeSpaceCount)), "edge_spaces", "%s in white space (%s).",
			plural(t.EdgeSpaceCount, "text begins or ends", "texts begin or end"), percent(j.share(t.EdgeSpaceCount)))
	}
	if repeated := p.Count - p.DistinctCount; p.Count >= 50 && repeated > 0 && j.share(repeated) <= 0.02 {
		j.cost(5, "nearly_unique", "%s another one in a column that is unique otherwise: is it an identifier with duplicates?", plural(repeated, "value repeats", "values repeat"))
	}
	j.otherTypes()
}

// missingWords are those with the most first. NA is Namibia where no text is longer than a code, and what most texts are, such as
// the damage "None", is an answer.
func (j *judgement) missingWords() (n int64, words string) {
	var shown []string
	for _, w := range j.text.Missing {
		if strings.EqualFold(w.word, "na") && j.text.MaxLength <= 3 || j.share(w.n) > 0.5 {
			continue
		}
		n += w.n
		if q := quoted(w.word); len(shown) < 3 && !slices.Contains(shown, q) {
			shown = append(shown, q)
		}
	}
	return n, strings.Join(shown, ", ")
}

func (j *judgement) otherTypes() {
	f := j.text
	code, what, n := "numbers_as_text", "numbers", f.Numbers
	if f.Dates > n {
		code, what, n = "dates_as_text", "dates", f.Dates
	}
	if j.share(n) < 0.5 {
		return
	}
	others := "" // of what the type was given for, there may be none
	if len(f.Others) > 0 {
		texts := make([]string, len(f.Others))
		for i, o := range f.Others {
			texts[i] = quoted(o)
		}
		others = "; others are " + strings.Join(texts, ", ")
	}
	j.cost(15, code, "%s of %s texts read as %s%s.", thousands(n), thousands(j.profile.Count), what, others)
}

func (j *judgement) numbers() {
	n, explained := j.profile.Numbers.OutlierCount, int64(0)
	if n == 0 {
		return
	}
	for _, end := range []struct {
		value *big.Rat
		shown json.RawMessage
		count int64
		out   bool
	}{{j.min, j.profile.Min, j.minCount, j.min.Cmp(j.low) < 0}, {j.max, j.profile.Max, j.maxCount, j.max.Cmp(j.high) > 0}} {
		if digits := strings.TrimLeft(string(end.shown), "-"); end.out && end.count >= 3 && len(digits) >= 2 && strings.Trim(digits, "9") == "" {
			j.cost(10, "placeholder_number", "%s occurs %s times, far from the other values: does it stand for a missing one?", end.shown, thousands(end.count))
			explained += end.count
		}
	}
	if share := j.share(n); share <= 0.05 && n > explained {
		j.cost(part(2, 100, share), "outliers", "%s more than 3 interquartile ranges beyond the quartiles %s and %s (%s); the extremes are %s and %s.",
			plural(n, "value is", "values are"), short(j.profile.Quantiles.P25), short(j.profile.Quantiles.P75), percent(share), short(j.profile.Min), short(j.profile.Max))
	}
}

func (j *judgement) times() {
	t := j.profile.Times
	for _, p := range j.placeholders {
		if j.isPlaceholder(p[0], p[1]) {
			j.cost(10, "placeholder_date", "%s occurs %s: does it stand for a missing date?", dayText(p[0]), plural(p[1], "time", "times"))
		}
	}
	if share := j.share(j.future); share > 0 && share < 0.5 {
		j.cost(part(5, 20, share), "future_dates", "%s after %s, when the data was published.", plural(j.future, "value is", "values are"), j.published.UTC().Format(time.DateOnly))
	}
	months := int64(monthOf(j.instant(j.max.Num().Int64()))-monthOf(j.instant(j.min.Num().Int64()))) + 1
	if months >= 6 && t.MissingMonthCount > 0 && 4*t.MissingMonthCount <= months {
		j.cost(5, "missing_months", "%s of %s months have no values, the first of them %s.", thousands(t.MissingMonthCount), thousands(months), t.MissingMonths[0])
	}
}

// isPlaceholder tells whether a suspicious day is more than five times as frequent as days are, or the first or last one
// and more than two years from the next.
func (j *judgement) isPlaceholder(day, n int64) bool {
	t := j.profile.Times
	if t.DistinctDays > 1 && n >= 5 && n*t.DistinctDays > 5*j.profile.Count {
		return true
	}
	text := dayText(day)
	first, last := dayText(dayOf(j.instant(j.min.Num().Int64()))), dayText(dayOf(j.instant(j.max.Num().Int64())))
	return slices.ContainsFunc(t.LargestGaps, func(g Gap) bool {
		return g.Days > 730 && (g.After == text && text == first || g.Before == text && text == last)
	})
}

// short keeps the digits before the point, and six at least.
func short(number json.RawMessage) string {
	f, err := strconv.ParseFloat(string(number), 64)
	if whole, _, found := strings.Cut(string(number), "."); err != nil || !found || len(whole) > 6 {
		return whole
	}
	return strconv.FormatFloat(f, 'g', 6, 64)
}

func quoted(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		text = string(runes[:40]) + "…"
	}
	return strconv.Quote(text)
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

func percent(share float64) string {
	switch {
	case share < 0.001:
		return "less than 0.1 %"
	case share > 0.999 && share < 1:
		return "more than 99.9 %"
	default:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", share*100), ".0") + " %"
	}
}

func thousands(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
