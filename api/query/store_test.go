package query_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
	"github.com/insightforge/insightforge/api/query"
)

func TestMain(m *testing.M) { postgrestest.Main(m, postgrestest.Tables) }

func connect(t testing.TB) *pgx.Conn { return postgrestest.Unreferenced(t) }

// table is a version of a dataset. A cell is nil, int64 (as stored in ints), float64 or string.
type table struct {
	columns []column.Column
	rows    [][]any
	chunks  [][]int // rows of each chunk of each segment
}

// fataler is what both testing.TB and *rapid.T offer.
type fataler interface {
	require.TestingT
	Helper()
}

// load stores tbl as a version of a new organization.
func load(t fataler, conn *pgx.Conn, tbl table) query.Version {
	t.Helper()
	tbl.columns = narrowed(tbl)
	version := query.Version{OrgID: uuid.New(), DatasetID: uuid.New(), Columns: tbl.columns, Expand: "app.expand"}
	for range tbl.chunks {
		version.Segments = append(version.Segments, uuid.New())
	}
	store(t, conn, tbl, version)
	return version
}

func store(t fataler, conn *pgx.Conn, tbl table, version query.Version) {
	t.Helper()
	batch := &pgx.Batch{}
	codes := dictionaries(tbl)
	row := 0
	for s, sizes := range tbl.chunks {
		first := row
		for n, size := range sizes {
			for i, col := range tbl.columns {
				queueChunk(batch, version, version.Segments[s], n, row-first, col, values(tbl.rows[row:row+size], i, codes[i]))
			}
			row += size
		}
		batch.Queue("insert into app.dataset_segments values ($1, $2, $3, $1, $4)", version.OrgID, version.Segments[s], version.DatasetID, row-first)
	}
	queueWords(batch, version, tbl, codes)
	require.NoError(t, conn.SendBatch(context.Background(), batch).Close())
}

// dictionaries numbers the words of each column with codes, in order of appearance.
func dictionaries(tbl table) []map[string]int64 {
	codes := make([]map[string]int64, len(tbl.columns))
	for i, col := range tbl.columns {
		if !col.IsCoded() {
			continue
		}
		codes[i] = map[string]int64{}
		for _, row := range tbl.rows {
			if word, ok := row[i].(string); ok {
				if _, seen := codes[i][word]; !seen {
					codes[i][word] = int64(len(codes[i]))
				}
			}
		}
	}
	return codes
}

func values(rows [][]any, i int, codes map[string]int64) []any {
	cells := make([]any, len(rows))
	for r, row := range rows {
		cells[r] = row[i]
		if word, ok := row[i].(string); ok && codes != nil {
			cells[r] = codes[word]
		}
	}
	return cells
}

func queueChunk(batch *pgx.Batch, version query.Version, segment uuid.UUID, n, first int, col column.Column, cells []any) {
	var nulls int
	var lowest, highest any
	for _, cell := range cells {
		if cell == nil {
			nulls++
		}
		if i, ok := cell.(int64); ok {
			if lowest == nil || i < lowest.(int64) {
				lowest = i
			}
			if highest == nil || i > highest.(int64) {
				highest = i
			}
		}
	}
	array := col.Payload
	if col.Type == column.Timestamp {
		if col.Payload == column.Int4s || n%2 == 1 && wholeSeconds(cells) {
			array, cells = column.Int4s, seconds(cells)
		}
	} else if n%2 == 1 && !slices.Contains([]column.Payload{column.Floats, column.Texts}, array) {
		array = narrowest(array, lowest, highest)
	}
	batch.Queue("insert into app.dataset_chunks (org_id, segment_id, column_no, chunk_no, created_by, first_row, row_count, null_count, min_value, max_value, "+
		string(array)+") values ($1, $2, $3, $4, $1, $5, $6, $7, $8, $9, $10)",
		version.OrgID, segment, col.No, n, first, len(cells), nulls, lowest, highest, cells)
}

// narrowed gives the columns of every second table the narrowest arrays that their values allow.
func narrowed(tbl table) []column.Column {
	columns := slices.Clone(tbl.columns)
	for i, col := range columns {
		if len(tbl.rows)%2 == 0 || !col.IsInts() && !col.IsCoded() {
			continue
		}
		if col.Type == column.Timestamp {
			if wholeSeconds(values(tbl.rows, i, nil)) {
				columns[i].Payload = column.Int4s
			}
			continue
		}
		var lowest, highest any
		for _, row := range tbl.rows {
			if v, ok := row[i].(int64); ok {
				lowest, highest = min(v, orElse(lowest, v)), max(v, orElse(highest, v))
			}
		}
		columns[i].Payload = narrowest(col.Payload, lowest, highest)
	}
	return columns
}

func orElse(v any, other int64) int64 {
	if n, ok := v.(int64); ok {
		return n
	}
	return other
}

// wholeSeconds tells whether instants in microseconds can be stored as seconds, seconds does it.
func wholeSeconds(cells []any) bool {
	return !slices.ContainsFunc(cells, func(cell any) bool {
		v, ok := cell.(int64)
		return ok && (v%1_000_000 != 0 || v/1_000_000 != int64(int32(v/1_000_000)))
	})
}

func seconds(cells []any) []any {
	out := slices.Clone(cells)
	for i, cell := range out {
		if v, ok := cell.(int64); ok {
			out[i] = v / 1_000_000
		}
	}
	return out
}

// narrowest is the narrowest array for a range, as a segment may have it beside wider ones.
func narrowest(widest column.Payload, lowest, highest any) column.Payload {
	low, _ := lowest.(int64)
	high, _ := highest.(int64)
	switch {
	case low >= math.MinInt16 && high <= math.MaxInt16:
		return column.Int2s
	case widest == column.Ints && low >= math.MinInt32 && high <= math.MaxInt32:
		return column.Int4s
	}
	return widest
}

func queueWords(batch *pgx.Batch, version query.Version, tbl table, codes []map[string]int64) {
	for i, col := range tbl.columns {
		words := make([]string, len(codes[i]))
		for word, code := range codes[i] {
			words[code] = word
		}
		n := 0
		for page := range slices.Chunk(words, 1024) {
			batch.Queue("insert into app.dataset_words values ($1, $2, $3, $4, $1, $5)", version.OrgID, version.DatasetID, col.No, n, page)
			n++
		}
	}
}

// ask compiles spec, runs it and decodes the rows.
func ask(t fataler, conn *pgx.Conn, spec query.Specification, version query.Version) [][]any {
	t.Helper()
	statement, err := query.Compile(spec, version)
	require.NoError(t, err)
	rows, err := conn.Query(context.Background(), statement.SQL, statement.Args...)
	require.NoError(t, err, statement.SQL)
	answer, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) {
		var text string
		if err := row.Scan(&text); err != nil {
			return nil, err
		}
		return query.Decode([]byte(text))
	})
	require.NoError(t, err, statement.SQL)
	return answer
}
