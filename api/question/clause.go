package question

import (
	"fmt"
	"strconv"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
)

var small = map[string]int{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}

// limit reads "top 5", "bottom 3" and "limit 10".
func (p *parser) limit() bool {
	word := p.peek(0)
	if word != "top" && word != "bottom" && word != "limit" {
		return false
	}
	n, err := strconv.Atoi(p.peek(1))
	if err != nil {
		n = small[p.peek(1)]
	}
	if n < 1 || n > query.MaxLimit {
		p.refuse(2, fmt.Sprintf(`write "%s" with a number from 1 to %d`, word, query.MaxLimit))
		return true
	}
	if p.spec.Limit != 0 {
		p.refuse(2, "give one limit")
		return true
	}
	p.at += 2
	p.spec.Limit = n
	if word != "limit" {
		p.order, p.ranked = &ranking{word == "top"}, true
	}
	return true
}

// sorting is an order by what a name in the question stands for.
type sorting struct {
	column string
	op     query.Op // empty if the question names none
	desc   bool
}

// sorted reads "descending" and "sorted by average wind descending".
func (p *parser) sorted() bool {
	if p.direction() {
		return true
	}
	if !p.accept("sorted by", "sort by", "ordered by", "order by") {
		return false
	}
	var s sorting
	for _, a := range aggregates {
		if n := p.next(a.phrase); n > 0 && !p.startsName() {
			s.op = a.op
			p.at += n
			break
		}
	}
	columns, n := p.named(p.rest())
	switch {
	case len(columns) > 1:
		p.ambiguous(columns, n)
		return true
	case len(columns) == 1:
		s.column = p.columns[columns[0]].Name
		p.at += n
	case s.op != query.Count:
		p.refuse(1, "")
		return true
	}
	p.sort = append(p.sort, s)
	return true
}

func (p *parser) direction() bool {
	desc := p.accept("in descending order", "descending", "desc", "highest first", "largest first")
	if !desc && !p.accept("in ascending order", "ascending", "asc", "lowest first", "smallest first") {
		return false
	}
	if n := len(p.sort); n > 0 {
		p.sort[n-1].desc = desc
	} else {
		p.order = &ranking{desc}
	}
	return true
}

// dimensions reads "by symbol and year", "per month of date", "monthly", and a period that is ranked as in "which year had
// the most deaths".
func (p *parser) dimensions() bool {
	if p.adverb() || p.rankedPeriod() {
		return true
	}
	if !p.accept("grouped by", "group by", "broken down by", "split by", "by", "per", "for each", "for every", "in each", "across") {
		return false
	}
	p.filtering = false
	for {
		p.skip(articles)
		if !p.dimensionItem() {
			return true
		}
		at := p.at
		if !p.accept(", and", ",", "and", "by") || !p.dimensionFollows() {
			p.at = at
			return true
		}
	}
}

func (p *parser) dimensionItem() bool {
	columns, n := p.named(p.rest())
	grain, isGrain := grains[p.peek(0)]
	switch {
	case isGrain && (len(columns) != 1 || !p.whole(columns[0], n)):
		p.at++
		p.period(grain)
		return true
	case len(columns) > 1:
		p.ambiguous(columns, n)
		return true
	case len(columns) == 0 || p.ranks(columns[0]):
		return false
	default:
		p.at += n
		p.dimension(p.columns[columns[0]], "")
		return true
	}
}

// ranks reports whether the column after "by" is what a ranking goes by: "top 5 weather by precipitation".
func (p *parser) ranks(index int) bool {
	c := p.columns[index]
	if len(p.spec.Measures) > 0 || len(p.pending) > 0 || !c.Type.IsNumber() {
		return false
	}
	return p.order != nil && len(p.spec.Dimensions) > 0
}

func (p *parser) dimensionFollows() bool {
	at := p.at
	defer func() { p.at = at }()
	p.skip(articles)
	if _, ok := grains[p.peek(0)]; ok {
		return true
	}
	for _, a := range aggregates {
		if p.next(a.phrase) > 0 && !p.startsName() {
			return false
		}
	}
	columns, n := p.named(p.rest())
	if len(columns) != 1 {
		return len(columns) > 1
	}
	p.at += n
	_, compared := p.comparison()
	return !compared && p.peek(0) != "is" && !p.direct(columns[0])
}

var grains = map[string]query.Grain{
	"year": query.Year, "years": query.Year, "quarter": query.Quarter, "quarters": query.Quarter, "month": query.Month,
	"months": query.Month, "week": query.Week, "weeks": query.Week, "day": query.Day, "days": query.Day,
}

var adverbs = map[string]query.Grain{
	"yearly": query.Year, "annual": query.Year, "annually": query.Year, "quarterly": query.Quarter, "monthly": query.Month,
	"weekly": query.Week, "daily": query.Day,
}

func (p *parser) adverb() bool {
	grain, ok := adverbs[p.peek(0)]
	if !ok {
		return false
	}
	if columns, _ := p.named(p.rest()); len(columns) > 0 {
		return false
	}
	p.at++
	p.period(grain)
	return true
}

func (p *parser) rankedPeriod() bool {
	grain, ok := grains[p.peek(0)]
	if !ok {
		return false
	}
	if columns, n := p.named(p.rest()); len(columns) == 1 && p.whole(columns[0], n) {
		return false
	}
	p.at++
	switch {
	case p.ranked:
		p.ranked = false
	case p.superlative():
	default:
		p.at--
		return false
	}
	p.period(grain)
	return true
}

// period adds a dimension of the one column with dates, or of that named after "of". Its word was just taken.
func (p *parser) period(grain query.Grain) {
	at := p.at
	if p.accept("of") {
		p.skip(articles)
		if columns, n := p.named(p.rest()); len(columns) == 1 && p.columns[columns[0]].Type.IsTime() {
			p.at += n
			p.dimension(p.columns[columns[0]], grain)
			return
		}
		p.at = at
	}
	candidates := p.dates(func(c Column) bool { return c.Type.IsTime() })
	if len(candidates) == 1 {
		p.dimension(p.columns[candidates[0]], grain)
		return
	}
	p.at--
	p.refuse(1, p.which(candidates, fmt.Sprintf(`write "by %s of <column>"`, grain)))
}

// temporal reports whether "in 2014" can apply to the column.
func temporal(c Column) bool {
	parts := stems(c.Name)
	return c.Type.IsTime() || c.Type == column.Integer && len(parts) == 1 && parts[0] == "year"
}

func (p *parser) dates(suits func(Column) bool) []int {
	var found []int
	for i, c := range p.columns {
		if suits(c) {
			found = append(found, i)
		}
	}
	return found
}

func (p *parser) which(candidates []int, advice string) string {
	if len(candidates) == 0 {
		return "there is no column with dates"
	}
	return "it may apply to " + p.names(candidates) + ": " + advice
}
