package query

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestARenamedSpecificationAsksTheSame(t *testing.T) {
	t.Parallel()
	was := Specification{
		Dimensions: []Dimension{{Column: "day", Grain: Month}, {Column: "place"}},
		Measures:   []Measure{{Op: Sum, Column: "price"}, {Op: Avg, Column: "price", As: "mean"}, {Op: Count}},
		Filters:    []Filter{{Column: "price", Op: IsNull}},
		Order:      []Order{{By: "sum_price", Desc: true}, {By: "day"}, {By: "mean"}, {By: "place"}, {By: "count"}},
		Limit:      5,
	}
	require.Equal(t, []string{"day", "place", "price"}, was.ColumnNames())
	require.Equal(t, was, was.Renamed(map[string]string{"day": "day", "price": "price", "other": "x"}))
	before := was.ResultNames()
	is := was.Renamed(map[string]string{"price": "cost", "day": "date", "place": "place"})
	require.Equal(t, Specification{
		Dimensions: []Dimension{{Column: "date", Grain: Month}, {Column: "place"}},
		Measures:   []Measure{{Op: Sum, Column: "cost"}, {Op: Avg, Column: "cost", As: "mean"}, {Op: Count}},
		Filters:    []Filter{{Column: "cost", Op: IsNull}},
		Order:      []Order{{By: "sum_cost", Desc: true}, {By: "date_month"}, {By: "mean"}, {By: "place"}, {By: "count"}},
		Limit:      5,
	}, is)
	require.Equal(t, before, was.ResultNames(), "the one before is as it was")
}

// TestNamesThatAreSwappedAreNotMixedUp: each is looked up once.
func TestNamesThatAreSwappedAreNotMixedUp(t *testing.T) {
	t.Parallel()
	was := Specification{Measures: []Measure{{Op: Sum, Column: "a"}, {Op: Sum, Column: "b"}}, Order: []Order{{By: "sum_a"}}}
	is := was.Renamed(map[string]string{"a": "b", "b": "a"})
	require.Equal(t, []string{"sum_b", "sum_a"}, is.ResultNames())
	require.Equal(t, []Order{{By: "sum_b"}}, is.Order)
}

// TestAMeasureWhoseNameIsTakenIsNumbered: a rename breaks no analysis.
func TestAMeasureWhoseNameIsTakenIsNumbered(t *testing.T) {
	t.Parallel()
	was := Specification{
		Dimensions: []Dimension{{Column: "region"}},
		Measures:   []Measure{{Op: Sum, Column: "a", As: "total"}, {Op: Sum, Column: "b", As: "sum_c"}, {Op: Sum, Column: "d"}, {Op: Max, Column: "d", As: "total_2"}},
		Order:      []Order{{By: "total"}, {By: "sum_d"}, {By: "region"}},
	}
	is := was.Renamed(map[string]string{"region": "total", "d": "c"})
	require.Equal(t, []string{"total", "total_3", "sum_c", "sum_c_2", "total_2"}, is.ResultNames())
	require.Equal(t, []Order{{By: "total_3"}, {By: "sum_c_2"}, {By: "total"}}, is.Order)

	long := strings.Repeat("é", maxName)
	is = Specification{Dimensions: []Dimension{{Column: "a"}}, Measures: []Measure{{Op: Count, As: long}}}.Renamed(map[string]string{"a": long})
	require.Equal(t, strings.Repeat("é", maxName-2)+"_2", is.Measures[0].As)
}
