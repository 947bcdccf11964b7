package api

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerRows() {
	operation(s, huma.Operation{OperationID: "list-rows", Method: http.MethodGet, Path: datasetPath + "/rows", Tags: []string{"datasets"},
		Summary: "Read the rows, in the order of the file or another", Description: "A cursor stays with the version it was given for, and serves " +
			"with the filters and the order that it was given for. Rows that are equal in the order are in that of the file."}, s.listRows)
}

// Rows is a page of a dataset's rows. Integers, decimals and floats are JSON numbers (every digit of
// a decimal is sent), dates are "2014-03-01", timestamps RFC 3339 in UTC, missing values null.
type Rows struct {
	Columns    []query.ResultColumn `json:"columns" nullable:"false"`
	Rows       Table                `json:"rows"`
	RowNumbers []int64              `json:"row_numbers,omitempty" doc:"If they were asked for: the place of each row in the file, from 1"`
	NextCursor *string              `json:"next_cursor" doc:"Give it as cursor for the next page; null on the last one"`
}

// ColumnsParameter names columns.
type ColumnsParameter struct {
	Columns []string `query:"columns,explode" maxItems:"1000" doc:"Names of the columns to read, in this order; the parameter is repeated for each. Without it all" example:"price"`
}

// FiltersParameter is conditions on rows.
type FiltersParameter struct {
	Filters string `query:"filters" doc:"Conditions that a row must meet: a JSON array as filters in a query" example:"[{\"column\":\"region\",\"op\":\"eq\",\"value\":\"north\"}]"`

	filters []query.Filter
}

var rowFilters, rowOrder = newListParameter[query.Filter]("filters"), newListParameter[query.Order]("order")

func (p *FiltersParameter) parse() (errs []error) {
	p.filters, errs = rowFilters.parse(p.Filters)
	return errs
}

// rowsInput is the part of the rows that is asked for.
type rowsInput struct {
	DatasetPath
	VersionParameter
	ColumnsParameter
	FiltersParameter
	Order      string `query:"order" doc:"Columns to sort by: a JSON array as order in a query, where by is the name of a column. Nulls come last. Without it rows are in the order of the file" example:"[{\"by\":\"price\",\"desc\":true}]"`
	RowNumbers bool   `query:"row_numbers" doc:"Tell the place of each row in the file"`
	Limit      int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"At most; a page of long texts ends earlier"`
	Cursor     string `query:"cursor" maxLength:"100" doc:"next_cursor of the page before"`

	order []query.Order
	after int64 // the number of the last row of the page before
}

// Resolve reads what is JSON, and the cursor.
func (in *rowsInput) Resolve(huma.Context) []error {
	errs := in.parse()
	order, more := rowOrder.parse(in.Order)
	in.order = order
	if errs = append(errs, more...); len(errs) > 0 || in.Cursor == "" {
		return errs
	}
	if message := in.resolveCursor(); message != "" {
		return []error{&huma.ErrorDetail{Location: "query.cursor", Message: message}}
	}
	return nil
}

// resolveCursor reads a version, the number of a row in it, and what tells the selection.
func (in *rowsInput) resolveCursor() (refusal string) {
	b, err := base64.RawURLEncoding.DecodeString(in.Cursor)
	if err != nil || len(b) < 12 || b[4] != 0 { // no version has 2^56 rows
		return "not a cursor of this list"
	}
	if !bytes.Equal(b[12:], in.selection()) {
		return "was given for other filters or another order"
	}
	version := int32(binary.BigEndian.Uint32(b))
	if version < 1 || in.Version != 0 && in.Version != version {
		return "was given for another version"
	}
	in.Version, in.after = version, int64(binary.BigEndian.Uint64(b[4:]))
	return ""
}

// selection tells filters and order from others; nothing where there are none.
func (in *rowsInput) selection() []byte {
	if !in.selects() {
		return nil
	}
	text, _ := json.Marshal([]any{in.filters, in.order}) // they were JSON
	sum := sha256.Sum256(text)
	return sum[:8]
}

func (in *rowsInput) selects() bool { return len(in.filters)+len(in.order) > 0 }

func (in *rowsInput) cursor(version int, last int64) *string {
	b := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, uint32(version)), uint64(last))
	cursor := base64.RawURLEncoding.EncodeToString(append(b, in.selection()...))
	return &cursor
}

func (s *Server) listRows(ctx context.Context, in *rowsInput) (*struct{ Body Rows }, error) {
	read := s.rowsInOrderOfFile
	if in.selects() {
		read = s.selectedRows
	}
	rows, err := read(ctx, in)
	if !in.RowNumbers {
		rows.RowNumbers = nil
	}
	return &struct{ Body Rows }{rows}, err
}

// columnSlice is the wanted part of one chunk of one column.
type columnSlice struct {
	Version  int
	RowCount int64
	ColumnNo int
	Name     string
	Type     column.Type
	Scale    int
	Ints     []*int64
	Floats   []*float64
	Texts    []*string
}

// One row for each chunk of each column that holds any of the rows $3 … $3+$4-1; one for a column without any, and one
// where no column is seen. At most two chunks of a column: they hold 16,384 rows, or fewer where those would be more than 3 MiB, so that a page of long
// texts ends early and stays small. Codes are looked up here: 100 rows need few pages of the dictionary.
const selectRows = `
with v as (
  select v.number, v.row_count, v.segment_ids
  from app.datasets d join app.dataset_versions v on v.org_id = $1 and v.dataset_id = d.id and v.number = coalesce(nullif($5, 0), d.version) and v.deleted_at is null
  where d.org_id = $1 and d.id = $2),
segments as (
  select s.id, sum(s.row_count) over (order by u.n) - s.row_count as start
  from v, unnest(v.segment_ids) with ordinality u(id, n) join app.dataset_segments s on s.org_id = $1 and s.id = u.id),
wanted as (
  select k.segment_id, k.chunk_no, s.start + k.first_row as position,
    greatest($3 - s.start - k.first_row, 0)::integer + 1 as first, least($3 + $4 - s.start - k.first_row, k.row_count)::integer as last
  from segments s join app.dataset_chunks k on k.org_id = $1 and k.segment_id = s.id
    and k.column_no = (select min(c.column_no) from v, app.dataset_columns c where c.org_id = $1 and c.dataset_id = $2 and c.version = v.number)
  where s.start + k.first_row < $3 + $4 and s.start + k.first_row + k.row_count > $3
  order by position limit 2),
chunks as (
  select k.column_no, k.ints, k.int4s, k.int2s, k.floats, k.codes, k.texts, w.position, w.first, w.last
  from wanted w join app.dataset_chunks k on k.org_id = $1 and k.segment_id = w.segment_id and k.chunk_no = w.chunk_no)
select v.number as version, v.row_count, coalesce(c.column_no, 0) as column_no, coalesce(c.name, '') as name, coalesce(c.type, '') as type,
  coalesce(c.scale, 0) as scale,
  case
    when c.type = 'timestamp' then coalesce(k.ints[k.first:k.last], array(select s * 1000000::bigint from unnest(k.int4s[k.first:k.last]) s))
    when c.type <> 'text' then coalesce(k.ints[k.first:k.last], k.int4s[k.first:k.last]::bigint[], k.int2s[k.first:k.last]::bigint[])
  end as ints,
  k.floats[k.first:k.last] as floats,
  case
    when c.payload = 'texts' then k.texts[k.first:k.last]
    when c.type = 'text' then array(
      select (select w.words[u.code % 1024 + 1] from app.dataset_words w
        where w.org_id = $1 and w.dataset_id = $2 and w.column_no = c.column_no and w.page_no = u.code / 1024)
      from unnest(coalesce(k.codes[k.first:k.last], k.int2s[k.first:k.last]::integer[])) with ordinality u(code, n) order by u.n)
  end as texts
from v left join app.dataset_columns c on c.org_id = $1 and c.dataset_id = $2 and c.version = v.number and ($6::text[] is null or c.name = any ($6))
left join chunks k on k.column_no = c.column_no
order by c.position, k.position`

func (s *Server) rowsInOrderOfFile(ctx context.Context, in *rowsInput) (Rows, error) {
	found, err := tenant.Rows[columnSlice](ctx, s.db, member(ctx, in.OrgID), selectRows,
		in.OrgID, in.DatasetID, in.after, in.Limit, in.Version, in.Columns)
	if err != nil {
		return Rows{}, err
	}
	if len(found) == 0 {
		return Rows{}, refuse("not_found", "")
	}
	version, rowCount := found[0].Version, found[0].RowCount
	if found, err = in.inOrder(found); err != nil {
		return Rows{}, err
	}
	rows := rowsOf(found)
	for i := range rows.Rows {
		rows.RowNumbers = append(rows.RowNumbers, in.after+int64(i)+1)
	}
	if last := in.after + int64(len(rows.Rows)); last < rowCount && len(rows.Rows) > 0 {
		rows.NextCursor = in.cursor(version, last)
	}
	return rows, nil
}

// inOrder puts the columns in the order in which they are asked for; each has to be there.
func (p ColumnsParameter) inOrder(found []columnSlice) ([]columnSlice, error) {
	var v version
	for _, c := range found {
		if c.ColumnNo != 0 {
			v.Columns = append(v.Columns, column.Column{Name: c.Name})
		}
	}
	if len(v.Columns) == 0 {
		found = nil
	}
	if len(p.Columns) == 0 {
		return found, nil
	}
	if _, err := v.named(p); err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b columnSlice) int {
		return cmp.Compare(slices.Index(p.Columns, a.Name), slices.Index(p.Columns, b.Name))
	})
	return found, nil
}

// named are the columns that are asked for.
func (v version) named(p ColumnsParameter) ([]column.Column, error) {
	columns, err := v.of("").Named(p.Columns)
	return columns, queryProblem("query.", err)
}

// rowsOf turns slices of columns, ordered by column and position, into rows.
func rowsOf(slices []columnSlice) Rows {
	r := Rows{Columns: []query.ResultColumn{}, Rows: Table{}}
	row, columnNo := 0, 0
	for _, slice := range slices {
		if slice.ColumnNo != columnNo {
			row, columnNo = 0, slice.ColumnNo
			r.Columns = append(r.Columns, query.ResultColumn{Name: slice.Name, Type: slice.Type})
		}
		for _, cell := range slice.cells() {
			if columnNo == slices[0].ColumnNo {
				r.Rows = append(r.Rows, nil)
			}
			r.Rows[row] = append(r.Rows[row], cell)
			row++
		}
	}
	return r
}

func (s columnSlice) cells() []any {
	switch s.Type {
	case column.Text:
		return values(s.Texts, func(v string) any { return v })
	case column.Float:
		return values(s.Floats, func(v float64) any { return v })
	default:
		c := column.Column{Type: s.Type, Scale: s.Scale}
		return values(s.Ints, func(v int64) any { return c.Cell(v) })
	}
}

func values[T any](stored []*T, cell func(T) any) []any {
	cells := make([]any, len(stored))
	for i, v := range stored {
		if v != nil {
			cells[i] = cell(*v)
		}
	}
	return cells
}
