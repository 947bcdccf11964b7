package api

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/ingest"
	"github.com/insightforge/insightforge/api/transcode"
)

// tableFormats write a header of names and a row of texts in each format.
var tableFormats = map[transcode.Format]func(t *testing.T, names, row []string) string{
	transcode.CSV: func(_ *testing.T, names, row []string) string {
		return strings.Join(names, ",") + "\n" + strings.Join(row, ",") + "\n"
	},
	transcode.TSV: func(_ *testing.T, names, row []string) string {
		return strings.Join(names, "\t") + "\n" + strings.Join(row, "\t") + "\n"
	},
	transcode.JSON: func(t *testing.T, names, row []string) string {
		text, err := json.Marshal([][]string{names, row})
		require.NoError(t, err)
		return string(text)
	},
	transcode.NDJSON: func(t *testing.T, names, row []string) string {
		record := map[string]string{}
		for i, name := range names {
			record[name] = row[i]
		}
		text, err := json.Marshal(record)
		require.NoError(t, err)
		return string(text)
	},
	transcode.Parquet: parquetTable,
	transcode.XLSX:    workbookTable,
}

func parquetTable(t *testing.T, names, row []string) string {
	group, values := parquet.Group{}, parquet.Row{}
	for i, name := range names {
		group[name] = parquet.String()
		values = append(values, parquet.ByteArrayValue([]byte(row[i])).Level(0, 0, i))
	}
	var b bytes.Buffer
	w := parquet.NewWriter(&b, parquet.NewSchema("t", group))
	_, err := w.WriteRows([]parquet.Row{values})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func workbookTable(t *testing.T, names, row []string) string {
	f := excelize.NewFile()
	defer f.Close()
	require.NoError(t, f.SetSheetRow("Sheet1", "A1", &names))
	require.NoError(t, f.SetSheetRow("Sheet1", "A2", &row))
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	return b.String()
}

// repeated is n different names, or texts of one length.
func repeated(n int, name string) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("%s%04d", name, i))
	}
	return all
}

// readTable reads a whole upload; it returns the code of the problem, or the table's first column.
func readTable(t *testing.T, file io.Reader, o UploadOptions, maxBytes int64) (code string, first ingest.Column) {
	dir := t.TempDir()
	table, err := transcode.Open(context.Background(), file, o.transcode(dir, maxBytes))
	if err == nil {
		defer table.Close()
		var how ingest.Options
		how, err = o.ingest(dir, nil, table)
		require.NoError(t, err)
		var f *ingest.File
		if f, err = ingest.Spool(context.Background(), table, how); err == nil {
			defer f.Close()
			require.NoError(t, f.Chunks(context.Background(), func(ingest.Chunk) error { return nil }))
			return "", f.Columns[0]
		}
	}
	var p *Problem
	require.ErrorAs(t, uploadProblem(err), &p)
	require.Less(t, p.Status, 500)
	return p.Code, first
}

func TestEveryLimitHasItsCodeInEveryFormat(t *testing.T) {
	t.Parallel()
	for format, write := range tableFormats {
		o := UploadOptions{Format: string(format)}
		for name, c := range map[string]struct {
			names, row []string
			code       string
		}{
			"1,000 columns":    {repeated(1000, "c"), repeated(1000, "x"), ""},
			"1,001 columns":    {repeated(1001, "c"), repeated(1001, "x"), "too_many_columns"},
			"200 characters":   {[]string{strings.Repeat("ä", 200)}, []string{"x"}, ""},
			"201 characters":   {[]string{strings.Repeat("ä", 201)}, []string{"x"}, "column_name_too_long"},
			"a record of 1 MB": {repeated(50, "c"), repeated(50, strings.Repeat("x", 20_000)), ""},
			"more than 1 MiB":  {repeated(50, "c"), repeated(50, strings.Repeat("x", 30_000)), "record_too_long"},
			"a NUL character":  {[]string{"a"}, []string{"x\x00"}, "nul_character"},
		} {
			if c.code == "nul_character" && format == transcode.XLSX {
				continue // XML has no NUL
			}
			t.Run(string(format)+"/"+name, func(t *testing.T) {
				t.Parallel()
				code, _ := readTable(t, strings.NewReader(write(t, c.names, c.row)), o, 1<<30)
				require.Equal(t, c.code, code)
			})
		}
	}
}

// Not parallel: what others allocate would count.
func TestBombsCostBoundedMemoryAndOneError(t *testing.T) {
	const size = 65 << 20 // of what is read
	lines := "a,b\n" + strings.Repeat("1,2\n", size/4)
	for name, c := range map[string]struct {
		file string
		tail string // after it, over and over
		o    UploadOptions
		code string
	}{
		"commas":                      {"", ",", UploadOptions{}, "record_too_long"},
		"commas below a header":       {"a,b\n", ",", UploadOptions{}, "record_too_long"},
		"an open quote of CSV":        {"a,b\n\"", "x\n", UploadOptions{}, "record_too_long"},
		"an open quote of TSV":        {"a\tb\n\"", "x,\n", UploadOptions{Quotes: "doubled"}, "record_too_long"},
		"an open text of JSON":        {`[{"a":"`, "x", UploadOptions{}, "record_too_long"},
		"an open text of NDJSON":      {`{"a":"`, "x", UploadOptions{}, "record_too_long"},
		"brackets":                    {`[`, "[", UploadOptions{}, "record_too_long"},
		"gzip":                        {gzipOf(t, lines), "", UploadOptions{}, "compression_ratio_too_high"},
		"zstd":                        {zstdOf(t, lines), "", UploadOptions{}, "compression_ratio_too_high"},
		"gzip of JSON":                {gzipOf(t, "["+strings.Repeat("{},", size/3)+`{"a":1}]`), "", UploadOptions{}, "compression_ratio_too_high"},
		"a sheet":                     {sheetBomb(t, size), "", UploadOptions{}, "compression_ratio_too_high"},
		"Parquet with a short footer": {lyingFooter(t, 8), "", UploadOptions{}, "parquet_damaged"},
		"Parquet with a long footer":  {lyingFooter(t, math.MaxUint32), "", UploadOptions{}, "parquet_damaged"},
		"Parquet of one value, often": {parquetBomb(t), "", UploadOptions{}, "compression_ratio_too_high"},
	} {
		t.Run(name, func(t *testing.T) {
			file := io.MultiReader(strings.NewReader(c.file), io.LimitReader(repeating(c.tail), size))
			if c.tail == "" {
				file = strings.NewReader(c.file)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			code, _ := readTable(t, file, c.o, 1<<30)
			runtime.ReadMemStats(&after)
			require.Equal(t, c.code, code)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(ingest.Memory+transcode.Memory), "allocated in all")
		})
	}
}

func TestAFileMayNotBeLargerThanTheServerTakes(t *testing.T) {
	t.Parallel()
	lines := "a,b\n" + strings.Repeat("1,2\n", 1000)
	for name, file := range map[string]string{"gzip": gzipOf(t, lines), "zstd": zstdOf(t, lines), "JSON": "[" + strings.Repeat(`{"a":1},`, 1000) + `{"a":1}]`,
		"XLSX": workbookTable(t, repeated(1000, "name"), repeated(1000, "value")), "Parquet": parquetTable(t, repeated(1000, "name"), repeated(1000, "value"))} {
		code, _ := readTable(t, strings.NewReader(file), UploadOptions{}, 2000)
		require.Equal(t, "expanded_too_large", code, name)
	}
}

// What is no finite number of 64 bits is never stored as one: it is null, or the column is text.
func TestNaNAndOverflowInEveryFormat(t *testing.T) {
	t.Parallel()
	type floats struct {
		A float64 `parquet:"a"`
	}
	for name, c := range map[string]struct {
		file  string
		typ   column.Type
		nulls int64
		code  string
	}{
		"CSV, NaN":           {"a,b\n1.5,x\nNaN,y\n", column.Decimal, 1, ""},
		"CSV, 1e400":         {"a,b\n1.5,x\n1e400,y\n", column.Text, 0, ""},
		"CSV, Infinity":      {"a,b\n1.5,x\nInfinity,y\n", column.Text, 0, ""},
		"TSV, 1e400":         {"a\tb\n1.5\tx\n1e400\ty\n", column.Text, 0, ""},
		"JSON, NaN":          {`[{"a":1.5},{"a":NaN}]`, "", 0, "json_syntax"},
		"JSON, \"NaN\"":      {`[{"a":1.5},{"a":"NaN"}]`, column.Text, 0, ""},
		"JSON, 1e400":        {`[{"a":1.5},{"a":1e400}]`, column.Text, 0, ""},
		"NDJSON, 1e400":      {"{\"a\":1.5}\n{\"a\":1e400}", column.Text, 0, ""},
		"NDJSON, -1e-400":    {"{\"a\":1.5}\n{\"a\":-1e-400}", column.Text, 0, ""},
		"Parquet, NaN":       {parquetRows(t, floats{1.5}, floats{math.NaN()}), column.Float, 1, ""},
		"Parquet, infinity":  {parquetRows(t, floats{1.5}, floats{math.Inf(1)}), column.Float, 1, ""},
		"Parquet, \"1e400\"": {parquetTable(t, []string{"a"}, []string{"1e400"}), column.Text, 0, ""},
		"XLSX, \"NaN\"":      {workbookTable(t, []string{"a", "b"}, []string{"NaN", "x"}), column.Text, 0, ""},
		"XLSX, 1e400":        {sheet(t, `<row><c><v>1.5</v></c></row><row><c><v>1e400</v></c></row>`), "", 0, "xlsx_damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, first := readTable(t, strings.NewReader(c.file), UploadOptions{}, 1<<20)
			require.Equal(t, c.code, code)
			require.Equal(t, c.typ, first.Type)
			require.Equal(t, c.nulls, first.NullCount)
		})
	}
}

func parquetRows[T any](t *testing.T, rows ...T) string {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b)
	_, err := w.Write(rows)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func gzipOf(t *testing.T, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func zstdOf(t *testing.T, text string) string {
	w, err := zstd.NewWriter(nil, zstd.WithWindowSize(1<<20))
	require.NoError(t, err)
	return string(w.EncodeAll([]byte(text), nil))
}

// sheet is a workbook with a column called a.
func sheet(t *testing.T, rows string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range map[string]string{
		"_rels/.rels":                `<Relationships><Relationship Id="r1" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Type="x/worksheet" Target="/xl/s.xml"/></Relationships>`,
		"xl/s.xml":                   `<worksheet><sheetData><row><c t="str"><v>a</v></c></row>` + rows + `</sheetData></worksheet>`,
	} {
		part, err := w.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(part, content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

func sheetBomb(t *testing.T, size int) string {
	const row = "<row><c><v>1</v></c></row>"
	return sheet(t, strings.Repeat(row, size/len(row)))
}

// lyingFooter is a Parquet file that says another length of its footer.
func lyingFooter(t *testing.T, length uint32) string {
	file := []byte(parquetTable(t, []string{"a"}, []string{"x"}))
	binary.LittleEndian.PutUint32(file[len(file)-8:], length)
	return string(file)
}

// parquetBomb has a text of 1 KiB in its dictionary, 131,072 times.
func parquetBomb(t *testing.T) string {
	type row struct {
		A string `parquet:"a,dict"`
	}
	rows := make([]row, 1<<17)
	for i := range rows {
		rows[i].A = strings.Repeat("x", 1024)
	}
	return parquetRows(t, rows...)
}

// repeating is an endless text.
type repeating string

func (r repeating) Read(b []byte) (n int, err error) {
	for n < len(b) {
		n += copy(b[n:], r)
	}
	return n, nil
}
