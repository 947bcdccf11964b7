package query

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/insightforge/insightforge/api/column"
)

// resolved is a specification whose names were found and whose types fit; filters are checked where they are compiled.
type resolved struct {
	dimensions []dimension
	measures   []measure
	order      []term
	limit      int
}

func (c *compiler) resolve(spec Specification) (resolved, error) {
	if err := checkSize(spec); err != nil {
		return resolved{}, err
	}
	r := resolved{limit: cmp.Or(spec.Limit, DefaultLimit)}
	for i, d := range spec.Dimensions {
		found, err := c.dimension(fmt.Sprintf("dimensions[%d]", i), d)
		if err != nil {
			return r, err
		}
		r.dimensions = append(r.dimensions, found)
	}
	for i, m := range spec.Measures {
		found, err := c.measure(fmt.Sprintf("measures[%d]", i), m)
		if err != nil {
			return r, err
		}
		r.measures = append(r.measures, found)
	}
	if err := r.checkNames(); err != nil {
		return r, err
	}
	return r, r.resolveOrder(spec.Order)
}

func checkSize(spec Specification) error {
	err := checkLists([]list{
		{"measures", len(spec.Measures), MaxMeasures},
		{"dimensions", len(spec.Dimensions), MaxDimensions},
		{"filters", len(spec.Filters), MaxFilters},
		{"order", len(spec.Order), MaxOrder},
	})
	if err != nil {
		return err
	}
	if len(spec.Measures)+len(spec.Dimensions) == 0 {
		return mistake("measures", Missing, "ask for at least one measure or dimension")
	}
	if spec.Limit < 0 || spec.Limit > MaxLimit {
		return mistake("limit", BadValue, "must be from 1 to %d", MaxLimit)
	}
	return nil
}

type list struct {
	field    string
	len, max int
}

func checkLists(lists []list) error {
	for _, l := range lists {
		if l.len > l.max {
			return mistake(l.field, TooMany, "at most %d are allowed", l.max)
		}
	}
	return nil
}

func (r resolved) checkNames() error {
	seen := map[string]bool{}
	for i, d := range r.dimensions {
		if seen[d.name] {
			return mistake(fmt.Sprintf("dimensions[%d].column", i), DuplicateName, "the result has two columns named %q", d.name)
		}
		seen[d.name] = true
	}
	for i, m := range r.measures {
		if seen[m.name] {
			return mistake(fmt.Sprintf("measures[%d].as", i), DuplicateName, "the result has two columns named %q: give one another name with \"as\"", m.name)
		}
		seen[m.name] = true
	}
	return nil
}

// column finds a column of the version by its exact name.
func (c *compiler) column(field, name string) (column.Column, error) {
	for _, found := range c.version.Columns {
		if found.Name == name {
			return found, nil
		}
	}
	if utf8.RuneCountInString(name) > maxName {
		return column.Column{}, mistake(field, UnknownColumn, "no column has a name that long")
	}
	return column.Column{}, mistake(field, UnknownColumn, "no column is named %q", name)
}

func checkAlias(field, name string) error {
	if utf8.RuneCountInString(name) > maxName || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return mistake(field, BadValue, "must be at most %d characters of text, without NUL", maxName)
	}
	return nil
}
