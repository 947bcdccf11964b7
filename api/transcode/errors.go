package transcode

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The codes of [Error]: what can be wrong with a client's file, or with what the client says of it. They are stable.
const (
	CodeContradiction = "format_contradiction"         // the content is of another format, compression or encoding than said
	CodeUnsupported   = "format_unsupported"           // a format, or a variant of one, that is not read
	CodeEncrypted     = "file_encrypted"               // protected by a password or key
	CodeNested        = "compression_nested"           // compressed twice
	CodeCompression   = "compression_damaged"          // not what the compressor wrote, or cut short
	CodeWindow        = "compression_window_too_large" // zstd with a window of more than 8 MiB
	CodeRatio         = "compression_ratio_too_high"   // grows by more than 100 when read
	CodeExpanded      = "expanded_too_large"           // more bytes when read than [Options] allow
	CodeEncoding      = "encoding_invalid"             // bytes that the encoding does not have
	CodeEncodingMixed = "encoding_mixed"               // mostly UTF-8, and bytes that are not
	CodeNul           = "nul_character"                // which PostgreSQL cannot store
	CodeEmpty         = "table_empty"                  // not one column
	CodeColumns       = "too_many_columns"             // more than 1,000
	CodeName          = "column_name_too_long"         // more than 200 characters
	CodeRecord        = "record_too_long"              // more than 1 MiB
	CodeRagged        = "ragged_row"                   // more values than the header has names
	CodeJSON          = "json_syntax"                  // not JSON, or cut short
	CodeJSONDepth     = "json_too_deep"                // more than 100 levels
	CodeJSONDuplicate = "json_duplicate_key"           // a key twice in one object
	CodeJSONShape     = "json_not_records"             // JSON, but not objects, or arrays under a header
	CodeParquet       = "parquet_damaged"              // breaks the format, or its parts contradict each other
	CodeParquetPage   = "parquet_page_too_large"       // a page or dictionary too large for memory
	CodeParquetValue  = "parquet_value_invalid"        // a value outside the range of its type
	CodeXLSX          = "xlsx_damaged"                 // not a workbook, or cut short
	CodeXLSXSize      = "xlsx_too_large"               // more than 64 MiB, too many parts or too many different texts
	CodeSheet         = "xlsx_sheet_not_found"         // no worksheet of that name
)

// The codes of [Warning]. They are stable.
const (
	WarnEncodingGuessed = "encoding_guessed" // not UTF-8, so read as Windows-1252
	WarnNotFinite       = "not_finite"       // NaN and infinities of Parquet are null
	WarnNanoseconds     = "nanoseconds_cut"  // timestamps are stored to the microsecond
	WarnCellErrors      = "cell_errors"      // cells of a worksheet that hold an error, read as #N/A
)

// Error says what is wrong with a client's file and where. Message is a sentence for a person; it never holds a value
// of the file.
type Error struct {
	Code    string
	Line    int64  // of the text as it was sent, from 1; 0 where no line is to blame
	Record  int64  // without the header, from 1; of a worksheet the row's own number; 0 where none is to blame
	Column  int    // from 1: a column of the table, in JSON syntax the character of the line; 0 where none is to blame
	Sheet   string // of a workbook
	Message string
}

func (e *Error) Error() string { return e.Message }

// Warning says what was read otherwise than the client may expect. There is at most one for each code.
type Warning struct {
	Code    string
	Message string
	Count   int64 // of lines or values
	Line    int64 // the first one; 0 where no line is to blame
	Columns []int // their numbers, from 1; empty where no column is to blame
}

func contradiction(said, found string) *Error {
	return &Error{Code: CodeContradiction,
		Message: fmt.Sprintf("The file was said to be %s, but its content is %s. Send it with the right type, or with none.", said, found)}
}

func unsupported(what, instead string) *Error {
	return &Error{Code: CodeUnsupported, Message: fmt.Sprintf("%s is not read. %s", what, instead)}
}

func nested() *Error {
	return &Error{Code: CodeNested, Message: "The file is compressed twice. Compress it once and send it again."}
}

func damagedCompression(c Compression) *Error {
	return &Error{Code: CodeCompression,
		Message: fmt.Sprintf("The %s stream is damaged or cut short. Compress the file and send it again.", c)}
}

func windowTooLarge() *Error {
	return &Error{Code: CodeWindow,
		Message: fmt.Sprintf("The zstd stream needs a window of more than %d MiB. Compress it without --long and --ultra.", maxWindow>>20)}
}

func ratioTooHigh() *Error {
	return &Error{Code: CodeRatio,
		Message: fmt.Sprintf("The file grows to more than %d times its size when it is read. Send it in smaller parts, or without compression.", maxRatio)}
}

func expandedTooLarge(limit int64) *Error {
	return &Error{Code: CodeExpanded,
		Message: fmt.Sprintf("The file is larger than %d bytes when it is read. Send it in smaller parts.", limit)}
}

func invalidEncoding(e Encoding, line int64) *Error {
	return &Error{Code: CodeEncoding, Line: line,
		Message: fmt.Sprintf("Line %d is not valid %s. Save the file as UTF-8, or say which encoding it has.", line, e)}
}

func mixedEncoding(line int64) *Error {
	return &Error{Code: CodeEncodingMixed, Line: line,
		Message: fmt.Sprintf("Line %d is not valid UTF-8, but most of the file is. Mend that line, or say which encoding the file has.", line)}
}

func emptyTable() *Error {
	return &Error{Code: CodeEmpty, Message: "The file has no columns. Send a table with at least one."}
}

func tooManyColumns() *Error {
	return &Error{Code: CodeColumns,
		Message: fmt.Sprintf("The table has more than %d columns. Send fewer columns.", maxColumns)}
}

func nameTooLong(column int) *Error {
	return &Error{Code: CodeName, Column: column,
		Message: fmt.Sprintf("The name of column %d is longer than %d characters. Shorten it.", column, maxName)}
}

func recordTooLong(record int64) *Error {
	return &Error{Code: CodeRecord, Record: record,
		Message: fmt.Sprintf("Record %d is longer than 1 MiB. Shorten it.", record)}
}

// place is what a field is called in a message.
func place(record int64, column int) string {
	if column == 0 {
		return fmt.Sprintf("record %d", record)
	}
	return fmt.Sprintf("record %d, column %d", record, column)
}

func nulCharacter(record int64, column int) *Error {
	return &Error{Code: CodeNul, Record: record, Column: column,
		Message: fmt.Sprintf("The value in %s holds a NUL character. Remove it and send the file again.", place(record, column))}
}

func damagedParquet(what string, args ...any) *Error {
	return &Error{Code: CodeParquet,
		Message: fmt.Sprintf("The Parquet file is damaged: %s. Write it again.", fmt.Sprintf(what, args...))}
}

func encryptedParquet() *Error {
	return &Error{Code: CodeEncrypted, Message: "The Parquet file is encrypted. Write it without encryption."}
}

func pageTooLarge() *Error {
	return &Error{Code: CodeParquetPage,
		Message: fmt.Sprintf("A page or dictionary of the Parquet file is larger than %d MiB. Write it with smaller pages or row groups.", maxPage>>20)}
}

func parquetValue(record int64, column int, what string) *Error {
	return &Error{Code: CodeParquetValue, Record: record, Column: column,
		Message: fmt.Sprintf("The value in %s %s.", place(record, column), what)}
}

func damagedXLSX(sheet string, row int64, what string) *Error {
	where := ""
	if sheet != "" {
		where = fmt.Sprintf(" in sheet %s", strconv.Quote(sheet))
	}
	if row > 0 {
		where += fmt.Sprintf(", row %d", row)
	}
	return &Error{Code: CodeXLSX, Sheet: sheet, Record: row,
		Message: fmt.Sprintf("The workbook is damaged%s: %s. Save it again.", where, what)}
}

func xlsxTooLarge(what string) *Error {
	return &Error{Code: CodeXLSXSize, Message: fmt.Sprintf("The workbook has %s. Save the sheet as CSV and send that.", what)}
}

func sheetNotFound(sheets []string) *Error {
	quoted := make([]string, 0, len(sheets))
	for _, s := range sheets[:min(len(sheets), 10)] {
		quoted = append(quoted, strconv.Quote(s))
	}
	return &Error{Code: CodeSheet,
		Message: fmt.Sprintf("The workbook has no worksheet of that name. It has %d: %s.", len(sheets), strings.Join(quoted, ", "))}
}

// isFault tells an error in the client's file from one of the disk or the connection.
func isFault(err error) bool {
	var fault *Error
	return errors.As(err, &fault)
}

// broken is fault where the bytes ended or were wrong, and err itself where the reader beneath failed.
func broken(err error, s *source, fault *Error) error {
	switch {
	case err == nil || isFault(err):
		return err
	case s != nil && s.err != nil && s.err != io.EOF:
		return s.err
	default:
		return fault
	}
}
