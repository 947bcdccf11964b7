package ingest

import (
	"context"

	"github.com/insightforge/insightforge/api/column"
)

// Retype is a type for a column of a file that was read.
type Retype struct {
	Type  column.Type
	Scale int // of a decimal
}

// Reread reads the spooled file again, with other types for some columns, by number. They count as given: what does not
// fit is rejected as the options say. A number is written as it was found to be.
func (f *File) Reread(ctx context.Context, types map[int]Retype) error {
	columns := make([]ColumnOptions, 0, len(f.Columns))
	for i, o := range f.assigned {
		t, changed := types[i+1]
		if changed && o.Numbers == "" {
			o.Numbers = f.numbersOf(i)
		}
		if changed {
			o.No, o.Type, o.Scale = i+1, t.Type, t.Scale
		}
		if o.No != 0 {
			columns = append(columns, o)
		}
	}
	f.opt.Columns = columns
	result, err := f.review(ctx, nil)
	if err != nil {
		return err
	}
	asked := f.Columns
	if err := f.conclude(ctx, result); err != nil {
		return err
	}
	for i := range f.Columns {
		f.Columns[i].Asked = asked[i].Asked
	}
	return nil
}

// Given is what the options, or its format, have said of a column.
func (f *File) Given(columnNo int) ColumnOptions { return f.assigned[columnNo-1] }

// numbersOf is how the numbers of a column were found to be written; empty for a column of something else.
func (f *File) numbersOf(i int) NumberFormat {
	switch c := f.Columns[i]; {
	case !c.Type.IsNumber():
		return ""
	case c.Format != "":
		return NumberFormat(c.Format)
	}
	return PlainNumbers
}

// Nulls is an array of nulls.
func Nulls(p column.Payload, rows int) []byte {
	oid, _ := element(p)
	array := make([]byte, headerSize, headerSize+rows*nullSize)
	for range rows {
		array = appendNull(array)
	}
	putHeader(array, oid, rows, true)
	return array
}
