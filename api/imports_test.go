package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// running is an upload under way, as an import with an id that was chosen beforehand.
type running struct {
	o        *organization
	by       person
	path     string // of the import
	body     *io.PipeWriter
	answered chan answer
}

// start begins an upload; what it sends, the test writes.
func (o *organization) start(p person) running {
	o.s.t.Helper()
	id, answered := uuid.NewString(), make(chan answer, 1)
	r, w := io.Pipe()
	request, err := http.NewRequest(http.MethodPost, o.s.URL+o.path("/datasets?name=slow&import_id="+id), r)
	require.NoError(o.s.t, err)
	request.Header.Set("Authorization", "Bearer "+p.token)
	request.Header.Set("Content-Type", "text/csv")
	ended := make(chan struct{})
	o.s.t.Cleanup(func() { w.CloseWithError(io.ErrUnexpectedEOF); <-ended })
	go func() {
		defer close(ended)
		if response, err := o.s.Client().Do(request); err == nil {
			defer response.Body.Close()
			text, _ := io.ReadAll(response.Body)
			answered <- answer{o.s.t, response.StatusCode, response.Header, text}
		}
	}()
	u := running{o, p, o.path("/imports/" + id), w, answered}
	require.Eventually(o.s.t, func() bool { return p.get(u.path).status == http.StatusOK }, time.Minute, 5*time.Millisecond)
	return u
}

// sent writes all of the body.
func (u running) sent(csv string) running {
	u.o.s.t.Helper()
	_, err := io.WriteString(u.body, csv)
	require.NoError(u.o.s.t, err)
	require.NoError(u.o.s.t, u.body.Close())
	return u
}

// reaches waits until the import's field has the value.
func (u running) reaches(field string, value any) running {
	u.o.s.t.Helper()
	require.Eventually(u.o.s.t, func() bool { return u.by.get(u.path).is(http.StatusOK)[field] == value }, time.Minute, 5*time.Millisecond)
	return u
}

// blocked has a transaction keep uploads from being stored, until the function that it returns is called.
func (o *organization) blocked() (unblock func()) {
	o.s.t.Helper()
	o.s.force("begin; lock table app.dataset_segments in exclusive mode")
	return func() { o.s.force("rollback") }
}

func TestAnUploadIsAnImport(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	id := uuid.NewString()
	path := o.path("/datasets?name=weather&import_id=" + id)
	a := o.analyst.post(path, weather, "Content-Type", "text/csv")
	made := a.is(http.StatusCreated)
	require.Equal(t, id, a.header.Get("Import-Id"))
	require.Equal(t, id, made["file"].(object)["import_id"])

	one := o.analyst.get(o.path("/imports/" + id)).is(http.StatusOK)
	size := json.Number(fmt.Sprint(len(weather)))
	for field, want := range (object{"id": id, "created_by": o.analyst.id.String(), "mode": "create", "dataset_id": made["id"], "state": "succeeded",
		"stage": "storing", "byte_count": size, "bytes_read": size, "row_count": json.Number("3"), "rows_stored": json.Number("3"),
		"percent": json.Number("100"), "version": json.Number("1"), "problem": nil, "cancel_asked": false}) {
		require.Equal(t, want, one[field], field)
	}
	require.NotNil(t, one["finished_at"])

	o.analyst.post(path, weather, "Content-Type", "text/csv").refused(http.StatusConflict, "import_exists")
	o.colleague.post(path, weather, "Content-Type", "text/csv").refused(http.StatusConflict, "import_exists")
	require.Equal(t, one, o.analyst.get(o.path("/imports/"+id)).is(http.StatusOK))
	require.Len(t, o.owner.get(o.path("/datasets")).items(), 1)

	unnamed := o.analyst.post(o.path("/datasets?name=weather"), weather, "Content-Type", "text/csv")
	require.Equal(t, unnamed.is(http.StatusCreated)["file"].(object)["import_id"], unnamed.header.Get("Import-Id"))
}

func TestAFailedImportKeepsItsProblem(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	a := o.upload(o.analyst, "a,b\n1,2\n3,\"4\n")
	problem := a.refused(http.StatusUnprocessableEntity, "unclosed_quote")
	one := o.analyst.get(o.path("/imports/" + a.header.Get("Import-Id"))).is(http.StatusOK)
	require.Equal(t, "failed", one["state"])
	require.Equal(t, problem, one["problem"])
	require.Nil(t, one["dataset_id"])
	require.NotNil(t, one["finished_at"])
	listed := o.analyst.get(o.path("/imports?state=failed")).items()[0]["problem"].(object)
	require.Equal(t, "unclosed_quote", listed["code"])
	require.NotContains(t, listed, "errors")

	many := o.analyst.post(o.path(`/datasets?name=x&columns=[{"name":"n","type":"integer"}]`), "n\n"+strings.Repeat("x\n", 30), "Content-Type", csvType)
	errors := many.refused(http.StatusUnprocessableEntity, "cells_rejected")["errors"].([]any)
	require.Len(t, errors, 30)
	kept := o.analyst.get(o.path("/imports/" + many.header.Get("Import-Id"))).is(http.StatusOK)["problem"].(object)
	require.Equal(t, errors[:20], kept["errors"])

	o.owner.partial(o.path("/datasets?name=x"), "text/csv", "Content-Length: 5000", weather).refused(http.StatusBadRequest, "upload_incomplete")
	left := o.owner.get(o.path("/imports")).items()[0]
	require.Equal(t, "failed", left["state"])
	require.Equal(t, "upload_incomplete", left["problem"].(object)["code"])
	require.Equal(t, json.Number(fmt.Sprint(len(weather))), left["bytes_read"])
}

func TestImportsAreListedNewestFirstToWhoMaySeeThem(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	var made []string
	for _, p := range []person{o.analyst, o.owner, o.analyst, o.admin} {
		made = append(made, o.upload(p, weather).header.Get("Import-Id"))
	}
	slices.Reverse(made)
	all := func(p person, query string) (ids []string) {
		next := o.path("/imports?limit=1" + query)
		for next != "" {
			a := p.get(next)
			for _, i := range a.items() {
				ids = append(ids, i["id"].(string))
			}
			next, _, _ = strings.Cut(strings.TrimPrefix(a.header.Get("Link"), "<"), ">")
		}
		return ids
	}
	require.Equal(t, made, all(o.owner, ""))
	require.Equal(t, made, all(o.admin, "&state=succeeded"))
	require.Equal(t, []string{made[1], made[3]}, all(o.analyst, ""))
	require.Empty(t, all(o.viewer, ""))
	require.Empty(t, all(o.colleague, ""))
	require.Empty(t, all(o.owner, "&state=failed"))
	o.colleague.get(o.path("/imports/"+made[1])).refused(http.StatusNotFound, "not_found")
	o.owner.get(o.path("/imports?cursor=AAAA")).refused(http.StatusUnprocessableEntity, "invalid")
}

// event is one of a stream.
type event struct {
	name, id string
	data     object
}

// watch opens a stream and returns its events as they come; the channel is closed with the stream.
func (u running) watch(p person) <-chan event {
	t := u.o.s.t
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.s.URL+u.path+"/events", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+p.token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { response.Body.Close() })
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	events := make(chan event, 1000)
	go func() {
		defer close(events)
		var e event
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			switch field, value, _ := strings.Cut(lines.Text(), ": "); field {
			case "event":
				e.name = value
			case "id":
				e.id = value
			case "data":
				_ = json.Unmarshal([]byte(value), &e.data)
			case "":
				events <- e
				e = event{}
			}
		}
	}()
	return events
}

// progressed is a stage and how far it is, in an order that only grows.
func (e event) progressed() []float64 {
	stage := slices.Index([]string{"reading", "waiting", "storing"}, e.data["stage"].(string))
	return []float64{float64(stage), e.data["bytes_read"].(float64), e.data["rows_stored"].(float64)}
}

func TestAnImportIsWatchedToItsEnd(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	u := o.start(o.analyst)
	own, admins := u.watch(o.analyst), u.watch(o.admin)
	first := <-own
	require.Equal(t, "progress", first.name)
	require.Equal(t, "reading", first.data["stage"])
	require.Nil(t, first.data["percent"], "how much will be sent is not known")

	last, read := first, 0.0
	for _, part := range []string{"text\n", strings.Repeat("x", 999) + "\n", strings.Repeat("y", 999) + "\n"} {
		_, err := io.WriteString(u.body, part)
		require.NoError(t, err)
		for read += float64(len(part)); last.data["bytes_read"].(float64) < read; {
			next := <-own
			require.Equal(t, "progress", next.name)
			require.GreaterOrEqual(t, slices.Compare(next.progressed(), last.progressed()), 0)
			last = next
		}
	}
	require.NoError(t, u.body.Close())
	made := (<-u.answered).is(http.StatusCreated)
	for _, stream := range []<-chan event{own, admins} {
		var rest []event
		for e := range stream {
			rest = append(rest, e)
		}
		end := rest[len(rest)-1]
		require.Equal(t, "finished", end.name)
		require.Equal(t, "succeeded", end.data["state"])
		require.Equal(t, made["id"], end.data["dataset_id"])
		require.EqualValues(t, 2005, end.data["bytes_read"])
		require.EqualValues(t, 2, end.data["rows_stored"])
		require.EqualValues(t, 100, end.data["percent"])
		for _, e := range rest[:len(rest)-1] {
			require.Equal(t, "progress", e.name)
		}
	}
	a := o.analyst.get(u.path+"/events", "Last-Event-ID", "finished")
	require.Equal(t, http.StatusNoContent, a.status)
	again := o.analyst.get(u.path + "/events")
	require.Contains(t, string(again.body), "id: finished\nevent: finished\ndata: {")
}

func TestAWatcherWhoMayNoLongerLearnsNothing(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	u := o.start(o.analyst)
	for _, end := range []struct {
		by   person
		what func(p person)
	}{
		{o.analyst.again(), func(p person) { p.post("/api/v1/auth/logout", nil).is(http.StatusNoContent) }},
		{o.admin, func(p person) { o.force(p, "VIEWER") }},
		{o.owner.again(), func(person) { o.s.api.StopWatching() }},
	} {
		events := u.watch(end.by)
		require.Equal(t, "progress", (<-events).name)
		end.what(end.by)
		for e := range events {
			require.Equal(t, "progress", e.name, "it has not finished")
		}
	}
	require.Equal(t, "running", o.analyst.get(u.path).is(http.StatusOK)["state"])
}

func TestSoManyWatchAtATime(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	u := o.start(o.analyst)
	for range 20 {
		u.watch(o.owner)
	}
	refused := o.owner.get(u.path + "/events")
	refused.refused(http.StatusTooManyRequests, "too_many_watchers")
	require.Equal(t, "10", refused.header.Get("Retry-After"))
	other := o.s.newOrganization()
	other.start(other.owner).watch(other.owner)
	u.sent(weather)
	(<-u.answered).is(http.StatusCreated)
	require.Eventually(t, func() bool { return o.owner.get(u.path+"/events").status == http.StatusOK }, time.Minute, 5*time.Millisecond)
}

func TestAnImportIsCancelledWhereverItIs(t *testing.T) {
	t.Parallel()
	for stage, bring := range map[string]func(o *organization) running{
		"reading": func(o *organization) running { return o.start(o.analyst) },
		"waiting": func(o *organization) running {
			o.start(o.colleague).sent(weather).reaches("stage", "storing") // has the organization's only slot
			return o.start(o.analyst).sent(weather).reaches("stage", "waiting")
		},
		"storing": func(o *organization) running { return o.start(o.analyst).sent(weather).reaches("stage", "storing") },
	} {
		for how, cancel := range map[string]func(u running){
			"asked here": func(u running) {
				u.o.admin.post(u.path+"/cancel", nil).is(http.StatusAccepted)
			},
			"asked of another server": func(u running) { // which has this row only
				u.o.s.force("rollback")
				u.o.s.force("update app.dataset_imports set cancel_asked = true where id = $1", lastOf(u.path))
			},
		} {
			if how != "asked here" && stage != "reading" {
				continue // the lock that keeps the upload where it is would be let go
			}
			t.Run(stage+", "+how, func(t *testing.T) {
				t.Parallel()
				o := newServer(t).newOrganization()
				unblock := o.blocked()
				u := bring(o)
				events := u.watch(o.owner)
				cancel(u)
				(<-u.answered).refused(http.StatusConflict, "import_cancelled")
				unblock()
				one := o.analyst.get(u.path).is(http.StatusOK)
				require.Equal(t, "cancelled", one["state"])
				require.Equal(t, stage, one["stage"])
				require.Nil(t, one["problem"])
				require.NotNil(t, one["finished_at"])
				var last event
				for last = range events {
				}
				require.Equal(t, "finished", last.name)
				require.Equal(t, "cancelled", last.data["state"])
				o.analyst.post(u.path+"/cancel", nil).refused(http.StatusConflict, "import_finished")
				for _, d := range o.owner.get(o.path("/datasets")).items() {
					require.NotEqual(t, o.analyst.id.String(), d["created_by"])
				}
				o.upload(o.analyst, weather).is(http.StatusCreated)
			})
		}
	}
}

// TestWhatIsCancelledBeforeItIsPublishedIsNot: the row decides, even if nobody tells the upload.
func TestWhatIsCancelledBeforeItIsPublishedIsNot(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.s.force("create function public.asked() returns trigger language plpgsql as $$ begin update app.dataset_imports set cancel_asked = true; return null; end $$")
	o.s.force("alter function public.asked() security definer")
	o.s.force("create trigger asked after insert on app.dataset_columns for each statement execute function public.asked()")
	o.nothingStored(func() answer { return o.upload(o.owner, weather) }).refused(http.StatusConflict, "import_cancelled")
	require.Equal(t, "cancelled", o.owner.get(o.path("/imports")).items()[0]["state"])
}

func TestAClientThatLeavesWhileItsFileIsStored(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	unblock := o.blocked()
	conn, id := o.s.dial(t), uuid.NewString()
	_, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: text/csv\r\nContent-Length: %d\r\n\r\n%s",
		o.path("/datasets?name=x&import_id="+id), o.analyst.token, len(weather), weather)
	require.NoError(t, err)
	u := running{o: o, by: o.analyst, path: o.path("/imports/" + id)}
	require.Eventually(t, func() bool { return o.analyst.get(u.path).status == http.StatusOK }, time.Minute, 5*time.Millisecond)
	u.reaches("stage", "storing")
	require.NoError(t, conn.Close())
	u.reaches("state", "failed")
	unblock()
	require.Equal(t, "request_timeout", o.analyst.get(u.path).is(http.StatusOK)["problem"].(object)["code"])
	require.Empty(t, o.owner.get(o.path("/datasets")).items())
}

func TestAnImportThatIsNotHeardOfWasInterrupted(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	path := o.importOf(o.analyst, "running")
	require.Equal(t, "running", o.analyst.get(path).is(http.StatusOK)["state"])
	require.Empty(t, o.analyst.get(o.path("/imports?state=interrupted")).items())
	o.s.force("update app.dataset_imports set updated_at = now() - interval '31 seconds'")
	require.Equal(t, "interrupted", o.analyst.get(path).is(http.StatusOK)["state"])
	require.Len(t, o.analyst.get(o.path("/imports?state=interrupted")).items(), 1)
	require.Empty(t, o.analyst.get(o.path("/imports?state=running")).items())
	require.Contains(t, string(o.analyst.get(path+"/events").body), `"state":"interrupted"`)
	require.Equal(t, "cancelled", o.analyst.post(path+"/cancel", nil).is(http.StatusAccepted)["state"])
	o.analyst.post(path+"/cancel", nil).refused(http.StatusConflict, "import_finished")
}

func TestARepeatedUploadIsAnImportThatHasSucceeded(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	ids := []string{uuid.NewString(), uuid.NewString()}
	upload := func(p person, csv, id, key string) answer {
		return p.post(o.path("/datasets?name=weather&import_id="+id), csv, "Content-Type", "text/csv", "Idempotency-Key", key)
	}
	first := upload(o.analyst, weather, ids[0], "k").is(http.StatusCreated)
	for _, id := range []string{ids[1], ids[0]} { // another id, and the request as it was
		a := upload(o.analyst, weather, id, "k")
		require.Equal(t, first["id"], a.is(http.StatusCreated)["id"])
		require.Equal(t, "true", a.header.Get("Idempotent-Replayed"))
		one := o.analyst.get(o.path("/imports/" + id)).is(http.StatusOK)
		require.Equal(t, "succeeded", one["state"])
		require.Equal(t, first["id"], one["dataset_id"])
		require.Equal(t, json.Number("1"), one["version"])
	}
	require.Len(t, o.owner.get(o.path("/imports")).items(), 2)
	upload(o.colleague, weather, ids[0], "k").refused(http.StatusConflict, "import_exists")

	id := uuid.NewString()
	upload(o.analyst, "a\n\"", id, "l").refused(http.StatusUnprocessableEntity, "unclosed_quote")
	upload(o.analyst, weather, id, "l").is(http.StatusCreated)
	one := o.analyst.get(o.path("/imports/" + id)).is(http.StatusOK)
	require.Equal(t, "succeeded", one["state"])
	require.Nil(t, one["problem"])

	u := o.start(o.analyst)
	upload(o.analyst, weather, lastOf(u.path), "m").refused(http.StatusConflict, "import_exists")
}
