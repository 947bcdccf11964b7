package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// rainByPlace names rain in each way there is.
var rainByPlace = object{
	"dimensions": []object{{"column": "place"}}, "measures": []object{{"op": "sum", "column": "rain"}},
	"filters": []object{{"column": "rain", "op": "ge", "value": 0}}, "order": []object{{"by": "sum_rain", "desc": true}},
}

func TestAnAnalysisFollowsTheNamesOfItsColumns(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	analysis := o.saved(dataset, rainByPlace)
	before := o.owner.post(analysis+"/runs", nil).is(http.StatusCreated)
	run := analysis + "/runs/" + before["id"].(string)

	o.owner.patch(columnPath(dataset, rain), object{"name": "place2"}).is(http.StatusOK)
	o.owner.patch(columnPath(dataset, place), object{"name": "rain"}).is(http.StatusOK)
	o.owner.patch(columnPath(dataset, rain), object{"name": "place"}).is(http.StatusOK)
	for _, shown := range []object{o.viewer.get(analysis).is(http.StatusOK), o.viewer.get(o.path("/analyses")).items()[0]} {
		query, err := json.Marshal(shown["query"])
		require.NoError(t, err)
		require.JSONEq(t, `{"dimensions":[{"column":"rain"}],"measures":[{"op":"sum","column":"place"}],"filters":[{"column":"place","op":"ge","value":0}],
			"order":[{"by":"sum_place","desc":true}],"limit":1000}`, string(query))
	}
	stored := o.viewer.get(run).is(http.StatusOK)["result"].(object)
	require.Equal(t, []any{object{"name": "rain", "type": "text"}, object{"name": "sum_place", "type": "decimal"}}, stored["columns"])
	require.Equal(t, before["result"].(object)["rows"], stored["rows"])
	require.Contains(t, string(o.viewer.get(run+"/chart.svg").body), "sum_place")
	again := o.owner.post(analysis+"/runs", nil).is(http.StatusCreated)
	require.Equal(t, stored, again["result"])
}

// TestAnAnalysisOfAColumnThatWentSaysWhich, and another column of that name is not taken for it.
func TestAnAnalysisOfAColumnThatWentSaysWhich(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	o.again(dataset)
	analysis := o.saved(dataset, rainByPlace)
	run := analysis + "/runs/" + o.owner.post(analysis+"/runs", nil).is(http.StatusCreated)["id"].(string)
	o.s.force("update app.dataset_columns set column_id = 12 where dataset_id = $1 and version = 2 and column_id = 2", lastOf(dataset))
	problem := o.owner.post(analysis+"/runs", nil).refused(http.StatusUnprocessableEntity, "query_invalid")
	require.Equal(t, []any{object{"location": "query", "code": "unknown_column", "message": `no column is named "rain"`}}, problem["errors"])
	o.owner.get(run).is(http.StatusOK)
	// It has a vis all the same: that of the versions that have it.
	o.s.force("update app.datasets set version = 1 where id = $1", lastOf(dataset))
	o.owner.patch(columnPath(dataset, rain), object{"visibility": "admins"}).is(http.StatusOK)
	o.s.force("update app.datasets set version = 2 where id = $1", lastOf(dataset))
	o.analyst.post(analysis+"/runs", nil).refused(http.StatusNotFound, "not_found")
	// Once no version has it, what is left of the analysis' columns does not say who sees its runs.
	o.s.force("delete from app.dataset_versions where dataset_id = $1 and number = 1", lastOf(dataset))
	o.owner.patch(columnPath(dataset, place), object{"visibility": "analysts"}).is(http.StatusOK)
	o.owner.patch(columnPath(dataset, place), object{"visibility": "everyone"}).is(http.StatusOK)
	o.analyst.get(run).refused(http.StatusNotFound, "not_found")
}

// TestNothingIsStoredWithTheVisibilityOfBefore: whoever saves or runs something while a column is being hidden is told to try
// again, and then that there is no such column.
func TestNothingIsStoredWithTheVisibilityOfBefore(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.colleague)
	analysis := o.saved(dataset, rainByPlace)
	for name, store := range map[string]func(p person) answer{
		"an analysis": func(p person) answer {
			return p.post(o.path("/analyses"), object{"name": "Late", "dataset_id": lastOf(dataset), "query": rainByPlace})
		},
		"a run": func(p person) answer { return p.post(analysis+"/runs", nil) },
	} {
		for _, p := range []person{o.analyst, o.owner} {
			store(p).is(http.StatusCreated)
			done := make(chan answer)
			conn, err := pgx.Connect(t.Context(), o.s.admin.Config().ConnString())
			require.NoError(t, err)
			// What updateColumn locks and changes; a superuser, so that it can be stopped in the middle.
			_, err = conn.Exec(t.Context(), fmt.Sprintf(`begin; select from app.datasets where id = '%[1]s' for update; select from app.analyses where dataset_id = '%[1]s' for update;
				update app.dataset_columns set vis = 2 where dataset_id = '%[1]s' and column_id = 2; update app.analyses set vis = 2 where dataset_id = '%[1]s';
				update app.analysis_runs set vis = 2`, lastOf(dataset)))
			require.NoError(t, err)
			go func() { done <- store(p) }()
			o.s.waitForLock(t)
			_, err = conn.Exec(t.Context(), "commit")
			require.NoError(t, err)
			(<-done).refused(http.StatusServiceUnavailable, "retry")
			if p.id == o.analyst.id {
				require.Contains(t, []int{http.StatusNotFound, http.StatusUnprocessableEntity}, store(p).status, name)
			}
			require.NoError(t, conn.Close(context.Background()))
			o.owner.patch(columnPath(dataset, rain), object{"visibility": "everyone"}).is(http.StatusOK)
			require.Empty(t, o.s.visOf(t))
		}
	}
}

// TestHidingWaitsForWhatIsBeingStored, and hides it.
func TestHidingWaitsForWhatIsBeingStored(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.colleague)
	analysis := o.saved(dataset, rainByPlace)
	o.owner.post(analysis+"/runs", nil).is(http.StatusCreated)
	for n, store := range []string{
		"insert into app.analyses select (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid()))).* from app.analyses a where id = '%s'",
		"insert into app.analysis_runs select (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid()))).* from app.analysis_runs r where analysis_id = '%s'",
	} {
		conn, err := pgx.Connect(t.Context(), o.s.admin.Config().ConnString())
		require.NoError(t, err)
		_, err = conn.Exec(t.Context(), "begin; "+fmt.Sprintf(store, lastOf(analysis)))
		require.NoError(t, err)
		done := make(chan answer)
		go func() { done <- o.owner.patch(columnPath(dataset, rain), object{"visibility": "admins"}) }()
		o.s.waitForLock(t)
		_, err = conn.Exec(t.Context(), "commit")
		require.NoError(t, err)
		(<-done).is(http.StatusOK)
		require.Equal(t, []int{2, n + 1}, []int{o.s.visOf(t)["analyses 2"], o.s.visOf(t)["analysis_runs 2"]})
		o.owner.patch(columnPath(dataset, rain), object{"visibility": "everyone"}).is(http.StatusOK)
		require.NoError(t, conn.Close(context.Background()))
	}
}

// waitForLock waits until somebody waits for a lock of a row.
func (s *server) waitForLock(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return s.waiting() > 0 }, 20*time.Second, time.Millisecond)
}

// TestHidingAndStoringAtOnce: whatever comes first, what is stored is as visible as its columns.
func TestHidingAndStoringAtOnce(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	analysis := o.saved(dataset, rainByPlace)
	var all sync.WaitGroup
	stop := make(chan struct{})
	counts := make([]map[int]int, 3)
	for i, p := range []person{o.analyst, o.admin, o.colleague} {
		counts[i] = map[int]int{}
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				a := p.post(analysis+"/runs", nil)
				if n%2 == 0 {
					a = p.post(o.path("/analyses"), object{"name": "Late", "dataset_id": lastOf(dataset), "query": rainByPlace})
				}
				counts[i][a.status]++
			}
		})
	}
	var wrong int
	for n := range 40 {
		visibility := []string{"admins", "everyone", "analysts", "everyone"}[n%4]
		require.Contains(t, []int{200, 503}, o.owner.patch(columnPath(dataset, rain), object{"visibility": visibility}).status)
		var w int
		require.NoError(t, o.s.admin.QueryRow(t.Context(), `select (select count(*) from app.analyses a where vis <> (select max(vis) from app.dataset_columns c where c.column_id = any(a.column_ids)))
			+ (select count(*) from app.analysis_runs r join app.analyses a on a.id = r.analysis_id where r.vis <> a.vis)`).Scan(&w))
		wrong += w
	}
	close(stop)
	all.Wait()
	require.Zero(t, wrong)
	stored := 0
	for _, c := range counts {
		stored += c[http.StatusCreated]
		for status := range c {
			require.Contains(t, []int{http.StatusCreated, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}, status)
		}
	}
	require.NotZero(t, stored)
	require.Zero(t, o.s.wrongRows(t))
}

// wrongRows are results that were computed while the column was hidden, or half of them.
func (s *server) wrongRows(t *testing.T) (n int) {
	t.Helper()
	require.NoError(t, s.admin.QueryRow(t.Context(), "select count(*) from app.analysis_runs where result->>'row_count' <> '2'").Scan(&n))
	return n
}
