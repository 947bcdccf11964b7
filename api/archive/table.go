package archive

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/insightforge/insightforge/api/column"
)

// Values are a column's values in a number of rows. One of the arrays has them; codes are places in Words.
type Values struct {
	Ints   pgtype.FlatArray[pgtype.Int8]
	Floats pgtype.FlatArray[pgtype.Float8]
	Codes  pgtype.FlatArray[pgtype.Int4]
	Texts  pgtype.FlatArray[pgtype.Text]
	Words  []string `db:"-"`
}

// Only has the values at these places, from 0.
func (v Values) Only(places []int) Values {
	return Values{only(v.Ints, places), only(v.Floats, places), only(v.Codes, places), only(v.Texts, places), v.Words}
}

func only[T any](values pgtype.FlatArray[T], places []int) pgtype.FlatArray[T] {
	if values == nil {
		return nil
	}
	found := make(pgtype.FlatArray[T], len(places))
	for i, place := range places {
		found[i] = values[place]
	}
	return found
}

// text is the word or text in a row.
func (v Values) text(row int) (text string, ok bool) {
	switch {
	case v.Codes != nil && v.Codes[row].Valid:
		return v.Words[v.Codes[row].Int32], true
	case v.Texts != nil && v.Texts[row].Valid:
		return v.Texts[row].String, true
	}
	return "", false
}

// checked is how many rows there are; each column must have as many.
func checked(values []Values) (int, error) {
	n := values[0].Rows()
	for _, v := range values {
		if err := v.check(n); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// Rows is how many there are.
func (v Values) Rows() int { return len(v.Ints) + len(v.Floats) + len(v.Codes) + len(v.Texts) }

// check tells of what was stored wrongly, which would else be left out.
func (v Values) check(rows int) error {
	if v.Rows() != rows {
		return fmt.Errorf("a column has %d values where the first has %d", v.Rows(), rows)
	}
	for _, c := range v.Codes {
		if c.Valid && (c.Int32 < 0 || int(c.Int32) >= len(v.Words)) {
			return fmt.Errorf("code %d has no word among %d", c.Int32, len(v.Words))
		}
	}
	return nil
}

// CSV says how a table is written.
type CSV struct {
	BOM    bool   // a byte order mark, by which some spreadsheets know UTF-8
	Plain  bool   // what a spreadsheet would take for a formula is written as it is
	Reread bool   // to be read again here: every text in quotes, decimals as queries write them
	End    string // of a line; "\n" if empty
}

// Table writes a table as CSV. A missing value is nothing, an empty text is "" (where there is one column only, both are). Every value is whole: a decimal has all its
// digits. What a spreadsheet would take for a formula has an apostrophe before it, and so has what begins with one: in a text,
// take one away where there is one.
type Table struct {
	w       io.Writer
	columns []column.Column
	style   CSV
	line    []byte
}

// NewTable writes the header.
func NewTable(w io.Writer, columns []column.Column, style CSV) (*Table, error) {
	style.End = cmp.Or(style.End, "\n")
	t := &Table{w: w, columns: columns, style: style}
	if style.BOM {
		t.line = append(t.line, "\ufeff"...)
	}
	for _, c := range columns {
		t.text(c.Name)
	}
	return t, t.end()
}

// Write writes rows, given as the values of each column.
func (t *Table) Write(values []Values) (rows int64, err error) {
	n, err := checked(values)
	if err != nil {
		return 0, err
	}
	for row := range n {
		for i, c := range t.columns {
			t.cell(c, values[i], row)
		}
		if err := t.end(); err != nil {
			return 0, err
		}
	}
	return int64(n), nil
}

// Close has nothing to write.
func (t *Table) Close() error { return nil }

// end ends a line: its last comma becomes the line's end. An empty line would be no row.
func (t *Table) end() error {
	if len(t.line) == 1 {
		t.line = append(t.line[:0], `"",`...)
	}
	t.line = append(t.line[:len(t.line)-1], t.style.End...)
	_, err := t.w.Write(t.line)
	t.line = t.line[:0]
	return err
}

func (t *Table) cell(c column.Column, v Values, row int) {
	switch {
	case v.Ints != nil && v.Ints[row].Valid && t.style.Reread && c.Type == column.Decimal:
		t.line = append(append(t.line, c.Cell(v.Ints[row].Int64).(json.Number)...), ',')
	case v.Ints != nil && v.Ints[row].Valid:
		t.line = append(appendNumber(t.line, c, v.Ints[row].Int64), ',')
	case v.Floats != nil && v.Floats[row].Valid:
		t.line = append(strconv.AppendFloat(t.line, v.Floats[row].Float64, 'g', -1, 64), ',')
	default:
		if text, ok := v.text(row); ok {
			t.text(text)
		} else {
			t.line = append(t.line, ',')
		}
	}
}

func (t *Table) text(s string) {
	apostrophe := !t.style.Plain && s != "" && strings.IndexByte("=+-@\t\r'", s[0]) >= 0
	if !t.style.Reread && !apostrophe && s != "" && !strings.ContainsAny(s, ",\"\r\n") && s[0] != ' ' && s[len(s)-1] != ' ' {
		t.line = append(append(t.line, s...), ',')
		return
	}
	t.line = append(t.line, '"')
	if apostrophe {
		t.line = append(t.line, '\'')
	}
	for i := range len(s) {
		if s[i] == '"' {
			t.line = append(t.line, '"')
		}
		t.line = append(t.line, s[i])
	}
	t.line = append(t.line, '"', ',')
}

// appendNumber writes what the payload ints holds.
func appendNumber(b []byte, c column.Column, v int64) []byte {
	switch c.Type {
	case column.Decimal:
		return appendDecimal(b, v, c.Scale)
	case column.Boolean:
		return strconv.AppendBool(b, v != 0)
	case column.Date:
		return time.Unix(0, 0).UTC().AddDate(0, 0, int(v)).AppendFormat(b, time.DateOnly)
	case column.Timestamp:
		return time.UnixMicro(v).UTC().AppendFormat(b, time.RFC3339Nano)
	default:
		return strconv.AppendInt(b, v, 10)
	}
}

// appendDecimal writes v·10^-scale with scale digits after the point, so that the column is read with that scale again.
func appendDecimal(b []byte, v int64, scale int) []byte {
	if v < 0 {
		b, v = append(b, '-'), -v
	}
	digits := strconv.AppendInt(make([]byte, 0, 20), v, 10)
	for len(digits) <= scale {
		digits = append([]byte{'0'}, digits...)
	}
	b = append(b, digits[:len(digits)-scale]...)
	if scale > 0 {
		b = append(append(b, '.'), digits[len(digits)-scale:]...)
	}
	return b
}
