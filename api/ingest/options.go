package ingest

import (
	"strings"
	"unicode/utf8"

	"github.com/insightforge/insightforge/api/column"
)

// Options of [Spool]. The zero value finds everything in the file, and refuses it where a row or a cell is rejected.
type Options struct {
	Dir     string          // of the temporary file; os.TempDir() if empty
	Dialect Dialect         // what is empty is found
	Columns []ColumnOptions // at most one for each column
	Known   []Known         // what another format, of which the CSV was made, says of its columns in turn; Columns goes before
	Records bool            // the CSV was made of another format: faults are told by record, not by line
	Nulls   []string        // words that are null, in any case, in columns of text too; nil: those of isNull, in columns that are not text
	Numbers NumberFormat    // of the columns that every value fits
	Dates   DateOrder       // of the columns that every value fits
	Reject  Reject
}

// ColumnOptions is what is known of a column beforehand.
type ColumnOptions struct {
	No      int          // from 1; 0: the column is the one that the header calls Header
	Header  string       //
	Name    string       // what to call it; empty: as the header does
	Type    column.Type  // empty: inferred
	Scale   int          // of a decimal, 0 to 17
	Numbers NumberFormat // of all values, unlike Options.Numbers; empty: found
	Dates   DateOrder    // of all values, unlike Options.Dates; empty: found

	asked bool // Type is one that the options give
}

// Known is a type that needs no inference.
type Known struct {
	Type  column.Type // empty where there is none
	Scale int         // of a decimal, 0 to 17
}

// Dialect is how a file is cut into records. In [File] it says what was found.
type Dialect struct {
	Delimiter string // one ASCII character
	Quotes    Quotes
	Header    Header
	Comment   string // what lines begin with that are skipped, at most 8 ASCII characters; none: there are no such lines
}

// Quotes is what a quote is.
type Quotes string

// The ways to quote.
const (
	DoubledQuotes   Quotes = "doubled"   // a quote inside quotes is written twice
	BackslashQuotes Quotes = "backslash" // or with a backslash before it
	NoQuotes        Quotes = "none"      // a quote is text
)

// Header tells whether the first record names the columns.
type Header string

// Whether there is one.
const (
	HeaderPresent Header = "present"
	HeaderAbsent  Header = "absent"
)

// NoComments is the [Dialect.Comment] of a file in which every line counts.
const NoComments = "none"

// DateOrder is how to read dates such as 01/02/2006 and 01-02-2006.
type DateOrder string

// The orders.
const (
	MonthFirst DateOrder = "month_first"
	DayFirst   DateOrder = "day_first"
)

// Reject is what becomes of a file with rows or cells that are rejected.
type Reject string

// What becomes of it. A row with too many fields is skipped where cells are nulled.
const (
	RejectFile Reject = "refuse" // the default: it is refused
	RejectCell Reject = "null"   // the cells are null
	RejectRow  Reject = "skip"   // the rows are skipped
)

const (
	maxComment   = 8
	maxNullWords = 100
	maxNullWord  = 64 // bytes
)

// check tells what is wrong with the options themselves.
func (o *Options) check() error {
	switch {
	case !o.Dialect.valid():
		return optionInvalid("dialect")
	case len(o.Nulls) > maxNullWords || !oneOf(o.Reject, "", RejectFile, RejectCell, RejectRow):
		return optionInvalid("nulls or reject")
	case !o.Numbers.valid() || !o.Dates.valid():
		return optionInvalid("numbers or dates")
	}
	for _, word := range o.Nulls {
		if len(word) > maxNullWord {
			return optionInvalid("nulls")
		}
	}
	for _, c := range o.Columns {
		if !c.valid() {
			return optionInvalid("columns")
		}
	}
	return nil
}

func (c *ColumnOptions) valid() bool {
	_, known := kindOf[c.Type]
	return known && c.No >= 0 && (c.No > 0 || c.Header != "") && c.Scale >= 0 && c.Scale < maxDigits &&
		(c.Scale == 0 || c.Type == column.Decimal) && c.Numbers.valid() &&
		c.Dates.valid() && utf8.ValidString(c.Name) && utf8.RuneCountInString(c.Name) <= maxName
}

func (d *Dialect) valid() bool {
	return (d.Delimiter == "" || len(d.Delimiter) == 1 && isASCII(d.Delimiter) && !strings.ContainsAny(d.Delimiter, "\"\\\r\n")) &&
		oneOf(d.Quotes, "", DoubledQuotes, BackslashQuotes, NoQuotes) && oneOf(d.Header, "", HeaderPresent, HeaderAbsent) &&
		len(d.Comment) <= maxComment && isASCII(d.Comment) && !strings.ContainsAny(d.Comment, "\"\r\n") &&
		(d.Comment == "" || d.Delimiter == "" || !strings.HasPrefix(d.Comment, d.Delimiter))
}

func (o DateOrder) valid() bool { return oneOf(o, "", MonthFirst, DayFirst) }

func isASCII(s string) bool {
	for _, c := range []byte(s) {
		if c == 0 || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func oneOf[T comparable](v T, list ...T) bool {
	for _, one := range list {
		if v == one {
			return true
		}
	}
	return false
}
