package api

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/ingest"
	"github.com/insightforge/insightforge/api/memory"
	"github.com/insightforge/insightforge/api/tenant"
)

// AppendedColumns is what an append did to the columns.
type AppendedColumns struct {
	Missing []string        `json:"missing" nullable:"false" doc:"Columns of the dataset that the file lacks: null in the new rows"`
	Added   []string        `json:"added" nullable:"false" doc:"Columns that the dataset lacked: null in the rows that were there"`
	Changed []ChangedColumn `json:"changed" nullable:"false" doc:"Columns with another type than before"`
}

// ChangedColumn is a column with another type than before.
type ChangedColumn struct {
	Name     string      `json:"name"`
	OldType  column.Type `json:"old_type" enum:"integer,decimal,float,boolean,date,timestamp,text"`
	OldScale int         `json:"old_scale,omitempty" doc:"Of a decimal"`
	Type     column.Type `json:"type" enum:"integer,decimal,float,boolean,date,timestamp,text"`
	Scale    int         `json:"scale,omitempty" doc:"Of a decimal"`
}

// appending is a file on its way to the rows of a base.
type appending struct {
	*base
	dir   string // of temporary files
	file  *ingest.File
	match []int          // of each column of the file its index in the base; -1: a new one
	to    []storedColumn // what each column of the file becomes
	bytes int64          // of values that are stored anew
	done  AppendedColumns
}

// append stores the file as a segment behind those of the base. Only what the file changes is stored anew: columns that
// cannot hold its values as they are, and nulls in columns that are new. The warning is of units, or nil.
func (b *base) append(ctx context.Context, file *ingest.File, dir string) (p publication, done *AppendedColumns, warning *UploadWarning, err error) {
	a := &appending{base: b, dir: dir, file: file, match: match(b.Columns, file.Columns),
		done: AppendedColumns{Missing: []string{}, Added: []string{}, Changed: []ChangedColumn{}}}
	for _, step := range []func(context.Context) error{a.check, a.retype, a.goOn, a.bound, a.place, a.storeOld} {
		if err := step(ctx); err != nil {
			return p, nil, nil, err
		}
	}
	p = b.next("append")
	lacking := a.columns(&p)
	segment := newID()
	p.rows, p.bytes, p.segments = p.rows+file.Rows, a.bytes, append(slices.Clone(p.segments), segment)
	return p, &a.done, a.unitWarning(), b.storeSegment(ctx, b.tx, segment, file, a.to, lacking, b.importing)
}

// check refuses a file of another table.
func (a *appending) check(context.Context) error {
	added := 0
	for _, j := range a.match {
		if j < 0 {
			added++
		}
	}
	switch {
	case added == len(a.match):
		return refuse("append_other_columns", "")
	case len(a.Columns)+added > ingest.MaxColumns:
		return refuse(ingest.CodeTooManyColumns, "")
	}
	return nil
}

// match finds for each column of a file the one that it goes on: by the name that the request gives it, by the one in the
// file, or by what that one is called now. -1: none.
func match(columns []storedColumn, file []ingest.Column) []int {
	matched, taken := slices.Repeat([]int{-1}, len(file)), make([]bool, len(columns))
	for _, same := range []func(storedColumn, ingest.Column) bool{
		func(c storedColumn, f ingest.Column) bool { return f.Name != f.Header && c.Name == f.Name },
		func(c storedColumn, f ingest.Column) bool { return c.Header == f.Header },
		func(c storedColumn, f ingest.Column) bool { return c.Name == f.Name },
	} {
		for i, f := range file {
			if matched[i] >= 0 {
				continue
			}
			j := slices.IndexFunc(columns, func(c storedColumn) bool { return same(c, f) })
			if j >= 0 && !taken[j] {
				matched[i], taken[j] = j, true
			}
		}
	}
	return matched
}

// retype has the file read again where its columns are not of the types that they are to have.
func (a *appending) retype(ctx context.Context) error {
	ranges, err := a.ranges(ctx)
	if err != nil {
		return err
	}
	types := map[int]ingest.Retype{}
	for i, f := range a.file.Columns {
		if a.match[i] < 0 {
			continue
		}
		old := a.Columns[a.match[i]]
		t := becomes(old, ranges[old.ColumnNo], f, f.NullCount == a.file.Rows)
		if t != (ingest.Retype{Type: f.Type, Scale: f.Scale}) {
			types[i+1] = t
		}
	}
	if len(types) == 0 {
		return nil
	}
	if err := a.file.Reread(ctx, types); err != nil {
		return uploadProblem(err)
	}
	return nil
}

// becomes is the type of a column with old values and those of a file: that of the old ones, unless numbers or times need
// more, or the request says another.
func becomes(old storedColumn, r valueRange, f ingest.Column, empty bool) ingest.Retype {
	was, is := ingest.Retype{Type: old.Type, Scale: old.Scale}, ingest.Retype{Type: f.Type, Scale: f.Scale}
	if was == is || empty && !f.Asked {
		return was
	}
	if t, ok := widened(old, r, f); ok {
		return t
	}
	if f.Asked {
		return is
	}
	return was
}

// widened is the narrowest type of numbers or times for both; not ok where there is none that keeps the old ones exact.
func widened(old storedColumn, r valueRange, f ingest.Column) (t ingest.Retype, ok bool) {
	switch {
	case old.Type.IsTime() && f.Type.IsTime():
		return ingest.Retype{Type: column.Timestamp}, true
	case !old.Type.IsNumber() || !f.Type.IsNumber():
		return t, false
	case old.Type != column.Float && f.Type != column.Float:
		scale, digits := max(old.Scale, f.Scale), max(r.digits(old), f.Digits)
		if scale < exactDigits && scale+digits <= exactDigits {
			return ingest.Retype{Type: column.Decimal, Scale: scale}, true
		}
	}
	return ingest.Retype{Type: column.Float}, r.fitsFloat(old)
}

// exactDigits is how many digits a decimal has at most.
const exactDigits = 18

// valueRange is the least and the greatest stored number of a column; nil where all are null.
type valueRange struct {
	ColumnNo    int
	Least, Most *int64
}

// largest is the greatest stored number without its sign.
func (r valueRange) largest() uint64 {
	if r.Least == nil {
		return 0
	}
	return max(magnitude(*r.Least), magnitude(*r.Most))
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// digits is how many digits the numbers have before the point.
func (r valueRange) digits(c storedColumn) int {
	return max(1, len(strconv.FormatUint(r.largest(), 10))-c.Scale)
}

// fitsFloat tells whether a float keeps every digit of the numbers.
func (r valueRange) fitsFloat(c storedColumn) bool {
	switch c.Type {
	case column.Integer:
		return r.largest() <= 1<<53
	case column.Decimal:
		return r.largest() < 1e15
	}
	return true
}

const selectRanges = `
select k.column_no, min(k.min_value) as least, max(k.max_value) as most
from app.dataset_chunks k where k.org_id = $1 and k.segment_id = any ($2) and k.column_no = any ($3) group by k.column_no`

// ranges are those of the base's numbers to which the file brings another type.
func (a *appending) ranges(ctx context.Context) (map[int]valueRange, error) {
	var numbers []int
	for i, f := range a.file.Columns {
		if a.match[i] < 0 {
			continue
		}
		if c := a.Columns[a.match[i]]; c.Type.IsNumber() && f.Type.IsNumber() && (c.Type != f.Type || c.Scale != f.Scale) {
			numbers = append(numbers, c.ColumnNo)
		}
	}
	if numbers == nil {
		return nil, nil
	}
	rows, err := tenant.TxRows[valueRange](ctx, a.tx, selectRanges, a.org, a.SegmentIDs, numbers)
	ranges := map[int]valueRange{}
	for _, r := range rows {
		ranges[r.ColumnNo] = r
	}
	return ranges, err
}

// goOn lets the dictionaries of the base go on, as far as they do not grow too large.
func (a *appending) goOn(ctx context.Context) error {
	coded := map[int]int{}
	for i, f := range a.file.Columns {
		if a.match[i] >= 0 && f.IsCoded() && a.Columns[a.match[i]].column().IsCoded() {
			coded[a.Columns[a.match[i]].ColumnNo] = i
		}
	}
	return a.goOnFrom(ctx, coded)
}

// wordPage is a page of a dictionary as the database sends it.
type wordPage struct {
	ColumnNo int
	Words    pgtype.UndecodedBytes
}

// goOnFrom lets the dictionaries that are stored under these numbers go on in columns of the file.
func (a *appending) goOnFrom(ctx context.Context, columns map[int]int) error {
	if len(columns) == 0 {
		return nil
	}
	told := map[int]func([]byte) error{}
	for no, i := range columns {
		told[no] = a.file.GoOn(i + 1)
	}
	return tenant.TxEach(ctx, a.tx, func(page wordPage) error {
		return told[page.ColumnNo](page.Words)
	}, selectDictionaries, a.org, a.dataset, slices.Collect(maps.Keys(columns)))
}

// bound has columns stored as texts where their dictionaries would be too large together with those that the file does not touch.
func (a *appending) bound(ctx context.Context) error {
	for i, j := range a.match {
		if f := &a.file.Columns[i]; j >= 0 && f.Type == column.Text && a.Columns[j].Payload == column.Texts {
			f.Payload = column.Texts
		}
	}
	return a.boundWords(ctx, others(a.Columns, a.match), a.file)
}

// place decides where and how each column of the file is stored: where the base's is, if the stored form is the same.
func (a *appending) place(context.Context) error {
	names := map[string]bool{}
	for _, c := range a.Columns {
		names[c.Name] = true
	}
	entered := a.enter(a.file.Columns, a.match, names)
	for i := range a.file.Columns {
		f := &a.file.Columns[i]
		if a.match[i] < 0 {
			c := entered[len(a.done.Added)]
			c.place(a.newColumnNo(), len(a.Columns)+len(a.done.Added)+1)
			a.done.Added = append(a.done.Added, c.Name)
			a.to = append(a.to, c)
			continue
		}
		old := a.Columns[a.match[i]]
		c := old
		c.Type, c.Scale, c.Payload = f.Type, f.Scale, f.Payload
		if c.Type == old.Type && c.Scale == old.Scale {
			c.Payload = column.Wider(old.Payload, f.Payload)
		} else {
			a.done.Changed = append(a.done.Changed, ChangedColumn{c.Name, old.Type, old.Scale, c.Type, c.Scale})
		}
		if c.Type != old.Type || c.Scale != old.Scale || c.Payload != old.Payload {
			c.ColumnNo = a.newColumnNo()
		}
		f.Payload = c.Payload
		a.to = append(a.to, c)
	}
	return nil
}

// storeOld stores in the old segments what the file changes there.
func (a *appending) storeOld(ctx context.Context) error {
	var changed []int // of the columns of the file
	var added []storedColumn
	for i, c := range a.to {
		switch {
		case a.match[i] < 0:
			added = append(added, c)
		case c.ColumnNo != a.Columns[a.match[i]].ColumnNo:
			changed = append(changed, i)
		}
	}
	if changed == nil && added == nil {
		return nil
	}
	stretches, err := a.stretches(ctx)
	if err != nil {
		return err
	}
	if added != nil {
		if err := a.storeAllNulls(ctx, a.tx, added, stretches); err != nil {
			return err
		}
		a.bytes = int64(len(added)) * a.RowCount // as in a file, where a null is a comma
	}
	if changed == nil {
		return nil
	}
	return a.storeChanged(ctx, changed, stretches)
}

// storeChanged stores the old values of columns that get another form, and lets the file go on with their dictionaries.
func (a *appending) storeChanged(ctx context.Context, changed []int, stretches []stretch) error {
	defer memory.Reserve(ingest.Memory)()
	columns, opt := make([]storedColumn, len(changed)), ingest.Options{Dir: a.dir}
	for k, i := range changed {
		columns[k] = a.Columns[a.match[i]]
		how := a.file.Given(i + 1) // the request says how texts are written, the old ones too
		how.Type, how.Scale, how.Name = a.to[i].Type, a.to[i].Scale, ""
		opt.Columns = append(opt.Columns, typed(columns[k], k+1, how))
	}
	old, bytes, err := a.parseAgain(ctx, columns, stretches, opt)
	if err != nil {
		return err
	}
	defer old.Close()
	a.bytes += bytes
	to, coded := make([]storedColumn, len(changed)), map[int]int{}
	for k, i := range changed {
		c, was, f := &a.to[i], &old.Columns[k], &a.file.Columns[i]
		c.Payload = column.Wider(c.Payload, was.Payload)
		if c.column().IsCoded() {
			c.Payload = column.Codes
			words := f.DistinctCount // with those of the base, if it has a dictionary
			if !columns[k].column().IsCoded() {
				words += was.DistinctCount
			}
			if words > ingest.MaxWords {
				c.Payload = column.Texts
			} else {
				coded[c.ColumnNo] = i
			}
		}
		c.NullCount = was.NullCount
		was.Payload, f.Payload, to[k] = c.Payload, c.Payload, *c
	}
	if err := a.storeAgain(ctx, old, to, stretches); err != nil {
		return err
	}
	return a.goOnFrom(ctx, coded)
}

// typed is how a stored column is read again. Only texts can be written in different ways.
func typed(c storedColumn, no int, o ingest.ColumnOptions) ingest.ColumnOptions {
	o.No = no
	if c.Type != column.Text {
		o.Dates, o.Numbers = "", ""
		if kind := o.Type; kind.IsNumber() {
			o.Numbers = ingest.PlainNumbers
		}
	}
	return o
}

// columns are those of the version, with the nulls in them. It returns those that the file lacks.
func (a *appending) columns(p *publication) (lacking []storedColumn) {
	p.columns = slices.Clone(a.Columns)
	for i, c := range a.to {
		c.NullCount += a.file.Columns[i].NullCount
		if a.match[i] < 0 {
			c.NullCount = a.file.Columns[i].NullCount + a.RowCount
			p.columns = append(p.columns, c)
			continue
		}
		p.columns[a.match[i]] = c
	}
	for j := range a.Columns {
		if !slices.Contains(a.match, j) {
			c := &p.columns[j]
			lacking = append(lacking, *c)
			c.NullCount += a.file.Rows
			a.done.Missing = append(a.done.Missing, c.Name)
		}
	}
	return lacking
}

// unitWarning tells of columns whose new values say another unit than the old ones have.
func (a *appending) unitWarning() *UploadWarning {
	var numbers []int
	for i, f := range a.file.Columns {
		if a.match[i] >= 0 && f.Unit != "" && f.Unit != a.Columns[a.match[i]].Unit {
			numbers = append(numbers, i+1)
		}
	}
	if numbers == nil {
		return nil
	}
	return &UploadWarning{Code: "other_unit", Count: int64(len(numbers)), Columns: numbers,
		Message: fmt.Sprintf("Columns whose values have another unit than those of the dataset: %d. The numbers were appended as they are.", len(numbers))}
}
