package question

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
)

// parser reads the tokens from left to right. Each of its reading methods takes the tokens it understands and reports
// whether it took any.
type parser struct {
	*vocabulary
	tokens []token
	at     int
	today  time.Time // midnight, UTC; zero: not known
	spec   query.Specification

	pending   []aggregate // read, but whose column is still to come
	last      []aggregate // of the column before
	order     *ranking    // of the result by its first measure
	sort      []sorting
	ranked    bool // "top 5": the next column is what is ranked
	listing   bool // "distinct": the next column is a dimension
	filtering bool // after "where": columns begin conditions

	assumptions []string
	unread      []string
	hint        string
}

// ranking is the order of the result by its first measure.
type ranking struct{ desc bool }

func (p *parser) run() {
	for p.at < len(p.tokens) {
		read := p.limit() || p.sorted() || p.dimensions() || p.time() || p.missing() || p.rows() ||
			p.aggregate() || p.columnItem() || p.bareValue() || p.exclusion() || p.filler()
		if !read {
			p.refuse(1, "")
		}
	}
}

// refuse takes n tokens as not understood. The first hint stays.
func (p *parser) refuse(n int, hint string) {
	for _, t := range p.tokens[p.at:min(p.at+n, len(p.tokens))] {
		p.unread = append(p.unread, t.text)
	}
	p.at += n
	p.hint = cmp.Or(p.hint, hint)
}

func (p *parser) notUnderstood() error {
	hint := p.hint
	if hint == "" {
		names := make([]string, min(len(p.columns), 30))
		for i := range names {
			names[i] = p.columns[i].Name
		}
		hint = "use the names of columns (" + strings.Join(names, ", ") + "), put values in quotes, or " + example
	}
	return &NotUnderstood{Words: p.unread, Hint: hint}
}

func (p *parser) rest() []token { return p.tokens[min(p.at, len(p.tokens)):] }

func (p *parser) peek(ahead int) string {
	if i := p.at + ahead; i < len(p.tokens) {
		return p.tokens[i].word
	}
	return ""
}

// accept takes the first of the phrases that comes next.
func (p *parser) accept(phrases ...string) bool {
	for _, phrase := range phrases {
		if n := p.next(phrase); n > 0 {
			p.at += n
			return true
		}
	}
	return false
}

// next is the number of tokens of phrase if it comes next, or 0.
func (p *parser) next(phrase string) int {
	fields := strings.Fields(phrase)
	for i, field := range fields {
		if p.peek(i) != field {
			return 0
		}
	}
	return len(fields)
}

func (p *parser) skip(set map[string]bool) {
	for p.at < len(p.tokens) && set[p.peek(0)] {
		p.at++
	}
}

var articles = words("the a an of for each every all number")

var fillers = words(`a an the me us i we you it its their this that these those please show give tell list find get display
	compute calculate want know see what which who what's is are was were be do does did have has had there of for to in at on
	from with all each every overall any and then value values data dataset , how where when whose having if only`)

var openers = words("where when with whose having if for only")

func (p *parser) filler() bool {
	word := p.peek(0)
	if !fillers[word] {
		return false
	}
	p.at++
	p.filtering = openers[word] || p.filtering && (word == "and" || word == "," || word == "the")
	return true
}

// columnItem reads a column and decides by what follows whether it is a condition, a dimension or a measure.
func (p *parser) columnItem() bool {
	columns, n := p.named(p.rest())
	if len(columns) == 0 {
		return false
	}
	if len(columns) > 1 {
		p.ambiguous(columns, n)
		return true
	}
	if values, m := p.known(p.rest(), -1); m >= n && !p.whole(columns[0], n) {
		p.refuse(m, fmt.Sprintf("it is part of the name of %s and a value of %s: write which is meant", p.columns[columns[0]].Name, p.columns[values[0].column].Name))
		return true
	}
	start := p.at
	p.at += n
	c := p.columns[columns[0]]
	switch {
	case p.superlative():
		p.dimension(c, "")
	case p.condition(columns[0]):
	case p.ranked:
		p.ranked = false
		p.dimension(c, "")
	case p.listing:
		p.listing = false
		p.dimension(c, "")
	case p.filtering && c.Type == column.Boolean:
		p.filter(c, query.Equal, "true")
	case p.filtering:
		p.at = start
		p.refuse(n, "say what "+c.Name+` must be, for example "`+c.Name+` is …" or "`+c.Name+` > …"`)
	default:
		p.measure(c, start)
	}
	return true
}

// whole reports whether the next n tokens are the column's whole name.
func (p *parser) whole(c, n int) bool {
	if p.tokens[p.at].quoted {
		return true
	}
	span, _ := joined(p.tokens[p.at : p.at+n])
	return slices.Equal(span, p.parts[c])
}

func (p *parser) ambiguous(columns []int, n int) {
	p.refuse(n, "it may be "+p.names(columns)+": write the whole name")
}

func (p *parser) dimension(c Column, grain query.Grain) {
	d := query.Dimension{Column: c.Name, Grain: grain}
	if !slices.Contains(p.spec.Dimensions, d) {
		p.spec.Dimensions = append(p.spec.Dimensions, d)
	}
}

func (p *parser) assume(text string) {
	if !slices.Contains(p.assumptions, text) {
		p.assumptions = append(p.assumptions, text)
	}
}
