// Package column names the types of a dataset's columns and how their values are stored in chunks.
package column

import "slices"

// Type is the type of a column's values, as clients see it.
type Type string

// The types. What a value of each looks like in JSON is said in [Column].
const (
	Integer   Type = "integer"   // 64 bits
	Decimal   Type = "decimal"   // exact, at most 18 digits
	Float     Type = "float"     // IEEE 754 double, where a decimal would need more than 18 digits
	Boolean   Type = "boolean"   //
	Date      Type = "date"      // a day without a time
	Timestamp Type = "timestamp" // microseconds, UTC; a value without a zone is taken as UTC
	Text      Type = "text"      //
)

// IsNumber tells whether values of t can be added up.
func (t Type) IsNumber() bool { return t == Integer || t == Decimal || t == Float }

// IsTime tells whether values of t are days or instants.
func (t Type) IsTime() bool { return t == Date || t == Timestamp }

// Payload is the array of app.dataset_chunks that holds a column's values.
type Payload string

// The payloads.
const (
	Ints   Payload = "ints"   // bigint[]: integers, decimal·10^scale, booleans 0 and 1, days and microseconds since 1970-01-01 UTC
	Int4s  Payload = "int4s"  // integer[]: the same, where every value has 32 bits; of instants: seconds, where they are whole
	Int2s  Payload = "int2s"  // smallint[]: the same, where every value has 16 bits; of text: codes, where every one has
	Floats Payload = "floats" // double precision[]
	Codes  Payload = "codes"  // integer[]: codes into app.dataset_words
	Texts  Payload = "texts"  // text[]: text with too many distinct values for a dictionary
)

// payloads are in an order in which one that holds the values of a column is followed by wider ones.
var payloads = []Payload{Int2s, Int4s, Ints, Floats, Codes, Texts}

// Wider is the one of two payloads of values of one type that can hold those of both.
func Wider(p, q Payload) Payload {
	return payloads[max(slices.Index(payloads, p), slices.Index(payloads, q))]
}

// Column is a column of one version of a dataset, as the catalog (app.dataset_columns) describes it.
// In JSON an integer, decimal or float is a number (every digit of a decimal is sent), a boolean is true or false, a
// date is "2014-03-01", a timestamp is RFC 3339 in UTC, a text is a string, and a missing value is null.
type Column struct {
	No      int     // from 1: where its values are
	ID      int     // of the column that it is in every version
	Name    string  // unique in its version
	Type    Type    //
	Scale   int     // digits after the point; 0 unless Type is Decimal
	Payload Payload //
}

// IsInts tells whether c is stored as integers that stand for numbers, booleans, days or instants.
func (c Column) IsInts() bool { return c.Type != Float && c.Type != Text }

// IsCoded tells whether c is stored as codes into a dictionary.
func (c Column) IsCoded() bool { return c.Type == Text && c.Payload != Texts }
