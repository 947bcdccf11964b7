package transcode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestJSONBecomesATable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ json, csv string }{
		"array":             {`[{"a":1,"b":"x"},{"a":2,"b":"y"}]`, "\"a\",\"b\"\n1,x\n2,y\n"},
		"lines":             {"{\"a\":1}\n{\"a\":2}\n", "\"a\"\n1\n2\n"},
		"no line ends":      {`{"a":1} {"a":2}{"a":3}`, "\"a\"\n1\n2\n3\n"},
		"over lines":        {"{\n \"a\" : 1\n}\n{\"a\"\r\n:2}", "\"a\"\n1\n2\n"},
		"byte order mark":   {"\xef\xbb\xbf{\"a\":1}", "\"a\"\n1\n"},
		"white space":       {" \n[ { \"a\" : 1 } , {} ] \n", "\"a\"\n1\n\"\"\n"},
		"union of keys":     {`[{"b":1},{"a":2,"b":3},{"c":4}]`, "\"b\",\"a\",\"c\"\n1,,\n3,2,\n,,4\n"},
		"nested":            {`{"a":{"b":{"c":1},"d":2},"e":3}`, "\"a.b.c\",\"a.d\",\"e\"\n1,2,3\n"},
		"arrays":            {`{"a":[1, {"b" : [ ] , "c":"x\"\u00e9"}, null,true]}`, `"a"` + "\n" + `"[1,{""b"":[],""c"":""x\""\u00e9""},null,true]"` + "\n"},
		"digits":            {`[{"a":1.50,"b":123456789012345678901234567890,"c":1E400,"d":-0}]`, "\"a\",\"b\",\"c\",\"d\"\n1.50,123456789012345678901234567890,1E400,-0\n"},
		"null and empty":    {`[{"a":null,"b":"","c":1},{"c":null}]`, "\"a\",\"b\",\"c\"\n,,1\n,,\n"},
		"booleans":          {`[{"a":true},{"a":false}]`, "\"a\"\ntrue\nfalse\n"},
		"escapes":           {`{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}`, "\"a\"\n\"\"\"\\/\b\f\n\r\té😀\"\n"},
		"quotes and commas": {`{"a,\"b":"x,\"y\""}`, "\"a,\"\"b\"\n\"x,\"\"y\"\"\"\n"},
		"scalar and object": {`[{"a":1},{"a":{"b":2}},{"a":null}]`, "\"a\",\"a.b\"\n1,\n,2\n,\n"},
		"null and object":   {`[{"a":null,"z":0},{"a":{"b":2}}]`, "\"z\",\"a.b\"\n0,\n,2\n"},
		"object and null":   {`[{"a":{"b":2}},{"a":null}]`, "\"a.b\"\n2\n\"\"\n"},
		"dots in keys":      {`[{"a.b":1,"a":{"b":2}}]`, "\"a.b\",\"a.b\"\n1,2\n"},
		"arrays of arrays":  {`[["a","b"],[1,"x"],[2],[{"c": 3},[4]]]`, "\"a\",\"b\"\n1,x\n2,\n\"{\"\"c\"\":3}\",[4]\n"},
		"empty objects":     {`[{"a":{}},{"b":1}]`, "\"b\"\n\"\"\n1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := read(t, c.json, Options{})
			require.Equal(t, c.csv, got.csv)
			requireSource(t, c.json, got)
			gz := read(t, gzipped(c.json), Options{})
			require.Equal(t, c.csv, gz.csv)
		})
	}
}

func TestJSONOfOneKindSaysItsType(t *testing.T) {
	t.Parallel()
	got := read(t, `[
		{"text":"007","number":1,"flag":true,"day":"2014-03-01","at":"2014-03-01T10:00:00Z","mixed":1,"none":null,"list":[1],"dated":"2014-03-01"},
		{"text":"123","number":2.5,"flag":false,"day":"","at":null,"mixed":"1","none":null,"list":null,"dated":"x"}]`, Options{})
	require.Equal(t, []string{"text", "", "boolean", "", "", "text", "", "text", "text"}, types(got.Columns))
}

func TestTextsInTheFormOfADateAreLeftOpen(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"2014-03-01", "2014-03-01T10:00:00+02:00", "2014-03-01 10:00", "2014/3/1", "1.3.2014", "03/01/2014", "Mar 1, 2014", "1 March 2014", "01-Mar-2014"} {
		require.Equal(t, day, kindOf([]byte(text)), text)
	}
	for _, text := range []string{"007", "2014", "1,234", "1,234.5678", "$1,234", "true", "1.2014", "555-12-3456", "1e-2014", "2014-03-01x", "12/25", "Mar Apr 2014", "a 1 b 2 2014", "2014-", "-2014-1-1", "2014-03-01-"} {
		require.Equal(t, word, kindOf([]byte(text)), text)
	}
}

func TestJSONFaultsNameCodeAndPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		json   string
		code   string
		line   int64
		column int
	}{
		"missing comma":         {"[{\"a\":1}\n{\"a\":2}]", CodeJSON, 2, 1},
		"comma at the end":      {"[{\"a\":1},\n]", CodeJSON, 2, 1},
		"cut in a record":       {"[{\"a\":1},\n{\"a\":", CodeJSON, 2, 6},
		"cut in the array":      {"[{\"a\":1}", CodeJSON, 1, 9},
		"cut in a text":         {"{\"a\":\"x", CodeJSON, 1, 8},
		"cut line":              {"{\"a\":1}\n{\"a\"", CodeJSON, 2, 5},
		"missing brace":         {"{\"a\":1\n{\"a\":2}\n", CodeJSON, 2, 1},
		"single quotes":         {"{\"é\":1,'b':2}", CodeJSON, 1, 8},
		"leading zero":          {`{"a":01}`, CodeJSON, 1, 7},
		"plus":                  {`{"a":+1}`, CodeJSON, 1, 6},
		"point alone":           {`{"a":1.}`, CodeJSON, 1, 8},
		"NaN":                   {`{"a":NaN}`, CodeJSON, 1, 6},
		"bad literal":           {`{"a":nul}`, CodeJSON, 1, 9},
		"bad escape":            {`{"a":"\x"}`, CodeJSON, 1, 7},
		"half a surrogate pair": {`{"a":"\ud800x"}`, CodeJSON, 1, 7},
		"line end in a text":    {"{\"a\":\"x\ny\"}", CodeJSON, 1, 8},
		"after the array":       {`[{"a":1}] x`, CodeJSON, 1, 11},
		"bad array":             {`{"a":[1,]}`, CodeJSON, 1, 9},
		"bad bracket":           {`[{"a":[1}]`, CodeJSON, 1, 9},
		"closing only":          {`{"a":1} ]`, CodeJSON, 1, 9},
		"duplicate":             {"{\"a\":1}\n{\"b\":1,\"a\":2,\"b\":3}", CodeJSONDuplicate, 2, 0},
		"nested duplicate":      {`{"a":{"b":1,"b":2}}`, CodeJSONDuplicate, 1, 0},
		"object twice":          {`{"a":{"b":1},"a":{"c":2}}`, CodeJSONDuplicate, 1, 0},
		"scalars":               {`[[],1]`, CodeJSONShape, 1, 0},
		"mixed records":         {`[{"a":1},["a"]]`, CodeJSONShape, 1, 0},
		"array after header":    {`[["a"],{"a":1}]`, CodeJSONShape, 1, 0},
		"more than the header":  {"[[\"a\"],\n[1,2]]", CodeRagged, 2, 2},
		"header of numbers":     {`[[1,2],[3,4]]`, CodeJSONShape, 1, 0},
		"NUL":                   {`{"a":"\u0000"}`, CodeNul, 1, 1},
		"no records":            {`[]`, CodeEmpty, 0, 0},
		"no keys":               {`[{},{}]`, CodeEmpty, 0, 0},
		"not UTF-8":             {"{\"a\":1}\n{\"a\":\"\xc3\xa9\xff\"}", CodeEncoding, 2, 0},
		"deep":                  {`{"a":` + strings.Repeat("[", maxDepth+1), CodeJSON, 1, 107},
		"deep and whole":        {`{"a":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + "}", CodeJSONDepth, 1, 0},
		"deep objects":          {strings.Repeat(`{"a":`, maxDepth+1) + "1" + strings.Repeat("}", maxDepth+1), CodeJSONDepth, 1, 0},
		"columns":               {wide(maxColumns + 1), CodeColumns, 1, 0},
		"keys":                  {strings.ReplaceAll(wide(maxKeys+1), "1", "{}"), CodeColumns, 1, 0},
		"name":                  {`{"` + strings.Repeat("ä", maxName+1) + `":1}`, CodeName, 1, 1},
		"nested name":           {`{"` + strings.Repeat("ä", 150) + `":{"` + strings.Repeat("ä", 150) + `":1}}`, CodeName, 1, 1},
		"long record":           {`{"a":1}` + "\n" + `{"a":"` + strings.Repeat("x", maxRecord) + `"}`, CodeRecord, 2, 0},
		"endless text":          {"{\"a\":1}\n\n" + `{"a":"` + strings.Repeat("x", 2*maxRecord), CodeRecord, 3, 0},
		"long and wrong":        {"{\"a\":1,}" + strings.Repeat(" {", 2*maxRecord), CodeJSON, 1, 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fault(t, c.json, Options{Format: NDJSON, Encoding: UTF8}.as(c.json))
			require.Equal(t, c.code, f.Code, f.Message)
			require.Equal(t, c.line, f.Line)
			require.Equal(t, c.column, f.Column)
		})
	}
}

// as leaves JSON arrays to be found out.
func (o Options) as(json string) Options {
	if json[0] == '[' {
		o.Format = JSON
	}
	return o
}

func wide(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%c%c%c":1`, 'a'+i%26, 'a'+i/26%26, 'a'+i/676)
	}
	return "{" + b.String()[1:] + "}"
}

func TestTheGreatestJSONInEveryBoundIsRead(t *testing.T) {
	t.Parallel()
	require.Len(t, read(t, wide(maxColumns), Options{}).Columns, maxColumns)
	text := strings.Repeat("x", maxRecord-len(`{"a":""}`))
	require.Equal(t, "\"a\"\n"+text+"\n", read(t, `{"a":"`+text+`"}`, Options{}).csv)
	deep := strings.Repeat("[", maxDepth-1) + strings.Repeat("]", maxDepth-1)
	require.Equal(t, "\"a\"\n"+deep+"\n", read(t, `{"a":`+deep+"}", Options{}).csv)
}

func TestJSONRecordsMayLieAcrossBlocks(t *testing.T) {
	t.Parallel()
	row := `{"a":"é\"\\","b":[1,"]"]}`
	rows := 3*blockSize/len(row) + 1
	for shift := range len(row) {
		got := read(t, strings.Repeat(" ", shift)+"["+strings.Repeat(row+",", rows)+row+"]", Options{Format: JSON})
		require.Equal(t, "\"a\",\"b\"\n"+strings.Repeat("\"é\"\"\\\",\"[1,\"\"]\"\"]\"\n", rows+1), got.csv)
	}
}

// drawJSON draws a value and what the standard library writes for it.
func drawJSON(t *rapid.T) any {
	return rapid.OneOf(
		rapid.Just[any](nil), rapid.Just[any](true), rapid.Just[any](false),
		rapid.Map(rapid.StringMatching(`-?(0|[1-9]\d{0,30})(\.\d{1,20})?([eE][+-]?\d{1,3})?`), func(s string) any { return json.Number(s) }),
		rapid.Map(rapid.String(), func(s string) any { return strings.ReplaceAll(s, "\x00", "") }),
		rapid.Map(rapid.SliceOfN(rapid.String(), 0, 3), func(s []string) any { return s }),
	).Draw(t, "value")
}

func TestJSONComesBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zé"\\,. ]{1,8}`), 1, 5, rapid.ID).Draw(t, "keys")
		var b bytes.Buffer
		var want [][]string
		for range rapid.IntRange(1, 10).Draw(t, "rows") {
			record, row := map[string]any{}, make([]string, len(keys))
			for i, k := range keys {
				v := drawJSON(t)
				record[k], row[i] = v, field(t, v)
			}
			want = append(want, row)
			require.NoError(t, json.NewEncoder(&b).Encode(record))
		}
		got := read(t, b.String(), Options{Format: NDJSON})
		position := map[string]int{}
		for i, c := range got.Columns {
			position[c.Name] = i
		}
		rows := got.rows(t)[1:]
		require.Len(t, rows, len(want))
		for r, row := range want {
			for i, k := range keys {
				require.Equal(t, strings.ReplaceAll(row[i], "\r\n", "\n"), rows[r][position[k]]) // encoding/csv changes CRLF
			}
		}
	})
}

func field(t *rapid.T, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return strings.ToValidUTF8(v, "\ufffd")
	case []string:
		text, err := json.Marshal(v)
		require.NoError(t, err)
		return string(text)
	}
	return fmt.Sprint(v)
}

func FuzzJSONArray(f *testing.F) {
	for _, seed := range []string{"", "[]", `[{"a":1,"b":[{"c":"\u00e9"}]},{"a":{"b":null}}]`, `[["a"],[1]]`, `[{"a":-0.5e-3,"a b":"\ud83d\ude00"},{"b":true}]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got := readFuzzed(t, b, Options{Format: JSON, Encoding: UTF8})
		if got == nil {
			return
		}
		require.NotEmpty(t, got.rows(t))
		if bytes.HasPrefix(bytes.TrimLeft(b, " \r\n\t"), []byte("[")) {
			require.True(t, json.Valid(b))
		}
	})
}

func FuzzNDJSON(f *testing.F) {
	for _, seed := range []string{"", "{\"a\":1.5e3}\n{\"b\":true}", "{\"a\":\"\\ud83d\\ude00\"}\r\n\r\n{}", "[\"a\"]\n[1]\n[[{}]]", "{\"a\":{\"b\":1}}{\"a\":2}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got := readFuzzed(t, b, Options{Format: NDJSON, Encoding: UTF8})
		if got == nil {
			return
		}
		rows := got.rows(t)
		require.NotEmpty(t, rows)
		if records := jsonValues(b); records != nil && got.Columns != nil {
			require.Len(t, rows, 1+len(records)-int(min(1, bytes.Count(bytes.TrimSpace(b)[:1], []byte("[")))))
		}
	})
}

// jsonValues are those that encoding/json reads; nil where it does not.
func jsonValues(b []byte) (all []json.RawMessage) {
	for d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))); ; {
		var one json.RawMessage
		if err := d.Decode(&one); err != nil {
			return all
		}
		all = append(all, one)
	}
}
