package ingest

import "fmt"

// The codes of [Error]: what can be wrong with a client's file. They are stable.
const (
	CodeEmpty             = "csv_empty"                // no header: nothing but blank lines
	CodeNotUTF8           = "csv_not_utf8"             // a byte sequence that is not UTF-8
	CodeNulByte           = "csv_nul_byte"             // a NUL character, which PostgreSQL cannot store
	CodeRowTooLong        = "csv_row_too_long"         // a record of more than 1 MiB, found before it is read whole
	CodeTooManyColumns    = "csv_too_many_columns"     // more than 1,000
	CodeColumnNameTooLong = "csv_column_name_too_long" // more than 200 characters
	CodeUnclosedQuote     = "csv_unclosed_quote"       // the file ends inside a quoted field
	CodeStrayQuote        = "csv_stray_quote"          // text between the closing quote of a field and the next delimiter
	CodeRaggedRow         = "csv_ragged_row"           // a record with more fields than the header, not all of them empty
)

// The codes of [Warning]. They are stable.
const (
	WarnShortRows      = "short_rows"      // records with fewer fields than the header; the missing ones are null
	WarnColumnsRenamed = "columns_renamed" // names that were empty, double or had control characters
	WarnAmbiguousDates = "ambiguous_dates" // kept as text: every value can be read month first and day first
)

// Error says what is wrong with a client's file and where. Message is a sentence for a person; it names the line and
// never holds a value of the file.
type Error struct {
	Code    string
	Line    int64 // from 1; 0 where no line is to blame
	Column  int   // from 1; 0 where no column is to blame
	Message string
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
		Message: fmt.Sprintf("The header has more than %d columns. Send fewer columns.", maxColumns)}
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
