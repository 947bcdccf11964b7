package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The digits of money: neither a float nor an integer of JavaScript holds the larger ones.
const money = `id,amount,price,whole
1,0.10,90071992547409.93,9007199254740993
2,0.20,0.01,-9007199254740993
3,-0.30,,9223372036854775807
`

func TestEveryDigitOfADecimalComesBack(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	uploaded := o.upload(o.analyst, money)
	uploaded.is(http.StatusCreated)
	dataset := uploaded.header.Get("Location")

	var rows struct{ Rows json.RawMessage }
	o.viewer.get(dataset + "/rows").read(&rows)
	require.Equal(t, `[[1,0.1,90071992547409.93,9007199254740993],[2,0.2,0.01,-9007199254740993],[3,-0.3,null,9223372036854775807]]`, string(rows.Rows))

	query := object{"measures": []object{
		{"op": "sum", "column": "amount"}, {"op": "max", "column": "price"}, {"op": "sum", "column": "price"},
		{"op": "min", "column": "whole"}, {"op": "sum", "column": "whole"},
	}}
	const expected = `[[0,90071992547409.93,90071992547409.94,-9007199254740993,9223372036854775807]]`
	o.viewer.post(dataset+"/query", query).read(&rows)
	require.Equal(t, expected, string(rows.Rows))

	analysis := o.analyst.post(o.path("/analyses"), object{"name": "Money", "dataset_id": lastOf(dataset), "query": query})
	analysis.is(http.StatusCreated)
	run := o.analyst.post(analysis.header.Get("Location")+"/runs", nil)
	run.is(http.StatusCreated)
	for _, a := range []answer{run, o.viewer.get(run.header.Get("Location"))} {
		var detail struct {
			Result struct{ Rows json.RawMessage }
		}
		a.read(&detail)
		require.Equal(t, expected, string(detail.Result.Rows))
	}
}

func TestAFilterKeepsEveryDigit(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.upload(o.analyst, money).header.Get("Location")
	for filter, n := range map[string]string{
		`{"column":"whole","op":"eq","value":9007199254740993}`:  "1",
		`{"column":"whole","op":"eq","value":9007199254740992}`:  "0",
		`{"column":"price","op":"ge","value":90071992547409.93}`: "1",
		`{"column":"price","op":"gt","value":90071992547409.93}`: "0",
		`{"column":"amount","op":"in","value":[0.1,0.20]}`:       "2",
	} {
		query := `{"measures":[{"op":"count"}],"filters":[` + filter + `]}`
		require.Equal(t, []any{[]any{json.Number(n)}}, o.viewer.post(dataset+"/query", query).is(http.StatusOK)["rows"], filter)
		analysis := o.analyst.post(o.path("/analyses"), `{"name":"x","dataset_id":"`+lastOf(dataset)+`","query":`+query+`}`)
		run := o.analyst.post(analysis.header.Get("Location")+"/runs", nil).is(http.StatusCreated)
		require.Equal(t, []any{[]any{json.Number(n)}}, run["result"].(object)["rows"], filter)
	}
}

func TestAQueryOfOneOrganizationCountsOnlyItsRows(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	o, other := s.newOrganization(), s.newOrganization()
	other.dataset(other.owner)
	dataset := o.dataset(o.owner)
	require.Equal(t, []any{[]any{json.Number("3")}}, o.viewer.post(dataset+"/query", count).is(http.StatusOK)["rows"])
	places := o.viewer.post(dataset+"/query", `{"dimensions":[{"column":"place"}],"measures":[{"op":"sum","column":"rain"}]}`).is(http.StatusOK)
	require.Equal(t, []any{[]any{"Bergen", json.Number("0.8")}, []any{"Oslo", json.Number("10.9")}}, places["rows"])
}

func TestAResultLongerThanItsLimitSaysSo(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	cut := o.viewer.post(dataset+"/query", `{"dimensions":[{"column":"day"}],"limit":2}`).is(http.StatusOK)
	require.Equal(t, []any{true, json.Number("2")}, []any{cut["truncated"], cut["row_count"]})
	require.Len(t, cut["rows"], 2)
	whole := o.viewer.post(dataset+"/query", `{"dimensions":[{"column":"day"}],"limit":3}`).is(http.StatusOK)
	require.Equal(t, []any{false, json.Number("3")}, []any{whole["truncated"], whole["row_count"]})
	o.viewer.post(dataset+"/query", `{"dimensions":[{"column":"day"}],"limit":1000000000}`).refused(http.StatusUnprocessableEntity, "invalid")
}

func TestAResultOfManyLongTextsIsRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	file := "id,text\n"
	for i := range 10 {
		file += fmt.Sprintf("%d,%s\n", i, strings.Repeat("x", 90_000))
	}
	id := o.upload(o.owner, file).id()
	texts := func(n int) object {
		measures := []object{}
		for i := range n {
			measures = append(measures, object{"op": "max", "column": "text", "as": fmt.Sprint("m", i)})
		}
		return object{"measures": measures, "dimensions": []object{{"column": "id"}}}
	}
	o.viewer.post(o.path("/datasets/"+id+"/query"), texts(2)).is(http.StatusOK)
	o.viewer.post(o.path("/datasets/"+id+"/query"), texts(20)).refused(http.StatusUnprocessableEntity, "result_too_large")
}
