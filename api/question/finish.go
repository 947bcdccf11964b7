package question

import (
	"fmt"
	"slices"
	"strings"

	"github.com/insightforge/insightforge/api/query"
)

// bareValue reads a value without its column: "rain", or "for AAPL and MSFT".
func (p *parser) bareValue() bool {
	values, n := p.known(p.rest(), -1)
	if len(values) == 0 {
		return false
	}
	if p.tokens[p.at].quoted && !slices.ContainsFunc(values, func(v value) bool { return v.text == p.tokens[p.at].text }) {
		return false
	}
	if len(values) > 1 {
		p.refuseValue(values, n)
		return true
	}
	index := values[0].column
	p.at += n
	texts := []string{literal(values[0].text)}
	for {
		at := p.at
		if !p.accept(", and", ", or", "and", "or", ",") {
			break
		}
		more, n := p.known(p.rest(), index)
		if len(more) != 1 {
			p.at = at
			break
		}
		p.at += n
		texts = append(texts, literal(more[0].text))
	}
	if len(texts) == 1 {
		p.filter(p.columns[index], query.Equal, texts[0])
	} else {
		p.filter(p.columns[index], query.In, "["+strings.Join(texts, ",")+"]")
	}
	return true
}

func (p *parser) refuseValue(values []value, n int) {
	var columns []int
	for _, v := range values {
		if !slices.Contains(columns, v.column) {
			columns = append(columns, v.column)
		}
	}
	if len(columns) == 1 {
		p.refuse(n, p.names(columns)+" has it in several spellings: write it in quotes, with the capitals that are meant")
		return
	}
	p.refuse(n, fmt.Sprintf(`it is a value of %s: write "%s is …"`, p.names(columns), p.columns[columns[0]].Name))
}

// exclusion reads "except sun" and "not sun".
func (p *parser) exclusion() bool {
	at := p.at
	if !p.accept("except for", "except", "excluding", "not") {
		return false
	}
	values, n := p.known(p.rest(), -1)
	if len(values) != 1 {
		p.at = at
		return false
	}
	p.at += n
	p.filter(p.columns[values[0].column], query.NotEqual, literal(values[0].text))
	return true
}

var dangling = words("by per across where when with whose having if and or in since before after between is for")

// finish checks that everything read has its use, and orders the result.
func (p *parser) finish() {
	if n := len(p.tokens); n > 0 && dangling[p.tokens[n-1].word] && len(p.unread) == 0 {
		p.at = n - 1
		p.refuse(1, "the question ends in the middle")
	}
	if len(p.pending) == 1 && p.pending[0].op == query.Count {
		p.pending = nil
		p.addMeasure(query.Measure{Op: query.Count})
	}
	if len(p.unread) > 0 || p.hint != "" {
		return
	}
	for _, a := range p.pending {
		p.unread, p.hint = append(p.unread, a.words), "say of which column with numbers"
	}
	if p.hint != "" {
		return
	}
	switch {
	case len(p.spec.Measures) > 0 || p.listed():
	case len(p.spec.Filters) > 0 && len(p.spec.Dimensions) == 0 && p.order == nil:
		p.assume("no aggregate was named, so rows are counted")
		p.addMeasure(query.Measure{Op: query.Count})
	default:
		p.hint = "say what to compute, such as the number of rows; " + example
		return
	}
	p.arrange()
	p.bound()
}

// listed reports whether the question asks for the distinct values of its dimensions.
func (p *parser) listed() bool {
	return len(p.spec.Dimensions) > 0 && p.order == nil && p.spec.Limit == 0 && p.wantsList()
}

func (p *parser) wantsList() bool {
	return slices.ContainsFunc(p.tokens, func(t token) bool {
		return t.word == "distinct" || t.word == "unique" || t.word == "different"
	})
}

// arrange turns what the question says of order into names of the result.
func (p *parser) arrange() {
	if p.order != nil {
		if len(p.spec.Dimensions) == 0 {
			p.hint = `say what is ranked, for example "by <column>"`
			return
		}
		p.spec.Order = append(p.spec.Order, query.Order{By: p.spec.Measures[0].Name(), Desc: p.order.desc})
	}
	for _, s := range p.sort {
		by := p.sortedBy(s)
		if by == "" {
			p.hint = "sort by a column that the question groups by or computes"
			return
		}
		p.spec.Order = append(p.spec.Order, query.Order{By: by, Desc: s.desc})
	}
}

func (p *parser) sortedBy(s sorting) string {
	for _, m := range p.spec.Measures {
		if m.Column == s.column && (s.op == "" || s.op == m.Op) {
			return m.Name()
		}
	}
	for _, d := range p.spec.Dimensions {
		if d.Column == s.column && s.op == "" {
			return d.Name()
		}
	}
	return ""
}

// bound keeps the specification within what a query may have.
func (p *parser) bound() {
	s := p.spec
	if len(s.Measures) > query.MaxMeasures || len(s.Dimensions) > query.MaxDimensions || len(s.Filters) > query.MaxFilters || len(s.Order) > query.MaxOrder {
		p.hint = "ask for less at once"
	}
	for _, d := range s.Dimensions {
		for i, m := range s.Measures {
			if m.Name() == d.Name() {
				p.spec.Measures[i].As = "number_of_rows"
			}
		}
	}
	if slices.ContainsFunc(p.spec.Order, func(o query.Order) bool { return o.By == "count" }) && len(s.Measures) > 0 && s.Measures[0].As != "" {
		p.spec.Order[0].By = s.Measures[0].As
	}
}
