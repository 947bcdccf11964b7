package question

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
)

// period is the time from an instant, which is in it, to one that is not. A zero instant is open.
type period struct{ from, to time.Time }

var (
	yearWord  = regexp.MustCompile(`^[12]\d{3}$`)
	dayWord   = regexp.MustCompile(`^([0-3]?\d)(?:st|nd|rd|th)?$`)
	quarterly = regexp.MustCompile(`^q([1-4])$`)
)

// calendar reads a year, a month, a quarter or a day at the beginning of tokens, and says how many of them it is.
func calendar(tokens []token) (period, int) {
	word := func(i int) string {
		if i < len(tokens) {
			return tokens[i].word
		}
		return ""
	}
	if t, err := time.Parse(time.DateOnly, word(0)); err == nil {
		return period{t, t.AddDate(0, 0, 1)}, 1
	}
	if t, err := time.Parse("2006-01", word(0)); err == nil {
		return period{t, t.AddDate(0, 1, 0)}, 1
	}
	if y, ok := year(word(0)); ok {
		return span(y, 1, 12), 1
	}
	if q := quarterly.FindStringSubmatch(word(0)); q != nil {
		if y, ok := year(word(1)); ok {
			n, _ := strconv.Atoi(q[1])
			return span(y, n*3-2, 3), 2
		}
	}
	return namedMonth(tokens, word)
}

// namedMonth reads "March 2004", "5 March 2004" and "March 5, 2004".
func namedMonth(tokens []token, word func(int) string) (period, int) {
	if m := month(word(0)); m > 0 {
		if y, ok := year(word(1)); ok {
			return span(y, m, 1), 2
		}
		after := 2
		if word(2) == "," {
			after = 3
		}
		if y, ok := year(word(after)); ok {
			return day(y, m, word(1), after+1)
		}
		return period{}, 0
	}
	if m := month(word(1)); m > 0 {
		if y, ok := year(word(2)); ok {
			return day(y, m, word(0), 3)
		}
	}
	return period{}, 0
}

func day(y, m int, word string, n int) (period, int) {
	found := dayWord.FindStringSubmatch(word)
	if found == nil {
		return period{}, 0
	}
	d, _ := strconv.Atoi(found[1])
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if t.Day() != d || int(t.Month()) != m {
		return period{}, 0
	}
	return period{t, t.AddDate(0, 0, 1)}, n
}

// span is some months from the first day of month m on.
func span(y, m, length int) period {
	t := time.Date(y, time.Month(m), 1, 0, 0, 0, 0, time.UTC)
	return period{t, t.AddDate(0, length, 0)}
}

func year(word string) (int, bool) {
	y, err := strconv.Atoi(word)
	return y, err == nil && yearWord.MatchString(word)
}

// month is the number of the month whose name, or the first three letters of whose name, word is; or 0.
func month(word string) int {
	word = strings.TrimSuffix(word, ",")
	for m := range 12 {
		if name := strings.ToLower(time.Month(m + 1).String()); word == name || word == name[:3] || word == "sept" && m == 8 {
			return m + 1
		}
	}
	return 0
}

// filters are the conditions that c, a date, a timestamp or an integer of years, lies in the period.
func (p period) filters(c Column) ([]query.Filter, error) {
	switch c.Type {
	case column.Date:
		return ends(c.Name, quote(p.from), quote(p.to.AddDate(0, 0, -1)), quote(p.to), p), nil
	case column.Timestamp:
		open := ends(c.Name, quote(p.from), "", quote(p.to), period{from: p.from})
		return slices.Concat(open, ends(c.Name, "", "", quote(p.to), period{to: p.to})), nil
	default:
		if !wholeYear(p.from) || !wholeYear(p.to) {
			return nil, fmt.Errorf("%s holds years, without months or days: name whole years", c.Name)
		}
		from, last, to := strconv.Itoa(p.from.Year()), strconv.Itoa(p.to.Year()-1), strconv.Itoa(p.to.Year())
		if from == last {
			return []query.Filter{{Column: c.Name, Op: query.Equal, Value: json.RawMessage(from)}}, nil
		}
		return ends(c.Name, from, last, to, p), nil
	}
}

// ends are the filters for a period whose ends are written from, last (in the period) and to (not in it).
func ends(name, from, last, to string, p period) []query.Filter {
	filter := func(op query.Comparison, value string) []query.Filter {
		return []query.Filter{{Column: name, Op: op, Value: json.RawMessage(value)}}
	}
	switch {
	case p.from.IsZero() && p.to.IsZero():
		return nil
	case p.to.IsZero():
		return filter(query.GreaterOrEqual, from)
	case p.from.IsZero():
		return filter(query.Less, to)
	case from == last:
		return filter(query.Equal, from)
	default:
		return filter(query.Between, "["+from+","+last+"]")
	}
}

func wholeYear(t time.Time) bool { return t.IsZero() || t.YearDay() == 1 }

func quote(t time.Time) string { return `"` + t.Format(time.DateOnly) + `"` }
