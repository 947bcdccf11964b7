package transcode

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// parquetOf is a file of these rows, as parquet-go writes it.
func parquetOf[T any](t require.TestingT, rows []T, options ...parquet.WriterOption) string {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, options...)
	_, err := w.Write(rows)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

// oneColumn is a file of one column, x, of a type that has no Go type of its own.
func oneColumn(t require.TestingT, node parquet.Node, values ...parquet.Value) string {
	var b bytes.Buffer
	w := parquet.NewWriter(&b, parquet.NewSchema("t", parquet.Group{"x": node}))
	for _, v := range values {
		_, err := w.WriteRows([]parquet.Row{{v.Level(0, 0, 0)}})
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

func TestParquetTypesAreKnown(t *testing.T) {
	t.Parallel()
	fixed := func(b ...byte) parquet.Value { return parquet.FixedLenByteArrayValue(b) }
	at := time.Date(2014, 3, 1, 10, 30, 0, 123456789, time.UTC)
	for name, c := range map[string]struct {
		node  parquet.Node
		value parquet.Value
		typ   string
		want  string
	}{
		"boolean":            {parquet.Leaf(parquet.BooleanType), parquet.BooleanValue(true), "boolean", "true"},
		"int8":               {parquet.Int(8), parquet.Int32Value(-8), "integer", "-8"},
		"int32":              {parquet.Leaf(parquet.Int32Type), parquet.Int32Value(math.MinInt32), "integer", "-2147483648"},
		"int64":              {parquet.Int(64), parquet.Int64Value(math.MinInt64), "integer", "-9223372036854775808"},
		"uint32":             {parquet.Uint(32), parquet.Int32Value(-1), "", "4294967295"},
		"uint64":             {parquet.Uint(64), parquet.Int64Value(-1), "", "18446744073709551615"},
		"float":              {parquet.Leaf(parquet.FloatType), parquet.FloatValue(0.1), "float", "0.1"},
		"double":             {parquet.Leaf(parquet.DoubleType), parquet.DoubleValue(1e300), "float", "1e+300"},
		"NaN":                {parquet.Leaf(parquet.DoubleType), parquet.DoubleValue(math.NaN()), "float", `""`},
		"text":               {parquet.String(), parquet.ByteArrayValue([]byte("007")), "text", "007"},
		"empty text":         {parquet.String(), parquet.ByteArrayValue(nil), "text", `""`},
		"enum":               {parquet.Enum(), parquet.ByteArrayValue([]byte("red")), "text", "red"},
		"JSON":               {parquet.JSON(), parquet.ByteArrayValue([]byte(`{"a":1}`)), "text", `"{""a"":1}"`},
		"BSON":               {parquet.BSON(), parquet.ByteArrayValue([]byte("ab")), "text", `\x6162`},
		"bytes that are one": {parquet.Leaf(parquet.ByteArrayType), parquet.ByteArrayValue([]byte("é")), "text", "é"},
		"bytes":              {parquet.Leaf(parquet.ByteArrayType), parquet.ByteArrayValue([]byte{0, 255}), "text", `\x00ff`},
		"fixed bytes":        {parquet.Leaf(parquet.FixedLenByteArrayType(3)), fixed('a', 'b', 'c'), "text", `\x616263`},
		"UUID":               {parquet.UUID(), fixed([]byte("0123456789abcdef")...), "text", "30313233-3435-3637-3839-616263646566"},
		"date":               {parquet.Date(), parquet.Int32Value(16130), "date", "2014-03-01"},
		"date before 1970":   {parquet.Date(), parquet.Int32Value(-1), "date", "1969-12-31"},
		"time in millis":     {parquet.Time(parquet.Millisecond), parquet.Int32Value(37_800_001), "text", "10:30:00.001"},
		"time in micros":     {parquet.Time(parquet.Microsecond), parquet.Int64Value(1), "text", "00:00:00.000001"},
		"millis":             {parquet.Timestamp(parquet.Millisecond), parquet.Int64Value(at.UnixMilli()), "timestamp", "2014-03-01T10:30:00.123Z"},
		"micros":             {parquet.Timestamp(parquet.Microsecond), parquet.Int64Value(at.UnixMicro()), "timestamp", "2014-03-01T10:30:00.123456Z"},
		"nanos":              {parquet.Timestamp(parquet.Nanosecond), parquet.Int64Value(at.UnixNano()), "timestamp", "2014-03-01T10:30:00.123456Z"},
		"before 1970":        {parquet.Timestamp(parquet.Millisecond), parquet.Int64Value(-1), "timestamp", "1969-12-31T23:59:59.999Z"},
		"no zone":            {parquet.TimestampAdjusted(parquet.Millisecond, false), parquet.Int64Value(0), "timestamp", "1970-01-01T00:00:00"},
		"INT96":              {parquet.Leaf(parquet.Int96Type), parquet.Int96Value(deprecated.Int96{1, 0, 2_440_589}), "timestamp", "1970-01-02T00:00:00"},
		"decimal 9":          {parquet.Decimal(2, 9, parquet.Int32Type), parquet.Int32Value(-105), "decimal 2", "-1.05"},
		"decimal 18":         {parquet.Decimal(4, 18, parquet.Int64Type), parquet.Int64Value(5), "decimal 4", "0.0005"},
		"decimal without":    {parquet.Decimal(0, 18, parquet.Int64Type), parquet.Int64Value(5), "decimal", "5"},
		"decimal of bytes":   {parquet.Decimal(2, 10, parquet.ByteArrayType), parquet.ByteArrayValue([]byte{0xff}), "decimal 2", "-0.01"},
		"decimal 38":         {parquet.Decimal(10, 38, parquet.FixedLenByteArrayType(16)), fixed(append(make([]byte, 8), 0xff, 0, 0, 0, 0, 0, 0, 1)...), "", "1837468647.9671623681"},
		"null":               {parquet.Optional(parquet.String()), parquet.NullValue(), "text", `""`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := read(t, oneColumn(t, c.node, c.value), Options{})
			require.Equal(t, "\"x\"\n"+c.want+"\n", got.csv)
			typ := string(got.Columns[0].Type)
			if got.Columns[0].Scale > 0 {
				typ += fmt.Sprint(" ", got.Columns[0].Scale)
			}
			require.Equal(t, c.typ, typ)
			require.Equal(t, strings.HasSuffix(c.want, "Z"), got.Columns[0].Zoned)
		})
	}
}

func TestHalvesAreWidened(t *testing.T) {
	t.Parallel()
	for bits, want := range map[uint16]string{0xc000: "-2", 0x3555: "0.33325195", 0x0001: "5.9604645e-08", 0x7bff: "65504", 0x8000: "-0", 0x7c00: "", 0x7e00: ""} {
		got, err := renderFloat16(nil, value{bytes: binary.LittleEndian.AppendUint16(nil, bits)})
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
}

type address struct {
	Street string   `parquet:"street"`
	Number *int64   `parquet:"number,optional"`
	Tags   []string `parquet:"tags,list"`
}

type person struct {
	Name     string           `parquet:"name"`
	Home     *address         `parquet:"home,optional"`
	Scores   []float64        `parquet:"scores"`
	Others   []address        `parquet:"others,list"`
	Limits   map[string]int64 `parquet:"limits"`
	ByNumber map[int32]bool   `parquet:"by_number"`
	Matrix   [][]int32        `parquet:"matrix,list"`
}

func TestParquetNestingIsFlattenedAndListsAreJSON(t *testing.T) {
	t.Parallel()
	seven := int64(7)
	got := read(t, parquetOf(t, []person{
		{Name: "a", Home: &address{"s1", &seven, []string{"x", "y\"\n"}}, Scores: []float64{1.5, math.Inf(1)},
			Others: []address{{"s2", nil, nil}, {"s3", &seven, []string{"z"}}}, Limits: map[string]int64{"k": 1}, ByNumber: map[int32]bool{4: true},
			Matrix: [][]int32{{1, 2}, {}, {3}}},
		{Name: "b"},
	}), Options{})
	require.Equal(t, [][]string{
		{"name", "home.street", "home.number", "home.tags", "scores", "others", "limits", "by_number", "matrix"},
		{"a", "s1", "7", `["x","y\"\u000a"]`, "[1.5,null]",
			`[{"street":"s2","number":null,"tags":[]},{"street":"s3","number":7,"tags":["z"]}]`, `{"k":1}`, `{"4":true}`, "[[1,2],[],[3]]"},
		{"b", "", "", "", "[]", "[]", "{}", "{}", "[]"},
	}, got.rows(t))
	for _, c := range got.Columns[4:] {
		require.EqualValues(t, "text", c.Type)
	}
}

type encoded struct {
	Plain   int64    `parquet:"plain,plain"`
	Delta   int64    `parquet:"delta,delta"`
	Delta32 int32    `parquet:"delta32,delta"`
	Dict    string   `parquet:"dict,dict"`
	DictInt *int32   `parquet:"dictint,dict,optional"`
	Length  string   `parquet:"length,delta"`
	Words   []byte   `parquet:"words,delta,optional"`
	Split   float64  `parquet:"split,split"`
	Split32 float32  `parquet:"split32,split"`
	Flag    bool     `parquet:"flag"`
	UUID    [16]byte `parquet:"uuid,uuid"`
	List    []string `parquet:"list,dict"`
}

var generator = rapid.Custom(func(t *rapid.T) encoded {
	text := rapid.StringMatching(`[a-c"é,]{0,6}`)
	return encoded{rapid.Int64().Draw(t, "plain"), rapid.Int64().Draw(t, "delta"), rapid.Int32().Draw(t, "delta32"), text.Draw(t, "dict"),
		rapid.Ptr(rapid.Int32Range(-3, 3), true).Draw(t, "dictint"), text.Draw(t, "length"), []byte(text.Draw(t, "words")),
		rapid.Float64Range(-1e9, 1e9).Draw(t, "split"), rapid.Float32Range(-1e9, 1e9).Draw(t, "split32"), rapid.Bool().Draw(t, "flag"),
		[16]byte{byte(rapid.IntRange(0, 3).Draw(t, "uuid"))}, rapid.SliceOfN(text, 0, 4).Draw(t, "list")}
})

var writers = [][]parquet.WriterOption{
	{parquet.Compression(&parquet.Uncompressed)}, {parquet.Compression(&parquet.Snappy)}, {parquet.Compression(&parquet.Gzip)},
	{parquet.Compression(&parquet.Zstd)}, {parquet.Compression(&parquet.Brotli)}, {parquet.Compression(&parquet.Lz4Raw)},
	{parquet.DataPageVersion(1)}, {parquet.DataPageVersion(1), parquet.Compression(&parquet.Zstd)},
	{parquet.DataPageVersion(2), parquet.Compression(&parquet.Snappy)},
	{parquet.PageBufferSize(64)}, {parquet.PageBufferSize(64), parquet.DataPageVersion(1), parquet.MaxRowsPerRowGroup(7)},
}

func TestParquetComesBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(generator, 0, 40).Draw(t, "rows")
		// A few rows of hundreds make runs and blocks long enough to matter.
		for range rapid.IntRange(0, 3).Draw(t, "doublings") {
			rows = append(rows, rows...)
		}
		got := read(t, parquetOf(t, rows, rapid.SampledFrom(writers).Draw(t, "writer")...), Options{})
		lines := got.rows(t)[1:]
		require.Len(t, lines, len(rows))
		for i, r := range rows {
			list := []string{}
			for _, s := range r.List {
				list = append(list, string(appendJSON(nil, []byte(s))))
			}
			want := []string{fmt.Sprint(r.Plain), fmt.Sprint(r.Delta), fmt.Sprint(r.Delta32), r.Dict, optional(r.DictInt),
				r.Length, string(r.Words), "", "", fmt.Sprint(r.Flag), "", "[" + strings.Join(list, ",") + "]"}
			split, err := parseFloats(lines[i][7], lines[i][8])
			require.NoError(t, err)
			require.Equal(t, []float64{r.Split, float64(r.Split32)}, split)
			want[10] = fmt.Sprintf("%02x000000-0000-0000-0000-000000000000", r.UUID[0])
			want[7], want[8] = lines[i][7], lines[i][8]
			require.Equal(t, want, lines[i])
		}
	})
}

func optional(v *int32) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(*v)
}

func parseFloats(double, single string) ([]float64, error) {
	var d float64
	var s float32
	_, err := fmt.Sscan(double+" "+single, &d, &s)
	return []float64{d, float64(s)}, err
}

type sales struct {
	City  string    `parquet:"city,dict"`
	Price float64   `parquet:"price"`
	At    time.Time `parquet:"at,timestamp(microsecond)"`
	Note  *string   `parquet:"note,optional"`
	Items []int64   `parquet:"items,list"`
}

func someSales(n int) (rows []sales) {
	for i := range n {
		rows = append(rows, sales{City: []string{"Oslo", "Rome"}[i%2], Price: float64(i) / 4, At: time.Unix(int64(i), 0), Items: make([]int64, i%3)})
	}
	return rows
}

func TestADamagedParquetFileIsNoOtherTable(t *testing.T) {
	t.Parallel()
	whole := parquetOf(t, someSales(20), parquet.Compression(&parquet.Uncompressed))
	want := read(t, whole, Options{})
	for i := range len(whole) {
		if i%5 == 0 {
			_, err := tryRead(whole[:i], Options{Format: Parquet})
			require.True(t, isFault(err), "%v", err)
		}
		damaged := whole[:i] + string(whole[i]^[]byte{0x01, 0x80, 0xff}[i%3]) + whole[i+1:]
		got, err := tryRead(damaged, Options{Format: Parquet})
		if err != nil {
			require.True(t, isFault(err), "%v", err)
		} else {
			require.Len(t, got.rows(t), len(want.rows(t)), "byte %d", i)
		}
	}
}

// footerOf is a file that consists of its description.
func footerOf(thrift ...byte) string {
	return "PAR1" + string(thrift) + string(binary.LittleEndian.AppendUint32(nil, uint32(len(thrift)))) + "PAR1"
}

func TestParquetFaultsHaveTheirCode(t *testing.T) {
	t.Parallel()
	small := parquetOf(t, someSales(3))
	deep := append(bytes.Repeat([]byte{0x1c}, 1<<20), 0)
	for name, c := range map[string]struct{ file, code string }{
		"cut":                {small[:len(small)-1], CodeParquet},
		"only magic":         {"PAR1\x00\x00", CodeParquet},
		"no footer":          {footerOf(), CodeParquet},
		"long footer":        {"PAR1\x00" + "\xff\xff\xff\x7fPAR1", CodeParquet},
		"huge footer":        {"PAR1" + strings.Repeat("\x00", maxFooter+1) + "\x01\x00\x00\x01PAR1", CodeParquetPage},
		"deep footer":        {footerOf(deep...), CodeParquet},
		"lying list":         {footerOf(0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f), CodeParquet},
		"encrypted":          {small[:len(small)-4] + "PARE", CodeEncrypted},
		"encrypted from 1st": {"PARE\x00" + small[5:], CodeEncrypted},
		"no columns":         {columns(t, 0), CodeEmpty},
		"columns":            {columns(t, maxColumns+1), CodeColumns},
		"date":               {oneColumn(t, parquet.Date(), parquet.Int32Value(math.MaxInt32)), CodeParquetValue},
		"timestamp":          {oneColumn(t, parquet.Timestamp(parquet.Millisecond), parquet.Int64Value(math.MaxInt64)), CodeParquetValue},
		"time":               {oneColumn(t, parquet.Time(parquet.Millisecond), parquet.Int32Value(-1)), CodeParquetValue},
		"not UTF-8":          {oneColumn(t, parquet.String(), parquet.ByteArrayValue([]byte{0xff})), CodeParquetValue},
		"NUL":                {oneColumn(t, parquet.String(), parquet.ByteArrayValue([]byte{'a', 0})), CodeNul},
		"long value":         {oneColumn(t, parquet.String(), parquet.ByteArrayValue(make([]byte, maxRecord+1))), CodeRecord},
		"long name":          {parquetNamed(t, strings.Repeat("ä", maxName+1)), CodeName},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.code, fault(t, c.file, Options{Format: Parquet}).Code)
		})
	}
}

// Arrow writes a row group without rows for a table without rows, whose page begins nowhere; others give the root a type.
func TestATableWithoutRowsIsRead(t *testing.T) {
	t.Parallel()
	for _, root := range [][]byte{{0x48}, {0x15, 0x04, 0x38}} {
		thrift := append([]byte{0x29, 0x2c}, root...)
		thrift = append(thrift, 1, 't', 0x15, 0x02, 0, // its name, one child
			0x15, 0x04, 0x25, 0, 0x18, 1, 'a', 0, // INT64, required, a
			0x16, 0, 0x19, 0x1c, 0x19, 0x1c, // no rows, one row group, one column
			0x3c, 0x45, 0, 0x16, 0, 0x26, 0, 0x26, 0, 0, 0, // its codec, values, size and page: 0
			0x26, 0, 0, 0) // no rows in the group
		got := read(t, footerOf(thrift...), Options{})
		require.Equal(t, "\"a\"\n", got.csv)
		require.Equal(t, []string{"integer"}, types(got.Columns))
	}
}

// Old writers name the older encoding for levels that there are none of.
func TestOnlyLevelsThatAreThereNeedTheirEncoding(t *testing.T) {
	t.Parallel()
	type row struct {
		A *int64 `parquet:"a,optional"`
	}
	one := int64(1)
	file := parquetOf(t, []row{{&one}, {}}, parquet.DataPageVersion(1))
	const levels = "\x15\x06\x15\x06" // of definitions and repetitions
	require.Equal(t, 1, strings.Count(file, levels))
	require.Equal(t, "\"a\"\n1\n\"\"\n", read(t, strings.Replace(file, levels, "\x15\x06\x15\x08", 1), Options{}).csv)
	require.Equal(t, CodeUnsupported, fault(t, strings.Replace(file, levels, "\x15\x08\x15\x06", 1), Options{}).Code)
}

func columns(t *testing.T, n int) string {
	group := parquet.Group{}
	for i := range n {
		group[fmt.Sprint("c", i)] = parquet.String()
	}
	var b bytes.Buffer
	require.NoError(t, parquet.NewWriter(&b, parquet.NewSchema("t", group)).Close())
	return b.String()
}

func parquetNamed(t *testing.T, name string) string {
	var b bytes.Buffer
	require.NoError(t, parquet.NewWriter(&b, parquet.NewSchema("t", parquet.Group{name: parquet.String()})).Close())
	return b.String()
}

func TestAFaultOfAValueNamesItsRecordAndColumn(t *testing.T) {
	t.Parallel()
	type row struct {
		A int32  `parquet:"a"`
		B string `parquet:"b"`
	}
	rows := make([]row, 10)
	rows[7].B = "\xff"
	f := fault(t, parquetOf(t, rows, parquet.MaxRowsPerRowGroup(4)), Options{})
	require.EqualValues(t, 8, f.Record)
	require.Equal(t, 2, f.Column)
}

func TestFilesOfOneValueManyTimesAreBounded(t *testing.T) {
	t.Parallel()
	type row struct {
		A string `parquet:"a,dict"`
	}
	rows := make([]row, 1<<17)
	for i := range rows {
		rows[i].A = strings.Repeat("x", 1024)
	}
	require.Equal(t, CodeRatio, fault(t, parquetOf(t, rows), Options{}).Code)
}

func TestNumbersThatAreNotFiniteAndNanosecondsAreCounted(t *testing.T) {
	t.Parallel()
	type row struct {
		At time.Time `parquet:"at,timestamp(nanosecond)"`
		F  float64   `parquet:"f"`
	}
	got := read(t, parquetOf(t, []row{{time.Unix(0, 1), math.NaN()}, {time.Unix(0, 1000), math.Inf(-1)}, {time.Unix(0, 0), 1}}), Options{})
	require.Equal(t, []string{WarnNotFinite, WarnNanoseconds}, []string{got.Warnings()[0].Code, got.Warnings()[1].Code})
	require.EqualValues(t, 2, got.Warnings()[0].Count)
	require.Equal(t, []int{2}, got.Warnings()[0].Columns)
	require.EqualValues(t, 1, got.Warnings()[1].Count)
}

func FuzzParquet(f *testing.F) {
	for _, options := range writers {
		f.Add([]byte(parquetOf(f, someSales(20), options...)))
	}
	f.Add([]byte(parquetOf(f, []person{{Name: "a", Others: []address{{Tags: []string{"x"}}}, Limits: map[string]int64{"k": 1}}})))
	f.Add([]byte(parquetOf(f, []encoded{{Dict: "a", Length: "b", Words: []byte("c"), List: []string{"d"}}, {}})))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got := readFuzzed(t, b, Options{Format: Parquet}); got != nil {
			require.NotEmpty(t, got.rows(t))
		}
	})
}

// FuzzParquetPages leaves the description whole and damages the pages, of which fuzzing the file reaches few.
func FuzzParquetPages(f *testing.F) {
	files := []string{}
	for _, options := range writers {
		files = append(files, parquetOf(f, someSales(20), options...))
	}
	files = append(files, parquetOf(f, []encoded{{Dict: "a", Length: "b", Words: []byte("c"), List: []string{"d"}}, {}}))
	f.Add(uint8(0), uint16(10), []byte{0xff})
	f.Fuzz(func(t *testing.T, which uint8, at uint16, patch []byte) {
		file := []byte(files[int(which)%len(files)])
		footer := int(binary.LittleEndian.Uint32(file[len(file)-8:]))
		pages := file[4 : len(file)-8-footer]
		copy(pages[int(at)%len(pages):], patch)
		readFuzzed(t, file, Options{})
	})
}
