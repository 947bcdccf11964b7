package archive

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"

	"github.com/insightforge/insightforge/api/column"
)

// NDJSON writes a table as one JSON object a line, with a member for each column: a number with every digit, true or false, a
// date "2014-03-01", a timestamp in RFC 3339, a string, or null.
type NDJSON struct {
	w       io.Writer
	columns []column.Column
	keys    [][]byte // of the members, with what is before and after
	line    []byte
}

// NewNDJSON writes nothing yet.
func NewNDJSON(w io.Writer, columns []column.Column) *NDJSON {
	n := &NDJSON{w: w, columns: columns}
	for _, c := range columns {
		n.keys = append(n.keys, append(appendString([]byte{','}, c.Name), ':'))
	}
	if len(n.keys) > 0 {
		n.keys[0][0] = '{'
	}
	return n
}

// Write writes rows, given as the values of each column.
func (n *NDJSON) Write(values []Values) (rows int64, err error) {
	count, err := checked(values)
	if err != nil {
		return 0, err
	}
	for row := range count {
		n.line = n.line[:0]
		for i, c := range n.columns {
			n.line = appendCell(append(n.line, n.keys[i]...), c, values[i], row)
		}
		if _, err := n.w.Write(append(n.line, "}\n"...)); err != nil {
			return 0, err
		}
	}
	return int64(count), nil
}

// Close has nothing to write.
func (n *NDJSON) Close() error { return nil }

func appendCell(b []byte, c column.Column, v Values, row int) []byte {
	switch {
	case v.Ints != nil && v.Ints[row].Valid:
		if !c.Type.IsTime() {
			return appendNumber(b, c, v.Ints[row].Int64)
		}
		return append(appendNumber(append(b, '"'), c, v.Ints[row].Int64), '"')
	case v.Floats != nil && v.Floats[row].Valid:
		return strconv.AppendFloat(b, v.Floats[row].Float64, 'g', -1, 64)
	}
	if text, ok := v.text(row); ok {
		return appendString(b, text)
	}
	return append(b, "null"...)
}

// appendString writes a JSON string. Most texts have nothing to escape.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == '"' || s[i] == '\\' {
			return appendEscaped(b, s)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

func appendEscaped(b []byte, s string) []byte {
	var escaped bytes.Buffer
	e := json.NewEncoder(&escaped)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string can always be written
	return append(b, bytes.TrimSuffix(escaped.Bytes(), []byte{'\n'})...)
}
