package api_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Attacks on versions, beyond the catalogue.

// TestAHiddenColumnThatComesBackIsHidden: a month without the column does not show that of the next one to everyone.
func TestAHiddenColumnThatComesBackIsHidden(t *testing.T) {
	t.Parallel()
	for name, comeBack := range map[string]func(h hiding) answer{
		"in a file":         func(h hiding) answer { return h.owner.renew(h.dataset, "replace", people) },
		"in rows of a file": func(h hiding) answer { return h.owner.renew(h.dataset, "append", people) },
		"under its new name": func(h hiding) answer {
			return h.owner.renew(h.dataset, "replace", strings.Replace(people, "salary", "pay", 1))
		},
		"beside a version that has it": func(h hiding) answer {
			h.owner.renew(h.dataset, "append", people).is(http.StatusCreated)
			h.owner.post(h.dataset+"/versions/2/activate", nil).is(http.StatusOK)
			return h.owner.renew(h.dataset, "append", people)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHiding(t)
			h.owner.patch(columnPath(h.dataset, "3"), object{"name": "pay"}).is(http.StatusOK)
			h.see("admins")
			h.owner.renew(h.dataset, "replace", "name,city\nAnn,Oslo\n").is(http.StatusCreated)
			comeBack(h).is(http.StatusCreated)
			require.Len(t, h.owner.get(h.dataset).is(http.StatusOK)["columns"], 5)
			for who, p := range h.blind {
				require.Len(t, p.get(h.dataset).is(http.StatusOK)["columns"], 2, who)
				require.NotContains(t, string(p.get(h.dataset+"/rows").body), "topmost", who)
			}
			// It is the same column: who sees one version of it sees the other.
			h.owner.patch(columnPath(h.dataset, "5"), object{"visibility": "everyone"}).is(http.StatusOK)
			require.Contains(t, string(h.viewer.get(h.dataset+"/rows").body), "topmost")
			require.Contains(t, string(h.viewer.get(h.dataset+"/rows?version=1").body), "topmost")
			h.owner.patch(columnPath(h.dataset, "5"), object{"visibility": "analysts"}).is(http.StatusOK)
			require.NotContains(t, string(h.viewer.get(h.dataset+"/rows?version=1").body), "topmost")
		})
	}
}

// TestAFilteredDownloadIsNotCutShort by who hides the column of the filter, or purges the version, while a client reads.
func TestAFilteredDownloadIsNotCutShort(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	table := "word,text\n" + strings.Repeat("v,t\n", 40_000)
	for name, change := range map[string]func(dataset string){
		"hidden": func(dataset string) {
			o.owner.patch(columnPath(dataset, "1"), object{"visibility": "admins"}).is(http.StatusOK)
		},
		"purged": func(dataset string) {
			o.owner.renew(dataset, "replace", "word\nv\n").is(http.StatusCreated)
			o.owner.delete(dataset + "/versions/1").is(http.StatusNoContent)
			o.owner.post(dataset+"/versions/1/purge", nil).is(http.StatusOK)
		},
	} {
		dataset := o.datasetOf(o.owner, table)
		// More than what is on its way to a client that does not read yet.
		o.s.force("update app.dataset_words set words = array[repeat('text', 100)] where dataset_id = $1 and column_no = 2", lastOf(dataset))
		o.s.force("update app.dataset_versions set segment_ids = segment_ids || segment_ids || segment_ids || segment_ids, row_count = 4 * row_count where dataset_id = $1", lastOf(dataset))
		path := dataset + "/download?columns=text&filters=" + url.QueryEscape(`[{"column":"word","op":"eq","value":"v"}]`)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.s.URL+path, nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+o.viewer.token)
		request.Header.Set("Accept-Encoding", "identity")
		response, err := o.s.Client().Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		require.Equal(t, http.StatusOK, response.StatusCode)
		change(dataset)
		_, err = io.Copy(io.Discard, response.Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, name)
	}
}
