package ingest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatAColumnIsAbout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, bars string
		want       SemanticKind
	}{
		{"contact", "a@example.com|b.c@mail.example.org", Email},
		{"link", "https://example.com/a?b|www.example.org", URL},
		{"x", "0190a5f2-8b7c-7def-8123-456789abcdef|0190a5f2-8b7c-7def-8123-456789abcdee", Identifier},
		{"order_id", "1|2|3|4", Identifier},
		{"orderId", "A-1|A-2|A-3", Identifier},
		{"id", "1|1|1|1|2", Measure},
		{"where", "Norway|Côte d’Ivoire|United States|South Korea|usa", Country},
		{"where", "NO|DE|FR", Country},
		{"where", "NOR|DEU|FRA", Country},
		{"where", "Norway|Oslo|Rome|Paris|Berlin", FreeText},
		{"year", "1999|2004|2010", Year},
		{"Birth Year", "1999|2004|2010", Year},
		{"total", "1999|2004|2010", Measure},
		{"m", "January|feb|Mar", Month},
		{"m", "2006-01|2006-02|2006-02", Month},
		{"month", "1|12|7", Month},
		{"d", "Monday|tue", Weekday},
		{"q", "Q1 2020|Q4 2021|2022-Q3|q2", Quarter},
		{"quarter", "1|2|4", Quarter},
		{"zip", "90210|10001-1234|02134", PostalCode},
		{"postcode", "SW1A 1AA|M1 1AE", PostalCode},
		{"latitude", "59.9|-33.8", Latitude},
		{"geo_lon", "151.2|-0.1", Longitude},
		{"season", "2008-09|2009-10|2010-11", FreeText},
		{"long", "12|55", Measure},
		{"lat", "559.9|-33.8", Measure},
		{"x", "$5|$7", Currency},
		{"price", "5|7", Currency},
		{"x", "5%|7%", Percentage},
		{"growth_pct", "5.5|7", Percentage},
		{"x", "2006-01-02|2006-01-03", Instant},
		{"x", "red|blue|red|blue|red", Category},
		{"x", "true|false", Category},
		{"x", "one thing|another thing", FreeText},
		{"x", "5|7", Measure},
		{"x", "NA", FreeText},
	} {
		t.Run(c.name+" "+c.bars, func(t *testing.T) {
			t.Parallel()
			got := readWith(t, c.name+"\n\""+strings.ReplaceAll(c.bars, "|", "\"\n\"")+"\"\n", Options{Dialect: Dialect{Header: HeaderPresent}})
			require.Equal(t, c.want, got.Columns[0].Semantic.Kind)
		})
	}
}

func TestTheShareOfAHintIsOfTheValuesThatFit(t *testing.T) {
	t.Parallel()
	var csv strings.Builder
	csv.WriteString("contact\nnobody\n")
	for i := range 19 {
		fmt.Fprintf(&csv, "p%d@example.com\n", i)
	}
	require.Equal(t, Semantic{Email, 0.95}, read(t, csv.String()).Columns[0].Semantic)
}
