package api

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/archive"
	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/tenant"
)

// columnValues are one chunk of one column.
type columnValues struct {
	ColumnNo int
	archive.Values
}

// maxCells is how many values of a table are in memory at once, about: a whole chunk of 24 columns. What is appended may make a
// table wide whose chunks have the rows of a narrow one.
const maxCells = 400_000

// part is rows of one chunk, of every column.
type part struct {
	SegmentID uuid.UUID
	ChunkNo   int
	Start     int64 // rows of the table before it
	First     int   // row in the chunk, from 1
	RowCount  int
}

// parts cuts chunks so that each part has at most maxCells values.
func parts(chunks []part, columns int) (cut []part) {
	for _, c := range chunks {
		for c.RowCount > 0 {
			rows := min(c.RowCount, maxCells/columns)
			cut = append(cut, part{c.SegmentID, c.ChunkNo, c.Start, c.First, rows})
			c.Start, c.First, c.RowCount = c.Start+int64(rows), c.First+rows, c.RowCount-rows
		}
	}
	return cut
}

// selectChunks finds those of a version, by one of its columns.
const selectChunks = `
select k.segment_id, k.chunk_no, s.start + k.first_row as start, 1 as first, k.row_count
from (
  select g.id, (sum(g.row_count) over (order by u.n) - g.row_count)::bigint as start
  from unnest($2::uuid[]) with ordinality u(id, n) join app.dataset_segments g on g.org_id = $1 and g.id = u.id) s
join app.dataset_chunks k on k.org_id = $1 and k.segment_id = s.id and k.column_no = $3
order by start`

// parts are those of the version, in the order of the rows.
func (v version) parts(ctx context.Context, tx *tenant.Tx, columns []column.Column) ([]part, error) {
	chunks, err := tenant.TxRows[part](ctx, tx, selectChunks, v.OrgID, v.SegmentIDs, columns[0].No)
	return parts(chunks, len(columns)), err
}

const selectPart = `
select column_no, floats[$7:$8] as floats,
  case
    when column_no = any ($6) then coalesce(ints[$7:$8], array(select s * 1000000::bigint from unnest(int4s[$7:$8]) s))
    when not column_no = any ($5) then coalesce(ints[$7:$8], int4s[$7:$8]::bigint[], int2s[$7:$8]::bigint[])
  end as ints,
  case when column_no = any ($5) then coalesce(codes[$7:$8], int2s[$7:$8]::integer[]) end as codes, texts[$7:$8] as texts
from app.dataset_chunks where org_id = $1 and segment_id = $2 and column_no = any ($3) and chunk_no = $4`

// placed are the places of columns by their numbers, and the numbers: of all, of those with dictionaries, and of instants.
func placed(columns []column.Column) (place map[int]int, numbers, coded, instants []int) {
	place, coded, instants = map[int]int{}, []int{}, []int{}
	for i, c := range columns {
		place[c.No] = i
		numbers = append(numbers, c.No)
		if c.IsCoded() {
			coded = append(coded, c.No)
		}
		if c.Type == column.Timestamp {
			instants = append(instants, c.No)
		}
	}
	return place, numbers, coded, instants
}

// readPart reads the values of columns in a part.
func readPart(ctx context.Context, tx *tenant.Tx, org uuid.UUID, p part, columns []column.Column, words map[int][]string) ([]archive.Values, error) {
	place, numbers, coded, instants := placed(columns)
	found, err := tenant.TxRows[columnValues](ctx, tx, selectPart, org, p.SegmentID, numbers, p.ChunkNo, coded, instants, p.First, p.First+p.RowCount-1)
	if err != nil {
		return nil, err
	}
	if len(found) < len(columns) {
		return nil, fmt.Errorf("%d of %d columns are left of a chunk: the version was purged, or a column hidden", len(found), len(columns))
	}
	values := make([]archive.Values, len(columns))
	for _, c := range found {
		c.Words = words[c.ColumnNo]
		if n := c.Rows(); n != p.RowCount {
			return nil, fmt.Errorf("a chunk has %d of %d rows", n, p.RowCount)
		}
		values[place[c.ColumnNo]] = c.Values
	}
	return values, nil
}

const selectDictionaries = `
select column_no, words from app.dataset_words where org_id = $1 and dataset_id = $2 and column_no = any ($3) order by column_no, page_no`

// readWords reads the dictionaries of the columns with these numbers: together at most about maxVersionWords.
func readWords(ctx context.Context, tx *tenant.Tx, org, dataset uuid.UUID, columnNos []int) (map[int][]string, error) {
	words := map[int][]string{}
	return words, tenant.TxEach(ctx, tx, func(page columnWords) error {
		words[page.ColumnNo] = append(words[page.ColumnNo], page.Words...)
		return nil
	}, selectDictionaries, org, dataset, columnNos)
}
