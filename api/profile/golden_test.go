package profile_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/profile"
)

var update = flag.Bool("update", false, "write the golden files")

// shop is a column of each type with what an analyst would doubt.
func shop() map[string][]any {
	columns := map[string][]any{}
	add := func(name string, v any) { columns[name] = append(columns[name], v) }
	for i := range int64(200) {
		add("amount", 1000+i*i%977)
		add("ratio", float64(i)/8)
		add("paid", i%3%2)
		add("day", 19_000+2*i)
		add("at", (19_000+i)*86_400_000_000+i*61_000_000)
		add("city", []string{"Oslo", "Bergen", "oslo", "Bergen ", "n/a", "Tromsø"}[i*i%7%6])
		add("code", fmt.Sprint("A", i))
		add("size", fmt.Sprint(i*7))
	}
	for range 3 {
		add("amount", int64(9990))
		add("day", int64(0))
	}
	add("amount", nil)
	add("amount", nil)
	add("amount", nil)
	add("day", int64(25_000))
	add("code", "A17")
	add("size", "about 12")
	for i := range int64(60) {
		add("price", 100+i%7)
		if month := i % 24; month != 9 {
			add("month", time.Date(2020, time.Month(1+month), 1, 0, 0, 0, 0, time.UTC).Unix()/86_400)
		}
		add("note", []string{"", "fine", " fine ", "good"}[i%4])
		add("when", time.Date(2024, 1, int(i), 0, 0, 0, 0, time.UTC).Format("2006-01-02"))
		add("country", []string{"NO", "NA", "SE"}[i%3])
		add("damage", []string{"None", "None", "None", "Minor"}[i%4])
	}
	add("price", int64(1_000))
	add("price", int64(-1_000))
	add("when", "soon")
	add("empty", nil)
	add("same", int64(7))
	add("same", int64(7))
	return columns
}

var shopColumns = []column.Column{
	{No: 1, Name: "amount", Type: column.Decimal, Scale: 1, Payload: column.Ints},
	{No: 2, Name: "ratio", Type: column.Float, Payload: column.Floats},
	{No: 3, Name: "paid", Type: column.Boolean, Payload: column.Ints},
	{No: 4, Name: "day", Type: column.Date, Payload: column.Ints},
	{No: 5, Name: "at", Type: column.Timestamp, Payload: column.Ints},
	{No: 6, Name: "city", Type: column.Text, Payload: column.Codes},
	{No: 7, Name: "code", Type: column.Text, Payload: column.Texts},
	{No: 8, Name: "size", Type: column.Text, Payload: column.Codes},
	{No: 11, Name: "price", Type: column.Integer, Payload: column.Int2s},
	{No: 12, Name: "month", Type: column.Date, Payload: column.Int4s},
	{No: 13, Name: "note", Type: column.Text, Payload: column.Codes},
	{No: 14, Name: "when", Type: column.Text, Payload: column.Texts},
	{No: 15, Name: "country", Type: column.Text, Payload: column.Codes},
	{No: 16, Name: "damage", Type: column.Text, Payload: column.Codes},
	{No: 9, Name: "empty", Type: column.Text, Payload: column.Codes},
	{No: 10, Name: "same", Type: column.Integer, Payload: column.Ints},
}

// TestAProfileReadsWell is for the eye: testdata/shop.txt.
func TestAProfileReadsWell(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	values := shop()
	var text strings.Builder
	for _, c := range shopColumns {
		p := compute(t, conn, c, load(t, conn, c, values[c.Name]))
		fmt.Fprintf(&text, "%s, %s\n", c.Name, c.Type)
		quality := p.Quality
		p.Quality = profile.Quality{}
		line, err := json.Marshal(p)
		require.NoError(t, err)
		fmt.Fprintf(&text, "  %s\n", strings.ReplaceAll(strings.TrimSuffix(string(line), `,"quality":{"score":0,"reasons":null}}`)[1:], `,"`, "\n  \""))
		fmt.Fprintf(&text, "  %d of 100\n", quality.Score)
		for _, r := range quality.Reasons {
			fmt.Fprintf(&text, "    -%d %s: %s\n", r.Points, r.Code, r.Sentence)
		}
		text.WriteString("\n")
	}
	const golden = "testdata/shop.txt"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(text.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), text.String())
}
