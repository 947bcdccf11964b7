package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// profiled runs the background work until the test ends.
func (s *server) profiled() {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); s.api.ComputeProfiles(ctx) }()
	s.t.Cleanup(func() { stop(); <-ended })
}

func (s *server) storedProfiles(dataset string) (n int) {
	s.t.Helper()
	require.NoError(s.t, s.admin.QueryRow(s.t.Context(), "select count(*) from app.dataset_profiles where dataset_id = $1", lastOf(dataset)).Scan(&n))
	return n
}

func TestAPublishedVersionIsProfiledInTheBackground(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.s.profiled()
	key := o.newKeyOf(o.owner, "ANALYST")
	for _, p := range []person{o.analyst, key} {
		dataset := o.dataset(p)
		require.Eventually(t, func() bool { return o.s.storedProfiles(dataset) == 5 }, 20*time.Second, 20*time.Millisecond)
	}
}

func TestAProfileIsOfEachColumn(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	p := o.viewer.get(dataset + "/profile").is(http.StatusOK)
	require.Equal(t, json.Number("3"), p["row_count"])
	columns := p["columns"].([]any)
	require.Len(t, columns, 5)
	rain := columns[1].(object)
	for name, want := range (object{"column_id": json.Number("2"), "name": "rain", "type": "decimal", "scale": json.Number("2"), "count": json.Number("3"),
		"null_count": json.Number("0"), "distinct_count": json.Number("3"), "min": json.Number("0"), "max": json.Number("10.9"), "mean": json.Number("3.9")}) {
		require.Equal(t, want, rain[name], name)
	}
	require.Equal(t, rain, any(o.viewer.get(dataset+"/columns/2/profile").is(http.StatusOK)))
}

func TestAProfileIsStoredForWhoMayAndComputedForTheOthers(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.colleague)
	first := o.viewer.get(dataset + "/profile").is(http.StatusOK)
	require.Equal(t, 0, o.s.storedProfiles(dataset))
	require.Equal(t, first, o.analyst.get(dataset+"/profile").is(http.StatusOK))
	require.Equal(t, 0, o.s.storedProfiles(dataset)) // another's dataset
	require.Equal(t, first["columns"].([]any)[3], any(o.colleague.get(dataset+"/columns/4/profile").is(http.StatusOK)))
	require.Equal(t, 1, o.s.storedProfiles(dataset))
	require.Equal(t, first, o.owner.get(dataset+"/profile").is(http.StatusOK))
	require.Equal(t, 5, o.s.storedProfiles(dataset))
	o.s.force("update app.dataset_chunks set ints = null, int4s = null, int2s = null, codes = null, texts = null, floats = '{1}'") // nobody computes it again
	require.Equal(t, first, o.viewer.get(dataset+"/profile?version=1").is(http.StatusOK))
}

func TestAHiddenColumnHasNoProfile(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.analyst)
	hide := func(table string) {
		o.s.force("update app."+table+" set vis = 2 where org_id = $1 and column_no = 3", o.id)
	}
	hide("dataset_columns")
	hide("dataset_chunks")
	hide("dataset_words")
	for _, stored := range []bool{false, true} {
		for _, p := range []person{o.viewer, o.analyst} {
			a := p.get(dataset + "/profile")
			require.Len(t, a.is(http.StatusOK)["columns"], 4)
			require.NotContains(t, string(a.body), "Oslo")
			hidden, none := p.get(dataset+"/columns/3/profile"), p.get(dataset+"/columns/77/profile")
			hidden.refused(http.StatusNotFound, "not_found")
			none.refused(http.StatusNotFound, "not_found")
		}
		require.Len(t, o.owner.get(dataset + "/profile").is(http.StatusOK)["columns"], 5)
		var vis int16
		require.NoError(t, o.s.admin.QueryRow(t.Context(), "select vis from app.dataset_profiles where column_no = 3").Scan(&vis))
		require.EqualValues(t, 2, vis, stored)
	}
}

func TestAProfileOfManyAtOnceIsStoredOnce(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	var all sync.WaitGroup
	answers := make([]answer, 6)
	for i := range answers {
		all.Go(func() { answers[i] = o.owner.get(dataset + "/profile") })
	}
	all.Wait()
	for _, a := range answers {
		require.Equal(t, answers[0].is(http.StatusOK), a.is(http.StatusOK))
	}
	require.Equal(t, 5, o.s.storedProfiles(dataset))
}

// TestAVersionWithTheSameSegmentsHasTheSameProfiles, and they are stored as its own.
func TestAVersionWithTheSameSegmentsHasTheSameProfiles(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	first := o.owner.get(dataset + "/profile").is(http.StatusOK)
	o.s.force(`insert into app.dataset_versions (org_id, dataset_id, number, created_by, published_by, mode, base, row_count, column_count, byte_count, segment_ids)
		select org_id, dataset_id, 2, created_by, published_by, 'change', 1, row_count, column_count, byte_count, segment_ids from app.dataset_versions`)
	o.s.force(`insert into app.dataset_columns (org_id, dataset_id, version, column_no, created_by, column_id, position, name, header, type, scale, payload, null_count)
		select org_id, dataset_id, 2, column_no, created_by, column_id, position, name, header, type, scale, payload, null_count from app.dataset_columns`)
	o.s.force("update app.dataset_chunks set ints = null, int4s = null, int2s = null, codes = null, texts = null, floats = '{1}'")
	second := o.owner.get(dataset + "/profile?version=2").is(http.StatusOK)
	require.Equal(t, json.Number("2"), second["dataset_version"])
	require.Equal(t, first["columns"], second["columns"])
	require.Equal(t, 10, o.s.storedProfiles(dataset))
	o.s.force("update app.dataset_versions set deleted_at = now() where number = 2")
	for _, version := range []string{"2", "3"} {
		o.owner.get(dataset+"/profile?version="+version).refused(http.StatusNotFound, "not_found")
	}
}

// TestAProfileIsNotStoredWhileTheDatasetIsBeingChanged: a column might be hidden by it.
func TestAProfileIsNotStoredWhileTheDatasetIsBeingChanged(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	tx, err := o.s.admin.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "select from app.datasets for update")
	require.NoError(t, err)
	o.owner.get(dataset + "/profile").is(http.StatusOK)
	require.NoError(t, tx.Rollback(t.Context()))
	require.Equal(t, 0, o.s.storedProfiles(dataset))
}

func TestAnEmptyTableHasAProfile(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	a := o.upload(o.owner, "a,b\n,1\n,2\n")
	a.is(http.StatusCreated)
	body := string(o.owner.get(a.header.Get("Location") + "/profile").body)
	require.True(t, strings.Contains(body, `"code":"empty"`), body)
}
