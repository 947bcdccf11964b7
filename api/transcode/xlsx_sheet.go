package transcode

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// readSheet records the rows of a sheet, of which the first that is not empty is the header. Empty rows are none.
func (t *Table) readSheet(w *workbook, sheet sheet, opt Options) error {
	texts, err := t.readStrings(w, opt)
	if err != nil {
		return err
	}
	rec, err := t.newRecorder(opt)
	if err != nil {
		return err
	}
	part, err := w.open(sheet.part)
	if err != nil {
		return w.fault(sheet.name, err)
	}
	defer part.Close()
	s := &sheetReader{w: w, name: sheet.name, texts: texts, rec: rec, x: newXML(part)}
	if err := s.read(); err != nil {
		return w.fault(sheet.name, err)
	}
	t.warnings = s.warnings
	var place []int
	if t.Columns, place, err = s.columns(); err != nil {
		return err
	}
	rows, err := rec.read(place, len(t.Columns))
	if err != nil {
		return err
	}
	t.csv = t.newCSV(rows, max(w.bytes, w.size), opt)
	return nil
}

type sheetReader struct {
	w      *workbook
	name   string
	texts  *sharedStrings
	rec    *recorder
	x      *xmlReader
	header []string // by column
	begun  bool     // the header was read
	row    int64    // its own number
	column int      // of the cell, from 1
	filled bool     // the row has a value
	typ    byte     // of the cell: b, d, e, n, s, i for inlineStr, f for the text of a formula
	style  int
	value  []byte
	date   []byte
	errors int64
	first  int64 // the row of the first error
}

// read goes through <sheetData><row r="1"><c r="A1" t="s" s="1"><v>0</v></c></row></sheetData>, and through all else to
// its end, so that a file that is cut short is noticed.
func (s *sheetReader) read() error {
	var inData, inValue, phonetic bool
	for {
		token, err := s.x.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		start := token == xmlStart
		switch name := string(s.x.name); {
		case token == xmlText:
			if inValue && !phonetic {
				err = s.appendValue()
			}
		case name == "sheetData":
			inData = start
		case !inData:
		case name == "row" && start:
			err = s.startRow()
		case name == "row":
			err = s.endRow()
		case name == "c" && start:
			err = s.startCell()
		case name == "c":
			err = s.endCell()
		case name == "rPh":
			phonetic = start
		case name == "v", name == "t":
			inValue = start
		}
		if err != nil {
			return err
		}
	}
}

func (s *sheetReader) appendValue() (err error) {
	if s.value, err = s.x.appendText(s.value); err == nil && len(s.value) > maxRecord {
		return recordTooLong(s.row)
	}
	return err
}

func (s *sheetReader) startRow() error {
	s.row++
	if r := s.x.attr("r"); r != nil {
		n, err := strconv.ParseInt(string(r), 10, 32)
		if err != nil || n < s.row {
			return damagedXLSX(s.name, s.row, "a row has a number that does not follow")
		}
		s.row = n
	}
	s.column, s.filled = 0, false
	return nil
}

func (s *sheetReader) startCell() error {
	column := s.column + 1
	if r := s.x.attr("r"); r != nil {
		column = columnOf(r)
	}
	if column <= s.column || column > 1<<14 {
		return damagedXLSX(s.name, s.row, "a cell has a name that does not follow")
	}
	s.column, s.typ, s.value = column, 'n', s.value[:0]
	switch t := string(s.x.attr("t")); t {
	case "inlineStr":
		s.typ = 'i'
	case "str":
		s.typ = 'f'
	case "b", "d", "e", "n", "s":
		s.typ = t[0]
	case "":
	default:
		return damagedXLSX(s.name, s.row, "a cell has an unknown type")
	}
	s.style = 0
	if style := s.x.attr("s"); style != nil {
		var err error
		if s.style, err = strconv.Atoi(string(style)); err != nil {
			s.style = -1
		}
	}
	return nil
}

// columnOf reads the letters of a name like AB12; 0 if there are none.
func columnOf(name []byte) int {
	n := 0
	for _, c := range name {
		if c < 'A' || c > 'Z' || n > 1<<14 {
			break
		}
		n = n*26 + int(c-'A') + 1
	}
	return n
}

func (s *sheetReader) endCell() error {
	if len(s.value) == 0 && s.typ != 's' {
		return nil
	}
	kind, text, err := s.cell()
	if err != nil || len(text) == 0 {
		return err
	}
	if s.column > maxColumns {
		return tooManyColumns()
	}
	if !utf8.Valid(text) {
		return errXML
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return s.locate(nulCharacter(s.row, s.column))
	}
	s.filled = true
	for len(s.rec.kinds) < s.column {
		s.rec.kinds = append(s.rec.kinds, 0)
		s.header = append(s.header, "")
	}
	if s.begun {
		return s.rec.field(s.column-1, kind, text)
	}
	if s.header[s.column-1] = string(text); utf8.RuneCount(text) > maxName {
		return s.locate(nameTooLong(s.column))
	}
	return nil
}

func (s *sheetReader) locate(err *Error) *Error {
	err.Sheet = s.name
	return err
}

// cell is the value of the cell as text.
func (s *sheetReader) cell() (kind, []byte, error) {
	switch s.typ {
	case 's':
		i, err := strconv.Atoi(string(bytes.TrimSpace(s.value)))
		if err != nil && len(s.value) == 0 {
			return empty, nil, nil
		}
		text, ok, readErr := s.texts.get(i)
		if err != nil || !ok {
			return 0, nil, damagedXLSX(s.name, s.row, "a cell names a text that is not there")
		}
		return kindOf(text), text, readErr
	case 'i', 'f':
		text := unescapeString(s.value)
		return kindOf(text), text, nil
	case 'b':
		if isTrue(s.value) {
			return boolean, []byte("true"), nil
		}
		return boolean, []byte("false"), nil
	case 'e':
		if s.errors++; s.errors == 1 {
			s.first = s.row
		}
		return empty, []byte("#N/A"), nil
	case 'd':
		return kindOf(s.value), s.value, nil
	}
	return s.number()
}

// number is the digits that the file has, or the date that its format makes of them.
func (s *sheetReader) number() (kind, []byte, error) {
	s.value = bytes.TrimSpace(s.value)
	n, err := strconv.ParseFloat(string(s.value), 64)
	if err != nil || n-n != 0 || bytes.ContainsAny(s.value, "xX_") {
		return 0, nil, damagedXLSX(s.name, s.row, "a cell is said to hold a number and does not")
	}
	if s.style >= 0 && s.style < len(s.w.styles) && s.w.styles[s.style] != noDate {
		var ok bool
		if s.date, ok = s.w.appendDate(s.date[:0], n, s.w.styles[s.style]); ok {
			return kindOf(s.date), s.date, nil
		}
	}
	return number, s.value, nil
}

func (s *sheetReader) endRow() error {
	switch {
	case !s.filled:
		return nil
	case !s.begun:
		s.begun = true
		return nil
	}
	return s.rec.endRow()
}

// columns are those that have a name or a value.
func (s *sheetReader) columns() (columns []Column, place []int, err error) {
	for i, name := range s.header {
		if name == "" && s.rec.kinds[i] == 0 {
			place = append(place, -1)
			continue
		}
		place = append(place, len(columns))
		columns = append(columns, Column{Name: name, Type: s.rec.kinds[i].typed(true)})
	}
	if len(columns) == 0 {
		return nil, nil, s.locate(emptyTable())
	}
	return columns, place, nil
}

func (s *sheetReader) warnings() []Warning {
	if s.errors == 0 {
		return nil
	}
	return []Warning{{Code: WarnCellErrors, Count: s.errors, Line: s.first,
		Message: fmt.Sprintf("Cells that hold an error, read as #N/A: %d, the first in row %d.", s.errors, s.first)}}
}
