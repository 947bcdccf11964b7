package query

import (
	"fmt"
	"slices"
	"strings"
)

// term is one sort key: a dimension or a measure, by its place.
type term struct {
	dimension int // -1: a measure
	measure   int
	desc      bool
}

// resolveOrder finds what each order names and appends the dimensions that it leaves out, so that results are the same
// every time.
func (r *resolved) resolveOrder(orders []Order) error {
	for i, o := range orders {
		t, err := r.term(fmt.Sprintf("order[%d].by", i), o)
		if err != nil {
			return err
		}
		r.order = append(r.order, t)
	}
	for i := range r.dimensions {
		if !slices.ContainsFunc(r.order, func(t term) bool { return t.dimension == i }) {
			r.order = append(r.order, term{dimension: i})
		}
	}
	return nil
}

func (r *resolved) term(field string, o Order) (term, error) {
	if i := slices.IndexFunc(r.dimensions, func(d dimension) bool { return d.name == o.By }); i >= 0 {
		return term{dimension: i, desc: o.Desc}, nil
	}
	if i := slices.IndexFunc(r.measures, func(m measure) bool { return m.name == o.By }); i >= 0 {
		return term{dimension: -1, measure: i, desc: o.Desc}, nil
	}
	found := -1
	for i, d := range r.dimensions {
		if d.column.Name != o.By {
			continue
		}
		if found >= 0 {
			return term{}, mistake(field, DuplicateName, "%q is grouped by twice: order by one of the result's columns", o.By)
		}
		found = i
	}
	if found < 0 {
		return term{}, mistake(field, UnknownName, "is no column of the result and no column of a dimension")
	}
	return term{dimension: found, desc: o.Desc}, nil
}

// orderBy is the clause for sort keys of each dimension and measure.
func (r *resolved) orderBy(dimensions, measures []string) string {
	keys := make([]string, len(r.order))
	for i, t := range r.order {
		if t.dimension >= 0 {
			keys[i] = dimensions[t.dimension]
		} else {
			keys[i] = measures[t.measure]
		}
		if t.desc {
			keys[i] += " desc"
		}
		keys[i] += " nulls last"
	}
	if len(keys) == 0 {
		return ""
	}
	return " order by " + strings.Join(keys, ", ")
}
