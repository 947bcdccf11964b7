package query_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
)

func sales() query.Version {
	return query.Version{OrgID: uuid.New(), DatasetID: uuid.New(), Segments: []uuid.UUID{uuid.New()}, Expand: "app.expand", Columns: []column.Column{
		{No: 1, Name: "amount", Type: column.Decimal, Scale: 2, Payload: column.Ints},
		{No: 2, Name: "region", Type: column.Text, Payload: column.Codes},
		{No: 3, Name: "on", Type: column.Date, Payload: column.Ints},
		{No: 4, Name: "paid", Type: column.Boolean, Payload: column.Ints},
		{No: 5, Name: "at", Type: column.Timestamp, Payload: column.Ints},
		{No: 6, Name: "n", Type: column.Integer, Payload: column.Ints},
		{No: 7, Name: "f", Type: column.Float, Payload: column.Floats},
	}}
}

// TestMistakesAreNamed compiles each specification as a client would send it.
func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		spec, field string
		code        query.Code
	}{
		{`{}`, "measures", query.Missing},
		{`{"measures":[{"op":"total","column":"amount"}]}`, "measures[0].op", query.BadValue},
		{`{"measures":[{"op":"count"},{"op":"sum","column":"Amount"}]}`, "measures[1].column", query.UnknownColumn},
		{`{"measures":[{"op":"sum"}]}`, "measures[0].column", query.Missing},
		{`{"measures":[{"op":"sum","column":"region"}]}`, "measures[0].column", query.WrongType},
		{`{"measures":[{"op":"avg","column":"paid"}]}`, "measures[0].column", query.WrongType},
		{`{"measures":[{"op":"median","column":"on"}]}`, "measures[0].column", query.WrongType},
		{`{"measures":[{"op":"count"},{"op":"count"}]}`, "measures[1].as", query.DuplicateName},
		{`{"measures":[{"op":"count","as":"region"}],"dimensions":[{"column":"region"}]}`, "measures[0].as", query.DuplicateName},
		{`{"measures":[{"op":"count","as":"` + strings.Repeat("é", 201) + `"}]}`, "measures[0].as", query.BadValue},
		{`{"measures":[{"op":"count","as":"a\u0000"}]}`, "measures[0].as", query.BadValue},
		{`{"dimensions":[{"column":"org_id"}]}`, "dimensions[0].column", query.UnknownColumn},
		{`{"dimensions":[{"column":"` + strings.Repeat("x", 300) + `"}]}`, "dimensions[0].column", query.UnknownColumn},
		{`{"dimensions":[{"column":"region","grain":"month"}]}`, "dimensions[0].grain", query.WrongType},
		{`{"dimensions":[{"column":"on","grain":"hour"}]}`, "dimensions[0].grain", query.BadValue},
		{`{"dimensions":[{"column":"on"},{"column":"on"}]}`, "dimensions[1].column", query.DuplicateName},
		{`{"measures":[{"op":"count"}],"order":[{"by":"amount"}]}`, "order[0].by", query.UnknownName},
		{`{"dimensions":[{"column":"on","grain":"year"},{"column":"on","grain":"month"}],"order":[{"by":"on"}]}`, "order[0].by", query.DuplicateName},
		{`{"measures":[{"op":"count"}],"limit":10001}`, "limit", query.BadValue},
		{`{"measures":[{"op":"count"}],"limit":-1}`, "limit", query.BadValue},
	}
	for _, test := range tests {
		requireMistake(t, test.spec, test.field, test.code)
	}
}

func TestMistakesInFiltersAreNamed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		filter, field string
		code          query.Code
	}{
		{`{"column":"colour","op":"eq","value":"1"}`, "column", query.UnknownColumn},
		{`{"column":"n","op":"like","value":1}`, "op", query.BadValue},
		{`{"column":"n","op":"contains","value":"1"}`, "op", query.WrongType},
		{`{"column":"paid","op":"gt","value":true}`, "op", query.WrongType},
		{`{"column":"paid","op":"between","value":[false,true]}`, "op", query.WrongType},
		{`{"column":"n","op":"eq"}`, "value", query.Missing},
		{`{"column":"n","op":"eq","value":null}`, "value", query.BadValue},
		{`{"column":"n","op":"eq","value":"1"}`, "value", query.BadValue},
		{`{"column":"n","op":"eq","value":[1]}`, "value", query.BadValue},
		{`{"column":"n","op":"eq","value":1e999999999}`, "value", query.BadValue},
		{`{"column":"n","op":"eq","value":1e-999999999999999999999}`, "value", query.BadValue},
		{`{"column":"n","op":"eq","value":` + strings.Repeat("9", 401) + `}`, "value", query.BadValue},
		{`{"column":"amount","op":"lt","value":true}`, "value", query.BadValue},
		{`{"column":"f","op":"eq","value":"0.1"}`, "value", query.BadValue},
		{`{"column":"f","op":"eq","value":1e401}`, "value", query.BadValue},
		{`{"column":"paid","op":"eq","value":1}`, "value", query.BadValue},
		{`{"column":"on","op":"eq","value":"2014-02-30"}`, "value", query.BadValue},
		{`{"column":"on","op":"eq","value":"2014-02-03T00:00:00Z"}`, "value", query.BadValue},
		{`{"column":"on","op":"eq","value":20140203}`, "value", query.BadValue},
		{`{"column":"at","op":"eq","value":"2014-02-03 10:00:00"}`, "value", query.BadValue},
		{`{"column":"at","op":"eq","value":0}`, "value", query.BadValue},
		{`{"column":"region","op":"eq","value":5}`, "value", query.BadValue},
		{`{"column":"region","op":"eq","value":"a\u0000b"}`, "value", query.BadValue},
		{`{"column":"region","op":"contains","value":["a"]}`, "value", query.BadValue},
		{`{"column":"n","op":"in","value":1}`, "value", query.BadValue},
		{`{"column":"n","op":"in","value":[1,null]}`, "value[1]", query.BadValue},
		{`{"column":"n","op":"in","value":[0` + strings.Repeat(",1", 1000) + `]}`, "value", query.BadValue},
		{`{"column":"n","op":"between","value":[1]}`, "value", query.BadValue},
		{`{"column":"n","op":"between","value":[1,2,3]}`, "value", query.BadValue},
		{`{"column":"n","op":"between","value":[1,"2"]}`, "value[1]", query.BadValue},
		{`{"column":"n","op":"is_null","value":0}`, "value", query.BadValue},
	}
	for _, test := range tests {
		requireMistake(t, `{"measures":[{"op":"count"}],"filters":[`+test.filter+`]}`, "filters[0]."+test.field, test.code)
	}
}

func TestListsAreBounded(t *testing.T) {
	t.Parallel()
	requireMistake(t, `{"measures":[`+strings.Repeat(`{"op":"count"},`, 20)+`{"op":"count"}]}`, "measures", query.TooMany)
	requireMistake(t, `{"dimensions":[`+strings.Repeat(`{"column":"n"},`, 10)+`{"column":"n"}]}`, "dimensions", query.TooMany)
	requireMistake(t, `{"filters":[`+strings.Repeat(`{"column":"n","op":"is_null"},`, 50)+`{"column":"n","op":"is_null"}]}`, "filters", query.TooMany)
	requireMistake(t, `{"order":[`+strings.Repeat(`{"by":"n"},`, 10)+`{"by":"n"}]}`, "order", query.TooMany)
}

func requireMistake(t *testing.T, text, field string, code query.Code) {
	t.Helper()
	var spec query.Specification
	require.NoError(t, json.Unmarshal([]byte(text), &spec))
	_, err := query.Compile(spec, sales())
	var mistake *query.Error
	require.ErrorAs(t, err, &mistake, text)
	require.Equal(t, field, mistake.Field, text)
	require.Equal(t, code, mistake.Code, text)
}

func TestHostileNamesAndValuesStayParameters(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	for _, hostile := range []string{
		`x"; drop table app.dataset_chunks; --`, `'; select 'zzz`, `$7 or true`, `%s%d`, `\'; /*`, "\u202egnp.exe", "مرحبا", "{xyzzy}", "$$ zzz", "\n\t zzz",
	} {
		version := load(t, conn, table{
			columns: []column.Column{
				{No: 1, Name: hostile, Type: column.Text, Payload: column.Codes},
				{No: 2, Name: hostile + "2", Type: column.Text, Payload: column.Texts},
			},
			rows:   [][]any{{hostile, hostile}, {"other", "other"}},
			chunks: [][]int{{2}},
		})
		value, err := json.Marshal(hostile)
		require.NoError(t, err)
		list, err := json.Marshal([]string{hostile, hostile})
		require.NoError(t, err)
		spec := query.Specification{
			Dimensions: []query.Dimension{{Column: hostile}, {Column: hostile + "2"}},
			Measures:   []query.Measure{{Op: query.Max, Column: hostile, As: hostile + " max"}},
			Order:      []query.Order{{By: hostile + " max", Desc: true}},
		}
		for _, col := range []string{hostile, hostile + "2"} {
			spec.Filters = append(spec.Filters, query.Filter{Column: col, Op: query.Equal, Value: value},
				query.Filter{Column: col, Op: query.GreaterOrEqual, Value: value}, query.Filter{Column: col, Op: query.Contains, Value: value},
				query.Filter{Column: col, Op: query.In, Value: list}, query.Filter{Column: col, Op: query.Between, Value: list})
		}
		require.Equal(t, [][]any{{hostile, hostile, hostile}}, ask(t, conn, spec, version))

		statement, err := query.Compile(spec, version)
		require.NoError(t, err)
		require.NotContains(t, statement.SQL, hostile)
		require.Equal(t, statement.SQL, renamed(t, spec, version), "the text depends on a name or value")
	}
}

// renamed is the SQL of spec with every name and value replaced.
func renamed(t *testing.T, spec query.Specification, version query.Version) string {
	names := map[string]string{version.Columns[0].Name: "one", version.Columns[1].Name: "two"}
	version.Columns = []column.Column{version.Columns[0], version.Columns[1]}
	for i := range version.Columns {
		version.Columns[i].Name = names[version.Columns[i].Name]
	}
	spec.Dimensions = []query.Dimension{{Column: "one"}, {Column: "two"}}
	spec.Measures = []query.Measure{{Op: query.Max, Column: "one", As: "most"}}
	spec.Order = []query.Order{{By: "most", Desc: true}}
	filters := spec.Filters
	spec.Filters = nil
	for _, f := range filters {
		f.Column = names[f.Column]
		f.Value = json.RawMessage(map[bool]string{false: `"v"`, true: `["v","v"]`}[f.Op == query.In || f.Op == query.Between])
		spec.Filters = append(spec.Filters, f)
	}
	statement, err := query.Compile(spec, version)
	require.NoError(t, err)
	return statement.SQL
}

func TestNamesAndTypesOfTheResultAreThoseOfTheSpecification(t *testing.T) {
	t.Parallel()
	var spec query.Specification
	require.NoError(t, json.Unmarshal([]byte(`{"dimensions":[{"column":"region"},{"column":"at","grain":"day"}],
		"measures":[{"op":"count"},{"op":"count","column":"n"},{"op":"sum","column":"amount","as":"revenue"},{"op":"avg","column":"n"},{"op":"median","column":"f"},{"op":"max","column":"at"}]}`), &spec))
	statement, err := query.Compile(spec, sales())
	require.NoError(t, err)
	require.Equal(t, 1000, statement.Limit)
	require.Equal(t, []query.ResultColumn{{Name: "region", Type: column.Text}, {Name: "at_day", Type: column.Date}, {Name: "count", Type: column.Integer},
		{Name: "count_n", Type: column.Integer}, {Name: "revenue", Type: column.Decimal}, {Name: "avg_n", Type: column.Decimal},
		{Name: "median_f", Type: column.Float}, {Name: "max_at", Type: column.Timestamp}}, statement.Columns)
}
