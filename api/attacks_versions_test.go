package api_test

import (
	"io"
	"math/rand"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
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

// TestWhoDoesNotSeeAColumnDoesNotBringItBack: whoever made the dataset does not see what is hidden in the version of before, so to
// them the column that they send is a new one, and would be everybody's.
func TestWhoDoesNotSeeAColumnDoesNotBringItBack(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"append", "replace"} {
		h := newHiding(t)
		h.see("admins")
		h.owner.renew(h.dataset, "replace", "name,city\nAnn,Oslo\n").is(http.StatusCreated)
		h.analyst.renew(h.dataset, mode, people).refused(http.StatusForbidden, "columns_hidden")
		require.NotContains(t, string(h.viewer.get(h.dataset+"/rows").body), "topmost")
		h.see("everyone")
		h.analyst.renew(h.dataset, mode, people).is(http.StatusCreated)
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

// TestChangesAtOnceLeaveNothingHalf: appends, changes of types, activations, deletions, purges and hiding, all at once.
func TestChangesAtOnceLeaveNothingHalf(t *testing.T) {
	t.Parallel()
	h := newHiding(t)
	change := func(r *rand.Rand) {
		version := h.dataset + "/versions/" + strconv.Itoa(1+r.Intn(40))
		switch r.Intn(13) {
		case 0, 1:
			h.analyst.renew(h.dataset, "append", "name,city,salary,more"+strconv.Itoa(r.Intn(3))+"\nDan,Rome "+strconv.Itoa(r.Intn(99))+",1.5,x\n")
		case 2:
			h.owner.renew(h.dataset, "replace", people)
		case 3:
			h.owner.renew(h.dataset, "replace", "name,city\nAnn,Oslo\n")
		case 4:
			h.owner.retype(h.dataset, object{"columns": []object{{"name": []string{"salary", "hired", "city"}[r.Intn(3)], "type": []string{"text", "float"}[r.Intn(2)]}}, "on_reject": "null"})
		case 5:
			h.owner.post(version+"/activate", nil)
		case 6:
			h.owner.delete(version)
		case 7:
			h.owner.delete(version)
			h.owner.post(version+"/purge", nil)
		case 8:
			h.owner.post(version+"/restore", nil)
		case 9:
			h.owner.patch(columnPath(h.dataset, strconv.Itoa(1+r.Intn(6))), object{"visibility": []string{"everyone", "analysts", "admins"}[r.Intn(3)]})
		case 10:
			[]person{h.owner, h.analyst}[r.Intn(2)].get(h.dataset + "/profile")
		case 11:
			h.analyst.post(h.path("/analyses"), object{"name": "x", "dataset_id": lastOf(h.dataset),
				"query": object{"dimensions": []object{{"column": "city"}}, "measures": []object{{"op": "max", "column": "salary"}}}})
		case 12:
			if all := h.owner.get(h.path("/analyses")).items(); len(all) > 0 {
				h.owner.post(h.path("/analyses/"+all[r.Intn(len(all))]["id"].(string)+"/runs"), nil)
			}
		}
	}
	var changing sync.WaitGroup
	for worker := range 4 {
		changing.Go(func() {
			r := rand.New(rand.NewSource(int64(worker)))
			for range 60 {
				change(r)
			}
		})
	}
	changing.Wait()
	for what, sql := range map[string]string{
		"a segment that is not there": `select from app.dataset_versions v, unnest(v.segment_ids) s where not exists (select from app.dataset_segments g where g.id = s)`,
		"rows that do not add up":     `select from app.dataset_versions v where v.row_count <> (select sum(g.row_count) from app.dataset_segments g where g.id = any (v.segment_ids))`,
		"columns that do not add up":  `select from app.dataset_versions v where v.column_count <> (select count(*) from app.dataset_columns c where c.dataset_id = v.dataset_id and c.version = v.number)`,
		"a column without its chunks": `select from app.dataset_versions v join app.dataset_columns c on c.dataset_id = v.dataset_id and c.version = v.number, unnest(v.segment_ids) s
			join app.dataset_segments g on g.id = s
			where g.row_count <> (select coalesce(sum(k.row_count), 0) from app.dataset_chunks k where k.segment_id = s and k.column_no = c.column_no)`,
		"chunks that are not side by side": `select from app.dataset_chunks group by segment_id, chunk_no having count(distinct (first_row, row_count)) > 1`,
		"a code without a word": `select from app.dataset_columns c join app.dataset_versions v on v.dataset_id = c.dataset_id and v.number = c.version
			join app.dataset_chunks k on k.segment_id = any (v.segment_ids) and k.column_no = c.column_no, unnest(coalesce(k.codes, k.int2s::integer[])) code
			where c.type = 'text' and c.payload <> 'texts' and code is not null and not exists (select from app.dataset_words w
				where w.dataset_id = c.dataset_id and w.column_no = c.column_no and w.page_no = code / 1024 and cardinality(w.words) > code % 1024)`,
		"a chunk that no version has": `select from app.dataset_chunks k where not exists (select from app.dataset_versions v
			join app.dataset_columns c on c.dataset_id = v.dataset_id and c.version = v.number where k.segment_id = any (v.segment_ids) and c.column_no = k.column_no)`,
		"words that no version has":     `select from app.dataset_words w where not exists (select from app.dataset_columns c where c.dataset_id = w.dataset_id and c.column_no = w.column_no)`,
		"a segment that no version has": `select from app.dataset_segments g where not exists (select from app.dataset_versions v where g.id = any (v.segment_ids))`,
		"a column of two visibilities":  `select from app.dataset_columns group by dataset_id, column_id having count(distinct (vis, name)) > 1`,
		"a chunk of another visibility": `select from app.dataset_chunks k join app.dataset_segments g on g.id = k.segment_id
			join app.dataset_columns c on c.dataset_id = g.dataset_id and c.column_no = k.column_no where c.vis <> k.vis`,
		"words of another visibility":        `select from app.dataset_words w join app.dataset_columns c on c.dataset_id = w.dataset_id and c.column_no = w.column_no where c.vis <> w.vis`,
		"a profile of another visibility":    `select from app.dataset_profiles p join app.dataset_columns c using (dataset_id, version, column_no) where c.vis <> p.vis`,
		"a file that tells of a column":      `select from app.dataset_files f join app.dataset_columns c using (dataset_id, version) group by f.dataset_id, f.version, f.vis having max(c.vis) <> f.vis`,
		"an analysis that tells of a column": `select from app.analyses a join app.dataset_columns c on c.dataset_id = a.dataset_id and c.column_id = any (a.column_ids) where a.vis < c.vis`,
		"a run that tells of a column":       `select from app.analysis_runs r join app.analyses a on a.id = r.analysis_id where r.vis < a.vis`,
		"a number that was given twice":      `select from app.datasets d where last_version < (select max(number) from app.dataset_versions v where v.dataset_id = d.id) or last_column_no < (select max(column_no) from app.dataset_columns c where c.dataset_id = d.id)`,
		"no active version":                  `select from app.datasets d where not exists (select from app.dataset_versions v where v.dataset_id = d.id and v.number = d.version and v.deleted_at is null)`,
	} {
		var n int
		require.NoError(t, h.s.admin.QueryRow(t.Context(), "select count(*) from ("+sql+") x").Scan(&n), what)
		require.Zero(t, n, what)
	}
	var versions int
	require.NoError(t, h.s.admin.QueryRow(t.Context(), "select last_version from app.datasets").Scan(&versions))
	require.Greater(t, versions, 10)
	t.Log("versions", versions)
}

// TestNullsThatAnAppendStoresAreCounted: else a file of one row stores a million nulls in each of 999 columns for nothing.
func TestNullsThatAnAppendStoresAreCounted(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.datasetOf(o.analyst, "n\n"+strings.Repeat("1\n", 5000))
	file := "n,a,b\n1,2,3\n"
	version := o.analyst.renew(dataset, "append", file).is(http.StatusCreated)["version"].(object)
	require.Equal(t, int64(2*5000+len(file)), integer(version["byte_count"]))
	o.limit("stored_bytes", 2*10_000+2*len(file))
	o.analyst.post(dataset+"/versions/1/activate", nil).is(http.StatusOK)
	require.Equal(t, "stored_bytes", o.analyst.renew(dataset, "append", file).refused(http.StatusConflict, "quota_exceeded")["quota"].(object)["name"])
}
