package question

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
)

// requireSound makes sure that the reading of a question names only given columns, with values of their types.
func requireSound(t require.TestingT, question string, columns []Column) {
	reading, err := Parse(question, columns)
	if err != nil {
		var refusal *NotUnderstood
		require.True(t, errors.As(err, &refusal))
		require.NotEmpty(t, refusal.Hint)
		return
	}
	spec := reading.Specification
	require.NotEmpty(t, reading.Interpretation)
	require.True(t, len(spec.Measures) > 0 || len(spec.Dimensions) > 0)
	var names []string
	for _, d := range spec.Dimensions {
		c := requireNamed(t, columns, d.Column)
		require.True(t, d.Grain == "" || c.Type.IsTime())
		names = append(names, d.Name())
	}
	for _, m := range spec.Measures {
		if m.Column != "" || m.Op != query.Count {
			c := requireNamed(t, columns, m.Column)
			require.True(t, c.Type.IsNumber() || !slices.Contains([]query.Op{query.Sum, query.Avg, query.Median}, m.Op))
		}
		names = append(names, m.Name())
	}
	for _, f := range spec.Filters {
		requireNamed(t, columns, f.Column)
		require.True(t, json.Valid(f.Value), "%s", f.Value)
	}
	for _, o := range spec.Order {
		require.Contains(t, names, o.By)
	}
	slices.Sort(names)
	require.Len(t, slices.Compact(slices.Clone(names)), len(names), "two result columns of one name")
}

func requireNamed(t require.TestingT, columns []Column, name string) Column {
	i := slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return columns[i]
}

// Words that mean something, in any order, reach deeper than random text.
func TestAnyQuestionIsReadSoundlyOrRefused(t *testing.T) {
	t.Parallel()
	var known []string
	for _, c := range read {
		known = append(known, strings.Fields(c.question)...)
	}
	known = append(known, `"`, "'", "“x”", "q4", "31", "february", "2000", "1e9", "-0", "\x00", "שלום", "top", "0", "not", "by", "or", "and", ",")
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.SampledFrom([][]Column{weather, stocks, disasters, strikes, nil}).Draw(t, "columns")
		question := strings.Join(rapid.SliceOfN(rapid.SampledFrom(known), 0, 14).Draw(t, "words"), " ")
		requireSound(t, question, columns)
	})
}

func TestColumnsOfAnyNameAreSafe(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"count", "by", "total", "top", "rows", "in", "year", "", "_", "how many", "date"}))
		names := rapid.SliceOfNDistinct(name, 1, 6, rapid.ID[string]).Draw(t, "names")
		types := []column.Type{column.Integer, column.Decimal, column.Float, column.Boolean, column.Date, column.Timestamp, column.Text}
		var columns []Column
		words := []string{"count", "by", "total", "in", "2014", "is", "and", "top", "3", "how many", "not", "where", "rows", "sorted by"}
		for _, name := range names {
			columns = append(columns, of(name, rapid.SampledFrom(types).Draw(t, "type"), rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "values")...))
			words = append(words, name, `"`+name+`"`)
		}
		question := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 10).Draw(t, "words"), " ")
		requireSound(t, question, columns)
	})
}

func FuzzParse(f *testing.F) {
	for _, c := range read {
		f.Add(c.question)
	}
	for _, c := range refused {
		f.Add(c.question)
	}
	f.Fuzz(func(t *testing.T, question string) {
		for _, columns := range schemas {
			requireSound(t, question, columns)
		}
	})
}

// Each word of a question that is read must matter: with a nonsense word in its place, the question is refused or read
// as something else, unless the word is one of the documented fillers.
func TestANonsenseWordAnywhereIsNeverPassedOver(t *testing.T) {
	t.Parallel()
	for _, c := range read {
		fields := strings.Fields(c.question)
		for i := range len(fields) + 1 {
			question := strings.Join(slices.Insert(slices.Clone(fields), i, "zzyzx"), " ")
			reading, err := Parse(question, schemas[c.schema])
			if err == nil {
				encoded, err := json.Marshal(reading.Specification)
				require.NoError(t, err)
				require.Contains(t, strings.ToLower(string(encoded)), "zzyzx", question)
			}
		}
	}
}
