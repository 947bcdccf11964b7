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
