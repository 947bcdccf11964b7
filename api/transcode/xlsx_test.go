package transcode

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

// workbookOf is a workbook of one sheet with these rows, as excelize writes it.
func workbookOf(t testing.TB, rows ...[]any) string {
	f := excelize.NewFile()
	for i, row := range rows {
		require.NoError(t, f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row))
	}
	return written(t, f)
}

func written(t testing.TB, f *excelize.File) string {
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	require.NoError(t, f.Close())
	return b.String()
}

func TestAWorksheetBecomesATable(t *testing.T) {
	t.Parallel()
	at := time.Date(2014, 3, 1, 10, 30, 0, 0, time.UTC)
	book := workbookOf(t, []any{"text", "number", "flag", "day", "none"},
		[]any{"007", 1.5, true, at.Truncate(24 * time.Hour)}, []any{}, []any{"a,\"b\"", 1e21, false, at}, []any{"é<&>", -3})
	got := read(t, book, Options{})
	require.Equal(t, XLSX, got.Format)
	require.Equal(t, "Sheet1", got.Sheet)
	require.Equal(t, []string{"Sheet1"}, got.Sheets)
	require.Equal(t, [][]string{{"text", "number", "flag", "day", "none"},
		{"007", "1.5", "true", "2014-03-01", ""}, {`a,"b"`, "1000000000000000000000", "false", "2014-03-01T10:30:00", ""}, {"é<&>", "-3", "", "", ""}}, got.rows(t))
	require.Equal(t, []string{"text", "", "boolean", "", ""}, types(got.Columns))
	requireSource(t, book, got)
}

func TestSheetsAreFoundByName(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	require.NoError(t, f.SetCellValue("Sheet1", "A1", "first"))
	for _, name := range []string{"Zahlen & Fakten", "empty"} {
		_, err := f.NewSheet(name)
		require.NoError(t, err)
	}
	require.NoError(t, f.SetCellValue("Zahlen & Fakten", "B3", "second"))
	f.SetActiveSheet(1)
	require.NoError(t, f.SetSheetVisible("Sheet1", false))
	book := written(t, f)
	require.Equal(t, "\"second\"\n", read(t, book, Options{}).csv, "the first that is visible")
	require.Equal(t, "\"first\"\n", read(t, book, Options{Sheet: "sheet1"}).csv)
	require.Equal(t, []string{"Sheet1", "Zahlen & Fakten", "empty"}, read(t, book, Options{}).Sheets)
	require.Equal(t, CodeSheet, fault(t, book, Options{Sheet: "Sheet9"}).Code)
	empty := fault(t, book, Options{Sheet: "empty"})
	require.Equal(t, CodeEmpty, empty.Code)
	require.Equal(t, "empty", empty.Sheet)
}

func TestNumbersAreDatesByTheirFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value float64
		code  string
		want  string
	}{
		{41699, "yyyy-mm-dd", "2014-03-01"},
		{41699, `dd\.mm\.yyyy;@`, "2014-03-01"},
		{41699, `[$-407]d. mmmm yyyy`, "2014-03-01"},
		{41699, `mmmm`, "2014-03-01"},
		{41699.5, "yyyy-mm-dd", "2014-03-01T12:00:00"},
		{41699.5, "yyyy-mm-dd hh:mm", "2014-03-01T12:00:00"},
		{41699, "yyyy-mm-dd hh:mm", "2014-03-01T00:00:00"},
		{41699.123456789, "yyyy-mm-dd hh:mm:ss.000", "2014-03-01T02:57:46.667"},
		{0.75, "hh:mm", "18:00:00"},
		{1, "yyyy-mm-dd", "1900-01-01"},
		{59, "yyyy-mm-dd", "1900-02-28"},
		{61, "yyyy-mm-dd", "1900-03-01"},
		{2958465, "yyyy-mm-dd", "9999-12-31"},
		{2958466, "yyyy-mm-dd", "2958466"},
		{-1, "yyyy-mm-dd", "-1"},
		{1.25, "[h]:mm", "1.25"},
		{1.25, "0.00", "1.25"},
		{1.25, `0.00" days"`, "1.25"},
		{1.25, `#,##0.00\d`, "1.25"},
		{1.25, "General", "1.25"},
		{0.5, "0%", "0.5"},
		{1e3, "0.00E+00", "1000"},
	} {
		f := excelize.NewFile()
		style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &c.code})
		require.NoError(t, err)
		require.NoError(t, f.SetCellValue("Sheet1", "A1", "name"))
		require.NoError(t, f.SetCellValue("Sheet1", "A2", c.value))
		require.NoError(t, f.SetCellStyle("Sheet1", "A2", "A2", style))
		require.Equal(t, "\"name\"\n"+c.want+"\n", read(t, written(t, f), Options{}).csv, c.code)
	}
}

// zipped is a workbook of these parts beside those that every one has.
func zipped(sheet string, parts ...string) string {
	all := map[string]string{
		"_rels/.rels":                `<Relationships><Relationship Id="r1" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Type="x/worksheet" Target="/xl/s.xml"/><Relationship Id="r2" Type="x/sharedStrings" Target="t.xml"/><Relationship Id="r3" Type="x/styles" Target="y.xml"/></Relationships>`,
		"xl/s.xml":                   sheet,
		"xl/y.xml":                   `<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`,
	}
	for i := 0; i < len(parts); i += 2 {
		all[parts[i]] = parts[i+1]
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range all {
		part, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(part, content)
		}
		if err != nil {
			panic(err)
		}
	}
	_ = w.Close()
	return b.String()
}

func sheetOf(cells string) string {
	return `<?xml version="1.0"?><!-- x --><x:worksheet><x:sheetData><row><c t="str"><v>a</v></c><c t="str"><v>b</v></c></row>` + cells + `</x:sheetData></x:worksheet>`
}

func TestCellsOfEveryKind(t *testing.T) {
	t.Parallel()
	const texts = `<sst><si><t>plain</t></si><si><r><t xml:space="preserve">rich </t></r><rPh><t>spoken</t></rPh><r><t>text</t></r></si><si><t>a_x000D_b_x005F_x000D_</t></si><si/></sst>`
	for name, c := range map[string]struct{ cells, want string }{
		"shared":            {`<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>`, "plain,rich text\n"},
		"escaped":           {`<row><c t="s"><v>2</v></c></row>`, "\"a\rb_x000D_\",\n"},
		"empty shared":      {`<row><c t="s"><v>3</v></c><c><v>1</v></c></row>`, ",1\n"},
		"inline":            {`<row><c t="inlineStr"><is><t>x</t></is></c><c t="inlineStr"><is><r><t>y</t></r><r><t>z</t></r></is></c></row>`, "x,yz\n"},
		"stored digits":     {`<row><c><v>0.30000000000000004</v></c><c t="n"><v>1E-3</v></c></row>`, "0.30000000000000004,1E-3\n"},
		"booleans":          {`<row><c t="b"><v>1</v></c><c t="b"><v>0</v></c></row>`, "true,false\n"},
		"errors":            {`<row><c t="e"><v>#DIV/0!</v></c><c t="e"><v>#N/A</v></c></row>`, "\"#N/A\",\"#N/A\"\n"},
		"formulas":          {`<row><c><f>1+1</f><v>2</v></c><c t="str"><f>A1&amp;"x"</f><v>ax</v></c></row>`, "2,ax\n"},
		"formula no value":  {`<row><c><f>1+1</f></c><c><v>1</v></c></row>`, ",1\n"},
		"ISO date":          {`<row><c t="d"><v>2014-03-01</v></c><c s="1"><v>41699</v></c></row>`, "2014-03-01,2014-03-01\n"},
		"names skip":        {`<row r="7"><c r="B7"><v>1</v></c></row>`, ",1\n"},
		"hidden":            {`<row hidden="1"><c><v>1</v></c></row>`, "1,\n"},
		"blank rows":        {`<row/><row><c/></row><row r="9"><c><v>1</v></c></row>`, "1,\n"},
		"entities":          {`<row><c t="str"><v>&lt;&amp;&gt;&quot;&apos;&#65;&#x1F600;</v></c><c t="str"><v><![CDATA[<&amp;>]]></v></c></row>`, "\"<&>\"\"'A😀\",\"<&amp;>\"\n"},
		"comment in a cell": {`<row><c><v>1<!-- 2 -->3</v></c></row>`, "13,\n"},
		"quoted bracket":    {`<row><c x=">" t='str'><v>1</v></c></row>`, "1,\n"},
		"third column":      {`<row><c r="C5"><v>1</v></c></row>`, ",,1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := read(t, zipped(sheetOf(c.cells), "xl/t.xml", texts), Options{})
			_, row, _ := strings.Cut(got.csv, "\n")
			require.Equal(t, c.want, row)
		})
	}
}

func TestErrorsOfCellsAreCounted(t *testing.T) {
	t.Parallel()
	got := read(t, zipped(sheetOf(`<row/><row><c t="e"><v>#REF!</v></c><c t="e"><v>#N/A</v></c></row>`)), Options{})
	require.Len(t, got.Warnings(), 1)
	require.EqualValues(t, 2, got.Warnings()[0].Count)
	require.EqualValues(t, 3, got.Warnings()[0].Line)
}

func TestDatesCountFrom1904WhereTheWorkbookSaysSo(t *testing.T) {
	t.Parallel()
	book := `<workbook><workbookPr date1904="1"/><sheets><sheet name="S" r:id="r1"/></sheets></workbook>`
	got := read(t, zipped(sheetOf(`<row><c s="1"><v>0</v></c></row>`), "xl/workbook.xml", book), Options{})
	require.Equal(t, "1904-01-01", got.rows(t)[1][0])
}

func TestXLSXFaultsNameCodeAndPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		book string
		code string
		row  int64
	}{
		"no archive":          {"PK\x03\x04 and nothing more", CodeXLSX, 0},
		"no workbook":         {zipped("", "_rels/.rels", "<Relationships/>"), CodeUnsupported, 0},
		"no sheets":           {zipped("", "xl/workbook.xml", "<workbook/>"), CodeXLSX, 0},
		"sheet missing":       {zipped("", "xl/_rels/workbook.xml.rels", `<R><Relationship Id="r1" Type="x/worksheet" Target="none.xml"/></R>`), CodeXLSX, 0},
		"cut XML":             {zipped(`<worksheet><sheetData><row><c t="str"><v>a</v></c></row>`), CodeXLSX, 0},
		"cut tag":             {zipped(`<worksheet><sheetData/></worksheet`), CodeXLSX, 0},
		"closed twice":        {zipped(`<worksheet></worksheet></worksheet>`), CodeXLSX, 0},
		"document type":       {zipped(`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet><sheetData><row><c t="str"><v>&b;</v></c></row></sheetData></worksheet>`), CodeXLSX, 0},
		"unknown entity":      {zipped(sheetOf(`<row><c t="str"><v>&b;</v></c></row>`)), CodeXLSX, 0},
		"NUL entity":          {zipped(sheetOf(`<row><c t="str"><v>&#0;</v></c></row>`)), CodeXLSX, 0},
		"NUL escape":          {zipped(sheetOf(`<row><c t="str"><v>_x0000_</v></c></row>`)), CodeNul, 2},
		"UTF-16":              {zipped("\xff\xfe<\x00w\x00/\x00>\x00"), CodeXLSX, 0},
		"not UTF-8":           {zipped(sheetOf("<row><c t=\"str\"><v>\xff</v></c></row>")), CodeXLSX, 0},
		"no such text":        {zipped(sheetOf(`<row><c t="s"><v>5</v></c></row>`)), CodeXLSX, 2},
		"no number":           {zipped(sheetOf(`<row><c><v>one</v></c></row>`)), CodeXLSX, 2},
		"hexadecimal":         {zipped(sheetOf(`<row><c><v>0x10</v></c></row>`)), CodeXLSX, 2},
		"infinite":            {zipped(sheetOf(`<row><c><v>1e999</v></c></row>`)), CodeXLSX, 2},
		"unknown type":        {zipped(sheetOf(`<row><c t="x"><v>1</v></c></row>`)), CodeXLSX, 2},
		"cell before last":    {zipped(sheetOf(`<row r="5"><c r="B5"><v>1</v></c><c r="A5"><v>1</v></c></row>`)), CodeXLSX, 5},
		"row before last":     {zipped(sheetOf(`<row r="5"/><row r="5"/>`)), CodeXLSX, 6},
		"columns":             {zipped(sheetOf(`<row><c r="ALM2"><v>1</v></c></row>`)), CodeColumns, 0},
		"long name":           {zipped(strings.Replace(sheetOf(""), ">a<", ">"+strings.Repeat("ä", maxName+1)+"<", 1)), CodeName, 0},
		"long text":           {zipped(sheetOf(`<row><c t="str"><v>` + strings.Repeat("<![CDATA["+strings.Repeat("x", maxRecord/2)+"]]>", 3) + `</v></c></row>`)), CodeRecord, 2},
		"long token":          {zipped(sheetOf(`<row><c t="str"><v>` + strings.Repeat("x", maxRecord+blockSize) + `</v></c></row>`)), CodeXLSX, 0},
		"long row":            {zipped(sheetOf(`<row>` + strings.Repeat(`<c t="str"><v>`+strings.Repeat("x", maxRecord/2)+`</v></c>`, 3) + `</row>`)), CodeRecord, 1},
		"many parts":          {zipped("", manyParts(maxParts)...), CodeXLSXSize, 0},
		"too large":           {"PK\x03\x04" + strings.Repeat(" ", maxWorkbook), CodeXLSXSize, 0},
		"too large a part":    {zipped("", "xl/y.xml", strings.Repeat(strings.Repeat(" ", 1000)+"<xf/>", maxPart/1000)), CodeXLSXSize, 0},
		"bomb":                {zipped(sheetOf("<row/>" + strings.Repeat(" <!-- x -->", (slack+1<<20)/11))), CodeRatio, 0},
		"bomb of texts":       {zipped(sheetOf(""), "xl/t.xml", "<sst>"+strings.Repeat("<si/>", (slack+1<<20)/5)+"</sst>"), CodeXLSXSize, 0},
		"encrypted":           {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 512), CodeUnsupported, 0},
		"twice the same part": {strings.ReplaceAll(zipped("", "xl/S.xml", ""), "xl/S.xml", "xl/s.xml"), CodeXLSX, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fault(t, c.book, Options{})
			require.Equal(t, c.code, f.Code, f.Message)
			require.Equal(t, c.row, f.Record)
		})
	}
}

func manyParts(n int) (parts []string) {
	for i := range n {
		parts = append(parts, fmt.Sprintf("p%d", i), "")
	}
	return parts
}

func TestADamagedPartIsNoShorterTable(t *testing.T) {
	t.Parallel()
	book := zipped(sheetOf(strings.Repeat(`<row><c t="str"><v>value</v></c></row>`, 1000)))
	whole := read(t, book, Options{})
	for i := 0; i < len(book); i += 7 {
		got, err := tryRead(book[:i]+string(book[i]^0x55)+book[i+1:], Options{Format: XLSX})
		if err == nil {
			require.Equal(t, whole.csv, got.csv, "byte %d", i) // a time, or a part that is not read
			continue
		}
		require.True(t, isFault(err), "%v", err)
	}
	for i := 8; i < len(book); i += 7 {
		require.NotEmpty(t, fault(t, book[:i], Options{}).Code)
	}
}

func FuzzXLSX(f *testing.F) {
	f.Add([]byte(sheetOf(`<row r="2"><c r="A2" t="s"><v>0</v></c><c s="1"><v>41699.5</v></c></row>`)), []byte(`<sst><si><t>x</t></si></sst>`), []byte(`<s><numFmts><numFmt numFmtId="164" formatCode="yyyy"/></numFmts><cellXfs><xf numFmtId="164"/></cellXfs></s>`))
	f.Add([]byte(`<w><sheetData><row><c t="inlineStr"><is><t>&#65;</t></is></c></row></sheetData></w>`), []byte(`<sst/>`), []byte(`<s/>`))
	f.Fuzz(func(t *testing.T, sheet, texts, styles []byte) {
		book := zipped(string(sheet), "xl/t.xml", string(texts), "xl/y.xml", string(styles))
		if got := readFuzzed(t, []byte(book), Options{}); got != nil {
			require.NotEmpty(t, got.rows(t))
		}
	})
}

func FuzzXLSXArchive(f *testing.F) {
	f.Add([]byte(zipped(sheetOf(`<row><c><v>1</v></c></row>`))))
	f.Fuzz(func(t *testing.T, b []byte) {
		readFuzzed(t, append([]byte("PK\x03\x04"), b[min(len(b), 4):]...), Options{Format: XLSX})
	})
}
