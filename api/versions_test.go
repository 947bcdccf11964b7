package api_test

import (
	"crypto/sha512"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// replaced gives a dataset a version with other rows, which is not the active one.
func (o *organization) replaced(dataset, csv string, parameters ...string) string {
	o.s.t.Helper()
	creator, before := o.creatorOf(dataset), o.owner.get(dataset).is(http.StatusOK)["version"].(object)["number"]
	path := dataset + "/versions?" + strings.Join(append(parameters, "mode=replace"), "&")
	made := creator.post(path, csv, "Content-Type", csvType).is(http.StatusCreated)["version"].(object)["number"]
	creator.post(fmt.Sprint(dataset, "/versions/", before, "/activate"), nil).is(http.StatusOK)
	return fmt.Sprint(dataset, "/versions/", made)
}

// appended gives a dataset a version with the rows of another one and once more those of its first segment.
func (o *organization) appended(dataset string, base int) string {
	o.s.t.Helper()
	number := o.nextVersion(dataset)
	segment := uuid.NewString()
	for _, sql := range []string{
		`insert into app.dataset_segments (org_id, id, dataset_id, created_by, row_count)
			select s.org_id, $4, s.dataset_id, s.created_by, s.row_count from app.dataset_versions v join app.dataset_segments s on s.id = v.segment_ids[1]
			where v.dataset_id = $1 and v.number = $2 and $3 > 0`,
		`insert into app.dataset_chunks select k.org_id, $4, k.column_no, k.chunk_no, k.created_by, k.first_row, k.row_count, k.null_count, k.min_value, k.max_value,
				k.ints, k.floats, k.codes, k.texts, k.vis, k.int2s, k.int4s
			from app.dataset_versions v join app.dataset_chunks k on k.segment_id = v.segment_ids[1] where v.dataset_id = $1 and v.number = $2 and $3 > 0`,
		`insert into app.dataset_versions (org_id, dataset_id, number, created_by, published_by, mode, base, row_count, column_count, byte_count, segment_ids)
			select v.org_id, v.dataset_id, $3, v.created_by, v.published_by, 'append', $2, v.row_count + s.row_count, v.column_count, 1000, v.segment_ids || $4::uuid
			from app.dataset_versions v join app.dataset_segments s on s.id = $4 where v.dataset_id = $1 and v.number = $2`,
		copyColumns,
		`insert into app.dataset_files (org_id, dataset_id, version, created_by, sha256)
			select org_id, dataset_id, $3, created_by, sha256(uuid_send($4)) from app.dataset_files where dataset_id = $1 and version = $2`,
		`update app.datasets set last_version = $3 where id = $1 and $2 > 0 and $4::uuid is not null`,
	} {
		o.s.force(sql, lastOf(dataset), base, number, segment)
	}
	return fmt.Sprint(dataset, "/versions/", number)
}

const copyColumns = `
insert into app.dataset_columns (org_id, dataset_id, version, column_no, created_by, column_id, position, name, header, type, scale, payload, null_count, vis)
select org_id, dataset_id, $3, column_no, created_by, column_id, position, name, header, type, scale, payload, null_count, vis
from app.dataset_columns where dataset_id = $1 and version = $2 and $4::uuid is not null`

// retyped gives a dataset a version with the rows of another one, of which every column is stored anew.
func (o *organization) retyped(dataset string, base int) string {
	o.s.t.Helper()
	number := o.nextVersion(dataset)
	for _, sql := range []string{
		`insert into app.dataset_versions (org_id, dataset_id, number, created_by, published_by, mode, base, row_count, column_count, byte_count, segment_ids)
			select org_id, dataset_id, $3, created_by, published_by, 'change', $2, row_count, column_count, 0, segment_ids from app.dataset_versions where dataset_id = $1 and number = $2`,
		`insert into app.dataset_chunks select k.org_id, k.segment_id, k.column_no + d.last_column_no, k.chunk_no, k.created_by, k.first_row, k.row_count, k.null_count, k.min_value, k.max_value,
				k.ints, k.floats, k.codes, k.texts, k.vis, k.int2s, k.int4s
			from app.datasets d join app.dataset_versions v on v.dataset_id = d.id join app.dataset_columns c on c.dataset_id = d.id and c.version = v.number
				join app.dataset_chunks k on k.segment_id = any (v.segment_ids) and k.column_no = c.column_no
			where d.id = $1 and v.number = $2 and $3 > 0`,
		`insert into app.dataset_words (org_id, dataset_id, column_no, page_no, created_by, words)
			select w.org_id, w.dataset_id, w.column_no + d.last_column_no, page_no, w.created_by, words
			from app.datasets d join app.dataset_columns c on c.dataset_id = d.id join app.dataset_words w on w.dataset_id = d.id and w.column_no = c.column_no
			where d.id = $1 and c.version = $2 and $3 > 0`,
		`insert into app.dataset_columns (org_id, dataset_id, version, column_no, created_by, column_id, position, name, header, type, scale, payload, null_count)
			select c.org_id, dataset_id, $3, column_no + d.last_column_no, c.created_by, column_id, position, c.name, header, type, scale, payload, null_count
			from app.datasets d join app.dataset_columns c on c.dataset_id = d.id where d.id = $1 and c.version = $2`,
		`update app.datasets set last_version = $3, last_column_no = last_column_no + 100 where id = $1 and $2 > 0`,
	} {
		o.s.force(sql, lastOf(dataset), base, number)
	}
	return fmt.Sprint(dataset, "/versions/", number)
}

func (o *organization) nextVersion(dataset string) (number int) {
	o.s.t.Helper()
	require.NoError(o.s.t, o.s.admin.QueryRow(o.s.t.Context(), "select last_version + 1 from app.datasets where id = $1", lastOf(dataset)).Scan(&number))
	return number
}

func (o *organization) creatorOf(dataset string) person {
	o.s.t.Helper()
	id := o.owner.get(dataset).is(http.StatusOK)["created_by"]
	for _, p := range []person{o.owner, o.admin, o.analyst, o.colleague} {
		if p.id.String() == id {
			return p
		}
	}
	require.Fail(o.s.t, "made by somebody else", "%v", id)
	return person{}
}

// inactive is the path of a version that is not the active one, of a new dataset.
func (o *organization) inactive(p person) string {
	o.s.t.Helper()
	dataset := o.dataset(p)
	o.appended(dataset, 1)
	return dataset + "/versions/2"
}

// deleted is the path of one that was deleted.
func (o *organization) deleted(p person) string {
	o.s.t.Helper()
	version := o.inactive(p)
	o.owner.delete(version).is(http.StatusNoContent)
	return version
}

// sourced is the path of one whose source is kept.
func (o *organization) sourced(p person) string {
	o.s.t.Helper()
	a := p.post(o.path("/datasets?name=weather&keep_source=true"), weather, "Content-Type", "text/csv")
	a.is(http.StatusCreated)
	return a.header.Get("Location") + "/versions/1"
}

func TestVersionsAreListedAndRead(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.analyst)
	o.appended(dataset, 1)
	o.replaced(dataset, "place,n\nOslo,1\n", "keep_source=true")
	versions := o.viewer.get(dataset + "/versions").items()
	require.Len(t, versions, 3)
	for i, want := range []object{
		{"number": 3, "mode": "replace", "base": 1, "row_count": 1, "column_count": 2, "active": false, "source_kept": true},
		{"number": 2, "mode": "append", "base": 1, "row_count": 6, "column_count": 5, "active": false, "source_kept": false},
		{"number": 1, "mode": "create", "base": nil, "row_count": 3, "column_count": 5, "active": true, "source_kept": false},
	} {
		for name, value := range want {
			if n, ok := value.(int); ok {
				value = json.Number(fmt.Sprint(n))
			}
			require.Equal(t, value, versions[i][name], "%s of version %d", name, 3-i)
		}
		require.Len(t, versions[i]["sha256"], 64)
		require.Nil(t, versions[i]["deleted_at"])
		require.Equal(t, o.analyst.id.String(), versions[i]["published_by"])
		detail := o.viewer.get(fmt.Sprint(dataset, "/versions/", 3-i)).is(http.StatusOK)
		require.Len(t, detail["columns"], map[int]int{0: 2, 1: 5, 2: 5}[i])
		delete(detail, "columns")
		delete(detail, "file_report")
		require.Equal(t, versions[i], detail)
	}

	var paged []object
	for next := dataset + "/versions?limit=1"; next != ""; {
		a := o.viewer.get(next)
		paged = append(paged, a.items()...)
		next, _, _ = strings.Cut(strings.TrimPrefix(a.header.Get("Link"), "<"), ">")
	}
	require.Equal(t, versions, paged)

	for _, absent := range []string{"/4", "/0", "/x", "/2147483648"} {
		a := o.viewer.get(dataset + "/versions" + absent)
		require.Contains(t, []int{http.StatusNotFound, http.StatusUnprocessableEntity}, a.status, "%s: %s", absent, a.body)
	}
	o.viewer.get(o.path("/datasets/"+uuid.NewString()+"/versions")).refused(http.StatusNotFound, "not_found")
}

func TestWhoSeesAColumnIsToldToAdmins(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.analyst)
	o.hide(dataset, "rain", 1)
	require.Equal(t, []any{"everyone", "analysts", "everyone", "everyone", "everyone"},
		field(objects(o.admin.get(dataset + "/versions/1").is(http.StatusOK)["columns"]), "visibility"))
	columns := objects(o.analyst.get(dataset + "/versions/1").is(http.StatusOK)["columns"])
	require.Equal(t, []any{"day", "rain", "place", "dry", "note"}, field(columns, "name"))
	for _, column := range columns {
		require.NotContains(t, column, "visibility")
	}
	version := o.viewer.get(dataset + "/versions/1").is(http.StatusOK)
	columns = objects(version["columns"])
	require.Equal(t, []any{"day", "place", "dry", "note"}, field(columns, "name"))
	for i, position := range field(columns, "position") {
		require.Equal(t, int64(i+1), integer(position))
	}
	require.Equal(t, json.Number("4"), version["column_count"])
	require.Nil(t, version["sha256"])
}

// hide makes a column vis in all that tells of it.
func (o *organization) hide(dataset, column string, vis int) {
	o.s.t.Helper()
	for _, sql := range []string{
		`update app.dataset_chunks k set vis = $3 from app.dataset_segments s, app.dataset_columns c
			where s.dataset_id = $1 and k.segment_id = s.id and c.dataset_id = $1 and c.name = $2 and c.column_no = k.column_no`,
		`update app.dataset_words w set vis = $3 from app.dataset_columns c where w.dataset_id = $1 and c.dataset_id = $1 and c.name = $2 and c.column_no = w.column_no`,
		`update app.dataset_columns set vis = $3 where dataset_id = $1 and name = $2`,
		`update app.dataset_files set vis = $3 where dataset_id = $1 and $2 <> ''`,
		`update app.dataset_pieces set vis = $3 where dataset_id = $1 and $2 <> ''`,
	} {
		o.s.force(sql, lastOf(dataset), column, vis)
	}
}

func objects(list any) (all []object) {
	for _, one := range list.([]any) {
		all = append(all, one.(object))
	}
	return all
}

func TestAnActivatedVersionIsWhatIsRead(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.analyst)
	version := o.replaced(dataset, "place,n\nOslo,1\nBergen,2\n")
	first := o.viewer.get(dataset + "/rows?limit=1").is(http.StatusOK)
	require.Len(t, first["columns"], 5)

	before := o.viewer.get(dataset).header.Get("ETag")
	a := o.analyst.post(version+"/activate", nil, "If-Match", before)
	active := a.is(http.StatusOK)
	require.Equal(t, json.Number("2"), active["version"].(object)["number"])
	require.NotEqual(t, before, a.header.Get("ETag"))
	require.Len(t, active["columns"], 2)
	rows := o.viewer.get(dataset + "/rows").is(http.StatusOK)
	require.Equal(t, []any{[]any{"Oslo", json.Number("1")}, []any{"Bergen", json.Number("2")}}, rows["rows"])
	result := o.viewer.post(dataset+"/query", count).is(http.StatusOK)
	require.Equal(t, json.Number("2"), result["dataset_version"])
	require.Equal(t, []any{[]any{json.Number("2")}}, result["rows"])
	// A cursor stays with its version.
	rest := o.viewer.get(dataset + "/rows?cursor=" + first["next_cursor"].(string)).is(http.StatusOK)
	require.Len(t, rest["rows"], 2)
	require.Equal(t, first["columns"], rest["columns"])

	again := o.analyst.post(version+"/activate", nil)
	again.is(http.StatusOK)
	require.Equal(t, a.header.Get("ETag"), again.header.Get("ETag"))
	require.Zero(t, o.s.eventsOf(again))
	o.analyst.post(dataset+"/versions/1/activate", nil, "If-Match", before).refused(http.StatusPreconditionFailed, "precondition_failed")
	o.admin.post(dataset+"/versions/1/activate", nil).is(http.StatusOK)
	require.Equal(t, first, o.viewer.get(dataset+"/rows?limit=1").is(http.StatusOK))
}

func TestADeletedVersionIsNotReadUntilItIsRestored(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := datasetOf(o.sourced(o.analyst))
	one, two := dataset+"/versions/1", o.replaced(dataset, "n\n1\n2\n")
	next := o.viewer.get(dataset + "/rows?limit=1").is(http.StatusOK)["next_cursor"].(string)
	o.analyst.delete(one).refused(http.StatusConflict, "version_active")
	o.analyst.post(one+"/restore", nil).refused(http.StatusConflict, "version_not_deleted")
	o.analyst.post(one+"/purge", nil).refused(http.StatusConflict, "version_not_deleted")
	o.analyst.post(two+"/activate", nil).is(http.StatusOK)

	o.analyst.delete(one).is(http.StatusNoContent)
	require.NotNil(t, o.viewer.get(one).is(http.StatusOK)["deleted_at"])
	for _, refused := range []answer{o.viewer.get(dataset + "/rows?cursor=" + next), o.viewer.get(one + "/source")} {
		refused.refused(http.StatusNotFound, "not_found")
	}
	o.viewer.get(two+"/comparison?with=1").refused(http.StatusNotFound, "not_found")
	o.analyst.post(one+"/activate", nil).refused(http.StatusConflict, "version_deleted")
	again := o.analyst.delete(one)
	again.is(http.StatusNoContent)
	require.Zero(t, o.s.eventsOf(again))

	require.Nil(t, o.analyst.post(one+"/restore", nil).is(http.StatusOK)["deleted_at"])
	require.Len(t, o.viewer.get(dataset + "/rows?cursor=" + next).is(http.StatusOK)["rows"], 2)
	o.viewer.get(one + "/source")
	for _, absent := range []answer{
		o.analyst.post(dataset+"/versions/3/activate", nil), o.analyst.delete(dataset + "/versions/3"), o.analyst.delete(dataset + "/versions/3/source"),
		o.analyst.post(dataset+"/versions/3/restore", nil), o.analyst.post(dataset+"/versions/3/purge", nil),
	} {
		absent.refused(http.StatusNotFound, "not_found")
	}
}

// datasetOf is the path of a version's dataset.
func datasetOf(version string) string { return version[:strings.Index(version, "/versions/")] }

// TestWhoDoesNotSeeAColumnChangesNoVersion, also one that does not have it.
func TestWhoDoesNotSeeAColumnChangesNoVersion(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := datasetOf(o.sourced(o.analyst))
	two := o.replaced(dataset, "n\n1\n", "keep_source=true")
	three := o.replaced(dataset, "n\n2\n")
	o.analyst.delete(three).is(http.StatusNoContent)
	o.hide(dataset, "note", 2)
	for _, try := range []func(p person) answer{
		func(p person) answer { return p.post(two+"/activate", nil) },
		func(p person) answer { return p.delete(two + "/source") },
		func(p person) answer { return p.post(three+"/restore", nil) },
		func(p person) answer { return p.delete(three) },
		func(p person) answer { return p.post(three+"/purge", nil) },
	} {
		before := o.s.dump()
		refused := try(o.analyst)
		refused.refused(http.StatusForbidden, "columns_hidden")
		require.Equal(t, before, o.s.dump())
		require.Equal(t, 1, o.s.eventsOf(refused))
		a := try(o.admin)
		require.Less(t, a.status, 300, "%s", a.body)
	}
}

// stored is what a dataset has in the tables that hold data, and how much of that no version has.
func (o *organization) stored(dataset string) (rows, orphans int) {
	o.s.t.Helper()
	require.NoError(o.s.t, o.s.admin.QueryRow(o.s.t.Context(), `
		with things as (
			select s.id, null::integer as column_no from app.dataset_segments s where s.dataset_id = $1
			union all select k.segment_id, k.column_no from app.dataset_chunks k join app.dataset_segments s on s.id = k.segment_id where s.dataset_id = $1
			union all select null, column_no from app.dataset_words where dataset_id = $1),
		used as (
			select v.number, unnest(v.segment_ids) as id, c.column_no
			from app.dataset_versions v join app.dataset_columns c on c.dataset_id = $1 and c.version = v.number where v.dataset_id = $1)
		select count(*), count(*) filter (where not exists (select from used u where u.id = coalesce(t.id, u.id) and u.column_no = coalesce(t.column_no, u.column_no)))
		from things t`, lastOf(dataset)).Scan(&rows, &orphans))
	return rows, orphans
}

// TestAPurgeFreesExactlyWhatNoOtherVersionHas: versions that were made of each other in every way, purged one after the other
// in each order. Those that are left read as before, and nothing is left that none has.
func TestAPurgeFreesExactlyWhatNoOtherVersionHas(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{1, 2, 3, 4, 5, 6}, {6, 5, 4, 3, 2, 1}, {3, 1, 5, 2, 6, 4}, {2, 4, 1, 3, 5, 6}, {5, 3, 1, 6, 2, 4}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			t.Parallel()
			newServer(t).newOrganization().purgeInOrder(order)
		})
	}
}

func (o *organization) purgeInOrder(order []int) {
	t := o.s.t
	dataset := o.dataset(o.analyst)
	o.appended(dataset, 1)                               // 2: its segment, and that of 1
	o.appended(dataset, 2)                               // 3: all of them, and one more
	o.appended(dataset, 1)                               // 4: beside 2
	o.retyped(dataset, 3)                                // 5: the segments of 3, other columns
	o.replaced(dataset, "place,n\nOslo,1\nBergen,2\n")   // 6
	last := o.replaced(dataset, "place\nOslo\nRjukan\n") // 7
	rows := map[int]object{}
	for number := range 6 {
		rows[number+1] = o.rowsOf(dataset, number+1)
	}
	o.analyst.post(last+"/activate", nil).is(http.StatusOK)
	bytes, _ := o.used("stored_bytes")
	for i, number := range order {
		version := fmt.Sprint(dataset, "/versions/", number)
		before, _ := o.stored(dataset)
		o.analyst.delete(version).is(http.StatusNoContent)
		freed := o.analyst.post(version+"/purge", nil).is(http.StatusOK)
		o.analyst.get(version).refused(http.StatusNotFound, "not_found")
		after, orphans := o.stored(dataset)
		require.Zero(t, orphans, "after %v", order[:i+1])
		require.GreaterOrEqual(t, int64(before-after), integer(freed["chunks"]))
		left, _ := o.used("stored_bytes")
		require.Equal(t, int64(bytes-left), integer(freed["bytes"]))
		bytes = left
		for _, other := range order[i+1:] {
			require.Equal(t, rows[other], o.rowsOf(dataset, other), "version %d after %v", other, order[:i+1])
		}
	}
	things, _ := o.stored(dataset)
	require.Equal(t, 3, things, "a segment, its chunk, and the words of its column")
	require.Len(t, o.viewer.get(dataset+"/versions").items(), 1)
	require.Equal(t, len("place\nOslo\nRjukan\n"), bytes)
}

func integer(n any) int64 {
	i, _ := n.(json.Number).Int64()
	return i
}

// rowsOf reads a version by making it active.
func (o *organization) rowsOf(dataset string, number int) object {
	o.s.t.Helper()
	active := o.owner.get(dataset).is(http.StatusOK)["version"].(object)["number"]
	o.owner.post(fmt.Sprint(dataset, "/versions/", number, "/activate"), nil).is(http.StatusOK)
	defer o.owner.post(fmt.Sprint(dataset, "/versions/", active, "/activate"), nil)
	return o.viewer.get(dataset + "/rows").is(http.StatusOK)
}

// TestWhatAPurgedVersionLeavesIsStillCounted: else who appends a row to a table and purges the table would store it for nothing.
func TestWhatAPurgedVersionLeavesIsStillCounted(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.analyst)
	two := o.appended(dataset, 1) // of 1,000 bytes
	three := o.appended(dataset, 1)
	o.analyst.post(three+"/activate", nil).is(http.StatusOK)
	purge := func(version string) object {
		o.analyst.delete(version).is(http.StatusNoContent)
		return o.analyst.post(version+"/purge", nil).is(http.StatusOK)
	}
	require.Equal(t, object{"rows": json.Number("0"), "chunks": json.Number("0"), "bytes": json.Number("0")}, purge(dataset+"/versions/1"))
	bytes, _ := o.used("stored_bytes")
	require.Equal(t, len(weather)+2000, bytes)
	// 2 has 3 of its 6 rows alone.
	freed := purge(two)
	require.Equal(t, json.Number("3"), freed["rows"])
	require.Equal(t, json.Number("5"), freed["chunks"])
	half := (len(weather) + 1000) / 2
	require.InDelta(t, half*3/4, integer(freed["bytes"]), float64(half/4), "the dictionaries stay")
	left, _ := o.used("stored_bytes")
	require.Equal(t, int64(bytes-left), integer(freed["bytes"]))
}

// TestAPurgeCountsWhatAnotherVersionHasOfAChange: who changes a type, appends a row and purges the change has stored the
// column again, and may not have done so for nothing.
func TestAPurgeCountsWhatAnotherVersionHasOfAChange(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	table := "n,note\n" + strings.Repeat("1,A text that is stored again and again\n", 1000)
	dataset := o.datasetOf(o.analyst, table)
	used := func() int { bytes, _ := o.used("stored_bytes"); return bytes }
	for i := range 3 {
		before := used()
		changed := o.analyst.retype(dataset, object{"columns": []object{{"name": "note", "type": "text"}}}).is(http.StatusCreated)["version"].(object)["number"]
		cost := used() - before
		require.Greater(t, cost, 30_000)
		o.analyst.renew(dataset, "append", "n,note\n1,A\n").is(http.StatusCreated)
		version := fmt.Sprint(dataset, "/versions/", changed)
		o.analyst.delete(version).is(http.StatusNoContent)
		freed := o.analyst.post(version+"/purge", nil).is(http.StatusOK)
		require.Equal(t, json.Number("0"), freed["chunks"])
		require.Equal(t, json.Number("0"), freed["bytes"], "round %d", i)
		require.GreaterOrEqual(t, used(), before+cost)
	}
}

// TestAPurgeCountsBySize: rows or columns that take next to nothing do not outweigh what is left.
func TestAPurgeCountsBySize(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	var large strings.Builder
	large.WriteString("note,n\n")
	for i := range 100 { // words of a dictionary
		fmt.Fprintf(&large, "%x,1\n", sha512.Sum512([]byte{byte(i)}))
	}
	dataset := o.datasetOf(o.analyst, large.String())
	o.analyst.renew(dataset, "append", "n\n"+strings.Repeat("1\n", 2000)).is(http.StatusCreated)
	o.analyst.post(dataset+"/versions/1/activate", nil).is(http.StatusOK)
	o.analyst.retype(dataset, object{"columns": []object{{"name": "n", "type": "text"}}}).is(http.StatusCreated)
	for _, version := range []string{"1", "2"} {
		o.analyst.delete(dataset + "/versions/" + version).is(http.StatusNoContent)
		o.analyst.post(dataset+"/versions/"+version+"/purge", nil).is(http.StatusOK)
	}
	bytes, _ := o.used("stored_bytes")
	require.Greater(t, bytes, large.Len()*3/4)
}

func TestADeletedDatasetLeavesNothing(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := datasetOf(o.sourced(o.analyst))
	o.appended(dataset, 1)
	o.retyped(dataset, 2)
	o.analyst.delete(dataset).is(http.StatusNoContent)
	for _, table := range []string{"datasets", "dataset_versions", "dataset_columns", "dataset_segments", "dataset_chunks", "dataset_words", "dataset_files", "dataset_pieces", "dataset_profiles"} {
		var n int
		require.NoError(t, o.s.admin.QueryRow(t.Context(), "select count(*) from app."+table).Scan(&n))
		require.Zero(t, n, table)
	}
}

// TestAReaderNeverSeesAMixOfVersions: versions are activated, deleted, restored and purged while others read.
func TestAReaderNeverSeesAMixOfVersions(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	const size = 300
	table := func(version int) string {
		return fmt.Sprintf("a%d,b%d\n", version, version) + strings.Repeat(fmt.Sprintf("%d,v%d\n", version, version), size*version)
	}
	dataset := o.upload(o.owner, table(1)).header.Get("Location")
	const versions = 8
	for number := 2; number <= versions; number++ {
		o.replaced(dataset, table(number))
	}
	done, readers := make(chan struct{}), sync.WaitGroup{}
	for range 4 {
		readers.Go(func() {
			for reads := 0; ; reads++ {
				select {
				case <-done:
					require.Positive(t, reads)
					return
				default:
					requireOneVersion(t, o.viewer.get(dataset+"/rows?limit=1000"), o.viewer.post(dataset+"/query", count), size)
				}
			}
		})
	}
	for number := 2; number <= versions; number++ {
		now, before := fmt.Sprint(dataset, "/versions/", number), fmt.Sprint(dataset, "/versions/", number-1)
		for range 3 {
			o.owner.post(now+"/activate", nil).is(http.StatusOK)
			o.owner.post(before+"/activate", nil).is(http.StatusOK)
		}
		var changes sync.WaitGroup
		changes.Go(func() { o.admin.post(now+"/activate", nil).is(http.StatusOK) })
		changes.Go(func() { // before or after
			require.Contains(t, []int{http.StatusNoContent, http.StatusConflict}, o.owner.delete(before).status)
		})
		changes.Wait()
		o.owner.delete(before).is(http.StatusNoContent)
		o.owner.post(before+"/purge", nil).is(http.StatusOK)
	}
	close(done)
	readers.Wait()
	_, orphans := o.stored(dataset)
	require.Zero(t, orphans)
}

// requireOneVersion: the columns, the values and the number of rows are those of one.
func requireOneVersion(t *testing.T, rows, counted answer, size int64) {
	table := rows.is(http.StatusOK)
	name := table["columns"].([]any)[0].(object)["name"].(string)
	for _, row := range table["rows"].([]any) {
		require.Equal(t, []any{json.Number(name[1:]), "v" + name[1:]}, row)
	}
	result := counted.is(http.StatusOK)
	require.Equal(t, size*integer(result["dataset_version"]), integer(result["rows"].([]any)[0].([]any)[0]))
}

func TestVersionsAreCompared(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.analyst)
	o.appended(dataset, 1)
	o.replaced(dataset, "place,rain,n\nOslo,1,1\n") // rain was a decimal
	o.replaced(dataset, "place,rain,n\nOslo,1,1\n")
	o.s.force(`insert into app.dataset_profiles (org_id, dataset_id, version, column_no, created_by, profile)
		select org_id, dataset_id, version, column_no, created_by, json_build_object('count', 3 * version, 'null_count', 0, 'min', name, 'top', array[version], 'only', case version when 2 then 1 end)
		from app.dataset_columns where dataset_id = $1 and version < 3 and name in ('rain', 'note')`, lastOf(dataset))

	appended := o.viewer.get(dataset + "/versions/2/comparison?with=1").is(http.StatusOK)
	none := []any{}
	require.Equal(t, object{"added": none, "removed": none, "renamed": none, "retyped": none}, appended["columns"])
	require.Equal(t, numbers(object{"version": 6, "with": 3, "shared": 3, "only_version": 3, "only_with": 0}), appended["rows"])
	require.Equal(t, false, appended["same_file"])
	figures := []any{
		object{"figure": "count", "version": json.Number("6"), "with": json.Number("3")},
		object{"figure": "only", "version": json.Number("1"), "with": nil},
	}
	require.Equal(t, []any{object{"column": "rain", "figures": figures}, object{"column": "note", "figures": figures}}, appended["profiles"])
	back := o.viewer.get(dataset + "/versions/1/comparison?with=2").is(http.StatusOK)
	require.Equal(t, numbers(object{"version": 3, "with": 6, "shared": 3, "only_version": 0, "only_with": 3}), back["rows"])

	replaced := o.viewer.get(dataset + "/versions/3/comparison?with=1").is(http.StatusOK)
	columns := replaced["columns"].(object)
	require.Equal(t, []any{"n"}, field(objects(columns["added"]), "name"))
	require.Equal(t, []any{"day", "dry", "note"}, field(objects(columns["removed"]), "name"))
	require.Equal(t, []any{object{"version": object{"name": "rain", "type": "integer"}, "with": numbers(object{"name": "rain", "type": "decimal", "scale": 2})}}, columns["retyped"])
	require.Equal(t, numbers(object{"version": 1, "with": 3, "shared": 0, "only_version": 1, "only_with": 3}), replaced["rows"])
	require.Equal(t, none, replaced["profiles"])
	require.Equal(t, true, o.viewer.get(dataset + "/versions/4/comparison?with=3").is(http.StatusOK)["same_file"])
	require.Equal(t, numbers(object{"version": 3, "with": 3, "shared": 3, "only_version": 0, "only_with": 0}), o.viewer.get(dataset + "/versions/1/comparison?with=1").is(http.StatusOK)["rows"])

	o.s.force("update app.dataset_columns set name = 'fog' where dataset_id = $1 and version = 2 and name = 'note'", lastOf(dataset))
	renamed := o.viewer.get(dataset + "/versions/2/comparison?with=1").is(http.StatusOK)["columns"].(object)["renamed"]
	require.Equal(t, []any{object{"version": object{"name": "fog", "type": "text"}, "with": object{"name": "note", "type": "text"}}}, renamed)
	o.viewer.get(dataset+"/versions/1/comparison?with=9").refused(http.StatusNotFound, "not_found")
	o.viewer.get(dataset+"/versions/9/comparison?with=1").refused(http.StatusNotFound, "not_found")
	o.viewer.get(dataset+"/versions/1/comparison").refused(http.StatusUnprocessableEntity, "invalid")
}

// TestAComparisonSaysNothingOfHiddenColumns: it is as if they were not there.
func TestAComparisonSaysNothingOfHiddenColumns(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.analyst)
	o.replaced(dataset, "place,n\nOslo,1\n")
	o.s.force(`insert into app.dataset_profiles (org_id, dataset_id, version, column_no, created_by, profile, vis)
		select org_id, dataset_id, version, column_no, created_by, json_build_object('count', version), case name when 'place' then 2 else 0 end
		from app.dataset_columns where dataset_id = $1`, lastOf(dataset))
	for _, column := range []string{"place", "n", "day"} {
		o.hide(dataset, column, 2)
	}
	c := o.analyst.get(dataset + "/versions/2/comparison?with=1")
	require.Nil(t, c.is(http.StatusOK)["same_file"])
	for _, hidden := range []string{`"place"`, `"n"`, `"day"`} {
		require.NotContains(t, string(c.body), hidden)
		require.Contains(t, string(o.admin.get(dataset+"/versions/2/comparison?with=1").body), hidden)
	}
}

func numbers(o object) object {
	for name, value := range o {
		if n, ok := value.(int); ok {
			o[name] = json.Number(fmt.Sprint(n))
		}
	}
	return o
}
