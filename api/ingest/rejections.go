package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

const (
	maxRejections = 1000   // that are told one by one
	furtherRows   = 10_000 // that are read after the first row too long of a file that is refused
)

// The codes of [Rejection]. They are stable.
const (
	RejectNotInteger    = "cell_not_integer"
	RejectNotNumber     = "cell_not_number"
	RejectNotBoolean    = "cell_not_boolean"
	RejectNotDate       = "cell_not_date"
	RejectNotTimestamp  = "cell_not_timestamp"
	RejectTooManyDigits = "cell_too_many_digits" // more than the scale allows after the point, or than 18 in all
	RejectOutOfRange    = "cell_out_of_range"    // an integer of more than 64 bits, a float that becomes infinite or 0
	RejectOtherFormat   = "cell_other_format"    // of the type, but written otherwise than most values of the column, or in another unit
	RejectRowTooWide    = "row_too_wide"         // a row with more fields than there are columns, not all of them empty
)

var rejectionSentences = map[string]string{
	RejectNotInteger:    "%s, column %d is not an integer.",
	RejectNotNumber:     "%s, column %d is not a number.",
	RejectNotBoolean:    "%s, column %d is neither true nor false.",
	RejectNotDate:       "%s, column %d is not a date.",
	RejectNotTimestamp:  "%s, column %d is not a timestamp.",
	RejectTooManyDigits: "%s, column %d has more digits than its type.",
	RejectOutOfRange:    "%s, column %d is a number out of range.",
	RejectOtherFormat:   "%s, column %d is written otherwise than most values of the column.",
	RejectRowTooWide:    "%s, field %d has a value and is one too many.",
}

// Rejection is a cell that does not fit the type given for its column, or a row with too many fields. Message is a
// sentence for a person and never holds a value of the file.
type Rejection struct {
	Line    int64 // 0 with [Options.Records]
	Record  int64 // from 1, below the header; 0 without
	Column  int   // from 1; of a row, its first field too many
	Code    string
	Message string
}

// At is the sentence about a cell at another place, such as In row 5.
func (r Rejection) At(place string, column int) string {
	return fmt.Sprintf(rejectionSentences[r.Code], place, column)
}

// Rejections are what was rejected, counted over the whole file; but a file that is refused for the length of its rows
// is read for no more than 10,000 rows, or 1,000 rejections, after the first.
type Rejections struct {
	Cells int64       // that do not fit
	Rows  int64       // too wide; where rows are skipped, also those of the cells
	First []Rejection // at most 1,000
}

func (r *Rejections) any() bool { return r.Cells+r.Rows > 0 }

func (r *Rejections) tell(s *scanner, field, column int, code string) {
	told := Rejection{Column: column, Code: code}
	place := ""
	if s.byRecord {
		told.Record = s.record
		place = fmt.Sprintf("In record %d", told.Record)
	} else {
		told.Line = s.line(s.fields[field].start)
		place = fmt.Sprintf("On line %d", told.Line)
	}
	told.Message = fmt.Sprintf(rejectionSentences[code], place, column)
	r.First = append(r.First, told)
}

func (r *Rejections) addCell(s *scanner, i int, e *encoder) {
	r.Cells++
	if len(r.First) < maxRejections {
		r.tell(s, i, i+1, e.reason(bytes.TrimSpace(s.field(i))))
	}
}

func (r *Rejections) addRow(s *scanner) {
	r.Rows++
	if len(r.First) < maxRejections {
		r.tell(s, 0, s.extra, RejectRowTooWide)
	}
}

// refuse is the error of a file that is not to have rejections.
func (r *Rejections) refuse(width int) *Error {
	first := r.First[0]
	e := raggedRow(first.Line, first.Column, width)
	if first.Code != RejectRowTooWide {
		e = cellsRejected(first, r.Cells)
	}
	e.Rejected = r
	return e
}

// reason tells why v does not fit.
func (r *reading) reason(v []byte) string {
	switch r.kind {
	case boolean:
		return RejectNotBoolean
	case date:
		return otherwise(datesOf(v) != 0, RejectNotDate)
	case timestamp:
		fits, _ := timestampsOf(v, allLayouts)
		return otherwise(fits != 0, RejectNotTimestamp)
	}
	if _, err := strconv.ParseFloat(text64(v), 64); errors.Is(err, strconv.ErrRange) {
		return RejectOutOfRange
	}
	return r.reasonOfNumber(v)
}

func otherwise(fits bool, code string) string {
	if fits {
		return RejectOtherFormat
	}
	return code
}

func (r *reading) reasonOfNumber(v []byte) string {
	var buf [maxAmount]byte
	a, core, ok := cutAmount(v, &buf)
	if !ok {
		return otherwise(r.kind == decimal && scanNumber(v).kind == float, RejectNotNumber)
	}
	e, ok := r.form.measure(core)
	switch {
	case !ok || a.unit != "" && a.unit != r.unit:
		fits, _, _ := allStyles.measure(core)
		return otherwise(fits != 0 || scanNumber(v).kind != unknown, RejectNotNumber)
	case r.kind == decimal:
		return RejectTooManyDigits
	case e.scale > 0:
		return RejectNotInteger
	}
	return RejectOutOfRange
}
