package api_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// query of a list of rows; parameters in pairs, of which those that are no strings are sent as JSON.
func rowsQuery(t *testing.T, parameters ...any) string {
	q := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		text, ok := parameters[i+1].(string)
		if !ok {
			b, err := json.Marshal(parameters[i+1])
			require.NoError(t, err)
			text = string(b)
		}
		q.Add(parameters[i].(string), text)
	}
	return "/rows?" + q.Encode()
}

// TestSelectedRowsComeOnceAndInTheirOrder, over several chunks, page after page.
func TestSelectedRowsComeOnceAndInTheirOrder(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	type row struct {
		n, wide  int
		word     string
		note     string
		price    string
		position int64
	}
	var rows []row
	var table strings.Builder
	table.WriteString("n,wide,word,note,price\n")
	for i := range 36_000 {
		r := row{i * 7919 % 100, i * 1_003 % 100_000, fmt.Sprintf("w%d", i*31%97), fmt.Sprintf("x%d", i*17%35_993), fmt.Sprintf("%d.%02d", i%13, i%100), int64(i) + 1}
		rows = append(rows, r)
		fmt.Fprintf(&table, "%d,%d,%s,%s,%s\n", r.n, r.wide, r.word, r.note, r.price)
	}
	path := o.upload(o.owner, table.String()).header.Get("Location")
	filters := []object{{"column": "word", "op": "in", "value": []string{"w3", "w50"}}, {"column": "wide", "op": "ge", "value": 1000}}
	passes := func(r row) bool { return (r.word == "w3" || r.word == "w50") && r.wide >= 1000 }
	for name, c := range map[string]struct {
		order   []object
		compare func(a, b row) int
	}{
		"of the file":      {[]object{}, func(a, b row) int { return 0 }},
		"number, text":     {[]object{{"by": "n"}, {"by": "note", "desc": true}}, func(a, b row) int { return cmp.Or(a.n-b.n, strings.Compare(b.note, a.note)) }},
		"word, descending": {[]object{{"by": "word", "desc": true}}, func(a, b row) int { return strings.Compare(b.word, a.word) }},
	} {
		want := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return !passes(r) })
		slices.SortStableFunc(want, c.compare)
		cursor := []any{}
		for page := 0; len(want) > 0; page++ {
			a := o.viewer.get(path + rowsQuery(t, append([]any{"filters", filters, "order", c.order, "limit", "333", "row_numbers", "true",
				"columns", "note", "columns", "n", "columns", "word", "columns", "price", "columns", "wide"}, cursor...)...)).is(http.StatusOK)
			require.Equal(t, []any{"note", "n", "word", "price", "wide"}, fieldsOf(a["columns"], "name"))
			got := a["rows"].([]any)
			require.Len(t, got, min(333, len(want)), name)
			for i, cells := range got {
				r := want[i]
				price := strings.TrimSuffix(strings.TrimRight(r.price, "0"), ".")
				require.Equal(t, fmt.Sprint([]any{r.note, r.n, r.word, price, r.wide}), fmt.Sprint(cells), "%s, page %d", name, page)
				require.Equal(t, fmt.Sprint(r.position), fmt.Sprint(a["row_numbers"].([]any)[i]))
			}
			want = want[len(got):]
			require.Equal(t, len(want) > 0, a["next_cursor"] != nil, name)
			cursor = []any{"cursor", a["next_cursor"]}
		}
	}
}

func TestACursorServesOneSelection(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	path := o.dataset(o.owner)
	byRain, byDay := []object{{"by": "rain"}}, []object{{"by": "day"}}
	first := o.viewer.get(path + rowsQuery(t, "order", byRain, "limit", "1")).is(http.StatusOK)
	cursor := first["next_cursor"]
	second := o.viewer.get(path + rowsQuery(t, "order", byRain, "limit", "1", "cursor", cursor, "columns", "rain")).is(http.StatusOK)
	require.Equal(t, "[[0.8]]", fmt.Sprint(second["rows"]), "columns may differ")
	plain := o.viewer.get(path + "/rows?limit=1").is(http.StatusOK)["next_cursor"]
	for _, query := range []string{
		rowsQuery(t, "cursor", cursor), rowsQuery(t, "order", byDay, "cursor", cursor), rowsQuery(t, "order", byRain, "cursor", plain),
		rowsQuery(t, "order", byRain, "filters", []object{{"column": "rain", "op": "is_null", "value": false}}, "cursor", cursor),
		rowsQuery(t, "order", byRain, "cursor", cursor, "version", "2"),
	} {
		p := o.viewer.get(path+query).refused(http.StatusUnprocessableEntity, "invalid")
		require.Equal(t, []any{"query.cursor"}, fieldsOf(p["errors"], "location"))
	}
}

func TestRowsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	path := o.dataset(o.owner)
	for query, location := range map[string]string{
		rowsQuery(t, "columns", "rain", "columns", "rain"):                                    "query.columns[1]",
		rowsQuery(t, "columns", "x"):                                                          "query.columns[0]",
		rowsQuery(t, "order", []object{{"by": "day"}, {"by": "x"}}):                           "query.order[1].by",
		rowsQuery(t, "filters", []object{{"column": "x", "op": "is_null"}}):                   "query.filters[0].column",
		rowsQuery(t, "filters", []object{{"column": "day", "op": "eq", "value": true}}):       "query.filters[0].value",
		rowsQuery(t, "filters", []object{{"column": "day", "op": "is_null"}}, "columns", "x"): "query.columns[0]",
	} {
		p := o.viewer.get(path+query).refused(http.StatusUnprocessableEntity, "query_invalid")
		require.Equal(t, []any{location}, fieldsOf(p["errors"], "location"))
	}
	for query, location := range map[string]string{
		rowsQuery(t, "order", "day"):                                       "query.order",
		rowsQuery(t, "order", []object{{"by": "day", "asc": true}}):        "query.order[0].asc",
		rowsQuery(t, "filters", []object{{"column": "day", "op": "like"}}): "query.filters[0].op",
		rowsQuery(t, "filters", []object{{"Column": "day", "op": "eq"}}):   "query.filters[0].Column",
		rowsQuery(t, "version", "0"):                                       "query.version",
	} {
		p := o.viewer.get(path+query).refused(http.StatusUnprocessableEntity, "invalid")
		require.Contains(t, fieldsOf(p["errors"], "location"), location, query)
	}
}

// TestAnotherVersionIsReadIfItIsNotDeleted by rows, queries and downloads.
func TestAnotherVersionIsReadIfItIsNotDeleted(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	path := o.dataset(o.owner)
	o.s.force(`insert into app.dataset_versions (org_id, dataset_id, number, created_by, published_by, row_count, column_count, byte_count, segment_ids)
		select org_id, dataset_id, 2, created_by, published_by, row_count, 1, byte_count, segment_ids from app.dataset_versions`)
	o.s.force(`insert into app.dataset_columns (org_id, dataset_id, version, column_no, created_by, column_id, position, name, header, type, scale, payload, null_count)
		select org_id, dataset_id, 2, column_no, created_by, column_id, 1, 'Regen', header, type, scale, payload, null_count from app.dataset_columns where name = 'rain'`)
	read := func(version string) []answer {
		return []answer{
			o.viewer.get(path + "/rows?version=" + version), o.viewer.get(path + rowsQuery(t, "version", version, "filters", []object{{"column": "Regen", "op": "gt", "value": 0}})),
			o.viewer.post(path+"/query?version="+version, object{"dimensions": []object{{"column": "Regen"}}}), o.viewer.get(path + "/download?version=" + version),
		}
	}
	for i, a := range read("2") {
		require.Equal(t, http.StatusOK, a.status, "%d: %s", i, a.body)
		require.Contains(t, string(a.body), "Regen")
		require.NotContains(t, string(a.body), "place")
	}
	require.Contains(t, string(o.viewer.get(path+"/rows").body), "place", "the active one")
	o.s.force("update app.dataset_versions set deleted_at = now() where number = 2")
	for _, version := range []string{"2", "3"} {
		for _, a := range read(version) {
			a.refused(http.StatusNotFound, "not_found")
		}
	}
}
