package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// wideTable is a dataset of 9,000 rows and 108 columns in one chunk, since an append added 100 of them, and the same as CSV.
func (o *organization) wideTable() (dataset string, lines []string) {
	o.s.t.Helper()
	const rows, added = 9_000, 100
	narrow := []string{"id,day,ts,price,f,ok,city,note"}
	for i := range rows {
		narrow = append(narrow, fmt.Sprintf("%d,2014-%02d-%02d,2020-01-01T%02d:%02d:00Z,%d.%02d,%d.5e-7,%t,city%d,n%d", i*70_000, i%12+1, i%28+1, i%24, i%60, i%900, i%10*10+i%9+1, i%9+1, i%2 == 0, i%50, i))
		if i%7 == 0 {
			narrow[i+1] = fmt.Sprintf("%d,,,,,,,", i)
		}
	}
	dataset = o.datasetOf(o.analyst, strings.Join(narrow, "\n"))
	header, row := narrow[0], "1,2014-01-01,2020-01-01T00:00:00Z,1.25,2.5e-07,true,city1,n1"
	for i := range added {
		header, row = header+fmt.Sprintf(",more%d", i), row+fmt.Sprintf(",%d", i)
	}
	a := o.analyst.renew(dataset, "append", header+"\n"+row+"\n")
	a.is(http.StatusCreated)
	lines = append(lines, header)
	for _, line := range narrow[1:] {
		lines = append(lines, strings.ReplaceAll(line, "e-7,", "e-07,")+strings.Repeat(",", added))
	}
	return dataset, append(lines, row)
}

func (p person) download(dataset, query string) string {
	p.s.t.Helper()
	a := p.get(dataset + "/download?formulas=plain&" + query)
	require.Equal(p.s.t, http.StatusOK, a.status, "%.500s", a.body)
	return string(a.body)
}

func crlf(lines []string) string { return strings.Join(lines, "\r\n") + "\r\n" }

// firstFields are those of lines of CSV without quotes.
func firstFields(lines []string, n int) (cut []string) {
	for _, line := range lines {
		cut = append(cut, strings.Join(strings.Split(line, ",")[:n], ","))
	}
	return cut
}

func TestAWideTableComesBackAsItWas(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset, lines := o.wideTable()

	requireSame(t, crlf(lines), o.viewer.download(dataset, "format=csv"))
	names := strings.Split(lines[0], ",")
	requireSame(t, crlf(firstFields(lines, 8)), o.viewer.download(dataset, url.Values{"columns": names[:8]}.Encode())) // a whole chunk at once
	requireSame(t, strings.Join(lines, "\n")+"\n", o.export(o.owner)["datasets/"+lastOf(dataset)+"/2.csv"])

	var objects []string
	for line := range strings.Lines(o.viewer.download(dataset, "format=ndjson")) {
		objects = append(objects, line)
	}
	require.Len(t, objects, len(lines)-1)
	for i, object := range objects {
		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(object), &fields))
		var line []string
		for _, name := range names {
			line = append(line, strings.Trim(strings.TrimSuffix(string(fields[name]), "null"), `"`))
		}
		require.Equal(t, lines[i+1], strings.Join(line, ","), i)
	}

	const two = 48 // columns are in two parts, and not too large to be uploaded
	a := o.send(parquetType, o.viewer.download(dataset, "format=parquet&"+url.Values{"columns": names[:two]}.Encode()))
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	requireSame(t, crlf(firstFields(lines, two)), o.viewer.download(a.header.Get("Location"), "format=csv"))
}

// requireSame prints no megabytes.
func requireSame(t *testing.T, want, got string) {
	t.Helper()
	wanted, lines := strings.Split(want, "\n"), strings.Split(got, "\n")
	require.Len(t, lines, len(wanted))
	for i, line := range lines {
		require.Equal(t, wanted[i], line, i)
	}
}

func TestFiltersFindRowsInEveryPartOfAWideTable(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset, lines := o.wideTable()
	want := lines[:1:1]
	for _, line := range lines[1:] {
		if strings.Contains(line, ",city7,") {
			want = append(want, line)
		}
	}
	filters := url.QueryEscape(`[{"column":"city","op":"eq","value":"city7"}]`)
	requireSame(t, crlf(want), o.viewer.download(dataset, "filters="+filters))
}

// What is stored anew is read in parts too, and goes where it was.
func TestTypesOfAWideTableAreChanged(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset, lines := o.wideTable()
	var columns []object
	for _, name := range strings.Split(lines[0], ",") {
		columns = append(columns, object{"name": name, "type": "text"})
	}
	o.analyst.retype(dataset, object{"columns": columns}).is(http.StatusCreated)
	requireSame(t, crlf(lines), o.viewer.download(dataset, "format=csv"))
}

// A download holds the dictionaries of all columns of a version: they have a bound together.
func TestColumnsThatAppendsAddHaveDictionariesOfBoundedSize(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	const words = 60_000 // of 4 bytes: 2.6 MB, of which 7 fit 20 MiB
	table := func(header string, from, words int) string {
		var b strings.Builder
		b.WriteString(header + "\n")
		for i := from; i < from+words; i++ {
			fmt.Fprintf(&b, "%d%s\n", i, strings.Repeat(fmt.Sprintf(",%04x", i), strings.Count(header, ",")))
		}
		return b.String()
	}
	dataset := o.datasetOf(o.analyst, table("k,a,b", 0, words))
	for _, header := range []string{"k,c,d", "k,e,f", "k,g"} {
		o.analyst.renew(dataset, "append", table(header, 0, words)).is(http.StatusCreated)
	}
	forms := func() string {
		var text string
		row := o.s.admin.QueryRow(t.Context(), `select string_agg(c.name || ' ' || c.payload, ', ' order by c.position)
			from app.dataset_columns c join app.datasets d on d.id = c.dataset_id and d.version = c.version where d.id = $1`, lastOf(dataset))
		require.NoError(t, row.Scan(&text))
		return text
	}
	require.Equal(t, "k int4s, a codes, b codes, c codes, d codes, e codes, f codes, g codes", forms())

	o.analyst.renew(dataset, "append", table("k,h", 0, words)).is(http.StatusCreated)
	require.Equal(t, "k int4s, a codes, b codes, c codes, d codes, e codes, f codes, g codes, h texts", forms())
	o.analyst.retype(dataset, object{"columns": []object{{"name": "k", "type": "text"}}}).is(http.StatusCreated)
	require.Equal(t, "k texts, a codes, b codes, c codes, d codes, e codes, f codes, g codes, h texts", forms())
	o.analyst.renew(dataset, "append", "k,a,h,new\n1,more,more,more\n").is(http.StatusCreated)
	require.Equal(t, "k texts, a codes, b codes, c codes, d codes, e codes, f codes, g codes, h texts, new int2s", forms())

	got := strings.Split(o.viewer.download(dataset, "columns=k&columns=g&columns=h&columns=new"), "\r\n")
	require.Len(t, got, 1+5*words+1+1)
	require.Equal(t, "59999,ea5f,,", got[4*words])
	require.Equal(t, "59999,,ea5f,", got[5*words])
	require.Equal(t, "1,,more,more", got[5*words+1])

	o.analyst.renew(dataset, "append", table("k,i", 0, 55_000)).is(http.StatusCreated) // there is room for less than 0.1 MB
	o.analyst.renew(dataset, "append", table("k,a", words, 5_000)).is(http.StatusCreated)
	require.Equal(t, "k texts, a texts, b codes, c codes, d codes, e codes, f codes, g codes, h texts, new int2s, i codes", forms())
	got = strings.Split(o.viewer.download(dataset, "columns=k&columns=a"), "\r\n")
	require.Equal(t, "59999,ea5f", got[words])
	require.Equal(t, "64999,fde7", got[len(got)-2])
}
