// Package question reads questions in plain English about a dataset, without a model. It knows a small grammar, the
// names of the columns and the words in them. It never guesses: each content word of a question is read or reported.
package question

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
)

// Column is a column that a question may name.
type Column struct {
	column.Column
	Words []string // of a text column: values it has, perhaps not all; they can be named without the column
}

// Reading is a question as it was understood.
type Reading struct {
	Specification  query.Specification
	Interpretation string   // the specification in English
	Assumptions    []string // what the question did not say, in English
}

// NotUnderstood is the error for a question that was not wholly understood.
type NotUnderstood struct {
	Words []string // of the question, in order: those that could not be read
	Hint  string   // what to write instead
}

func (e *NotUnderstood) Error() string {
	if len(e.Words) == 0 {
		return "the question was not understood: " + e.Hint
	}
	return fmt.Sprintf("could not read %q: %s", strings.Join(e.Words, " "), e.Hint)
}

// maxLength is the longest question that is read, in characters.
const maxLength = 1000

const example = `ask for example "average <number> by <column> in 2014", "how many rows where <column> is <value>" or "top 5 <column> by total <number>"`

// Parse reads a question about rows with these columns. What it could not read is a *NotUnderstood error; a specification
// that it returns names only the given columns.
//
// Words that carry no condition are passed over: see fillers.
func Parse(question string, columns []Column) (*Reading, error) {
	return ParseOn(time.Time{}, question, columns)
}

// ParseOn is [Parse] on a day, that of the asker: today, yesterday, and this, last and next week, month, quarter and year can be
// read then.
func ParseOn(day time.Time, question string, columns []Column) (*Reading, error) {
	if utf8.RuneCountInString(question) > maxLength {
		return nil, &NotUnderstood{Hint: fmt.Sprintf("ask in at most %d characters", maxLength)}
	}
	p := &parser{vocabulary: newVocabulary(columns), tokens: tokenize(question)}
	if !day.IsZero() {
		p.today = time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC)
	}
	p.run()
	p.finish()
	if len(p.unread) > 0 || p.hint != "" {
		return nil, p.notUnderstood()
	}
	return &Reading{Specification: p.spec, Interpretation: Describe(p.spec), Assumptions: p.assumptions}, nil
}
