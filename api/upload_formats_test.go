package api_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

func gzipped(t *testing.T, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func zstded(t *testing.T, text string) string {
	w, err := zstd.NewWriter(nil, zstd.WithWindowSize(maxUpload/2))
	require.NoError(t, err)
	return string(w.EncodeAll([]byte(text), nil))
}

func workbook(t *testing.T, rows ...[]any) string {
	f := excelize.NewFile()
	defer f.Close()
	_, err := f.NewSheet("Other")
	require.NoError(t, err)
	require.NoError(t, f.SetCellStr("Other", "A1", "only"))
	for i, row := range rows {
		require.NoError(t, f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row))
	}
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	return b.String()
}

type goods struct {
	Name  string  `parquet:"name"`
	Count int64   `parquet:"count"`
	Price float64 `parquet:"price"`
}

func parquetOf(t *testing.T) string {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[goods](&b)
	_, err := w.Write([]goods{{"007", 1, 2.5}, {"Ä", 2, 3.5}})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

const (
	csvType     = "text/csv"
	jsonType    = "application/json"
	parquetType = "application/vnd.apache.parquet"
	xlsxType    = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	anyType     = "application/octet-stream"
)

// send uploads a file with parameters in pairs.
func (o *organization) send(mediaType, file string, parameters ...string) answer {
	q := url.Values{"name": {"goods"}}
	for i := 0; i < len(parameters); i += 2 {
		q.Set(parameters[i], parameters[i+1])
	}
	return o.analyst.post(o.path("/datasets?"+q.Encode()), file, "Content-Type", mediaType)
}

// fieldsOf are that of every column.
func fieldsOf(columns any, name string) (values []any) {
	for _, c := range columns.([]any) {
		values = append(values, c.(object)[name])
	}
	return values
}

func TestEveryFormatMakesTheSameTable(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	csv := "name,count,price\nÄ,1,2.5\nÖ,2,3.5\n"
	for _, c := range []struct{ format, mediaType, file string }{
		{"csv", csvType, csv},
		{"tsv", "text/tab-separated-values", strings.ReplaceAll(csv, ",", "\t")},
		{"json", jsonType, `[{"name":"Ä","count":1,"price":2.5},{"name":"Ö","count":2,"price":3.5}]`},
		{"ndjson", "application/x-ndjson", "{\"name\":\"Ä\",\"count\":1,\"price\":2.5}\n{\"name\":\"Ö\",\"count\":2,\"price\":3.5}"},
		{"xlsx", xlsxType, workbook(t, []any{"name", "count", "price"}, []any{"Ä", 1, 2.5}, []any{"Ö", 2, 3.5})},
		{"parquet", parquetType, parquetOf(t)},
	} {
		for compression, sent := range map[string]struct{ mediaType, file string }{
			"none": {c.mediaType, c.file}, "gzip": {"application/gzip", gzipped(t, c.file)}, "zstd": {"application/zstd", zstded(t, c.file)},
		} {
			for _, mediaType := range []string{sent.mediaType, anyType} {
				a := o.send(mediaType, sent.file)
				d := a.is(http.StatusCreated)
				file := d["file"].(object)
				if c.format != "tsv" || mediaType == c.mediaType {
					require.Equal(t, c.format, file["format"])
				}
				require.Equal(t, compression, file["compression"])
				require.Equal(t, "utf-8", file["encoding"])
				require.Equal(t, []any{"name", "count", "price"}, fieldsOf(d["columns"], "name"))
				require.Equal(t, "text", fieldsOf(d["columns"], "type")[0])
				require.Equal(t, "integer", fieldsOf(d["columns"], "type")[1])
				version := d["version"].(object)
				require.Equal(t, json.Number("2"), version["row_count"])
				require.Equal(t, json.Number(fmt.Sprint(len(sent.file))), version["byte_count"], "that of what was sent")
				rows := o.viewer.get(a.header.Get("Location") + "/rows").is(http.StatusOK)["rows"].([]any)
				if c.format == "parquet" {
					require.Equal(t, []any{"007", json.Number("1"), json.Number("2.5")}, rows[0])
				} else {
					require.Equal(t, []any{"Ä", json.Number("1"), json.Number("2.5")}, rows[0])
				}
			}
		}
	}
}

func TestAFormsPartSaysWhatItIs(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	send := func(fileName, mediaType, file string) answer {
		body := fmt.Sprintf("--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=%q\r\nContent-Type: %s\r\n\r\n%s\r\n--xx--\r\n", fileName, mediaType, file)
		return o.owner.post(o.path("/datasets"), body, "Content-Type", formType)
	}
	d := send("goods.tsv.gz", anyType, gzipped(t, "a\tb\n1\t2,5\n")).is(http.StatusCreated)
	require.Equal(t, "goods", d["name"])
	require.Equal(t, "tsv", d["file"].(object)["format"])
	require.Equal(t, "Ä", send("Ä.parquet", parquetType, parquetOf(t)).is(http.StatusCreated)["name"])
	o.nothingStored(func() answer { return send("goods.xlsx", anyType, weather) }).refused(http.StatusUnsupportedMediaType, "format_contradiction")
}

func TestParametersSayHowAFileIsRead(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	types := func(file string, parameters ...string) []any {
		t.Helper()
		return fieldsOf(o.send(csvType, file, parameters...).is(http.StatusCreated)["columns"], "type")
	}
	require.Equal(t, []any{"text"}, types("a;b\n1;2\n", "delimiter", ","))
	require.Equal(t, []any{"integer", "integer"}, types("a;b\n1;2\n", "delimiter", ";"))
	require.Equal(t, []any{"text"}, types("d\n01/02/2006\n"))
	require.Equal(t, []any{"date"}, types("d\n01/02/2006\n", "dates", "day_first"))
	require.Equal(t, []any{"text"}, types("n\n\"1,234\"\n"))
	require.Equal(t, []any{"integer"}, types("n\n\"1,234\"\n", "numbers", "1,234.56"))
	require.Equal(t, []any{"integer"}, types("n\n1\nnothing\n", "nulls", "nix,nothing"))
	require.Equal(t, []any{"integer"}, types("% x\nn\n1\n", "comment", "%"))
	require.Equal(t, []any{"text", "text"}, types("a,b\nx,y\n", "header", "absent"))

	quoted := o.send(csvType, "a\tb\n\"x\ty\n", "quotes", "none").is(http.StatusCreated)["file"].(object)
	require.Equal(t, object{"delimiter": "\t", "quotes": "none", "header": "present", "comment": "none", "comment_lines": json.Number("0"),
		"blank_lines": json.Number("0")}, quoted["dialect"])

	old := o.send(csvType, "name\nJos\xe9\n").is(http.StatusCreated)
	require.Equal(t, "windows-1252", old["file"].(object)["encoding"])
	require.Equal(t, []any{"encoding_guessed"}, fieldsOf(old["warnings"], "code"))
	require.Empty(t, o.send(csvType, "name\nJos\xe9\n", "encoding", "windows-1252").is(http.StatusCreated)["warnings"])

	book := workbook(t, []any{"a"}, []any{1})
	require.Equal(t, []any{"a"}, fieldsOf(o.send(xlsxType, book).is(http.StatusCreated)["columns"], "name"))
	other := o.send(xlsxType, book, "sheet", "Other").is(http.StatusCreated)
	require.Equal(t, []any{"only"}, fieldsOf(other["columns"], "name"))
	require.Equal(t, []any{"Sheet1", "Other"}, other["file"].(object)["sheets"])
}

func TestTypesAreGivenAndWhatDoesNotFitIsTold(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	const columns = `[{"name": "n", "as": "count", "type": "integer"}, {"column": 2, "type": "decimal", "scale": 2}]`
	csv, ndjson := "n,p\n1,2.5\nsecret,3\n", "{\"n\":\"1\",\"p\":2.5}\n{\"n\":\"secret\\n\",\"p\":3}"

	a := o.nothingStored(func() answer { return o.send(csvType, csv, "columns", columns) })
	p := a.refused(http.StatusUnprocessableEntity, "cells_rejected")
	require.NotContains(t, string(a.body), "secret")
	require.Equal(t, []any{"line 3 column 1"}, fieldsOf(p["errors"], "location"))
	require.Equal(t, []any{"cell_not_number"}, fieldsOf(p["errors"], "code"))
	p = o.nothingStored(func() answer { return o.send(anyType, ndjson, "columns", columns) }).refused(http.StatusUnprocessableEntity, "cells_rejected")
	require.Equal(t, []any{"record 2 column 1"}, fieldsOf(p["errors"], "location"))

	nulled := o.send(csvType, csv, "columns", columns, "on_reject", "null").is(http.StatusCreated)
	require.Equal(t, []any{"count", "p"}, fieldsOf(nulled["columns"], "name"))
	require.Equal(t, []any{"integer", "decimal"}, fieldsOf(nulled["columns"], "type"))
	require.Equal(t, []any{json.Number("1"), json.Number("0")}, fieldsOf(nulled["columns"], "null_count"))
	rejections := nulled["rejections"].(object)
	require.Equal(t, json.Number("1"), rejections["cell_count"])
	require.Equal(t, object{"line": json.Number("3"), "column": json.Number("1"), "code": "cell_not_number", "message": "On line 3, column 1 is not a number."},
		rejections["first"].([]any)[0])
	skipped := o.send(anyType, ndjson, "columns", columns, "on_reject", "skip").is(http.StatusCreated)
	require.Equal(t, json.Number("1"), skipped["version"].(object)["row_count"])
	require.Equal(t, []any{json.Number("2")}, fieldsOf(skipped["rejections"].(object)["first"], "record"))
}

func TestWhatAColumnIsAboutIsTold(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	csv := "email,share,day,at\n" + strings.Repeat("a@example.com,12%,01/02/2006,2006-01-02T10:00:00Z\n", 2)
	columns := o.send(csvType, csv).is(http.StatusCreated)["file"].(object)["columns"]
	require.Equal(t, []any{"email", "percent", "text", "time"}[0:2], fieldsOf(columns, "semantic")[0:2])
	require.Equal(t, "percent", fieldsOf(columns, "unit")[1])
	require.Equal(t, []any{"01/02/2006", "02/01/2006"}, fieldsOf(columns, "readings")[2])
	require.Equal(t, "all", fieldsOf(columns, "zones")[3])
}

func TestAParameterThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for _, c := range []struct{ name, value, place string }{
		{"format", "avro", "query.format"}, {"compression", "bzip2", "query.compression"}, {"encoding", "latin1", "query.encoding"},
		{"delimiter", ";;", "query.delimiter"}, {"delimiter", "\"", "query.delimiter"}, {"delimiter", "ä", "query.delimiter"},
		{"quotes", "single", "query.quotes"}, {"header", "maybe", "query.header"}, {"comment", "\n", "query.comment"},
		{"numbers", "1.5", "query.numbers"}, {"dates", "iso", "query.dates"}, {"on_reject", "ignore", "query.on_reject"},
		{"columns", "{", "query.columns"}, {"columns", "{}", "query.columns"}, {"columns", `[{"name":"a","name":"b"}]`, "query.columns"},
		{"columns", `[{"name":"a","colour":"red"}]`, "query.columns[0].colour"}, {"columns", `[{"name":"a","type":"money"}]`, "query.columns[0].type"},
		{"columns", `[{"type":"text"}]`, "query.columns[0]"}, {"columns", `[{"name":"a","column":1}]`, "query.columns[0]"},
		{"columns", `[{"name":"a","type":"text","scale":1}]`, "query.columns[0].scale"}, {"columns", `[{"column":1.5}]`, "query.columns[0].column"},
		{"columns", `[{"name":"a","numbers":"1"}]`, "query.columns[0].numbers"}, {"columns", "[1] [2]", "query.columns"}, {"columns", "null", "query.columns"},
	} {
		p := o.nothingStored(func() answer { return o.send(csvType, weather, c.name, c.value) }).refused(http.StatusUnprocessableEntity, "invalid")
		require.Contains(t, fieldsOf(p["errors"], "location"), c.place, c.value)
	}
	p := o.send(jsonType, `[{"a":1}]`, "delimiter", ",", "header", "absent").refused(http.StatusUnprocessableEntity, "invalid")
	require.Equal(t, []any{"query.delimiter", "query.header"}, fieldsOf(p["errors"], "location"))
}

// bigWindow is a zstd stream that asks for a window of 64 MiB.
func bigWindow(t *testing.T) string {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(64<<20))
	require.NoError(t, err)
	_, err = w.Write([]byte(strings.Repeat("1\n", 1<<10)))
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	require.NoError(t, w.Close())
	return b.String()
}

// oneColumn is a Parquet file of one value.
func oneColumn(t *testing.T, node parquet.Node, value parquet.Value) string {
	var b bytes.Buffer
	w := parquet.NewWriter(&b, parquet.NewSchema("t", parquet.Group{"x": node}))
	_, err := w.WriteRows([]parquet.Row{{value.Level(0, 0, 0)}})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

// Limits have one code in every format: TestEveryLimitHasItsCodeInEveryFormat. Those of record_too_long, compression_ratio_too_high, parquet_page_too_large and xlsx_too_large are above this
// server's own.
func TestEveryFaultOfAFileHasItsProblem(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	long := strings.Repeat("x", 201)
	for code, c := range map[string]struct {
		status     int
		file       string
		parameters []string
		place      string
	}{
		"cells_rejected":               {422, "a\nsecret\n", []string{"columns", `[{"name":"a","type":"date"}]`}, "line 2 column 1"},
		"column_ambiguous":             {422, "a\n01/02/2006\n", []string{"columns", `[{"name":"a","type":"date"}]`}, "column 1"},
		"unknown_column":               {422, "a\n1\n", []string{"columns", `[{"name":"b"}]`}, ""},
		"option_invalid":               {422, "a\n1\n", []string{"comment", ";;", "delimiter", ";"}, ""},
		"format_unsupported":           {415, "BZh9\x01\x02", nil, ""},
		"format_contradiction":         {415, "a\n1\n", []string{"format", "parquet"}, ""},
		"file_encrypted":               {422, "PARE\x00\x00", nil, ""},
		"compression_nested":           {415, gzipped(t, gzipped(t, "a\n1\n")), nil, ""},
		"compression_damaged":          {422, gzipped(t, "a\n1\n") + "more", nil, ""},
		"compression_window_too_large": {413, bigWindow(t), nil, ""},
		"expanded_too_large":           {413, gzipped(t, strings.Repeat("secret\n", maxUpload/2)), nil, ""},
		"encoding_invalid":             {422, "a\nJos\xe9\n", []string{"encoding", "utf-8"}, "line 2"},
		"nul_character":                {422, `[{"a":"\u0000"}]`, nil, "line 1 record 1 column 1"},
		"table_empty":                  {422, "[]", nil, ""},
		"too_many_columns":             {422, "[[" + strings.Repeat(`"",`, 1000) + `""]]`, nil, ""},
		"column_name_too_long":         {422, `[{"` + long + `":1}]`, nil, "line 1 column 1"},
		"json_syntax":                  {422, `[{"a":secret}]`, nil, "line 1 column 7"},
		"json_too_deep":                {422, `[{"a":` + strings.Repeat("[", 101) + strings.Repeat("]", 101) + "}]", nil, ""},
		"json_duplicate_key":           {422, `[{"a":1,"a":"secret"}]`, nil, ""},
		"json_not_records":             {422, `[{"a":1},"secret"]`, nil, ""},
		"parquet_damaged":              {422, "PAR1\x00\x00", nil, ""},
		"parquet_value_invalid":        {422, oneColumn(t, parquet.Date(), parquet.Int32Value(1<<31-1)), nil, "record 1 column 1"},
		"xlsx_damaged":                 {422, "PK\x03\x04 and nothing more", nil, ""},
		"xlsx_sheet_not_found":         {422, workbook(t, []any{"a"}), []string{"sheet", "secret"}, ""},
	} {
		a := o.nothingStored(func() answer { return o.send(anyType, c.file, c.parameters...) })
		p := a.refused(c.status, code)
		require.NotEmpty(t, p["detail"], code)
		require.NotContains(t, string(a.body), "secret", code)
		if c.place != "" {
			require.Equal(t, []any{c.place}, fieldsOf(p["errors"], "location"), code)
		}
	}
}

func TestABombCostsNoMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	rows := strings.Repeat("1,2\n", 16*maxUpload/4)
	for _, bomb := range []string{
		gzipped(t, "a,b\n"+rows), zstded(t, "a,b\n"+rows), gzipped(t, "["+strings.Repeat("{},", maxUpload)+`{"a":1}]`),
	} {
		require.Less(t, len(bomb), maxUpload/10)
		o.nothingStored(func() answer { return o.send(anyType, bomb) }).refused(http.StatusRequestEntityTooLarge, "expanded_too_large")
	}
}

func TestAKeyIsOfTheParametersToo(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	send := func(parameters string) answer {
		return o.analyst.post(o.path("/datasets?name=x"+parameters), "d\n01/02/2006\n", "Content-Type", csvType, "Idempotency-Key", "k")
	}
	first := send("&dates=day_first").is(http.StatusCreated)
	again := send("&dates=day_first").is(http.StatusCreated)
	require.Equal(t, first["id"], again["id"])
	delete(first["file"].(object), "import_id") // each request is an import of its own
	delete(again["file"].(object), "import_id")
	require.Equal(t, first["file"], again["file"])
	for _, others := range []string{"", "&dates=month_first", "&dates=day_first&columns=" + url.QueryEscape(`[{"name":"d","as":"day"}]`)} {
		send(others).refused(http.StatusUnprocessableEntity, "idempotency_key_reused")
	}
}
