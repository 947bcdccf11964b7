package ingest

import "fmt"

// The codes of [Error]: what can be wrong with a client's file. They are stable.
const (
	CodeEmpty             = "table_empty"          // no header: nothing but blank lines
	CodeNotUTF8           = "encoding_invalid"     // a byte sequence that is not UTF-8
	CodeNulByte           = "nul_character"        // a NUL character, which PostgreSQL cannot store
	CodeRowTooLong        = "record_too_long"      // a record of more than 1 MiB, found before it is read whole
	CodeTooManyColumns    = "too_many_columns"     // more than 1,000
	CodeColumnNameTooLong = "column_name_too_long" // more than 200 characters
	CodeUnclosedQuote     = "unclosed_quote"       // the file ends inside a quoted field
	CodeStrayQuote        = "stray_quote"          // text between the closing quote of a field and the next delimiter
	CodeCellsRejected     = "cells_rejected"       // cells that do not fit the types that the options give
	CodeColumnAmbiguous   = "column_ambiguous"     // a type is given, but the values can be read in two ways: give the format too
	CodeUnknownColumn     = "unknown_column"       // the options are about a column that the file does not have, or twice about one
	CodeOptionInvalid     = "option_invalid"       // an option that makes no sense
	CodeRaggedRow         = "ragged_row"           // a record with more fields than the header, not all of them empty
)

// The codes of [Warning]. They are stable.
const (
	WarnShortRows         = "short_rows"         // records with fewer fields than the header; the missing ones are null
	WarnNoHeader          = "no_header"          // the first record looks like the others; the columns are column_1 and so on
	WarnComments          = "comment_lines"      // lines skipped because the first ones begin with # or //
	WarnColumnsRenamed    = "columns_renamed"    // names that were empty, double, not composed (NFC) or had characters that are not to be seen
	WarnAmbiguousDates    = "ambiguous_dates"    // kept as text: every value can be read month first and day first
	WarnAmbiguousNumbers  = "ambiguous_numbers"  // kept as text: in every value the comma can separate thousands or begin the fraction
	WarnThousandsPresumed = "thousands_presumed" // numbers such as 1,234 read as 1234, since nothing but the delimiter tells
	WarnMixedUnits        = "mixed_units"        // kept as text: numbers with several currencies, or some with a unit and some without
	WarnIntegersTooLong   = "integers_too_long"  // kept as text: integers of more than 64 bits, whose last digits a float would lose
	WarnDecimalAsFloat    = "decimal_as_float"   // decimals that need more than 18 digits
	WarnMixedZones        = "mixed_zones"        // timestamps with a zone and without; the latter are taken as UTC
)

// columnWarnings are those about columns, with the sentence that tells how many.
var columnWarnings = []struct{ code, sentence string }{
	{WarnColumnsRenamed, "Columns renamed: %d. Their names were empty, not unique or had characters that cannot be seen."},
	{WarnAmbiguousDates, "Columns of dates kept as text: %d. Days and months cannot be told apart; say which comes first, or write dates as 2006-01-02."},
	{WarnAmbiguousNumbers, "Columns of numbers kept as text: %d. 1,234 can be 1234 or 1.234; say which, or write numbers as 1234.56."},
	{WarnThousandsPresumed, "Columns of numbers in which the comma was taken to separate thousands: %d. If it begins the fraction, say so: numbers=1.234,56."},
	{WarnMixedUnits, "Columns of numbers kept as text: %d. Their values have different units, or only some have one."},
	{WarnIntegersTooLong, "Columns of integers kept as text: %d. They have more digits than a number keeps."},
	{WarnDecimalAsFloat, "Columns of decimals read as floats: %d. They need more than 18 digits, so the last ones are rounded."},
	{WarnMixedZones, "Columns of timestamps of which only some have a zone: %d. Those without are taken as UTC."},
}

// Error says what is wrong with a client's file and where. Message is a sentence for a person; it names the line and
// never holds a value of the file.
type Error struct {
	Code    string
	Line    int64 // from 1; 0 where no line is to blame
	Record  int64 // likewise, instead of the line, with [Options.Records]
	Column  int   // from 1; 0 where no column is to blame
	Message string

	Rejected *Rejections // where rows or cells are to blame
}

func (e *Error) Error() string { return e.Message }

// Warning says what was read otherwise than the client may expect. There is at most one for each code.
type Warning struct {
	Code    string
	Message string
	Count   int64 // of records or columns
	Line    int64 // the first one; 0 where no line is to blame
	Columns []int // their numbers, from 1; empty where no column is to blame
}

func notUTF8(line int64) *Error {
	return &Error{Code: CodeNotUTF8, Line: line,
		Message: fmt.Sprintf("Line %d is not valid UTF-8. Save the file as UTF-8 and send it again.", line)}
}

func nulByte(line int64) *Error {
	return &Error{Code: CodeNulByte, Line: line,
		Message: fmt.Sprintf("Line %d holds a NUL character. Remove it, or save the file as UTF-8 text, and send it again.", line)}
}

func rowTooLong(line int64) *Error {
	return &Error{Code: CodeRowTooLong, Line: line,
		Message: fmt.Sprintf("The row that begins on line %d is longer than 1 MiB. Shorten it, or close the quote that it opens.", line)}
}

func tooManyColumns(line int64) *Error {
	return &Error{Code: CodeTooManyColumns, Line: line,
		Message: fmt.Sprintf("The header has more than %d columns. Send fewer columns.", MaxColumns)}
}

func columnNameTooLong(line int64, column int) *Error {
	return &Error{Code: CodeColumnNameTooLong, Line: line, Column: column,
		Message: fmt.Sprintf("The name of column %d is longer than %d characters. Shorten it.", column, maxName)}
}

func unclosedQuote(line int64, column int) *Error {
	return &Error{Code: CodeUnclosedQuote, Line: line, Column: column,
		Message: fmt.Sprintf("The quote opened on line %d in column %d is never closed. Close it, or double a quote that belongs to the text.", line, column)}
}

func strayQuote(line int64, column int) *Error {
	return &Error{Code: CodeStrayQuote, Line: line, Column: column,
		Message: fmt.Sprintf("On line %d, column %d goes on after its closing quote. Double a quote that belongs to the text.", line, column)}
}

func raggedRow(line int64, column, width int) *Error {
	return &Error{Code: CodeRaggedRow, Line: line, Column: column,
		Message: fmt.Sprintf("Line %d has a value in field %d, but the header has only %d. Quote values that contain the delimiter.", line, column, width)}
}

func cellsRejected(first Rejection, cells int64) *Error {
	return &Error{Code: CodeCellsRejected, Line: first.Line, Record: first.Record, Column: first.Column,
		Message: fmt.Sprintf("%s Values that do not fit the types given: %d. Mend them, give other types, or say that they are to be null.", first.Message, cells)}
}

func columnAmbiguous(column int, readings []string) *Error {
	return &Error{Code: CodeColumnAmbiguous, Column: column,
		Message: fmt.Sprintf("The values of column %d can be read as %s and as %s. Say which.", column, readings[0], readings[1])}
}

func unknownColumn() *Error {
	return &Error{Code: CodeUnknownColumn, Message: "An option is about a column that the file does not have, or two are about the same one."}
}

func optionInvalid(name string) *Error {
	return &Error{Code: CodeOptionInvalid, Message: fmt.Sprintf("The option %s is not one of those that there are.", name)}
}
