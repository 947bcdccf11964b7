package api

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerRows() {
	operation(s, huma.Operation{OperationID: "list-rows", Method: http.MethodGet, Path: datasetPath + "/rows", Tags: []string{"datasets"},
		Summary: "Read the rows in the order of the file", Description: "A cursor stays with the version it was given for."}, s.listRows)
}

// Rows is a page of a dataset's rows. Integers, decimals and floats are JSON numbers (every digit of
// a decimal is sent), dates are "2014-03-01", timestamps RFC 3339 in UTC, missing values null.
type Rows struct {
	Columns    []query.ResultColumn `json:"columns" nullable:"false"`
	Rows       Table                `json:"rows"`
	NextCursor *string              `json:"next_cursor" doc:"Give it as cursor for the next page; null on the last one"`
}

// rowsInput is the part of the rows that is asked for.
type rowsInput struct {
	DatasetPath
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"At most; a page of long texts ends earlier"`
	Cursor string `query:"cursor" maxLength:"100" doc:"next_cursor of the page before"`

	version  *int32 // nil: the active one
	position int64
}

// Resolve reads the cursor: a version and a position in it.
func (in *rowsInput) Resolve(huma.Context) []error {
	if in.Cursor == "" {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(in.Cursor)
	if err != nil || len(b) != 12 || b[4] != 0 { // no version has 2^56 rows
		return []error{&huma.ErrorDetail{Location: "query.cursor", Message: "not a cursor of this list"}}
	}
	version := int32(binary.BigEndian.Uint32(b))
	in.version, in.position = &version, int64(binary.BigEndian.Uint64(b[4:]))
	return nil
}

func rowsCursor(version int32, position int64) *string {
	b := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, uint32(version)), uint64(position))
	cursor := base64.RawURLEncoding.EncodeToString(b)
	return &cursor
}

// columnSlice is the wanted part of one chunk of one column.
type columnSlice struct {
	Version  int32
	RowCount int64
	ColumnNo int
	Name     string
	Type     column.Type
	Scale    int
	Ints     []*int64
	Floats   []*float64
	Texts    []*string
}

// One row for each chunk of each column that holds any of the rows $3 … $3+$4-1; one for a column without any. At most
// two chunks of a column: they hold 16,384 rows, or fewer where those would be more than 3 MiB, so that a page of long
// texts ends early and stays small. Codes are looked up here: 100 rows need few pages of the dictionary.
const selectRows = `
with v as (
  select v.number, v.row_count, v.segment_ids
  from app.datasets d join app.dataset_versions v on v.org_id = $1 and v.dataset_id = d.id and v.number = coalesce($5, d.version)
  where d.org_id = $1 and d.id = $2 and v.deleted_at is null),
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
select v.number as version, v.row_count, c.column_no, c.name, c.type, c.scale,
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
from v join app.dataset_columns c on c.org_id = $1 and c.dataset_id = $2 and c.version = v.number
left join chunks k on k.column_no = c.column_no
order by c.position, k.position`

const selectVersionNumber = `
select v.number
from app.datasets d join app.dataset_versions v on v.org_id = $1 and v.dataset_id = d.id and v.number = coalesce($3, d.version)
where d.org_id = $1 and d.id = $2`

func (s *Server) listRows(ctx context.Context, in *rowsInput) (*struct{ Body Rows }, error) {
	slices, err := tenant.Rows[columnSlice](ctx, s.db, member(ctx, in.OrgID), selectRows,
		in.OrgID, in.DatasetID, in.position, in.Limit, in.version)
	if err != nil {
		return nil, err
	}
	if len(slices) == 0 { // every version has a column, but perhaps none that the caller sees
		_, err := tenant.Row[struct{ Number int32 }](ctx, s.db, member(ctx, in.OrgID), selectVersionNumber, in.OrgID, in.DatasetID, in.version)
		return &struct{ Body Rows }{Rows{Columns: []query.ResultColumn{}, Rows: Table{}}}, err
	}
	out := rowsOf(slices)
	if next := in.position + int64(len(out.Rows)); next < slices[0].RowCount {
		out.NextCursor = rowsCursor(slices[0].Version, next)
	}
	return &struct{ Body Rows }{out}, nil
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
	c := column.Column{Type: s.Type, Scale: s.Scale}
	cells := values(s.Ints, func(v int64) any { return c.Cell(v) })
	cells = append(cells, values(s.Floats, func(v float64) any { return v })...)
	return append(cells, values(s.Texts, func(v string) any { return v })...)
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
