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

const selectChunk = `
select column_no, floats,
  case
    when column_no = any ($6) then coalesce(ints, array(select s * 1000000::bigint from unnest(int4s) s))
    when not column_no = any ($5) then coalesce(ints, int4s::bigint[], int2s::bigint[])
  end as ints,
  case when column_no = any ($5) then coalesce(codes, int2s::integer[]) end as codes, texts
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

// readChunk reads the values of columns in a chunk, at most 16,384 rows and 3 MiB together; nil if there is no such chunk.
func readChunk(ctx context.Context, tx *tenant.Tx, org, segment uuid.UUID, no int, columns []column.Column, words map[int][]string) ([]archive.Values, error) {
	place, numbers, coded, instants := placed(columns)
	found, err := tenant.TxRows[columnValues](ctx, tx, selectChunk, org, segment, numbers, no, coded, instants)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	if len(found) < len(columns) {
		return nil, fmt.Errorf("%d of %d columns are left of a chunk: the version was purged, or a column hidden", len(found), len(columns))
	}
	values := make([]archive.Values, len(columns))
	for _, c := range found {
		c.Words = words[c.ColumnNo]
		values[place[c.ColumnNo]] = c.Values
	}
	return values, nil
}

const selectDictionaries = `
select column_no, words from app.dataset_words where org_id = $1 and dataset_id = $2 and column_no = any ($3) order by column_no, page_no`

// readWords reads the dictionaries of the columns with these numbers: at most 10 MiB for a dataset that was uploaded.
func readWords(ctx context.Context, tx *tenant.Tx, org, dataset uuid.UUID, columnNos []int) (map[int][]string, error) {
	words := map[int][]string{}
	return words, tenant.TxEach(ctx, tx, func(page columnWords) error {
		words[page.ColumnNo] = append(words[page.ColumnNo], page.Words...)
		return nil
	}, selectDictionaries, org, dataset, columnNos)
}
