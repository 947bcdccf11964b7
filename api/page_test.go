package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThePagesOfEveryListVisitEachItemOnceNewestFirst(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	analysis := o.analysis(o.owner)
	for range 6 {
		o.dataset(o.owner)
		o.invite(o.owner, newEmail(), "VIEWER")
		o.owner.post("/api/v1/organizations", object{"name": "Another"}).is(http.StatusCreated)
		o.owner.post(o.path("/analyses"), object{"name": "Days", "dataset_id": lastOf(dataset), "query": count}).is(http.StatusCreated)
		o.owner.post(analysis+"/runs", nil).is(http.StatusCreated)
	}
	for path, key := range map[string]string{
		"/api/v1/organizations": "id", o.path("/members"): "user_id", o.path("/invitations"): "id", o.path("/datasets"): "id",
		o.path("/analyses"): "id", analysis + "/runs": "id", o.path("/audit-events"): "id",
	} {
		whole := idsOf(o.owner.get(path+"?limit=100").items(), key)
		require.GreaterOrEqual(t, len(whole), 5, path)
		require.IsDecreasing(t, whole, path)
		for limit := 1; limit <= len(whole)+1; limit++ {
			require.Equal(t, whole, o.owner.pages(path, limit, key), "%s?limit=%d", path, limit)
		}
	}
}

func idsOf(items []object, key string) (ids []string) {
	for _, item := range items {
		ids = append(ids, item[key].(string))
	}
	return ids
}

// pages are the keys of all items, read by following next_cursor; the Link header says the same.
func (p person) pages(path string, limit int, key string) (ids []string) {
	p.s.t.Helper()
	next := fmt.Sprintf("%s?limit=%d", path, limit)
	for next != "" {
		a := p.get(next)
		items := idsOf(a.items(), key)
		require.LessOrEqual(p.s.t, len(items), limit)
		ids, next = append(ids, items...), ""
		if cursor, more := a.object()["next_cursor"].(string); more {
			next = fmt.Sprintf("%s?cursor=%s&limit=%d", path, url.QueryEscape(cursor), limit)
			require.Equal(p.s.t, "<"+next+`>; rel="next"`, a.header.Get("Link"))
			require.NotEmpty(p.s.t, items)
		} else {
			require.Empty(p.s.t, a.header.Get("Link"))
		}
	}
	return ids
}

func TestAttack_094_APageIsBounded(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	for _, list := range []string{"/api/v1/organizations", o.path("/members"), o.path("/invitations"), o.path("/datasets"), o.path("/analyses"), dataset + "/rows"} {
		for _, query := range []string{"limit=1000000000", "limit=1001", "limit=0", "limit=-1", "limit=x", "limit=1e2", "limit=0x10", "limit=99999999999999999999",
			"cursor=x", "cursor=" + strings.Repeat("A", 1000), "cursor=%00", "limit=1;cursor=x"} {
			o.owner.get(list+"?"+query).refused(http.StatusUnprocessableEntity, "invalid")
		}
	}
}

func TestWhatIsMadeMeanwhileDisturbsNoPage(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for range 4 {
		o.invite(o.owner, newEmail(), "VIEWER")
	}
	whole := idsOf(o.owner.get(o.path("/invitations")).items(), "id")
	first := o.owner.get(o.path("/invitations?limit=2"))
	o.invite(o.owner, newEmail(), "VIEWER")
	second := o.owner.get(o.path("/invitations?limit=2&cursor=" + first.object()["next_cursor"].(string)))
	require.Equal(t, whole, append(idsOf(first.items(), "id"), idsOf(second.items(), "id")...))
}

func TestAnEmptyListIsAnArray(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for _, path := range []string{o.path("/datasets"), o.path("/analyses"), o.path("/invitations")} {
		require.JSONEq(t, `{"items":[],"next_cursor":null}`, string(o.owner.get(path).body))
	}
}

func TestTheRowsOfATableAreReadOnceInTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	const rows = 20_001 // more than one chunk
	var csv strings.Builder
	csv.WriteString("n,parity,half,note\n")
	for n := range rows {
		fmt.Fprintf(&csv, "%d,%s,%d.5,%s\n", n, []string{"even", "odd"}[n%2], n, strings.Repeat("x", n%3))
	}
	a := o.upload(o.owner, csv.String())
	a.is(http.StatusCreated)
	dataset := a.header.Get("Location")
	n := 0
	for cursor := ""; ; {
		page := o.viewer.get(dataset + "/rows?limit=997" + cursor).is(http.StatusOK)
		for _, row := range page["rows"].([]any) {
			expected := fmt.Sprintf("[%d %s %d.5 %s]", n, []string{"even", "odd"}[n%2], n, []string{"<nil>", "x", "xx"}[n%3])
			require.Equal(t, expected, fmt.Sprint(row))
			n++
		}
		next, more := page["next_cursor"].(string)
		if !more {
			break
		}
		cursor = "&cursor=" + next
	}
	require.Equal(t, rows, n)
}

func TestAForgedCursorShowsNothing(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	for _, cursor := range []string{"AAAAAQAAAAAAAAAD", "AAAAAX__________", "AAAAAQAAAP______", "_____wAAAAAAAAAA", "AAAAAv_________8", "AAAAAgAAAAAAAAAA"} {
		a := o.owner.get(dataset + "/rows?cursor=" + cursor)
		require.Less(t, a.status, 500, "%s: %s", cursor, a.body)
		if a.status == http.StatusOK {
			require.Empty(t, a.object()["rows"], "%s: %s", cursor, a.body)
			require.Nil(t, a.object()["next_cursor"])
		}
	}
}
