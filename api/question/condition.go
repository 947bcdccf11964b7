package question

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
)

var comparisons = []struct {
	phrase string
	op     query.Comparison
}{
	{"more than", query.Greater}, {"greater than", query.Greater}, {"larger than", query.Greater}, {"higher than", query.Greater},
	{"bigger than", query.Greater}, {"above", query.Greater}, {"over", query.Greater}, {"exceeds", query.Greater}, {">", query.Greater},
	{"at least", query.GreaterOrEqual}, {"no less than", query.GreaterOrEqual}, {">=", query.GreaterOrEqual},
	{"less than", query.Less}, {"fewer than", query.Less}, {"smaller than", query.Less}, {"lower than", query.Less},
	{"under", query.Less}, {"below", query.Less}, {"<", query.Less},
	{"at most", query.LessOrEqual}, {"no more than", query.LessOrEqual}, {"<=", query.LessOrEqual},
	{"equal to", query.Equal}, {"equals", query.Equal}, {"=", query.Equal}, {"!=", query.NotEqual},
	{"between", query.Between},
	{"one of", query.In}, {"any of", query.In}, {"either", query.In}, {"in", query.In},
	{"contains", query.Contains}, {"containing", query.Contains}, {"contain", query.Contains}, {"includes", query.Contains},
	{"including", query.Contains}, {"like", query.Contains},
	{"null", query.IsNull}, {"missing", query.IsNull}, {"empty", query.IsNull}, {"blank", query.IsNull}, {"unknown", query.IsNull},
}

var opposite = map[query.Comparison]query.Comparison{
	query.Equal: query.NotEqual, query.Greater: query.LessOrEqual, query.Less: query.GreaterOrEqual,
	query.GreaterOrEqual: query.Less, query.LessOrEqual: query.Greater, query.IsNull: query.IsNull,
}

// condition reads what column must be, after its name.
func (p *parser) condition(index int) bool {
	c, at := p.columns[index], p.at
	if temporal(c) && p.timeOf(c) {
		return true
	}
	verb := p.accept("is", "are", "was", "were")
	not := p.accept("not", "isn't", "aren't", "wasn't", "is not", "does not", "do not")
	op, compared := p.comparison()
	switch {
	case (op == query.In || op == query.Between) && !verb && !p.filtering:
		// "total deaths in 1931" says when, not how many.
		p.at = at
		return false
	case !compared && (verb || not):
		op = query.Equal
	case !compared && !p.direct(index):
		p.at = at
		return false
	case !compared:
		op = query.Equal
	}
	if not {
		var ok bool
		if op, ok = opposite[op]; !ok {
			p.at = at
			return false
		}
	}
	if op == query.IsNull {
		p.filter(c, op, map[bool]string{true: "false", false: "true"}[not])
		return true
	}
	if !p.compare(index, op) {
		p.at = at
		return false
	}
	return true
}

func (p *parser) comparison() (query.Comparison, bool) {
	for _, comparison := range comparisons {
		if p.accept(comparison.phrase) {
			return comparison.op, true
		}
	}
	return "", false
}

// direct reports whether a value of the column follows its name without any word between, as in "symbol AAPL".
func (p *parser) direct(index int) bool {
	if p.at >= len(p.tokens) {
		return false
	}
	if p.columns[index].Type == column.Text {
		known, n := p.known(p.rest(), index)
		grammar := n <= 1 && (p.reserved() || fillers[p.peek(0)])
		return p.tokens[p.at].quoted || !grammar && (len(known) > 0 || p.filtering)
	}
	return p.filtering && p.columns[index].Type.IsNumber() && number.MatchString(p.peek(0))
}

// compare reads the value or values that the column is compared with.
func (p *parser) compare(index int, op query.Comparison) bool {
	c := p.columns[index]
	if op == query.Between {
		low, ok := p.value(index, op)
		if !ok || !p.accept("and", "to") {
			return false
		}
		high, ok := p.value(index, op)
		if ok {
			p.filter(c, op, "["+low+","+high+"]")
		}
		return ok
	}
	first, ok := p.value(index, op)
	if !ok {
		return false
	}
	if op == query.Equal && c.Type.IsNumber() {
		switch {
		case p.accept("or more", "or above", "or higher", "or over"):
			op = query.GreaterOrEqual
		case p.accept("or less", "or below", "or lower", "or under", "or fewer"):
			op = query.LessOrEqual
		}
	}
	values := []string{first}
	for op == query.Equal || op == query.In {
		more, ok := p.another(index, op)
		if !ok {
			break
		}
		values = append(values, more)
	}
	if len(values) > 1 || op == query.In {
		p.filter(c, query.In, "["+strings.Join(values, ",")+"]")
	} else {
		p.filter(c, op, first)
	}
	return true
}

// another reads a further value after "or", and in a list also after a comma or "and".
func (p *parser) another(index int, op query.Comparison) (string, bool) {
	at := p.at
	separated := p.accept(", or", ", and", "or") || op == query.In && p.accept(",", "and")
	if p.at > at && p.tokens[at].word == "," && op == query.Equal {
		// ", or x" continues alternatives; ", and y" begins something else.
		separated = p.tokens[p.at-1].word == "or"
	}
	if separated && !p.reserved() {
		if columns, n := p.named(p.rest()); len(columns) == 0 || !p.whole(columns[0], n) {
			if value, ok := p.value(index, op); ok {
				return value, true
			}
		}
	}
	p.at = at
	return "", false
}

var number = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?$`)

// value reads one value of the column's type as JSON.
func (p *parser) value(index int, op query.Comparison) (string, bool) {
	if p.at >= len(p.tokens) {
		return "", false
	}
	c, word := p.columns[index], p.peek(0)
	switch c.Type {
	case column.Text:
		return p.textValue(index, op)
	case column.Boolean:
		p.at++
		value, ok := map[string]string{"true": "true", "yes": "true", "false": "false", "no": "false"}[word]
		return value, ok
	case column.Date, column.Timestamp:
		return "", false
	default:
		p.at++
		whole := c.Type != column.Integer || !strings.Contains(word, ".")
		return word, number.MatchString(word) && whole && len(strings.Trim(word, "-")) <= 19
	}
}

// textValue reads a quoted text, a word that the column is known to have, or else the words up to one with a meaning.
func (p *parser) textValue(index int, op query.Comparison) (string, bool) {
	if p.tokens[p.at].quoted {
		p.at++
		return literal(p.tokens[p.at-1].text), true
	}
	if values, n := p.known(p.rest(), index); n > 0 && op != query.Contains {
		if len(values) > 1 {
			return "", false
		}
		p.at += n
		return literal(values[0].text), true
	}
	start := p.at
	for p.at < len(p.tokens) && !p.reserved() {
		p.at++
	}
	if p.at == start {
		return "", false
	}
	texts := make([]string, 0, p.at-start)
	for _, t := range p.tokens[start:p.at] {
		texts = append(texts, t.text)
	}
	return literal(strings.Join(texts, " ")), true
}

var reserved = words(`, and or by per where when with whose having in on at since before after until between during from for
	grouped group sorted sort ordered order top bottom limit descending desc ascending asc has have had is are was were not
	> < >= <= = != each every without no but except excluding total average sum count max min`)

// reserved reports whether the next token cannot be part of an unquoted value.
func (p *parser) reserved() bool {
	return p.at >= len(p.tokens) || p.tokens[p.at].quoted || reserved[p.peek(0)]
}

func literal(text string) string {
	encoded, _ := json.Marshal(text) // a string cannot fail
	return string(encoded)
}

func (p *parser) filter(c Column, op query.Comparison, value string) {
	p.spec.Filters = append(p.spec.Filters, query.Filter{Column: c.Name, Op: op, Value: json.RawMessage(value)})
}

// missing reads "no state", "without state" and "missing state".
func (p *parser) missing() bool {
	at := p.at
	if !p.accept("no", "without", "missing", "with no", "without any", "without a") {
		return false
	}
	columns, n := p.named(p.rest())
	if len(columns) != 1 {
		p.at = at
		return false
	}
	p.at += n
	p.filter(p.columns[columns[0]], query.IsNull, "true")
	return true
}
