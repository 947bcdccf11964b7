package api_test

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var downloadTypes = map[string]string{"csv": csvType, "ndjson": "application/x-ndjson", "parquet": parquetType}

// TestADownloadedTableIsUploadedAsItWas: the columns with their names and types, and every value. CSV and NDJSON do not tell the
// types, so these are given.
func TestADownloadedTableIsUploadedAsItWas(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	rapid.Check(t, func(t *rapid.T) {
		file, columns := drawFile(t)
		given := []string{"columns", columns, "header", "present", "delimiter", ",", "comment", "none"}
		uploaded := o.send(csvType, file, given...)
		if uploaded.status != http.StatusCreated {
			t.Fatalf("%s\n%s\n%s", uploaded.body, file, columns)
		}
		path := uploaded.header.Get("Location")
		defer o.analyst.delete(path)
		for format, mediaType := range downloadTypes {
			downloaded := o.viewer.get(path + "/download?formulas=plain&format=" + format)
			if downloaded.status != http.StatusOK {
				t.Fatalf("%s\n%s", downloaded.body, file)
			}
			var parameters []string
			switch format {
			case "csv":
				parameters = given
			case "ndjson":
				parameters = given[:2]
			}
			again := o.send(mediaType, string(downloaded.body), parameters...)
			if again.status != http.StatusCreated {
				t.Fatalf("%s: %s\n%s", format, again.body, downloaded.body)
			}
			defer o.analyst.delete(again.header.Get("Location"))
			for _, what := range []string{"", "/rows?limit=1000"} {
				want, got := o.viewer.get(path+what).object(), o.viewer.get(again.header.Get("Location")+what).object()
				require.Equal(t, want["columns"], got["columns"], "%s\n%s\n%s", format, file, downloaded.body)
				require.Equal(t, want["rows"], got["rows"], "%s\n%s\n%s", format, file, downloaded.body)
			}
		}
	})
}

// drawFile is a CSV file and what its columns are.
func drawFile(t *rapid.T) (file, columns string) {
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "A", "a,b", `"q"`, "=x", "-y", "'z", "ä €", "a.b", "0x", "two\nlines", `\`, "<&>"}),
		1, 6, rapid.ID[string]).Draw(t, "names")
	options, types := []object{}, []string{}
	for i := range names {
		typ := rapid.SampledFrom([]string{"integer", "decimal", "float", "boolean", "date", "timestamp", "text"}).Draw(t, "type")
		option := object{"column": i + 1, "type": typ}
		if typ == "decimal" {
			option["scale"] = rapid.IntRange(1, 17).Draw(t, "scale")
		}
		options, types = append(options, option), append(types, typ)
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	require.NoError(t, w.Write(names))
	for range rapid.IntRange(1, 8).Draw(t, "rows") {
		record := make([]string, len(names))
		for i, typ := range types {
			record[i] = drawField(t, typ, options[i]["scale"])
		}
		require.NoError(t, w.Write(record))
		if len(record) == 1 && record[0] == "" {
			w.Flush()
			text := strings.TrimSuffix(b.String(), "\n")
			b.Reset()
			b.WriteString(text + "\"\"\n") // an empty line is no row
		}
	}
	w.Flush()
	text, err := json.Marshal(options)
	require.NoError(t, err)
	return b.String(), string(text)
}

func drawField(t *rapid.T, typ string, scale any) string {
	if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
		return ""
	}
	switch typ {
	case "integer":
		return strconv.FormatInt(rapid.OneOf(rapid.Int64Range(-9, 9), rapid.Int64(), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64})).Draw(t, "integer"), 10)
	case "decimal":
		return fmt.Sprintf("%d.%0*d", rapid.IntRange(-9, 9).Draw(t, "whole"), scale, rapid.Int64Range(0, int64(math.Pow10(scale.(int)))-1).Draw(t, "fraction"))
	case "float":
		return strconv.FormatFloat(rapid.OneOf(rapid.Float64Range(-10, 10), rapid.Float64()).Draw(t, "float"), 'g', -1, 64)
	case "boolean":
		return strconv.FormatBool(rapid.Bool().Draw(t, "boolean"))
	case "date":
		return time.Unix(86400*rapid.Int64Range(-719_162, 2_932_896).Draw(t, "day"), 0).UTC().Format(time.DateOnly)
	case "timestamp":
		return time.UnixMicro(rapid.Int64Range(-62_135_596_800_000_000, 253_402_300_799_999_999).Draw(t, "micros")).UTC().Format(time.RFC3339Nano)
	default:
		return rapid.SampledFrom([]string{"007", "1", "NA", "null", "true", "=1+1", "'x", "-", "a\nb", "é", `"`, `\`, "a,b", "2014-01-01", "\u2028", "\t", "</a>", "#x", "x\r\ny"}).Draw(t, "text")
	}
}

func TestADownloadHasTheColumnsAndRowsThatAreAskedFor(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	path := o.dataset(o.owner)
	for query, want := range map[string]string{
		"":                         "day,rain,place,dry,note\r\n2014-01-01,10.90,Oslo,false,\r\n2014-01-02,0.80,Bergen,false,fog\r\n2014-02-01,0.00,Oslo,true,\r\n",
		"columns=note&columns=day": "note,day\r\n,2014-01-01\r\nfog,2014-01-02\r\n,2014-02-01\r\n",
		"columns=note&bom=true":    "\ufeffnote\r\n\"\"\r\nfog\r\n\"\"\r\n",
		"columns=rain&filters=" + url.QueryEscape(`[{"column":"place","op":"eq","value":"Oslo"}]`): "rain\r\n10.90\r\n0.00\r\n",
		"columns=rain&filters=" + url.QueryEscape(`[{"column":"place","op":"eq","value":"Rome"}]`): "rain\r\n",
		"version=1&format=ndjson&filters=" + url.QueryEscape(`[{"column":"day","op":"gt","value":"2014-01-01"}]`): `{"day":"2014-01-02","rain":0.80,"place":"Bergen","dry":false,"note":"fog"}` + "\n" +
			`{"day":"2014-02-01","rain":0.00,"place":"Oslo","dry":true,"note":null}` + "\n",
	} {
		a := o.viewer.get(path + "/download?" + query)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.Equal(t, want, string(a.body), query)
	}
	for query, location := range map[string]string{
		"columns=secret": "query.columns[0]",
		"filters=" + url.QueryEscape(`[{"column":"secret","op":"is_null"}]`): "query.filters[0].column",
	} {
		p := o.viewer.get(path+"/download?"+query).refused(http.StatusUnprocessableEntity, "query_invalid")
		require.Equal(t, []any{location}, fieldsOf(p["errors"], "location"))
	}
	for _, query := range []string{"filters=x", "filters={}", "filters=" + url.QueryEscape(`[{"column":"day","op":"eq","value":1,"more":1}]`), "format=xml", "order=day", "version=0", "formulas=x"} {
		o.viewer.get(path+"/download?"+query).refused(http.StatusUnprocessableEntity, "invalid")
	}
	o.viewer.get(path+"/download?version=2").refused(http.StatusNotFound, "not_found")
}

// TestAFilteredDownloadOfSeveralChunks has the rows that the same filter counts.
func TestAFilteredDownloadOfSeveralChunks(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	var table, want strings.Builder
	table.WriteString("n,word\n")
	want.WriteString("n\r\n")
	for i := range 140_000 { // more chunks than are looked into at once
		word := "u"
		if i%16_383 == 0 || i > 120_000 && i < 120_100 {
			word = "v"
			fmt.Fprintf(&want, "%d\r\n", i%999)
		}
		fmt.Fprintf(&table, "%d,%s\n", i%999, word)
	}
	a := o.send("application/gzip", gzipped(t, table.String()))
	a.is(http.StatusCreated)
	filters := url.QueryEscape(`[{"column":"word","op":"eq","value":"v"}]`)
	require.Equal(t, want.String(), string(o.viewer.get(a.header.Get("Location")+"/download?columns=n&filters="+filters).body))
	require.Equal(t, strings.ReplaceAll(table.String(), "\n", "\r\n"), string(o.viewer.get(a.header.Get("Location")+"/download").body))
}

// TestAttack_117_ADownloadedFormulaIsText: unless the file is for a program.
func TestAttack_117_ADownloadedFormulaIsText(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	path := o.upload(o.owner, "=header,n\n=1+1,-1\n").header.Get("Location")
	require.Equal(t, "\"'=header\",n\r\n\"'=1+1\",-1\r\n", string(o.owner.get(path+"/download").body))
	require.Equal(t, "=header,n\r\n=1+1,-1\r\n", string(o.owner.get(path+"/download?formulas=plain").body))
}

func TestAHiddenColumnIsNotDownloaded(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	path := o.dataset(o.owner)
	hide := func(vis int, names ...string) {
		o.s.force("update app.dataset_columns set vis = $1 where name = any ($2)", vis, names)
		o.s.force("update app.dataset_chunks k set vis = c.vis from app.dataset_columns c where c.column_no = k.column_no and c.org_id = k.org_id")
		o.s.force("update app.dataset_words k set vis = c.vis from app.dataset_columns c where c.column_no = k.column_no and c.org_id = k.org_id")
	}
	hide(1, "place", "day")
	header := func(p person, query string) string {
		text, _, _ := strings.Cut(string(p.get(path+"/download"+query).body), "\r\n")
		return text
	}
	require.Equal(t, "rain,dry,note", header(o.viewer, ""))
	require.Equal(t, "day,rain,place,dry,note", header(o.analyst, ""))
	for _, query := range []string{"/download?columns=place", "/rows?columns=place", "/rows?order=" + url.QueryEscape(`[{"by":"place"}]`), "/download?filters=" + url.QueryEscape(`[{"column":"place","op":"eq","value":"Oslo"}]`)} {
		hidden := o.viewer.get(path+query).refused(http.StatusUnprocessableEntity, "query_invalid")
		absent := o.analyst.get(path+strings.ReplaceAll(query, "place", "other")).refused(http.StatusUnprocessableEntity, "query_invalid")
		message := func(p object) string { return fmt.Sprint(fieldsOf(p["errors"], "message")) }
		require.Equal(t, strings.ReplaceAll(message(hidden), "place", "other"), message(absent))
	}
	require.Equal(t, []any{"rain", "dry", "note"}, fieldsOf(o.viewer.get(path + "/rows").object()["columns"], "name"))

	hide(2, "rain", "dry", "note", "place", "day")
	o.viewer.get(path+"/download").refused(http.StatusUnprocessableEntity, "table_empty")
	none := o.viewer.get(path + "/rows").is(http.StatusOK)
	require.Empty(t, none["columns"])
	require.Empty(t, none["rows"])
	require.Nil(t, none["next_cursor"])
}

// TestADownloadIsCalledAsItsDataset whatever that is called.
func TestADownloadIsCalledAsItsDataset(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	path := o.dataset(o.owner)
	for name, want := range map[string]string{
		"sales":                    "sales.csv",
		"../../etc/passwd":         "_.._etc_passwd.csv",
		"a\"; filename=\"evil.exe": "a__ filename=_evil.exe.csv",
		"Größe €":                  "Größe €.csv",
		"exe.\u202evsc":            "exe.vsc.csv",
		"a\r\nSet-Cookie: b=c":     "a__Set-Cookie_ b=c.csv",
		"...":                      "dataset.csv",
		strings.Repeat("é", 200):   strings.Repeat("é", 100) + ".csv",
		"100%41":                   "100_41.csv",
		"it's":                     "it's.csv",
	} {
		o.s.force("update app.datasets set name = $1 where org_id = $2", name, o.id)
		a := o.viewer.get(path + "/download")
		disposition, parameters, err := mime.ParseMediaType(a.header.Get("Content-Disposition"))
		require.NoError(t, err, name)
		require.Equal(t, "attachment", disposition)
		require.Equal(t, want, parameters["filename"], name)
		require.Empty(t, a.header.Get("Set-Cookie"))
	}
}

func TestADownloadIsCompressedForWhoAsks(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	path := o.dataset(o.owner)
	for accept, compressed := range map[string]bool{"gzip": true, "br, GZIP;q=0.5": true, "identity": false, "gzip;q=0": false, "gzip; q=0.0": false, "deflate": false} {
		a := o.viewer.get(path+"/download?columns=rain", "Accept-Encoding", accept)
		require.Equal(t, "Accept-Encoding", a.header.Get("Vary"))
		text := io.Reader(strings.NewReader(string(a.body)))
		if compressed {
			var err error
			text, err = gzip.NewReader(text)
			require.NoError(t, err)
		}
		require.Equal(t, compressed, a.header.Get("Content-Encoding") == "gzip", accept)
		whole, err := io.ReadAll(text)
		require.NoError(t, err)
		require.Equal(t, "rain\r\n10.90\r\n0.80\r\n0.00\r\n", string(whole))
	}
	require.Empty(t, o.viewer.get(path+"/download?format=parquet", "Accept-Encoding", "gzip").header.Get("Content-Encoding"))
}

// TestADownloadThatFailsHalfWayDoesNotLookWhole: of Parquet no byte has left by then.
func TestADownloadThatFailsHalfWayDoesNotLookWhole(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	path := o.upload(o.owner, "text\n"+strings.Repeat("some text that is a text\n", 40_000)).header.Get("Location")
	o.s.force("update app.dataset_chunks set codes = codes[2:], int2s = int2s[2:] where chunk_no = 2")
	for _, format := range []string{"csv", "ndjson"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.s.URL+path+"/download?format="+format, nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+o.owner.token)
		request.Header.Set("Accept-Encoding", "identity")
		response, err := o.s.Client().Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		require.Equal(t, http.StatusOK, response.StatusCode)
		_, err = io.ReadAll(response.Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, format)
	}
	o.owner.get(path+"/download?format=parquet").refused(http.StatusInternalServerError, "internal")

	o.s.force("delete from app.dataset_chunks where chunk_no = 2")
	for format := range downloadTypes {
		o.owner.get(path+"/download?format="+format).refused(http.StatusInternalServerError, "internal")
	}
}

func TestADownloadThatFailsBeforeItsFirstByteIsAProblem(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	path := o.dataset(o.owner)
	o.s.force("revoke select on app.dataset_words from insightforge_api")
	a := o.owner.get(path + "/download")
	a.refused(http.StatusForbidden, "forbidden")
	require.Empty(t, a.header.Get("Content-Disposition"))
	o.s.force("grant select on app.dataset_words to insightforge_api")
	o.s.force("update app.dataset_chunks set codes = array[99, 99, 99], int2s = null where codes is not null or int2s is not null and column_no = 3")
	for format := range downloadTypes {
		a := o.owner.get(path + "/download?format=" + format)
		a.refused(http.StatusInternalServerError, "internal")
		require.Empty(t, a.header.Get("Content-Disposition"))
	}
}
