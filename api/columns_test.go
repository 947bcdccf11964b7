package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// columnPath is that of a column of weather: day 1, rain 2, place 3, dry 4, note 5.
func columnPath(dataset, id string) string { return dataset + "/columns/" + id }

const day, rain, place = "1", "2", "3"

func TestAColumnIsRenamedAndDescribed(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.analyst)
	column := columnPath(dataset, rain)
	first := o.analyst.get(column)
	require.Equal(t, object{"id": json.Number("2"), "position": json.Number("2"), "name": "rain", "description": "", "unit": "", "semantic": "measure",
		"type": "decimal", "scale": json.Number("2"), "null_count": json.Number("0")}, first.is(http.StatusOK))

	change := object{"name": "precipitation", "description": "Of the day", "unit": "mm", "semantic": "measure"}
	changed := o.analyst.patch(column, change, "If-Match", first.header.Get("ETag"))
	require.Equal(t, object{"id": json.Number("2"), "position": json.Number("2"), "name": "precipitation", "description": "Of the day", "unit": "mm",
		"semantic": "measure", "type": "decimal", "scale": json.Number("2"), "null_count": json.Number("0")}, changed.is(http.StatusOK))
	require.NotEqual(t, first.header.Get("ETag"), changed.header.Get("ETag"))
	for _, path := range []string{dataset, dataset + "/columns", column} {
		require.Equal(t, changed.header.Get("ETag"), o.analyst.get(path).header.Get("ETag"))
	}
	require.Equal(t, "everyone", o.admin.get(column).is(http.StatusOK)["visibility"])
	require.Equal(t, o.viewer.get(dataset).is(http.StatusOK)["columns"], o.viewer.get(dataset + "/columns").is(http.StatusOK)["items"])

	o.analyst.patch(column, change, "If-Match", first.header.Get("ETag")).refused(http.StatusPreconditionFailed, "precondition_failed")
	require.Equal(t, "", o.analyst.patch(column, object{"unit": ""}).is(http.StatusOK)["unit"])
	o.analyst.patch(column, object{"name": "day"}).refused(http.StatusConflict, "column_name_taken")
	for _, body := range []string{`{"name":""}`, `{"name":" "}`, `{"name":null}`, `{"semantic":"nonsense"}`, `{"visibility":"nobody"}`, `{"type":"text"}`, `{"name":"a\u0000"}`} {
		o.owner.patch(column, body).refused(http.StatusUnprocessableEntity, "invalid")
	}
	for _, id := range []string{"6", "2147483647"} {
		o.owner.patch(columnPath(dataset, id), change).refused(http.StatusNotFound, "not_found")
		o.owner.get(columnPath(dataset, id)).refused(http.StatusNotFound, "not_found")
		o.viewer.patch(columnPath(dataset, id), change).refused(http.StatusNotFound, "not_found")
	}
	o.viewer.patch(column, change).refused(http.StatusForbidden, "forbidden")
	o.colleague.patch(column, change).refused(http.StatusForbidden, "forbidden")
	o.analyst.patch(column, object{"visibility": "everyone"}).refused(http.StatusForbidden, "forbidden")
}

// again gives the dataset a second version with the same values under other column numbers, as a change of type does; its first
// column is stored where it was.
func (o *organization) again(dataset string) {
	o.s.t.Helper()
	id := lastOf(dataset)
	o.s.force(`insert into app.dataset_versions (org_id, dataset_id, number, created_by, published_by, mode, base, row_count, column_count, byte_count, segment_ids)
		select org_id, dataset_id, 2, created_by, published_by, 'change', 1, row_count, column_count, byte_count, segment_ids from app.dataset_versions where dataset_id = $1`, id)
	for _, copied := range []string{
		`insert into app.dataset_columns select (jsonb_populate_record(c, jsonb_build_object('version', 2, 'column_no', case column_no when 1 then 1 else column_no + 10 end))).*
		 from app.dataset_columns c where dataset_id = $1`,
		`insert into app.dataset_chunks select (jsonb_populate_record(k, jsonb_build_object('column_no', column_no + 10))).*
		 from app.dataset_chunks k where column_no > 1 and segment_id in (select id from app.dataset_segments where dataset_id = $1)`,
		`insert into app.dataset_words select (jsonb_populate_record(w, jsonb_build_object('column_no', column_no + 10))).* from app.dataset_words w where column_no > 1 and dataset_id = $1`,
		`insert into app.dataset_files select (jsonb_populate_record(f, jsonb_build_object('version', 2))).* from app.dataset_files f where dataset_id = $1`,
		`insert into app.dataset_pieces select f.org_id, f.dataset_id, f.version, n, f.created_by, f.vis, 'abc' from app.dataset_files f, generate_series(0, 2) n where dataset_id = $1`,
		`insert into app.dataset_profiles (org_id, dataset_id, version, column_no, created_by, vis, profile)
		 select org_id, dataset_id, version, column_no, created_by, vis, json_build_object('name', name) from app.dataset_columns where dataset_id = $1`,
		`update app.datasets set version = 2, last_version = 2, last_column_no = 15 where id = $1`,
	} {
		o.s.force(copied, id)
	}
}

// TestAColumnIsChangedInEveryVersion, whatever its values are stored as.
func TestAColumnIsChangedInEveryVersion(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset, other := o.dataset(o.analyst), o.dataset(o.analyst)
	o.again(dataset)
	o.again(other)
	analysis := o.saved(dataset, object{"dimensions": []object{{"column": "day"}}, "measures": []object{{"op": "sum", "column": "rain"}}})
	days := o.saved(dataset, object{"dimensions": []object{{"column": "day"}}})
	o.owner.post(analysis+"/runs", nil).is(http.StatusCreated)
	o.owner.post(days+"/runs", nil).is(http.StatusCreated)
	before := o.s.visOf(t)
	require.Equal(t, map[string]int{}, before)

	o.owner.patch(columnPath(dataset, rain), object{"name": "wet", "visibility": "admins"}).is(http.StatusOK)
	require.Equal(t, map[string]int{"dataset_columns 2": 2, "dataset_chunks 2": 2, "dataset_profiles 2": 2, "dataset_files 2": 2, "dataset_pieces 2": 6,
		"analyses 2": 1, "analysis_runs 2": 1}, o.s.visOf(t))
	o.admin.patch(columnPath(dataset, place), object{"visibility": "analysts"}).is(http.StatusOK)
	require.Equal(t, map[string]int{"dataset_columns 2": 2, "dataset_chunks 2": 2, "dataset_profiles 2": 2, "dataset_files 2": 2, "dataset_pieces 2": 6,
		"analyses 2": 1, "analysis_runs 2": 1, "dataset_columns 1": 2, "dataset_chunks 1": 2, "dataset_profiles 1": 2, "dataset_words 1": 2}, o.s.visOf(t))
	o.admin.patch(columnPath(dataset, day), object{"visibility": "analysts"}).is(http.StatusOK)
	require.Equal(t, 1, o.s.visOf(t)["analyses 1"])
	require.Equal(t, 1, o.s.visOf(t)["analyses 2"])
	o.owner.patch(columnPath(dataset, rain), object{"visibility": "everyone"}).is(http.StatusOK)
	require.Equal(t, 2, o.s.visOf(t)["analyses 1"])
	require.Equal(t, 6, o.s.visOf(t)["dataset_pieces 1"])
	o.owner.patch(columnPath(dataset, place), object{"visibility": "everyone"}).is(http.StatusOK)
	o.owner.patch(columnPath(dataset, day), object{"visibility": "everyone"}).is(http.StatusOK)
	require.Equal(t, before, o.s.visOf(t))

	var names []string
	require.NoError(t, o.s.admin.QueryRow(t.Context(), "select array_agg(name order by version) from app.dataset_columns where dataset_id = $1 and column_id = 2", lastOf(dataset)).Scan(&names))
	require.Equal(t, []string{"wet", "wet"}, names)
	o.s.force("update app.dataset_columns set name = 'old' where dataset_id = $1 and version = 1 and column_id = 4", lastOf(dataset))
	o.owner.patch(columnPath(dataset, rain), object{"name": "old"}).refused(http.StatusConflict, "column_name_taken")
}

// visOf counts the rows that not everyone sees, by table and vis.
func (s *server) visOf(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, table := range []string{"dataset_columns", "dataset_chunks", "dataset_words", "dataset_profiles", "dataset_files", "dataset_pieces", "analyses", "analysis_runs"} {
		for vis, name := range []string{"", " 1", " 2"} {
			var n int
			require.NoError(t, s.admin.QueryRow(t.Context(), "select count(*) from app."+table+" where vis = $1", vis).Scan(&n))
			if n > 0 && vis > 0 {
				counts[table+name] = n
			}
		}
	}
	return counts
}

// saved is the path of a new analysis of an OWNER.
func (o *organization) saved(dataset string, query any) string {
	o.s.t.Helper()
	a := o.owner.post(o.path("/analyses"), object{"name": "Saved", "dataset_id": lastOf(dataset), "query": query})
	a.is(http.StatusCreated)
	return a.header.Get("Location")
}

// TestAColumnThatTheActiveVersionLacksIsChanged: others can be read as well, so it can be hidden in them.
func TestAColumnThatTheActiveVersionLacksIsChanged(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.analyst)
	o.analyst.post(dataset+"/versions?mode=replace", "day,rain\n2024-01-01,1.5\n", "Content-Type", csvType).is(http.StatusCreated)
	column, old := columnPath(dataset, place), dataset+"/rows?version=1&columns=place"
	for _, id := range []string{day, place} {
		require.Equal(t, id, string(o.viewer.get(columnPath(dataset, id)).is(http.StatusOK)["id"].(json.Number)))
	}
	o.viewer.get(old).is(http.StatusOK)
	o.viewer.patch(column, object{"unit": "x"}).refused(http.StatusForbidden, "forbidden")
	o.admin.patch(column, object{"unit": "x"}, "If-Match", `"99"`).refused(http.StatusPreconditionFailed, "precondition_failed")
	o.analyst.patch(column, object{"name": "where"}).is(http.StatusOK)
	o.analyst.patch(column, object{"name": "place"}).is(http.StatusOK)

	hidden := o.admin.patch(column, object{"visibility": "admins"})
	require.Equal(t, "admins", hidden.is(http.StatusOK)["visibility"])
	require.Equal(t, json.Number("3"), hidden.object()["position"])
	require.Equal(t, o.owner.get(dataset).header.Get("ETag"), hidden.header.Get("ETag"))
	event := o.owner.get(o.path("/audit-events?action=column.changed")).items()[0]
	require.Equal(t, object{"column_id": json.Number("3"), "name": "place", "visibility": "admins"}, event["after"])

	none := columnPath(dataset, "99")
	nosuch := string(o.viewer.get(dataset + "/rows?version=1&columns=nosuch").body)
	require.Equal(t, strings.ReplaceAll(nosuch, "nosuch", "place"), string(o.viewer.get(old).body))
	requireSameAnswer(t, o.viewer.get(none), o.viewer.get(column))
	for _, p := range []person{o.viewer, o.analyst, o.colleague} {
		requireSameAnswer(t, p.patch(none, object{"unit": "y"}), p.patch(column, object{"unit": "y"}))
	}
	require.Len(t, o.viewer.get(dataset + "/rows?version=1").is(http.StatusOK)["columns"], 4)
	require.Len(t, o.owner.get(old).is(http.StatusOK)["rows"], 3)
	o.analyst.patch(columnPath(dataset, rain), object{"unit": "mm"}).refused(http.StatusForbidden, "columns_hidden")
}
