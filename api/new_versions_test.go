package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// renew sends a file for a dataset; mode is append or replace, parameters come in pairs.
func (p person) renew(dataset, mode, csv string, parameters ...string) answer {
	p.s.t.Helper()
	q := url.Values{"mode": {mode}}
	for i := 0; i < len(parameters); i += 2 {
		q.Set(parameters[i], parameters[i+1])
	}
	return p.post(dataset+"/versions?"+q.Encode(), csv, "Content-Type", csvType)
}

// retype changes types of a dataset's columns.
func (p person) retype(dataset string, body object, header ...string) answer {
	p.s.t.Helper()
	return p.post(dataset+"/types", body, header...)
}

// datasetOf is the path of a new dataset.
func (o *organization) datasetOf(p person, csv string) string {
	o.s.t.Helper()
	return o.datasetWith(p, "", csv)
}

func (o *organization) datasetWith(p person, columns, csv string) string {
	o.s.t.Helper()
	a := p.post(o.path("/datasets?name=x&columns="+columns), csv, "Content-Type", csvType)
	a.is(http.StatusCreated)
	return a.header.Get("Location")
}

// table reads all rows as text, with the names of the columns first.
func (p person) table(dataset string) (table [][]string) {
	p.s.t.Helper()
	names, cursor := true, ""
	for {
		page := p.get(dataset + "/rows?limit=1000" + cursor).is(http.StatusOK)
		if names {
			var header []string
			for _, c := range page["columns"].([]any) {
				header = append(header, c.(object)["name"].(string))
			}
			table, names = append(table, header), false
		}
		for _, row := range page["rows"].([]any) {
			var cells []string
			for _, cell := range row.([]any) {
				text := "null"
				if cell != nil {
					text = fmt.Sprint(cell)
				}
				cells = append(cells, text)
			}
			table = append(table, cells)
		}
		if page["next_cursor"] == nil {
			return table
		}
		cursor = "&cursor=" + page["next_cursor"].(string)
	}
}

func typesOf(o object) (types []string) {
	for _, c := range o["columns"].([]any) {
		text := c.(object)["type"].(string)
		if scale, ok := c.(object)["scale"]; ok {
			text += fmt.Sprint(scale)
		}
		types = append(types, text)
	}
	return types
}

func tableOf(text string) (table [][]string) {
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		table = append(table, strings.Split(line, ","))
	}
	return table
}

func TestAppendedRowsComeBehindThoseThatAreThere(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.datasetOf(o.analyst, "day,rain,city\n2014-01-01,1.5,Oslo\n2014-01-02,2.5,Rome\n")
	a := o.analyst.renew(dataset, "append", "city,day\nOslo,2014-01-03\nParis,2014-01-04\n")
	v := a.is(http.StatusCreated)
	require.Equal(t, object{"missing": []any{"rain"}, "added": []any{}, "changed": []any{}}, v["append"])
	require.Equal(t, json.Number("4"), v["version"].(object)["row_count"])
	require.Equal(t, json.Number("2"), v["version"].(object)["number"])
	require.Equal(t, dataset, a.header.Get("Location"))
	require.Equal(t, tableOf("day,rain,city\n2014-01-01,1.5,Oslo\n2014-01-02,2.5,Rome\n2014-01-03,null,Oslo\n2014-01-04,null,Paris"), o.viewer.table(dataset))
	o.s.requireSound()
	chunks := o.s.chunks()

	v = o.analyst.renew(dataset, "append", "day,snow,rain\n2014-01-05,deep,3.25\n").is(http.StatusCreated)
	require.Equal(t, object{"missing": []any{"city"}, "added": []any{"snow"}, "changed": []any{object{
		"name": "rain", "old_type": "decimal", "old_scale": json.Number("1"), "type": "decimal", "scale": json.Number("2")}}}, v["append"])
	require.Equal(t, tableOf(`day,rain,city,snow
2014-01-01,1.5,Oslo,null
2014-01-02,2.5,Rome,null
2014-01-03,null,Oslo,null
2014-01-04,null,Paris,null
2014-01-05,3.25,null,deep`), o.viewer.table(dataset))
	require.Equal(t, chunks+4+2+2, o.s.chunks()) // the new segment; rain, and nulls of snow, in the two old ones
	o.s.requireSound()
}

func TestNumbersAndTimesWidenByThemselves(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for name, c := range map[string]struct{ before, after, kind, rows string }{
		"integers become decimals":           {"1\n-20", "1.25", "decimal2", "1,-20,1.25"},
		"decimals get a greater scale":       {"1.5", "1.25", "decimal2", "1.5,1.25"},
		"a greater scale holds":              {"1.255", "1.5\n7", "decimal3", "1.255,1.5,7"},
		"integers become floats":             {"1", "1e3", "float", "1,1000"},
		"decimals become floats":             {"1.5", "1e-3", "float", "1.5,0.001"},
		"floats stay floats":                 {"1e3", "2.5", "float", "1000,2.5"},
		"too many digits make floats":        {"123456789012345", "0.1234", "float", "123456789012345,0.1234"},
		"days become instants":               {"2014-01-01", "2014-01-02T03:04:05Z", "timestamp", "2014-01-01T00:00:00Z,2014-01-02T03:04:05Z"},
		"instants of less than a second":     {"2014-01-02T03:04:05Z", "2014-01-02T03:04:05.25Z", "timestamp", "2014-01-02T03:04:05Z,2014-01-02T03:04:05.25Z"},
		"instants stay instants":             {"2014-01-02T03:04:05Z", "2014-01-01", "timestamp", "2014-01-02T03:04:05Z,2014-01-01T00:00:00Z"},
		"text stays text":                    {"a", "1\n2014-01-01", "text", "a,1,2014-01-01"},
		"nulls widen nothing":                {"1", "NA", "integer", "1,null"},
		"numbers are read as they are found": {"1", "\"1,234.5\"\n\"2,000\"", "decimal1", "1,1234.5,2000"},
		"booleans can be numbers":            {"true", "0\n1", "boolean", "true,false,true"},
	} {
		dataset := o.datasetOf(o.analyst, "k,v\nx,"+strings.ReplaceAll(c.before, "\n", "\nx,")+"\n")
		v := o.analyst.renew(dataset, "append", "k,v\ny,"+strings.ReplaceAll(c.after, "\n", "\ny,")+"\n").is(http.StatusCreated)
		require.Equal(t, c.kind, typesOf(v)[1], name)
		var rows []string
		for _, row := range o.viewer.table(dataset)[1:] {
			rows = append(rows, row[1])
		}
		require.Equal(t, c.rows, strings.Join(rows, ","), name)
	}
	o.s.requireSound()
}

func TestWhatDoesNotFitAnAppendIsRejected(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.datasetOf(o.analyst, "n,w\n9007199254740993,a\n")
	for _, values := range []string{"five", "1e3"} { // as a float the number before would lose a digit
		p := o.nothingStored(func() answer { return o.analyst.renew(dataset, "append", "n,w\n1,a\n"+values+",b\n") }).
			refused(http.StatusUnprocessableEntity, "cells_rejected")
		require.Equal(t, "line 3 column 1", p["errors"].([]any)[0].(object)["location"])
	}
	v := o.analyst.renew(dataset, "append", "n,w\n1,a\nfive,b\n", "on_reject", "null").is(http.StatusCreated)
	require.Equal(t, json.Number("1"), v["rejections"].(object)["cell_count"])
	v = o.analyst.renew(dataset, "append", "n,w\n2,a\nfive,b\n", "on_reject", "skip").is(http.StatusCreated)
	require.Equal(t, json.Number("4"), v["version"].(object)["row_count"])
	require.Equal(t, tableOf("n,w\n9007199254740993,a\n1,a\nnull,b\n2,a"), o.viewer.table(dataset))

	v = o.analyst.renew(dataset, "append", "n,w\nfive,b\n", "columns", `[{"name":"n","type":"text"}]`).is(http.StatusCreated)
	require.Equal(t, []string{"text", "text"}, typesOf(v))
	require.Equal(t, tableOf("n,w\n9007199254740993,a\n1,a\nnull,b\n2,a\nfive,b"), o.viewer.table(dataset))
	o.nothingStored(func() answer {
		return o.analyst.renew(dataset, "append", "n,w\n5,b\n", "columns", `[{"name":"n","type":"integer"}]`)
	}).refused(http.StatusUnprocessableEntity, "values_do_not_fit")
	o.nothingStored(func() answer { return o.analyst.renew(dataset, "append", "other\n1\n") }).
		refused(http.StatusUnprocessableEntity, "append_other_columns")
	o.s.requireSound()
}

func TestAReplacedColumnKeepsWhatItMeans(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.datasetOf(o.analyst, "price,city\n1.5,Oslo\n")
	o.s.force("update app.dataset_columns set name = 'cost', description = 'of a ticket', unit = 'NOK', vis = 1 where name = 'price'")
	o.s.force("update app.dataset_chunks set vis = 1 where column_no = 1")
	o.s.force("update app.dataset_files set vis = 1")
	v := o.analyst.renew(dataset, "replace", "note,price,Cost\nnew,7,8\n").is(http.StatusCreated)
	require.Equal(t, []string{"text", "integer", "integer"}, typesOf(v))
	require.Equal(t, tableOf("note,cost,Cost\nnew,7,8"), o.analyst.table(dataset))
	require.Equal(t, tableOf("note,Cost\nnew,8"), o.viewer.table(dataset))
	var kept string
	require.NoError(t, o.s.admin.QueryRow(t.Context(), `select concat_ws(' ', column_id, column_no, description, unit, vis, header)
from app.dataset_columns where version = 2 and name = 'cost'`).Scan(&kept))
	require.Equal(t, "1 4 of a ticket NOK 1 price", kept)
	o.s.requireSound()
}

func TestTypesAreChanged(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	columns := url.QueryEscape(`[{"name":"price","type":"text"}]`)
	dataset := o.datasetWith(o.analyst, columns, "day,price,code,n\n01/02/2014,\"1,234\",007,1\n03/04/2014,\"2,345\",NA,2\n")
	require.Equal(t, []string{"text", "text", "text", "integer"}, typesOf(o.viewer.get(dataset).is(http.StatusOK)))
	o.analyst.renew(dataset, "append", "day,n\n05/06/2014,3\n").is(http.StatusCreated)
	o.nothingStored(func() answer {
		return o.analyst.retype(dataset, object{"columns": []object{{"name": "day", "type": "date"}}})
	}).refused(http.StatusUnprocessableEntity, "column_ambiguous")
	chunks := o.s.chunks()
	v := o.analyst.retype(dataset, object{"columns": []object{
		{"name": "price", "type": "decimal", "scale": 3, "numbers": "1.234,56"}, {"name": "day", "type": "date", "dates": "day_first"}}}).is(http.StatusCreated)
	require.Equal(t, []string{"date", "decimal3", "text", "integer"}, typesOf(v))
	require.Equal(t, chunks+2*2, o.s.chunks())
	require.Equal(t, tableOf("day,price,code,n\n2014-02-01,1.234,007,1\n2014-04-03,2.345,NA,2\n2014-06-05,null,null,3"), o.viewer.table(dataset))

	p := o.nothingStored(func() answer {
		return o.analyst.retype(dataset, object{"columns": []object{{"name": "code", "type": "integer"}}})
	}).refused(http.StatusUnprocessableEntity, "values_do_not_fit")
	require.Equal(t, []any{object{"location": "row 1 column 3", "code": "cell_not_number", "message": "In row 1, column 3 is not a number."}}, p["errors"])
	v = o.analyst.retype(dataset, object{"columns": []object{{"name": "code", "type": "integer"}}, "on_reject": "null"}).is(http.StatusCreated)
	require.Equal(t, json.Number("1"), v["rejections"].(object)["cell_count"])
	v = o.analyst.retype(dataset, object{"columns": []object{{"name": "n", "type": "text"}, {"name": "price", "type": "float"}}}).is(http.StatusCreated)
	require.Equal(t, []string{"date", "float", "integer", "text"}, typesOf(v))
	require.Equal(t, tableOf("day,price,code,n\n2014-02-01,1.234,null,1\n2014-04-03,2.345,null,2\n2014-06-05,null,null,3"), o.viewer.table(dataset))
	o.s.requireSound()

	for _, columns := range [][]object{{{"name": "secret", "type": "text"}}, {{"name": "n", "type": "text"}, {"name": "n", "type": "date"}}, {{"name": "n", "type": "date", "scale": 2}}} {
		o.nothingStored(func() answer { return o.analyst.retype(dataset, object{"columns": columns}) }).refused(http.StatusUnprocessableEntity, "invalid")
	}
}

// chunks is how many there are.
func (s *server) chunks() (n int) {
	require.NoError(s.t, s.admin.QueryRow(s.t.Context(), "select count(*) from app.dataset_chunks").Scan(&n))
	return n
}

// requireSound checks what every version of every dataset keeps: each column has a chunk for the same rows of each segment,
// of its payload, with its visibility and the right count of nulls and range; codes are words; counts add up.
func (s *server) requireSound() {
	s.t.Helper()
	for name, sql := range unsound {
		var n int
		require.NoError(s.t, s.admin.QueryRow(s.t.Context(), "select count(*) from ("+sql+") unsound").Scan(&n), name)
		require.Zero(s.t, n, name)
	}
}

var unsound = map[string]string{
	"a column without a chunk that others have": `select 1 from app.dataset_versions v join app.dataset_columns c on c.dataset_id = v.dataset_id and c.version = v.number
join (select distinct segment_id, chunk_no, first_row, row_count from app.dataset_chunks) k on k.segment_id = any (v.segment_ids)
where not exists (select from app.dataset_chunks o where o.segment_id = k.segment_id and o.column_no = c.column_no and o.chunk_no = k.chunk_no
  and o.first_row = k.first_row and o.row_count = k.row_count)`,
	"a chunk of another payload, visibility or length": `select 1 from app.dataset_versions v join app.dataset_columns c on c.dataset_id = v.dataset_id and c.version = v.number
join app.dataset_chunks k on k.segment_id = any (v.segment_ids) and k.column_no = c.column_no
where c.payload <> case when ints is not null then 'ints' when floats is not null then 'floats' when codes is not null then 'codes'
    when texts is not null then 'texts' when int2s is not null then 'int2s' else 'int4s' end
  or k.vis <> c.vis or k.row_count <> coalesce(cardinality(ints), cardinality(floats), cardinality(codes), cardinality(texts), cardinality(int2s), cardinality(int4s))`,
	"a chunk with wrong figures": `select 1 from app.dataset_chunks k,
lateral (select count(*) filter (where u.v is null) as nulls, min(u.v) as least, max(u.v) as most
  from unnest(coalesce(k.ints, k.codes::bigint[], k.int2s::bigint[], k.int4s::bigint[])) u(v)) n,
lateral (select case when k.int4s is not null and exists (select from app.dataset_columns c join app.dataset_segments s on s.dataset_id = c.dataset_id
  where s.id = k.segment_id and c.column_no = k.column_no and c.type = 'timestamp') then 1000000 else 1 end as unit) of
where floats is null and texts is null and (n.nulls <> k.null_count or n.least * unit is distinct from k.min_value or n.most * unit is distinct from k.max_value)`,
	"a chunk with wrong nulls": `select 1 from app.dataset_chunks k where num_nonnulls(k.floats, k.texts) > 0
  and k.null_count <> coalesce(cardinality(array_positions(k.floats, null)), 0) + coalesce(cardinality(array_positions(k.texts, null)), 0)`,
	"a column with wrong nulls": `select 1 from app.dataset_versions v join app.dataset_columns c on c.dataset_id = v.dataset_id and c.version = v.number
where c.null_count <> (select coalesce(sum(k.null_count), 0) from app.dataset_chunks k where k.segment_id = any (v.segment_ids) and k.column_no = c.column_no)`,
	"a version with wrong counts": `select 1 from app.dataset_versions v
where row_count <> (select sum(s.row_count) from app.dataset_segments s where s.id = any (v.segment_ids))
  or column_count <> (select count(*) from app.dataset_columns c where c.dataset_id = v.dataset_id and c.version = v.number)`,
	"a code without a word": `select 1 from app.dataset_versions v join app.dataset_columns c on c.dataset_id = v.dataset_id and c.version = v.number and c.type = 'text' and c.payload <> 'texts'
join app.dataset_chunks k on k.segment_id = any (v.segment_ids) and k.column_no = c.column_no
where k.max_value >= (select coalesce(sum(cardinality(w.words)), 0) from app.dataset_words w where w.dataset_id = v.dataset_id and w.column_no = c.column_no)`,
	"a page that is not full, or a word twice": `select 1 from (select dataset_id, column_no, count(*) as pages, max(page_no) as last, sum(cardinality(words)) as n from app.dataset_words group by 1, 2) w
where pages <> last + 1 or n <= last * 1024 or n > pages * 1024
  or n <> (select count(distinct u.word) from app.dataset_words o, unnest(o.words) u(word) where o.dataset_id = w.dataset_id and o.column_no = w.column_no)`,
	"a number given twice, or beyond the last": `select 1 from app.datasets d join app.dataset_columns c on c.dataset_id = d.id
group by d.id, c.column_no having max(c.column_no) > max(d.last_column_no) or count(distinct c.column_id) > 1`,
	"a number past the last one":              `select 1 from app.datasets d join app.dataset_versions v on v.dataset_id = d.id where v.number > d.last_version`,
	"a file that shows more than its columns": `select 1 from app.dataset_files f join app.dataset_columns c on c.dataset_id = f.dataset_id and c.version = f.version and c.vis > f.vis`,
}

func TestAnAppendThatIsRepeatedWithItsKeyAppendsOnce(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.analyst)
	send := func(csv string) answer {
		return o.analyst.post(dataset+"/versions?mode=append", csv, "Content-Type", csvType, "Idempotency-Key", "k", "If-Match", `"1"`)
	}
	first, again := send(weather), send(weather)
	require.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
	require.Equal(t, first.is(http.StatusCreated)["version"], again.is(http.StatusCreated)["version"])
	require.Equal(t, first.header.Get("ETag"), again.header.Get("ETag"))
	send(weather+weather).refused(http.StatusUnprocessableEntity, "idempotency_key_reused")
	retype := func(kind string) answer {
		return o.analyst.retype(dataset, object{"columns": []object{{"name": "rain", "type": kind}}}, "Idempotency-Key", "t")
	}
	require.Equal(t, retype("text").is(http.StatusCreated)["version"], retype("text").is(http.StatusCreated)["version"])
	retype("float").refused(http.StatusUnprocessableEntity, "idempotency_key_reused")
	require.Len(t, o.analyst.table(dataset), 7)
}

func TestOnlyTheRevisionAskedForIsChanged(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.analyst)
	for _, mode := range []string{"append", "replace"} {
		o.nothingStored(func() answer {
			return o.analyst.post(dataset+"/versions?mode="+mode, weather, "Content-Type", csvType, "If-Match", `"7"`)
		}).refused(http.StatusPreconditionFailed, "precondition_failed")
	}
	text := object{"columns": []object{{"name": "rain", "type": "text"}}}
	o.nothingStored(func() answer { return o.analyst.retype(dataset, text, "If-Match", `"7"`) }).refused(http.StatusPreconditionFailed, "precondition_failed")
	a := o.analyst.retype(dataset, text, "If-Match", `"1"`)
	a.is(http.StatusCreated)
	require.Equal(t, `"2"`, a.header.Get("ETag"))
}

func TestWhoMayNotChangeADatasetIsRefusedBeforeTheBodyIsRead(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.analyst)
	const length = "Content-Length: 1000000000" // none of it is sent
	for _, mode := range []string{"append", "replace"} {
		path := dataset + "/versions?mode=" + mode
		o.viewer.partial(path, csvType, length, "").refused(http.StatusForbidden, "forbidden")
		o.colleague.partial(path, csvType, length, "").refused(http.StatusForbidden, "forbidden")
		o.s.newPerson("Otto Outsider").partial(path, csvType, length, "").refused(http.StatusNotFound, "not_found")
		o.analyst.partial(path, "text/html", length, "").refused(http.StatusUnsupportedMediaType, "unsupported_media_type")
		o.s.force("update app.quotas set stored_bytes = 1000")
		o.analyst.partial(path, csvType, length, "").refused(http.StatusConflict, "quota_exceeded")
		o.nothingStored(func() answer {
			return o.analyst.renew(dataset, mode, weather+strings.Repeat("2014-02-02,1.00,Oslo,true,\n", 50))
		}).
			refused(http.StatusConflict, "quota_exceeded")
		o.s.force("update app.quotas set stored_bytes = 1000000000000")
	}
	o.analyst.post(o.path("/datasets/"+uuid.NewString()+"/versions?mode=append"), weather, "Content-Type", csvType).refused(http.StatusNotFound, "not_found")
	o.analyst.post(dataset+"/versions?mode=other", weather, "Content-Type", csvType).refused(http.StatusUnprocessableEntity, "invalid")
}

func TestWhoDoesNotSeeAllColumnsMayNotChangeTheData(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.analyst)
	o.hide(dataset, "place", 2)
	for _, mode := range []string{"append", "replace"} {
		const length = "Content-Length: 1000000000" // none of it is sent
		o.analyst.partial(dataset+"/versions?mode="+mode, csvType, length, "").refused(http.StatusForbidden, "columns_hidden")
	}
	for _, name := range []string{"place", "rain", "no such"} { // the hidden one answers as one that there is not
		o.analyst.retype(dataset, object{"columns": []object{{"name": name, "type": "text"}}}).refused(http.StatusForbidden, "columns_hidden")
	}

	v := o.admin.renew(dataset, "append", weather+"2014-02-02,1.00,Rome,true,\n").is(http.StatusCreated)
	require.NotNil(t, v["version"].(object)["sha256"])
	o.admin.retype(dataset, object{"columns": []object{{"name": "rain", "type": "text"}}}).is(http.StatusCreated)
	o.admin.renew(dataset, "append", "place\n7\n", "columns", `[{"name":"place","type":"text"}]`).is(http.StatusCreated)
	require.Equal(t, []string{"day", "rain", "dry", "note"}, o.analyst.table(dataset)[0])
	require.Len(t, o.analyst.table(dataset), 9)
	o.admin.renew(dataset, "replace", weather).is(http.StatusCreated)
	require.Equal(t, []string{"day", "rain", "dry", "note"}, o.analyst.table(dataset)[0])
	require.Equal(t, []string{"day", "rain", "place", "dry", "note"}, o.owner.table(dataset)[0])
	require.Nil(t, o.analyst.get(dataset).is(http.StatusOK)["version"].(object)["sha256"])
	o.s.requireSound()
}

func TestTwoAppendsAtOnceAreBothThere(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.datasetOf(o.analyst, "n,word\n1,a\n")
	answers := atOnce(
		func() answer {
			return o.analyst.renew(dataset, "append", "n,word\nx,b\n", "columns", `[{"name":"n","type":"text"}]`)
		},
		func() answer { return o.owner.renew(dataset, "append", "word,n\nc,7\n") })
	var numbers []any
	for _, a := range answers { // whichever was first, the other goes on what that has left
		numbers = append(numbers, a.is(http.StatusCreated)["version"].(object)["number"])
	}
	require.ElementsMatch(t, []any{json.Number("2"), json.Number("3")}, numbers)
	require.ElementsMatch(t, tableOf("n,word\n1,a\nx,b\n7,c"), o.viewer.table(dataset))
	require.Equal(t, []string{"text", "text"}, typesOf(o.viewer.get(dataset).is(http.StatusOK)))
	o.s.requireSound()
}

// TestAReaderSeesOneVersionOrTheOther: rows, words and counts of an append come all at once.
func TestAReaderSeesOneVersionOrTheOther(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.datasetOf(o.analyst, "n,word\n0,w0\n")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 1; i < 20; i++ {
			assert.Equal(t, http.StatusCreated, o.analyst.renew(dataset, "append", fmt.Sprintf("n,word\n%d,w%d\n", i, i)).status)
		}
	}()
	query := object{"measures": []object{{"op": "count"}, {"op": "max", "column": "n"}, {"op": "count_distinct", "column": "word"}}}
	for seen := 0; seen < 20; {
		row := o.viewer.post(dataset+"/query", query).is(http.StatusOK)["rows"].([]any)[0].([]any)
		n, err := row[0].(json.Number).Int64()
		require.NoError(t, err)
		require.GreaterOrEqual(t, int(n), seen)
		require.Equal(t, []any{json.Number(fmt.Sprint(n)), json.Number(fmt.Sprint(n - 1)), json.Number(fmt.Sprint(n))}, row)
		seen = int(n)
	}
	<-done
}

// wordsFrom is a file of n words: w1 is the one after w0.
func wordsFrom(first, n int) string {
	var b strings.Builder
	b.WriteString("word\n")
	for i := range n {
		fmt.Fprintf(&b, "w%d\n", first+i)
	}
	return b.String()
}

// payloads are the column numbers and payloads of the versions of the only column.
func (o *organization) payloads() (payloads string) {
	require.NoError(o.s.t, o.s.admin.QueryRow(o.s.t.Context(), "select string_agg(concat(column_no, payload), ' ' order by version) from app.dataset_columns").Scan(&payloads))
	return payloads
}

// TestADictionaryGoesOnWhereItsCodesNeedMoreBits: the old codes are stored anew, and the new ones go on those.
func TestADictionaryGoesOnWhereItsCodesNeedMoreBits(t *testing.T) {
	t.Parallel()
	const known = 29_000                                                                   // words of both files from there on
	for stored, end := range map[int]int{30_000: 33_000, 30_720: 33_000, 32_000: 34_000} { // 30,720 fill their pages
		o := newServer(t).newOrganization()
		dataset := o.datasetOf(o.analyst, wordsFrom(0, stored))
		o.analyst.renew(dataset, "append", wordsFrom(known, end-known)).is(http.StatusCreated)
		require.Equal(t, "1int2s 2codes", o.payloads())
		want := strings.Split(strings.TrimSpace(wordsFrom(0, stored))+strings.TrimPrefix(strings.TrimSpace(wordsFrom(known, end-known)), "word"), "\n")
		for i, row := range o.viewer.table(dataset) {
			require.Equal(t, want[i], row[0], i)
		}
		query := object{"measures": []object{{"op": "count"}, {"op": "count_distinct", "column": "word"}}}
		require.Equal(t, []any{json.Number(strconv.Itoa(len(want) - 1)), json.Number(strconv.Itoa(end))}, o.viewer.post(dataset+"/query", query).is(http.StatusOK)["rows"].([]any)[0])
		o.s.requireSound()
	}
}

func TestALargeDictionaryBecomesTexts(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.datasetOf(o.analyst, wordsFrom(0, 40_000))
	o.analyst.renew(dataset, "append", wordsFrom(20_000, 21_000)).is(http.StatusCreated)
	require.Equal(t, "1codes 1codes", o.payloads())
	o.s.requireSound()
	o.analyst.renew(dataset, "append", wordsFrom(41_000, 30_000)).is(http.StatusCreated)
	require.Equal(t, "1codes 1codes 2texts", o.payloads())
	o.analyst.renew(dataset, "append", "word\nlast\n").is(http.StatusCreated)
	require.Equal(t, "1codes 1codes 2texts 2texts", o.payloads())
	query := object{"measures": []object{{"op": "count"}, {"op": "count_distinct", "column": "word"}}}
	require.Equal(t, []any{json.Number("91001"), json.Number("71001")}, o.viewer.post(dataset+"/query", query).is(http.StatusOK)["rows"].([]any)[0])
	o.s.requireSound()
}

// TestValuesThatAreStoredAnewKeepTheirChunks: of several chunks in several segments, with dictionaries of several pages.
func TestValuesThatAreStoredAnewKeepTheirChunks(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	rows := func(first, n int) string {
		var b strings.Builder
		b.WriteString("n,word\n")
		for i := first; i < first+n; i++ {
			fmt.Fprintf(&b, "%d,w%d\n", i, i%3000)
		}
		return b.String()
	}
	dataset := o.datasetOf(o.analyst, rows(0, 20_000))
	o.analyst.renew(dataset, "append", rows(20_000, 20_000)+"1.5,x\n").is(http.StatusCreated)
	o.s.requireSound()
	o.analyst.renew(dataset, "append", "word,new\nw5,1\n").is(http.StatusCreated)
	o.analyst.retype(dataset, object{"columns": []object{{"name": "n", "type": "text"}, {"name": "new", "type": "float"}}}).is(http.StatusCreated)
	o.s.requireSound()
	all := object{"measures": []object{{"op": "count"}, {"op": "count_distinct", "column": "n"}, {"op": "count_distinct", "column": "word"}, {"op": "sum", "column": "new"}}}
	require.Equal(t, []any{json.Number("40002"), json.Number("40001"), json.Number("3001"), json.Number("1")},
		o.viewer.post(dataset+"/query", all).is(http.StatusOK)["rows"].([]any)[0])
	table := o.viewer.table(dataset)
	for _, i := range []int{0, 16_383, 16_384, 19_999, 20_000, 36_384, 39_999} {
		require.Equal(t, []string{fmt.Sprint(i), fmt.Sprintf("w%d", i%3000), "null"}, table[i+1])
	}
	require.Equal(t, [][]string{{"1.5", "x", "null"}, {"null", "w5", "1"}}, table[40_001:])
}

func TestAnAppendSaysHowTextsAreWritten(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.datasetOf(o.analyst, "day,n\n01/02/2014,1\n")
	dates := `[{"name":"day","type":"date","dates":"day_first"}]`
	o.nothingStored(func() answer {
		return o.analyst.renew(dataset, "append", "day,n\n03/02/2014,2\n", "columns", strings.Replace(dates, `,"dates":"day_first"`, "", 1))
	}).refused(http.StatusUnprocessableEntity, "column_ambiguous")
	o.analyst.renew(dataset, "append", "day,n\n03/02/2014,2\n", "columns", dates).is(http.StatusCreated)
	require.Equal(t, tableOf("day,n\n2014-02-01,1\n2014-02-03,2"), o.viewer.table(dataset))

	v := o.analyst.renew(dataset, "append", "n,day\n$5,2014-02-04\n").is(http.StatusCreated)
	require.Equal(t, "other_unit", v["warnings"].([]any)[0].(object)["code"])
}
