package question

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
)

// aggregate is an aggregate of the question whose column is still to come.
type aggregate struct {
	op     query.Op
	words  string // as written
	number bool   // "how many", "number of": of what, the column decides
}

var aggregates = []struct {
	phrase string
	op     query.Op
}{
	{"how many", query.Count}, {"number of", query.Count}, {"count of", query.Count}, {"count", query.Count}, {"counts", query.Count},
	{"sum of", query.Sum}, {"sum", query.Sum}, {"total", query.Sum}, {"totals", query.Sum}, {"how much", query.Sum},
	{"average", query.Avg}, {"averages", query.Avg}, {"avg", query.Avg}, {"mean", query.Avg},
	{"median", query.Median},
	{"minimum", query.Min}, {"min", query.Min}, {"lowest", query.Min}, {"smallest", query.Min}, {"earliest", query.Min},
	{"maximum", query.Max}, {"max", query.Max}, {"highest", query.Max}, {"largest", query.Max}, {"biggest", query.Max},
	{"greatest", query.Max}, {"latest", query.Max},
}

var superlatives = map[string]bool{
	"highest": true, "largest": true, "biggest": true, "greatest": true, "most": true, "maximum": true, "max": true,
	"lowest": false, "smallest": false, "least": false, "fewest": false, "minimum": false, "min": false,
}

// aggregate reads "average", "number of distinct", or a column whose name begins with an aggregate, like temp_max in "max
// temp".
func (p *parser) aggregate() bool {
	if p.common() || p.distinct() {
		return true
	}
	for _, a := range aggregates {
		n := p.next(a.phrase)
		if n == 0 {
			continue
		}
		if p.startsName() {
			return false
		}
		desc, superlative := superlatives[a.phrase]
		p.at += n
		if superlative && p.aggregateFollows() && !p.startsName() {
			p.order = &ranking{desc}
			return true
		}
		p.pending = append(p.pending, aggregate{a.op, a.phrase, a.phrase == "how many" || a.phrase == "number of"})
		p.filtering = false
		return true
	}
	return false
}

// startsName reports whether the next word is part of a column's name: with the word after it, or alone when no column
// follows.
func (p *parser) startsName() bool {
	columns, n := p.named(p.rest())
	if len(columns) == 0 {
		return false
	}
	after, _ := p.named(p.tokens[p.at+1:])
	return n > 1 || len(after) == 0 && p.whole(columns[0], 1) && !rowWords[p.peek(1)]
}

func (p *parser) aggregateFollows() bool {
	at := p.at
	defer func() { p.at = at }()
	p.skip(words("the"))
	for _, a := range aggregates {
		if p.next(a.phrase) > 0 {
			return true
		}
	}
	return false
}

// distinct reads "distinct" after "number of", or before a column that is to be listed.
func (p *parser) distinct() bool {
	if !p.accept("distinct", "unique", "different") {
		return false
	}
	if n := len(p.pending); n > 0 && p.pending[n-1].op == query.Count {
		p.pending[n-1] = aggregate{op: query.CountDistinct, words: p.pending[n-1].words + " distinct"}
		return true
	}
	p.listing = true
	return true
}

// common reads "most common" before a column.
func (p *parser) common() bool {
	for phrase, desc := range map[string]bool{"most common": true, "most frequent": true, "least common": false, "least frequent": false} {
		if p.accept(phrase) {
			p.order, p.ranked = &ranking{desc}, true
			p.addMeasure(query.Measure{Op: query.Count})
			p.spec.Limit = cmp.Or(p.spec.Limit, 1)
			return true
		}
	}
	return false
}

var rowWords = words("rows row records record entries entry observations observation")

// rows reads "rows", which are counted unless something else is asked of them.
func (p *parser) rows() bool {
	if !rowWords[p.peek(0)] {
		return false
	}
	if columns, n := p.named(p.rest()); len(columns) == 1 && p.whole(columns[0], n) {
		return false
	}
	switch {
	case len(p.pending) > 0 && p.pending[0].op != query.Count:
		return false
	case len(p.pending) == 0 && len(p.spec.Measures) > 0:
	default:
		p.pending = nil
		p.addMeasure(query.Measure{Op: query.Count})
	}
	p.at++
	return true
}

// measure adds what is pending of c, or the sum of c. start is where c's name begins.
func (p *parser) measure(c Column, start int) {
	ops := p.pending
	p.pending = nil
	if len(ops) == 0 {
		ops = p.unnamed(c, start)
	}
	p.last = ops
	for _, a := range ops {
		op, problem := a.of(c)
		if problem != "" {
			p.at = start
			_, n := p.named(p.rest())
			p.refuse(max(n, 1), problem)
			return
		}
		if a.number && op == query.Sum {
			p.assume(fmt.Sprintf("%q is taken as the total of %s", a.words, c.Name))
		}
		p.addMeasure(query.Measure{Op: op, Column: c.Name})
	}
}

// unnamed is the aggregate of a column that came without one: that in its own name if the question has it in front, as in
// "max temp"; that of the column before, as in "average wind and precipitation"; or else the sum.
func (p *parser) unnamed(c Column, start int) []aggregate {
	if p.at-start > 1 {
		for _, a := range aggregates {
			if a.phrase == p.tokens[start].word && a.op != query.Count {
				return []aggregate{{op: a.op, words: a.phrase}}
			}
		}
	}
	if before := p.tokens[max(start-1, 0)].word; p.last != nil && (before == "and" || before == ",") {
		return p.last
	}
	if c.Type.IsNumber() {
		p.assume("no aggregate was named, so " + c.Name + " is summed")
	}
	return []aggregate{{op: query.Sum}}
}

// of is the aggregate that a is of c, or what is wrong with it.
func (a aggregate) of(c Column) (query.Op, string) {
	switch {
	case a.number && c.Type == column.Integer:
		return query.Sum, ""
	case a.number && c.Type.IsNumber():
		return "", fmt.Sprintf(`write "number of rows" or "total %s"`, c.Name)
	case a.number:
		return "", fmt.Sprintf(`write "number of rows" or "number of distinct %s"`, c.Name)
	case c.Type.IsNumber(), !slices.Contains([]query.Op{query.Sum, query.Avg, query.Median}, a.op):
		return a.op, ""
	case a.words == "":
		return "", fmt.Sprintf(`say what to do with it: "by %s", "%s is …" or "number of distinct %s"`, c.Name, c.Name, c.Name)
	default:
		return "", fmt.Sprintf("%s is %s, and %s needs numbers", c.Name, c.Type, a.words)
	}
}

func (p *parser) addMeasure(m query.Measure) {
	if !slices.Contains(p.spec.Measures, m) {
		p.spec.Measures = append(p.spec.Measures, m)
	}
}

// superlative reads what follows a dimension in "which weather has the highest average wind".
func (p *parser) superlative() bool {
	at := p.at
	p.skip(words("that which"))
	if !p.accept("has", "have", "had", "with") {
		p.at = at
		return false
	}
	p.skip(words("the"))
	desc, ok := superlatives[p.peek(0)]
	if !ok {
		p.at = at
		return false
	}
	word := p.peek(0)
	p.order, p.spec.Limit = &ranking{desc}, cmp.Or(p.spec.Limit, 1)
	switch {
	case word == "most" || word == "least" || word == "fewest":
		p.at++
		p.pending = append(p.pending, aggregate{op: query.Sum, words: word})
		if rowWords[p.peek(0)] {
			p.pending = nil
		}
	default:
		p.at++
		if !p.aggregateFollows() {
			p.at--
			p.aggregate()
		}
	}
	return true
}
