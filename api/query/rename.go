package query

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// ColumnNames are the columns that the specification is about, each once.
func (s Specification) ColumnNames() []string {
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, d := range s.Dimensions {
		add(d.Column)
	}
	for _, m := range s.Measures {
		add(m.Column)
	}
	for _, f := range s.Filters {
		add(f.Column)
	}
	return names
}

// ResultNames are the names of the result's columns: first the dimensions, then the measures.
func (s Specification) ResultNames() []string {
	var names []string
	for _, d := range s.Dimensions {
		names = append(names, d.Name())
	}
	for _, m := range s.Measures {
		names = append(names, m.Name())
	}
	return names
}

// Renamed asks the same of columns that are called otherwise now. A result column that has its name from its column follows it,
// and order, which names result columns, follows that. A measure whose name another one has got is numbered.
func (s Specification) Renamed(now map[string]string) Specification {
	if !slices.ContainsFunc(s.ColumnNames(), func(name string) bool { return name != renamed(name, now) }) {
		return s
	}
	was := s
	s.Dimensions, s.Measures = slices.Clone(s.Dimensions), slices.Clone(s.Measures)
	s.Filters, s.Order = slices.Clone(s.Filters), slices.Clone(s.Order)
	for i := range s.Dimensions {
		s.Dimensions[i].Column = renamed(s.Dimensions[i].Column, now)
	}
	for i := range s.Measures {
		s.Measures[i].Column = renamed(s.Measures[i].Column, now)
	}
	for i := range s.Filters {
		s.Filters[i].Column = renamed(s.Filters[i].Column, now)
	}
	s.numberMeasures()
	names := s.ResultNames()
	for i, o := range s.Order {
		if n := was.resultColumn(o.By); n >= 0 {
			s.Order[i].By = names[n]
		}
	}
	return s
}

func renamed(name string, now map[string]string) string {
	if other, ok := now[name]; ok {
		return other
	}
	return name
}

// numberMeasures makes the names of the result's columns different.
func (s Specification) numberMeasures() {
	names := s.ResultNames()
	for i, m := range s.Measures {
		others := slices.Delete(slices.Clone(names), len(s.Dimensions)+i, len(s.Dimensions)+i+1)
		if !slices.Contains(names[:len(s.Dimensions)+i], m.Name()) {
			continue
		}
		for n := 2; slices.Contains(others, s.Measures[i].Name()); n++ {
			s.Measures[i].As = numbered(m.Name(), n)
		}
		names[len(s.Dimensions)+i] = s.Measures[i].Name()
	}
}

// numbered stays within the bound of a name.
func numbered(name string, n int) string {
	number := fmt.Sprintf("_%d", n)
	for utf8.RuneCountInString(name)+len(number) > maxName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name + number
}

// resultColumn is the place of the result column that an order names, by its own name or by a dimension's column; -1 for none.
func (s Specification) resultColumn(by string) int {
	if n := slices.Index(s.ResultNames(), by); n >= 0 {
		return n
	}
	return slices.IndexFunc(s.Dimensions, func(d Dimension) bool { return d.Column == by })
}
