package ingest

import (
	"context"
	"fmt"

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

// Begin says which words the dictionary of a column begins with: they have the first codes, and [File.Words] has them too.
func (f *File) Begin(columnNo int, words []string) {
	if f.begun == nil {
		f.begun = map[int][]string{}
	}
	f.begun[columnNo] = words
}

// Recount decides anew how text is stored, with the words that were told to [File.Begin].
func (f *File) Recount(ctx context.Context) error {
	v := newVocabulary(len(f.Columns))
	var coded []int
	for i, c := range f.Columns {
		if c.DistinctCount == 0 && f.begun[c.No] == nil {
			continue
		}
		for _, word := range f.begun[c.No] {
			v.add(i, []byte(word))
		}
		coded = append(coded, i)
	}
	if err := v.count(f.rows(ctx, f.decided), coded, newNullWords(f.opt.Nulls), func(int, []byte) {}); err != nil {
		return fmt.Errorf("read a spooled CSV file again: %w", err)
	}
	for _, i := range coded {
		v.describe(i, &f.readings[i], &f.Columns[i])
	}
	return nil
}

// NewWords returns the pages of a column's dictionary, as [File.Words] does, from the first one that has words which it
// did not begin with, and the number of that page. It is known after [File.Chunks].
func (f *File) NewWords(columnNo int) (first int, pages [][]byte) {
	begun := len(f.begun[columnNo])
	if pages = f.Words(columnNo); pages == nil || f.words[columnNo-1].n == begun {
		return 0, nil
	}
	first = begun / pageWords
	return first, pages[first:]
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
