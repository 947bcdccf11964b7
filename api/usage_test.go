package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api"
	"github.com/insightforge/insightforge/api/tenant"
)

// limit sets a limit as the operator does.
func (o *organization) limit(quota string, limit int) {
	o.s.t.Helper()
	o.s.force("update app.quotas set "+quota+" = $2 where org_id = $1", o.id, limit)
}

// used is a quota as everybody sees it.
func (o *organization) used(quota string) (used, limit int) {
	o.s.t.Helper()
	q := o.viewer.get(o.path("/usage")).is(http.StatusOK)[quota].(object)
	number := func(name string) int {
		n, err := strconv.Atoi(string(q[name].(json.Number)))
		require.NoError(o.s.t, err)
		return n
	}
	return number("used"), number("limit")
}

// over requires a refusal for want of room.
func (a answer) over(quota string, used, limit int) object {
	a.t.Helper()
	status := http.StatusConflict
	if quota == "questions_today" {
		status = http.StatusTooManyRequests
	}
	problem := a.refused(status, "quota_exceeded")
	number := func(n int) json.Number { return json.Number(strconv.Itoa(n)) }
	require.Equal(a.t, object{"name": quota, "used": number(used), "limit": number(limit)}, problem["quota"])
	return problem
}

func TestUsageIsWhatIsThere(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	path := o.dataset(o.owner)
	o.analyst.post(o.dataset(o.analyst)+"/questions", object{"question": "how many rows"}).is(http.StatusOK)
	usage := o.viewer.get(o.path("/usage")).is(http.StatusOK)
	ends, err := time.Parse(time.RFC3339, usage["day_ends_at"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().UTC().Truncate(24*time.Hour).Add(24*time.Hour), ends, 0)
	delete(usage, "day_ends_at")
	quota := func(used, limit int) object {
		return object{"used": json.Number(strconv.Itoa(used)), "limit": json.Number(strconv.Itoa(limit))}
	}
	require.Equal(t, object{"members": quota(5, 1000), "datasets": quota(2, 1000), "stored_bytes": quota(2*len(weather), 100<<30), "questions_today": quota(1, 10000)}, usage)
	o.owner.delete(path).is(http.StatusNoContent)
	bytes, _ := o.used("stored_bytes")
	require.Equal(t, len(weather), bytes)
}

func TestADatasetOverAQuotaIsRefusedBeforeItsBodyIsReadIfThatCanBeTold(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.limit("stored_bytes", 2*len(weather)+10)
	o.dataset(o.owner)
	const path, length = "/datasets?name=x", "Content-Length: 1000000000" // none of it is sent
	o.owner.partial(o.path(path), "text/csv", length, "").over("stored_bytes", len(weather), 2*len(weather)+10)
	o.owner.post(o.path(path), form("file", "x.csv", weather), "Content-Type", formType).is(http.StatusCreated)
	o.nothingStored(func() answer {
		return o.owner.post(o.path(path), form("file", "x.csv", weather), "Content-Type", formType)
	}).
		over("stored_bytes", 2*len(weather), 2*len(weather)+10)
	o.limit("datasets", 2)
	o.owner.partial(o.path(path), "text/csv", length, "").over("datasets", 2, 2)
	o.viewer.partial(o.path(path), "text/csv", length, "").refused(http.StatusForbidden, "forbidden")
}

func TestARepeatedUploadIsAnsweredAlsoWhenTheQuotaIsUsedUp(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.limit("datasets", 1)
	upload := func(key string) answer {
		return o.owner.post(o.path("/datasets?name=weather"), weather, "Content-Type", "text/csv", "Idempotency-Key", key)
	}
	first := upload("first").is(http.StatusCreated)["id"]
	require.Equal(t, first, upload("first").is(http.StatusCreated)["id"])
	upload("second").over("datasets", 1, 1)
}

func TestALimitBelowWhatIsThereTakesNothingAway(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	first, second := o.dataset(o.owner), o.dataset(o.owner)
	o.limit("datasets", 1)
	o.limit("members", 1)
	o.upload(o.owner, weather).over("datasets", 2, 1)
	o.viewer.get(second).is(http.StatusOK)
	o.owner.post(first+"/questions", object{"question": "how many rows"}).is(http.StatusOK)
}

// TestAQuestionIsCountedUntilTheDayEnds, whatever becomes of it: its dataset may go, and so does it then.
func TestAQuestionIsCountedUntilTheDayEnds(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.limit("questions_per_day", 2)
	ask := func() answer {
		path := o.dataset(o.analyst)
		defer o.analyst.delete(path)
		return o.analyst.post(path+"/questions", object{"question": "how many rows"})
	}
	ask().is(http.StatusOK)
	o.owner.post(o.dataset(o.owner)+"/questions", object{"question": "why, oh why?"}).refused(http.StatusUnprocessableEntity, "question_not_understood")
	ask().is(http.StatusOK)
	a := ask()
	a.over("questions_today", 2, 2)
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	require.NoError(t, err)
	require.InDelta(t, time.Until(time.Now().UTC().Truncate(24*time.Hour).Add(24*time.Hour)).Seconds(), wait, 5)
	o.s.force("update app.questions_asked set at = date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' - interval '1 second'")
	ask().is(http.StatusOK)
}

func TestAnInvitationThatCouldNotBeAcceptedIsRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.limit("members", 6)
	i := o.invite(o.owner, newEmail(), "VIEWER")
	invite := func(p person) answer {
		return p.post(o.path("/invitations"), object{"email": newEmail(), "role": "VIEWER"})
	}
	o.nothingStored(func() answer { return invite(o.owner) }).over("members", 6, 6)
	invite(o.viewer).refused(http.StatusForbidden, "forbidden")
	o.owner.delete(o.path("/invitations/" + i["id"].(string))).is(http.StatusNoContent)
	invite(o.owner).is(http.StatusCreated)
}

func TestWhoHasNoRoomIsNotToldHowManyThereAre(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p := o.s.newPerson("Ivo Invited")
	token := o.invite(o.owner, p.email, "VIEWER")["token"]
	o.limit("members", 5)
	before := o.s.dump()
	problem := p.post("/api/v1/invitations/accept", object{"token": token}).refused(http.StatusConflict, "quota_exceeded")
	require.Equal(t, object{"name": "members"}, problem["quota"])
	require.Equal(t, before, o.s.dump(), "the invitation is still open")
	o.limit("members", 6)
	p.post("/api/v1/invitations/accept", object{"token": token}).is(http.StatusOK)
}

// crowded serves the same database through many connections at once, with slots for all of them.
func (s *server) crowded() *server {
	s.t.Helper()
	to := s.admin.Config()
	db, err := tenant.Open(s.t.Context(), fmt.Sprintf("host=%s port=%d dbname=%s user=insightforge", to.Host, to.Port, to.Database), tenant.Options{MaxConns: 16})
	require.NoError(s.t, err)
	s.t.Cleanup(db.Close)
	crowded := *s
	crowded.Server = httptest.NewServer(api.NewServer(db, 160, keys(), "app.expand", s.tempDir, maxUpload, api.Mails{Queue: s.queue}).Handler())
	s.t.Cleanup(crowded.Close)
	return &crowded
}

// times are n requests.
func times(n int, do func(i int) answer) []func() answer {
	requests := make([]func() answer, n)
	for i := range n {
		requests[i] = func() answer { return do(i) }
	}
	return requests
}

// fits requires that so many have succeeded and that there was no room for the others.
func fits(t *testing.T, n int, answers []answer) {
	t.Helper()
	succeeded := 0
	for _, a := range answers {
		if a.status < 300 {
			succeeded++
			continue
		}
		require.Contains(t, []int{http.StatusConflict, http.StatusTooManyRequests}, a.status, "%s", a.body)
		a.refused(a.status, "quota_exceeded")
	}
	require.Equal(t, n, succeeded)
}

// Of 40 at once those for which there is room succeed, and no others, of every kind.
const many = 40

func TestManyDatasetsAtOnceAreAsManyAsFit(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.limit("datasets", 5)
	p := o.owner
	p.s = o.s.crowded()
	fits(t, 5, atOnce(times(many, func(int) answer { return o.upload(p, weather) })...))
	used, _ := o.used("datasets")
	require.Equal(t, 5, used)
}

func TestManyBytesAtOnceAreAsManyAsFit(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.limit("stored_bytes", 6*len(weather)-1)
	p := o.owner
	p.s = o.s.crowded()
	fits(t, 5, atOnce(times(many, func(int) answer { return o.upload(p, weather) })...))
	used, _ := o.used("stored_bytes")
	require.Equal(t, 5*len(weather), used)
}

func TestManyQuestionsAtOnceAreAsManyAsFit(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.limit("questions_per_day", 5)
	path := o.dataset(o.owner) + "/questions"
	p := o.analyst
	p.s = o.s.crowded()
	fits(t, 5, atOnce(times(many, func(int) answer { return p.post(path, object{"question": "how many rows"}) })...))
	used, _ := o.used("questions_today")
	require.Equal(t, 5, used)
}

func TestManyWhoJoinAtOnceAreAsManyAsFit(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	invited, tokens := make([]person, many), make([]any, many)
	for i := range many {
		invited[i] = o.s.newPerson("Ivo Invited")
		tokens[i] = o.invite(o.owner, invited[i].email, []string{"ADMIN", "ANALYST", "VIEWER"}[i%3])["token"]
	}
	o.limit("members", 10) // there are five
	s := o.s.crowded()
	fits(t, 5, atOnce(times(many, func(i int) answer {
		invited[i].s = s
		return invited[i].post("/api/v1/invitations/accept", object{"token": tokens[i]})
	})...))
	used, _ := o.used("members")
	require.Equal(t, 10, used)
}

// TestWhatComesAndGoesAtOnceIsNeverTooMuch: datasets come and go and questions are asked, all at
// once; nothing is ever over its limit, and nothing fails for another reason.
func TestWhatComesAndGoesAtOnceIsNeverTooMuch(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for _, quota := range []string{"datasets", "questions_per_day"} {
		o.limit(quota, 5)
	}
	kept := o.dataset(o.owner)
	p := o.owner
	p.s = o.s.crowded()
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			used, _ := o.used("datasets")
			if used > 5 {
				t.Error(used, "datasets")
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	answers := atOnce(times(2*many, func(i int) answer {
		if i%4 == 3 {
			return p.post(kept+"/questions", object{"question": "how many rows"})
		}
		a := o.upload(p, weather)
		if a.status == http.StatusCreated && i%2 == 0 {
			return p.delete(a.header.Get("Location"))
		}
		return a
	})...)
	close(stop)
	watching.Wait()
	for _, a := range answers {
		if a.status >= 300 {
			require.Contains(t, []int{http.StatusConflict, http.StatusTooManyRequests}, a.status, "%s", a.body)
			a.refused(a.status, "quota_exceeded")
		}
	}
	for o.upload(p, weather).status == http.StatusCreated {
	}
	used, limit := o.used("datasets")
	require.Equal(t, limit, used)
	questions, _ := o.used("questions_today")
	require.Equal(t, 5, questions)
}
