package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWiderIntegersReadTheSame: datasets from before integers were stored narrowly have them in bigint[], and codes in integer[].
func TestWiderIntegersReadTheSame(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	a := o.upload(o.owner, "n,big,price,yes,day,at,exact,word\n"+
		"7,70000,1.50,true,2006-01-02,2006-01-02 03:04:05,2006-01-02 03:04:05.5,a\n,-3,0.25,false,1969-12-31,1969-12-31 23:59:59,1969-12-31,b\n-1,,,,,,,\n")
	a.is(http.StatusCreated)
	dataset := a.header.Get("Location")
	answers := func() []object {
		all := []object{o.viewer.get(dataset + "/rows").is(http.StatusOK)}
		for _, column := range []string{"n", "big", "price", "yes", "day", "at", "exact", "word"} {
			all = append(all, o.viewer.post(dataset+"/query", object{"measures": []object{{"op": "min", "column": column}, {"op": "count_distinct", "column": column}},
				"dimensions": []object{{"column": column}}}).is(http.StatusOK))
		}
		all = append(all, o.viewer.post(dataset+"/query", object{"measures": []object{{"op": "max", "column": "at"}, {"op": "sum", "column": "n"}},
			"dimensions": []object{{"column": "at", "grain": "month"}}, "filters": []object{{"column": "at", "op": "ge", "value": "1969-12-31"}}}).is(http.StatusOK))
		return all
	}
	narrow := answers()
	require.Len(t, narrow[0]["rows"], 3)
	// A version that says narrow cannot have wide segments: its columns are widened with them.
	o.s.force("update app.dataset_chunks k set ints = array(select v * 1000000::bigint from unnest(int4s) v), int4s = null from app.dataset_columns c " +
		"where c.org_id = k.org_id and c.column_no = k.column_no and c.type = 'timestamp' and int4s is not null")
	o.s.force("update app.dataset_chunks k set codes = int2s::integer[], int2s = null from app.dataset_columns c " +
		"where c.org_id = k.org_id and c.column_no = k.column_no and c.type = 'text' and int2s is not null")
	o.s.force("update app.dataset_chunks set ints = coalesce(int4s::bigint[], int2s::bigint[]), int4s = null, int2s = null where num_nonnulls(int4s, int2s) = 1")
	o.s.force("update app.dataset_columns set payload = case type when 'text' then 'codes' else 'ints' end")
	require.Equal(t, narrow, answers())
}
