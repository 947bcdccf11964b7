package api_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestAttack_108_AnAnalysisIsOfADatasetOfItsOwnOrganization(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	o, other := s.newOrganization(), s.newOrganization()
	foreign := lastOf(other.dataset(other.owner))
	before := s.dump()
	var bodies []string
	for _, dataset := range []string{foreign, uuid.NewString()} {
		a := o.owner.post(o.path("/analyses"), object{"name": "Days", "dataset_id": dataset, "query": count})
		fault := a.refused(http.StatusUnprocessableEntity, "invalid")["errors"].([]any)[0].(object)
		require.Equal(t, "body.dataset_id", fault["location"])
		bodies = append(bodies, string(a.body))
	}
	require.Equal(t, bodies[1], bodies[0])
	require.Equal(t, before, s.dump())
}

func TestAnAnalysisIsCheckedBeforeItIsSaved(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	for query, location := range map[string]string{
		`{"measures":[{"op":"sum","column":"nothing"}]}`:   "body.query.measures[0].column",
		`{"measures":[{"op":"sum","column":"place"}]}`:     "body.query.measures[0].column",
		`{"dimensions":[{"column":"rain","grain":"day"}]}`: "body.query.dimensions[0].grain",
	} {
		a := o.owner.post(o.path("/analyses"), object{"name": "Bad", "dataset_id": lastOf(dataset), "query": json.RawMessage(query)})
		fault := a.refused(http.StatusUnprocessableEntity, "query_invalid")["errors"].([]any)[0].(object)
		require.Equal(t, location, fault["location"])

		a = o.owner.post(dataset+"/query", query)
		fault = a.refused(http.StatusUnprocessableEntity, "query_invalid")["errors"].([]any)[0].(object)
		require.Equal(t, location, "body.query"+fault["location"].(string)[len("body"):])
	}
	require.Empty(t, o.owner.get(o.path("/analyses")).items())
}

func TestARunKeepsItsResultAfterTheAnalysisIsRunAgain(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	run := o.run(o.analyst)
	first := o.viewer.get(run)
	first.is(http.StatusOK)
	runs := run[:len(run)-len("/"+lastOf(run))]
	o.owner.post(runs, nil).is(http.StatusCreated)
	require.Equal(t, string(first.body), string(o.viewer.get(run).body))
	items := o.viewer.get(runs).items()
	require.Len(t, items, 2)
	require.Equal(t, []any{o.owner.id.String(), o.analyst.id.String()}, []any{items[0]["created_by"], items[1]["created_by"]})
}

func TestARunIsReadOnlyThroughItsAnalysis(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	run, analysis := o.run(o.owner), o.analysis(o.owner)
	for _, rest := range []string{"", "/chart.svg"} {
		require.Equal(t, http.StatusOK, o.viewer.get(run+rest).status)
		o.viewer.get(analysis+"/runs/"+lastOf(run)+rest).refused(http.StatusNotFound, "not_found")
	}
}

func TestADatasetTakesItsAnalysesAndRunsWithIt(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	before := o.s.dumpBesideImports()
	run := o.run(o.analyst)
	o.owner.delete(o.path("/datasets/" + o.owner.get(o.path("/datasets")).items()[0]["id"].(string))).is(http.StatusNoContent)
	o.owner.get(run).refused(http.StatusNotFound, "not_found")
	require.Equal(t, before, o.s.dumpBesideImports())
}

func TestAChartIsAnImageWithoutScripts(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	csv := "place,n\n<script>alert(1)</script>,1\n\"a\"\"&b\",2\n"
	dataset := o.upload(o.owner, csv).id()
	query := object{"dimensions": []object{{"column": "place"}}, "measures": []object{{"op": "sum", "column": "n"}}}
	analysis := o.owner.post(o.path("/analyses"), object{"name": "<script>alert(2)</script>", "dataset_id": dataset, "query": query})
	run := o.owner.post(analysis.header.Get("Location")+"/runs", nil)
	run.is(http.StatusCreated)
	chart := o.viewer.get(run.header.Get("Location") + "/chart.svg")
	require.Equal(t, http.StatusOK, chart.status)
	require.Equal(t, "image/svg+xml", chart.header.Get("Content-Type"))
	require.Equal(t, "default-src 'none'", chart.header.Get("Content-Security-Policy"))
	require.Contains(t, string(chart.body), "<svg")
	require.NotContains(t, string(chart.body), "<script")
}
