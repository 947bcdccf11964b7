package api_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Attacks on hidden columns, beyond the catalogue. What is hidden is to look as if it had never been.

const people = `name,city,salary,hired,grade
Ann,Oslo,5100.50,2014-01-01,topmost
Bob,Bergen,4200.25,2015-01-01,middling
Cid,Oslo,3300.75,2016-01-01,topmost
`

// hiding is a dataset of which salary, hired and grade are hidden from all but OWNER and ADMIN, and who does not see them.
type hiding struct {
	*organization
	dataset string
	blind   map[string]person
}

func newHiding(t *testing.T) hiding {
	o := newServer(t).newOrganization()
	dataset := o.upload(o.analyst, people).header.Get("Location")
	key := o.viewer
	key.token = o.newKey(o.viewer, "VIEWER")
	return hiding{o, dataset, map[string]person{"ANALYST whose dataset it is": o.analyst, "ANALYST": o.colleague, "VIEWER": o.viewer, "VIEWER's key": key,
		"service account": o.newServiceAccount("ANALYST")}}
}

var hidden = map[string]string{"salary": "3", "hired": "4", "grade": "5"}

func (h hiding) see(who string) {
	h.s.t.Helper()
	for _, id := range hidden {
		h.owner.patch(columnPath(h.dataset, id), object{"visibility": who}).is(http.StatusOK)
	}
}

// newEachTime is what an answer to a question has of its own.
var newEachTime = regexp.MustCompile(`"(id|created_at)":"[^"]*"`)

// requireAlike: the answers differ in nothing but the names and ids that were asked for.
func requireAlike(t *testing.T, hidden, absent answer, hiddenName, absentName string, about ...any) {
	t.Helper()
	require.Equal(t, absent.status, hidden.status, about...)
	masked := func(a answer, name string) string {
		return newEachTime.ReplaceAllString(strings.ReplaceAll(string(a.body), name, "…"), `"$1":"new"`)
	}
	require.Equal(t, masked(absent, absentName), masked(hidden, hiddenName), about...)
	for name := range hidden.header {
		if name != "Date" && name != "X-Request-Id" && name != "Content-Length" && !strings.HasPrefix(name, "Ratelimit") {
			require.Equal(t, absent.header[name], hidden.header[name], about...)
		}
	}
}

// asking are queries that name a column, in each way there is.
func asking(column string) map[string]object {
	by := func(o object) object {
		o["measures"] = append([]object{{"op": "count"}}, asMeasures(o["measures"])...)
		return o
	}
	queries := map[string]object{
		"group":    by(object{"dimensions": []object{{"column": column}}}),
		"months":   by(object{"dimensions": []object{{"column": column, "grain": "month"}}}),
		"order":    by(object{"order": []object{{"by": column}}}),
		"order by": by(object{"order": []object{{"by": "sum_" + column}}}),
		"is null":  by(object{"filters": []object{{"column": column, "op": "is_null"}}}),
		"second":   by(object{"filters": []object{{"column": "city", "op": "eq", "value": "Oslo"}, {"column": column, "op": "eq", "value": "topmost"}}}),
		"distinct": {"dimensions": []object{{"column": "city"}, {"column": column}}},
	}
	for _, op := range []string{"count", "count_distinct", "sum", "avg", "min", "max", "median"} {
		queries[op] = by(object{"measures": []object{{"op": op, "column": column, "as": "x"}}})
	}
	for op, value := range map[string]any{"eq": "topmost", "ne": 1, "lt": "2015-01-01", "ge": 4000, "in": []any{"topmost", 1}, "between": []int{1, 2}, "contains": "top"} {
		queries["filter "+op] = by(object{"filters": []object{{"column": column, "op": op, "value": value}}})
	}
	return queries
}

func asMeasures(measures any) []object {
	list, _ := measures.([]object)
	return list
}

func TestAHiddenNameIsAnsweredLikeOneThatNothingHas(t *testing.T) {
	t.Parallel()
	h := newHiding(t)
	h.see("admins")
	for who, p := range h.blind {
		for name := range hidden {
			absent := asking("absent")
			for what, query := range asking(name) {
				requireAlike(t, p.post(h.dataset+"/query", query), p.post(h.dataset+"/query", absent[what]), name, "absent", who, name, what)
				save := func(q object) answer {
					return p.post(h.path("/analyses"), object{"name": "x", "dataset_id": lastOf(h.dataset), "query": q})
				}
				requireAlike(t, save(query), save(absent[what]), name, "absent", who, name, what)
			}
			for _, question := range []string{"total %s by city", "how many rows by %s", "how many rows where %s is topmost", "highest %s", "name by %s", "average \"%s\""} {
				ask := func(name string) answer {
					return p.post(h.dataset+"/questions", object{"question": fmt.Sprintf(question, name)})
				}
				requireAlike(t, ask(name), ask("absent"), name, "absent", who, name, question)
			}
		}
		for _, word := range []string{"topmost", "middling"} { // words of grade
			for _, question := range []string{"how many rows where city is %s", "how many %s", "total rows for %s by city"} {
				ask := func(word string) answer {
					return p.post(h.dataset+"/questions", object{"question": fmt.Sprintf(question, word)})
				}
				requireAlike(t, ask(word), ask("absent"), word, "absent", who, word, question)
			}
		}
	}
	h.admin.post(h.dataset+"/query", asking("salary")["sum"]).is(http.StatusOK)
	h.admin.post(h.dataset+"/questions", object{"question": "total salary for topmost"}).is(http.StatusOK)
}

// TestAHiddenColumnIsNotThere, by its id, in a list, a row, a hash, or what it takes to change it.
func TestAHiddenColumnIsNotThere(t *testing.T) {
	t.Parallel()
	h := newHiding(t)
	cursor := h.viewer.get(h.dataset + "/rows?limit=1").is(http.StatusOK)["next_cursor"].(string)
	h.see("admins")
	for who, p := range h.blind {
		for _, id := range hidden {
			requireAlike(t, p.get(columnPath(h.dataset, id)), p.get(columnPath(h.dataset, "999")), "/"+id, "/999", who)
			for _, change := range []object{{"name": "mine"}, {"visibility": "everyone"}, {}} {
				requireAlike(t, p.patch(columnPath(h.dataset, id), change), p.patch(columnPath(h.dataset, "999"), change), "/"+id, "/999", who)
				p.patch(columnPath(h.dataset, id), change).refused(http.StatusNotFound, "not_found")
			}
		}
		for _, path := range []string{h.dataset, h.path("/datasets"), h.dataset + "/columns", h.dataset + "/rows", h.dataset + "/rows?cursor=" + cursor, columnPath(h.dataset, "1"),
			h.path("/analyses"), h.path("/usage"), h.path("/audit-events")} {
			a := p.get(path)
			if a.status == http.StatusForbidden { // a key reads no events
				continue
			}
			require.Equal(t, http.StatusOK, a.status, path)
			for _, secret := range []string{"salary", "hired", "grade", "topmost", "4200.25", "2015-01-01", "visibility"} {
				require.NotContains(t, string(a.body), secret, "%s: %s", who, path)
			}
		}
		version := p.get(h.dataset).is(http.StatusOK)["version"].(object)
		require.Nil(t, version["sha256"])
	}
	require.NotNil(t, h.admin.get(h.dataset).is(http.StatusOK)["version"].(object)["sha256"])
	// A name that is taken by a hidden column would tell of it: who does not see all changes none.
	for _, name := range []string{"salary", "absent"} {
		h.analyst.patch(columnPath(h.dataset, "1"), object{"name": name}).refused(http.StatusForbidden, "columns_hidden")
	}
	h.viewer.patch(columnPath(h.dataset, "1"), object{"name": "salary"}).refused(http.StatusForbidden, "forbidden")
}

// TestWhatWasMadeOfAHiddenColumnVanishes and comes back: analyses, runs, charts, what an Idempotency-Key has made.
func TestWhatWasMadeOfAHiddenColumnVanishes(t *testing.T) {
	t.Parallel()
	h := newHiding(t)
	type thing struct{ analysis, run string }
	things := map[string]thing{}
	for what, query := range map[string]object{
		"measure": {"dimensions": []object{{"column": "city"}}, "measures": []object{{"op": "sum", "column": "salary"}}},
		"group":   {"dimensions": []object{{"column": "grade"}}},
		"filter":  {"measures": []object{{"op": "count"}}, "filters": []object{{"column": "hired", "op": "ge", "value": "2015-01-01"}}},
	} {
		a := h.analyst.post(h.path("/analyses"), object{"name": "Pay", "dataset_id": lastOf(h.dataset), "query": query}, "Idempotency-Key", what)
		a.is(http.StatusCreated)
		analysis := a.header.Get("Location")
		run := h.analyst.post(analysis+"/runs", nil, "Idempotency-Key", what+" run")
		run.is(http.StatusCreated)
		things[what] = thing{analysis, run.header.Get("Location")}
	}
	innocent := h.saved(h.dataset, object{"dimensions": []object{{"column": "city"}}, "measures": []object{{"op": "count"}}})
	all := func(p person) (bodies []string) {
		for _, of := range things {
			for _, path := range []string{of.analysis, of.analysis + "/runs", of.run, of.run + "/chart.svg"} {
				bodies = append(bodies, string(p.get(path).body))
			}
		}
		return bodies
	}
	seen := all(h.viewer)

	for _, clearance := range []string{"admins", "analysts"} {
		h.see(clearance)
		for who, p := range h.blind {
			if clearance == "analysts" && !strings.HasPrefix(who, "VIEWER") {
				continue
			}
			for what, of := range things {
				absent := h.path("/analyses/" + uuid.NewString())
				for _, rest := range []string{"", "/runs"} {
					p.get(of.analysis+rest).refused(http.StatusNotFound, "not_found")
					requireSameAnswer(t, p.get(of.analysis+rest), p.get(absent+rest))
				}
				for _, rest := range []string{"", "/chart.svg"} {
					requireSameAnswer(t, p.get(of.run+rest), p.get(absent+"/runs/"+uuid.NewString()+rest))
				}
				requireSameAnswer(t, p.post(of.analysis+"/runs", nil), p.post(absent+"/runs", nil))
				requireSameAnswer(t, p.delete(of.analysis), p.delete(absent))
				// Under another analysis it is not there either.
				p.get(innocent+"/runs/"+lastOf(of.run)).refused(http.StatusNotFound, "not_found")
				if p.id == h.analyst.id {
					p.post(of.analysis+"/runs", nil, "Idempotency-Key", what+" run").refused(http.StatusNotFound, "not_found")
				}
			}
			require.Len(t, p.get(h.path("/analyses")).items(), 1, who)
		}
		require.Len(t, h.admin.get(h.path("/analyses")).items(), 4)
	}
	h.see("everyone")
	require.ElementsMatch(t, seen, all(h.viewer))
	require.Len(t, h.viewer.get(h.path("/analyses")).items(), 4)
}

// TestAReplayedUploadDoesNotDescribeHiddenColumns. What file and warnings say, the client has sent itself.
func TestAReplayedUploadDoesNotDescribeHiddenColumns(t *testing.T) {
	t.Parallel()
	h := newHiding(t)
	upload := func() answer {
		return h.analyst.post(h.path("/datasets?name=people"), people, "Content-Type", "text/csv", "Idempotency-Key", "once")
	}
	first := upload()
	h.dataset = first.header.Get("Location")
	h.see("admins")
	again := upload()
	require.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
	require.Equal(t, h.analyst.get(h.dataset).is(http.StatusOK)["columns"], again.is(http.StatusCreated)["columns"])
	require.Len(t, again.object()["columns"], 2)
	require.Nil(t, again.object()["version"].(object)["sha256"])
}

// TestADatasetOfWhichNothingIsSeen is there, without columns; its rows have no cells, and can be counted.
func TestADatasetOfWhichNothingIsSeen(t *testing.T) {
	t.Parallel()
	h := newHiding(t)
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		h.owner.patch(columnPath(h.dataset, id), object{"visibility": "analysts"}).is(http.StatusOK)
	}
	require.Empty(t, h.viewer.get(h.dataset).is(http.StatusOK)["columns"])
	require.Empty(t, h.viewer.get(h.dataset + "/columns").is(http.StatusOK)["items"])
	require.Equal(t, object{"columns": []any{}, "rows": []any{}, "next_cursor": nil}, h.viewer.get(h.dataset+"/rows").is(http.StatusOK))
	require.Equal(t, "[[3]]", fmt.Sprint(h.viewer.post(h.dataset+"/query", count).is(http.StatusOK)["rows"]))
	h.viewer.post(h.dataset+"/query", asking("city")["group"]).refused(http.StatusUnprocessableEntity, "query_invalid")
	h.viewer.get(h.path("/datasets/"+uuid.NewString()+"/rows")).refused(http.StatusNotFound, "not_found")
	h.viewer.get(h.dataset+"/rows?cursor=AAAACQAAAAAAAAAA").refused(http.StatusNotFound, "not_found")
	require.Len(t, h.analyst.get(h.dataset + "/rows").is(http.StatusOK)["rows"], 3)
}
