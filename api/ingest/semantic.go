package ingest

import (
	"bytes"
	"slices"
	"strings"
	"unicode"

	"github.com/insightforge/insightforge/api/column"
)

// Semantic is a hint what a column is about. It changes no value.
type Semantic struct {
	Kind  SemanticKind // empty where nothing is known
	Share float64      // of the distinct values looked at, at most 100, those that fit; 0 where the type, the unit or the name says it
}

// SemanticKind is what a column can be about.
type SemanticKind string

// The kinds.
const (
	Identifier SemanticKind = "identifier" // UUIDs; or named so, and nearly no value twice
	Category   SemanticKind = "category"   // few distinct texts, booleans
	Measure    SemanticKind = "measure"    // numbers that are nothing else
	Currency   SemanticKind = "currency"   // with a unit, or named so
	Percentage SemanticKind = "percent"    // likewise
	Country    SemanticKind = "country"    // English names, ISO codes of 2 and 3 letters
	Year       SemanticKind = "year"
	Quarter    SemanticKind = "quarter"
	Month      SemanticKind = "month" // names, numbers, 2006-01
	Weekday    SemanticKind = "weekday"
	Email      SemanticKind = "email"
	URL        SemanticKind = "url"
	Latitude   SemanticKind = "latitude"
	Longitude  SemanticKind = "longitude"
	PostalCode SemanticKind = "postal_code"
	Instant    SemanticKind = "time" // dates and timestamps
	FreeText   SemanticKind = "text"
)

const (
	maxClues      = 100 // distinct values of a column that are looked at
	enoughShare   = 0.9 // of them that must fit
	maxCategories = 1000
)

// look is a set of what a value looks like.
type look uint16

const (
	likeEmail look = 1 << iota
	likeURL
	likeUUID
	likeCountry
	likeMonth
	likeWeekday
	likeQuarter
	likeYear
	likeMonthNumber
	likeDayNumber
	likeQuarterNumber
	likeLatitude
	likeLongitude
	likePostal
	looks = 14
)

// clues counts what the first distinct values of a column look like.
type clues struct {
	counts   [looks]uint16
	looked   uint16
	distinct int // among the first rows, of columns that are not text
}

func (c *clues) add(v []byte) {
	if v = bytes.TrimSpace(v); c.looked == maxClues || isNull(v) {
		return
	}
	c.looked++
	for i, l := 0, lookOf(string(v)); l != 0; i, l = i+1, l>>1 {
		c.counts[i] += uint16(l & 1)
	}
}

func (c *clues) share(l look) float64 {
	for i := range c.counts {
		if l == 1<<i && c.looked > 0 {
			return float64(c.counts[i]) / float64(c.looked)
		}
	}
	return 0
}

func lookOf(v string) (l look) {
	switch {
	case len(v) == 0 || len(v) > 2000:
		return 0
	case v[0]-'0' <= 9 || v[0] == '-' || v[0] == '.':
		l = numberLook(v)
	case isURL(v):
		return likeURL
	case isEmail(v):
		return likeEmail
	}
	if len(v) == 36 && isUUID(v) {
		return likeUUID
	}
	if len(v) <= maxCountry {
		l |= wordLook(strings.ToLower(v))
	}
	if isPostal(v) {
		l |= likePostal
	}
	return l
}

func numberLook(v string) (l look) {
	b := []byte(v)
	f, ok := parseFloat(append(b, "        "...)[:len(b)])
	if !ok {
		return 0
	}
	whole := skipDigits(b, 0) == len(b)
	for _, one := range []struct {
		is   bool
		look look
	}{
		{!whole && f >= -90 && f <= 90, likeLatitude}, {!whole && f >= -180 && f <= 180, likeLongitude}, {whole && len(v) == 4 && f >= 1000 && f < 3000, likeYear},
		{whole && f >= 1 && f <= 12, likeMonthNumber}, {whole && f <= 7, likeDayNumber}, {whole && f >= 1 && f <= 4, likeQuarterNumber},
	} {
		if one.is {
			l |= one.look
		}
	}
	return l
}

func wordLook(lower string) (l look) {
	if isCountry(lower) {
		l |= likeCountry
	}
	for _, name := range months {
		if lower == name || lower == name[:3] {
			l |= likeMonth
		}
	}
	if month := []byte(lower); datesOf(month)&monthLayouts != 0 && !isSeason(month) {
		l |= likeMonth
	}
	for _, name := range weekdays {
		if lower == name || lower == name[:3] {
			l |= likeWeekday
		}
	}
	if isQuarter(lower) {
		l |= likeQuarter
	}
	return l
}

// isSeason tells whether v is a year and the two digits of the next: 2008-09.
func isSeason(v []byte) bool {
	parts, shape := splitDate(v)
	return shape == isoMonth && parts[1] == (parts[0]+1)%100
}

var weekdays = [...]string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// isQuarter tells whether v has q1 to q4, alone or beside a year: q1 2020, 2020-q1, 2020q1.
func isQuarter(lower string) bool {
	before, after, ok := strings.Cut(lower, "q")
	if !ok || after == "" || after[0] < '1' || after[0] > '4' {
		return false
	}
	year := strings.Trim(before+after[1:], " -/'")
	return year == "" || (len(year) == 4 || len(year) == 2) && skipDigits([]byte(year), 0) == len(year)
}

func isURL(v string) bool {
	return hasPrefixFold(v, "http://") || hasPrefixFold(v, "https://") || hasPrefixFold(v, "www.") || hasPrefixFold(v, "ftp://")
}

func hasPrefixFold(v, prefix string) bool {
	return len(v) > len(prefix) && strings.EqualFold(v[:len(prefix)], prefix) && !strings.ContainsAny(v, " \t")
}

func isEmail(v string) bool {
	name, host, ok := strings.Cut(v, "@")
	dot := strings.LastIndexByte(host, '.')
	return ok && name != "" && dot > 0 && dot < len(host)-2 && !strings.ContainsAny(v, " ,;<>()") && strings.Count(v, "@") == 1
}

func isUUID(v string) bool {
	for i, c := range []byte(v) {
		hex := c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'f'
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && !hex {
			return false
		}
	}
	return true
}

// isPostal tells whether v is short and of digits, capitals, and one space or dash, with a digit.
func isPostal(v string) bool {
	digits, others := 0, 0
	for _, c := range []byte(v) {
		switch {
		case c-'0' <= 9:
			digits++
		case c == ' ' || c == '-':
			others++
		case c < 'A' || c > 'Z':
			return false
		}
	}
	return len(v) >= 3 && len(v) <= 10 && digits > 0 && others <= 1
}

// semantic makes the hint of a column.
func (f *inference) semantic(i int, c *Column) Semantic {
	clues, names := &f.clues[i], nameWords(c.Name)
	switch {
	case c.Unit == Percent:
		return Semantic{Kind: Percentage}
	case c.Unit != "":
		return Semantic{Kind: Currency}
	case c.Type.IsTime():
		return Semantic{Kind: Instant}
	case c.Type == column.Boolean:
		return Semantic{Kind: Category}
	}
	for _, rule := range semanticRules {
		share := clues.share(rule.look)
		if share >= enoughShare && (rule.names == nil || hasAny(names, rule.names)) && (rule.text == nil || *rule.text == (c.Type == column.Text)) {
			return Semantic{rule.kind, share}
		}
	}
	if c.Type == column.Text {
		return f.semanticOfText(i, c, names)
	}
	return f.semanticOfNumber(i, c, names)
}

var yes, no = true, false

// semanticRules are tried in turn: a kind is that of a column whose values look like it, if need be with a name that
// says so as well.
var semanticRules = []struct {
	kind  SemanticKind
	look  look
	names []string // one of them in the column's name; nil: any name
	text  *bool    // only of text, or only of numbers; nil: both
}{
	{Email, likeEmail, nil, nil},
	{URL, likeURL, nil, nil},
	{Identifier, likeUUID, nil, nil},
	{Weekday, likeWeekday, nil, &yes},
	{Month, likeMonth, nil, &yes}, // 2006-01 too, but not where all are 2008-09, 2009-10
	{Quarter, likeQuarter, nil, &yes},
	{Country, likeCountry, nil, &yes},
	{PostalCode, likePostal, []string{"zip", "zipcode", "postal", "postcode", "plz", "postleitzahl"}, nil},
	{Year, likeYear, []string{"year", "yr", "jahr", "año", "année", "anno", "ano", "season", "fy"}, &no},
	{Month, likeMonthNumber, []string{"month", "monat", "mes", "mois", "mese"}, &no},
	{Quarter, likeQuarterNumber, []string{"quarter", "quartal", "trimestre", "qtr"}, &no},
	{Weekday, likeDayNumber, []string{"weekday", "dow", "wochentag"}, &no},
	{Latitude, likeLatitude, []string{"latitude", "lat"}, &no},
	{Longitude, likeLongitude, []string{"longitude", "lon", "lng", "long"}, &no},
}

func (f *inference) semanticOfText(i int, c *Column, names []string) Semantic {
	values := c.NullCount
	values = f.rows - values
	switch {
	case c.IsCoded() && hasAny(names, identifierNames) && 10*c.DistinctCount >= 9*values && values > 0:
		return Semantic{Kind: Identifier}
	case c.IsCoded() && c.DistinctCount <= maxCategories && 2*c.DistinctCount <= values:
		return Semantic{Kind: Category}
	}
	return Semantic{Kind: FreeText}
}

var (
	identifierNames = []string{"id", "ids", "uuid", "guid", "key", "code", "sku", "isbn", "number", "no", "nr", "#"}
	currencyNames   = []string{"price", "cost", "revenue", "salary", "amount", "turnover", "profit", "usd", "eur", "gbp"}
	percentNames    = []string{"percent", "percentage", "pct", "%"}
)

func (f *inference) semanticOfNumber(i int, c *Column, names []string) Semantic {
	early := min(f.rows, earlyRows) - min(c.NullCount, earlyRows)
	distinct := int64(max(f.clues[i].distinct, f.words.columns[i].n))
	switch {
	case c.Type == column.Integer && hasAny(names, identifierNames) && early > 0 && 10*distinct >= 9*early:
		return Semantic{Kind: Identifier}
	case hasAny(names, percentNames):
		return Semantic{Kind: Percentage}
	case hasAny(names, currencyNames):
		return Semantic{Kind: Currency}
	}
	return Semantic{Kind: Measure}
}

// nameWords cuts a name into its words, in lower case: birthYear, birth_year and Birth Year have year.
func nameWords(name string) []string {
	var spaced strings.Builder
	before := ' '
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(before) {
			spaced.WriteByte(' ')
		}
		spaced.WriteRune(unicode.ToLower(r))
		before = r
	}
	return strings.FieldsFunc(spaced.String(), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '#' && r != '%'
	})
}

func hasAny(words, wanted []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return slices.Contains(wanted, word) })
}
