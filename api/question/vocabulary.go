package question

import (
	"slices"
	"strings"

	"github.com/insightforge/insightforge/api/column"
)

// vocabulary finds the columns and the values that words of a question name.
type vocabulary struct {
	columns []Column
	parts   [][]string         // of each column's name
	values  map[string][]value // by their words in lower case
}

// value is a text in a column.
type value struct {
	column int
	text   string
}

// longestName is the most tokens of a question that are tried as one name or value.
const longestName = 8

func newVocabulary(columns []Column) *vocabulary {
	v := &vocabulary{columns: columns, values: map[string][]value{}}
	for i, c := range columns {
		v.parts = append(v.parts, stems(c.Name))
		if c.Type != column.Text {
			continue
		}
		for _, word := range c.Words {
			if k := key(tokenize(word)); k != "" {
				v.values[k] = append(v.values[k], value{i, word})
			}
		}
	}
	return v
}

func key(tokens []token) string {
	words := make([]string, len(tokens))
	for i, t := range tokens {
		words[i] = strings.ToLower(t.text)
	}
	return strings.Join(words, " ")
}

// named returns the columns that the longest beginning of tokens names, and its length. A whole name wins over a part of
// one, which must be words of the name in any order.
func (v *vocabulary) named(tokens []token) (columns []int, n int) {
	if len(tokens) > 0 && tokens[0].quoted {
		return v.quotedColumn(tokens[0].text), 1
	}
	for n = min(len(tokens), longestName); n > 0; n-- {
		span, ok := joined(tokens[:n])
		if !ok {
			continue
		}
		if found := v.where(func(parts []string) bool { return slices.Equal(parts, span) }); len(found) > 0 {
			return found, n
		}
		if glue[tokens[0].word] || glue[tokens[n-1].word] || n == 1 && general[tokens[0].word] {
			continue
		}
		if found := v.where(func(parts []string) bool { return contains(parts, span) }); len(found) > 0 {
			return found, n
		}
	}
	return nil, 0
}

// Words that say nothing of a column whose name has them: at either end of a part of the name, or alone.
var (
	glue    = words(`of in the when where by for at on a an and or to is no not with from per as`)
	general = words(`time total count number sum id name`)
)

func (v *vocabulary) quotedColumn(name string) []int {
	for i, c := range v.columns {
		if strings.EqualFold(c.Name, name) {
			return []int{i}
		}
	}
	return nil
}

func (v *vocabulary) where(matches func([]string) bool) []int {
	var found []int
	for i, parts := range v.parts {
		if len(parts) > 0 && matches(parts) {
			found = append(found, i)
		}
	}
	return found
}

func joined(tokens []token) ([]string, bool) {
	var span []string
	for _, t := range tokens {
		if len(t.parts) == 0 || t.quoted {
			return nil, false
		}
		span = append(span, t.parts...)
	}
	return span, true
}

func contains(parts, span []string) bool {
	for i, s := range span {
		if !slices.Contains(parts, s) || slices.Contains(span[:i], s) {
			return false
		}
	}
	return true
}

// known returns the values that the longest beginning of tokens is, and its length; of one column only if column ≥ 0.
// Values that are written the same way in capitals win. Without a column, a word of the grammar is no value.
func (v *vocabulary) known(tokens []token, column int) (values []value, n int) {
	for n = min(len(tokens), longestName); n > 0; n-- {
		if first := tokens[0]; n == 1 && column < 0 && !first.quoted && (fillers[first.word] || reserved[first.word]) {
			continue
		}
		var found, same []value
		written := make([]string, n)
		for i, t := range tokens[:n] {
			written[i] = t.text
		}
		for _, candidate := range v.values[key(tokens[:n])] {
			if column >= 0 && candidate.column != column {
				continue
			}
			found = append(found, candidate)
			if candidate.text == strings.Join(written, " ") {
				same = append(same, candidate)
			}
		}
		if len(same) > 0 {
			return same, n
		}
		if len(found) > 0 {
			return found, n
		}
	}
	return nil, 0
}

func (v *vocabulary) names(columns []int) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = v.columns[c].Name
	}
	return list(names, "or")
}

func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}

func list(names []string, conjunction string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " " + conjunction + " " + names[len(names)-1]
}
