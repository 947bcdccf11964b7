package api

import (
	"context"
	"strconv"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
	"github.com/insightforge/insightforge/api/tenant"
)

// selectedRows finds the numbers of the rows, and then reads the columns of these.
func (s *Server) selectedRows(ctx context.Context, in *rowsInput) (rows Rows, err error) {
	release, err := s.slots.take(ctx, in.OrgID, queryWait)
	if err != nil {
		return rows, err
	}
	defer release()
	err = s.db.Snapshot(ctx, member(ctx, in.OrgID), func(tx *tenant.Tx) error {
		v, err := selectVersion(ctx, tx, in.OrgID, in.DatasetID, in.Version)
		if err != nil {
			return err
		}
		columns, err := v.named(in.ColumnsParameter)
		if err != nil {
			return err
		}
		sel := query.Selection{Filters: in.filters, Order: in.order, After: in.after, Limit: in.Limit + 1}
		numbers, err := v.numbers(ctx, tx, s.expand, sel)
		if err != nil {
			return err
		}
		found := numbers[:min(len(numbers), in.Limit)]
		if rows, err = v.cells(ctx, tx, columns, found); err != nil {
			return err
		}
		if rows.RowNumbers = found[:len(rows.Rows)]; len(rows.Rows) < len(numbers) {
			rows.NextCursor = in.cursor(v.Number, found[len(rows.Rows)-1])
		}
		return nil
	})
	return rows, err
}

// firstWindow is in how many rows those are looked for that come first in the order of the file: when they are not there, in
// four times as many after them, and so on.
const firstWindow = 1 << 18

// numbers finds the rows of a selection.
func (v version) numbers(ctx context.Context, tx *tenant.Tx, expand string, sel query.Selection) (found []int64, err error) {
	if len(sel.Order) > 0 {
		return v.find(ctx, tx, expand, sel)
	}
	for window := int64(firstWindow); ; window *= 4 {
		sel.Until = sel.After + window
		more, err := v.find(ctx, tx, expand, sel)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
		if len(more) == sel.Limit || sel.Until >= v.RowCount {
			return found, nil
		}
		sel.After, sel.Limit = sel.Until, sel.Limit-len(more)
	}
}

func (v version) find(ctx context.Context, tx *tenant.Tx, expand string, sel query.Selection) ([]int64, error) {
	statement, err := query.CompileRows(sel, v.of(expand))
	if err != nil {
		return nil, queryProblem("query.", err)
	}
	texts, err := tx.Analyze(ctx, statement.SQL, statement.Args...)
	if err != nil {
		return nil, err
	}
	numbers := make([]int64, len(texts))
	for i, text := range texts {
		if numbers[i], err = strconv.ParseInt(string(text), 10, 64); err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

// One row for each of the columns $4, with their values in the rows with the numbers $6, in this order; $5 are the columns
// with dictionaries, $7 those of instants. Rows end where their texts are more than 8 MiB, but for the first. An array is unpacked once (|| '{}'), not
// for each of its values.
const selectCells = `
with s as (
  select g.id, (sum(g.row_count) over (order by u.n) - g.row_count)::bigint as start
  from unnest($3::uuid[]) with ordinality u(id, n) join app.dataset_segments g on g.org_id = $1 and g.id = u.id),
chunks as materialized (
  select row_number() over (order by s.start + k.first_row) as n, s.start + k.first_row as start, k.segment_id, k.chunk_no
  from s join app.dataset_chunks k on k.org_id = $1 and k.segment_id = s.id and k.column_no = ($4::integer[])[1]),
wanted as materialized (
  select c.segment_id, c.chunk_no, array_agg(u.place) as places, array_agg((u.number - c.start)::integer) as rows
  from unnest($6::bigint[]) with ordinality u(number, place)
  join chunks c on c.n = width_bucket(u.number - 1, (select array_agg(start order by n) from chunks))
  group by 1, 2),
arrays as (
  select k.column_no, k.column_no = any ($5) as coded, w.places, w.rows, k.ints || '{}'::bigint[] as ints, k.int4s || '{}'::integer[] as int4s,
    k.int2s || '{}'::smallint[] as int2s, k.floats || '{}'::float8[] as floats, k.codes || '{}'::integer[] as codes, k.texts || '{}'::text[] as texts
  from wanted w join app.dataset_chunks k on k.org_id = $1 and k.segment_id = w.segment_id and k.chunk_no = w.chunk_no and k.column_no = any ($4)
  offset 0),
cells as materialized (
  select a.column_no, u.place, case
      when a.column_no = any ($7) then coalesce(a.ints[u.row], a.int4s[u.row] * 1000000::bigint)
      when not a.coded then coalesce(a.ints[u.row], a.int4s[u.row], a.int2s[u.row])
    end as int, a.floats[u.row] as float,
    case when a.coded then (select w.words[c.code % 1024 + 1]
        from (select coalesce(a.codes[u.row], a.int2s[u.row]) as code) c, app.dataset_words w
        where w.org_id = $1 and w.dataset_id = $2 and w.column_no = a.column_no and w.page_no = c.code / 1024)
      else a.texts[u.row] end as text
  from arrays a, unnest(a.places, a.rows) u(place, row)),
bounded as (
  select c.column_no, c.place, c.int, c.float, c.text, sum(coalesce(octet_length(c.text), 0)) over (order by c.place) as bytes from cells c)
select column_no, array_agg(int order by place) as ints, array_agg(float order by place) as floats, array_agg(text order by place) as texts
from bounded where bytes <= 8388608 or place = 1 group by column_no`

// cells reads columns of the rows with these numbers.
func (v version) cells(ctx context.Context, tx *tenant.Tx, columns []column.Column, numbers []int64) (Rows, error) {
	place, all, coded, instants := placed(columns)
	slices := make([]columnSlice, len(columns))
	for i, c := range columns {
		slices[i] = columnSlice{ColumnNo: c.No, Name: c.Name, Type: c.Type, Scale: c.Scale}
	}
	if len(numbers) == 0 {
		return rowsOf(slices), nil
	}
	found, err := tenant.TxRows[struct {
		ColumnNo int
		Ints     []*int64
		Floats   []*float64
		Texts    []*string
	}](ctx, tx, selectCells, v.OrgID, v.ID, v.SegmentIDs, all, coded, numbers, instants)
	for _, f := range found {
		s := &slices[place[f.ColumnNo]]
		s.Ints, s.Floats, s.Texts = f.Ints, f.Floats, f.Texts
	}
	return rowsOf(slices), err
}
