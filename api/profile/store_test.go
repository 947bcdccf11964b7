package profile_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
	"github.com/insightforge/insightforge/api/profile"
	"github.com/insightforge/insightforge/api/query"
)

func TestMain(m *testing.M) { postgrestest.Main(m, postgrestest.Tables) }

func connect(t testing.TB) *pgx.Conn { return postgrestest.Unreferenced(t, "enable_sort = off") }

// fataler is what both testing.TB and *rapid.T offer.
type fataler interface {
	require.TestingT
	Helper()
}

// load stores a column in two segments, the first of them in two chunks. A value is nil, int64 (as stored), float64 or string.
func load(t fataler, conn *pgx.Conn, of column.Column, values []any) query.Version {
	t.Helper()
	v := query.Version{OrgID: uuid.New(), DatasetID: uuid.New(), Segments: []uuid.UUID{uuid.New(), uuid.New()}, Expand: "app.expand"}
	store(t, conn, of, values, v)
	return v
}

func store(t fataler, conn *pgx.Conn, of column.Column, values []any, v query.Version) {
	t.Helper()
	batch := &pgx.Batch{}
	cells, words := values, []string{}
	if of.IsCoded() {
		cells, words = encode(values)
	}
	third := len(cells) / 3
	queueChunk(batch, v, 0, 0, of, cells[:third])
	queueChunk(batch, v, 0, 1, of, cells[third:2*third])
	queueChunk(batch, v, 1, 0, of, cells[2*third:])
	for page := 0; page*1024 < len(words); page++ {
		batch.Queue("insert into app.dataset_words (org_id, dataset_id, column_no, page_no, created_by, words) values ($1, $2, $3, $4, $1, $5)",
			v.OrgID, v.DatasetID, of.No, page, words[page*1024:min(len(words), page*1024+1024)])
	}
	require.NoError(t, conn.SendBatch(context.Background(), batch).Close())
}

func encode(values []any) (codes []any, words []string) {
	known := map[string]int64{}
	for _, v := range values {
		word, ok := v.(string)
		if !ok {
			codes = append(codes, nil)
			continue
		}
		if _, ok := known[word]; !ok {
			known[word], words = int64(len(words)), append(words, word)
		}
		codes = append(codes, known[word])
	}
	return codes, words
}

func queueChunk(batch *pgx.Batch, v query.Version, segment, chunk int, of column.Column, cells []any) {
	var nulls int
	var lowest, highest *int64
	for _, cell := range cells {
		if cell == nil {
			nulls++
		}
		if i, ok := cell.(int64); ok {
			if lowest == nil || i < *lowest {
				lowest = &i
			}
			if highest == nil || i > *highest {
				highest = &i
			}
		}
	}
	if len(cells) == 0 {
		return
	}
	payload, fits := of.Payload, lowest == nil || *lowest >= math.MinInt16 && *highest <= math.MaxInt16
	switch {
	case of.Type == column.Timestamp:
		if payload == column.Int4s {
			cells = seconds(cells)
		}
	case payload != column.Floats && payload != column.Texts && fits && segment == 1: // a segment may have narrower arrays than its version
		payload = column.Int2s
	}
	batch.Queue("insert into app.dataset_chunks (org_id, segment_id, column_no, chunk_no, created_by, first_row, row_count, null_count, min_value, max_value, "+
		string(payload)+") values ($1, $2, $3, $4, $1, 0, $5, $6, $7, $8, $9)",
		v.OrgID, v.Segments[segment], of.No, chunk, len(cells), nulls, lowest, highest, cells)
}

// seconds of instants that are whole ones.
func seconds(instants []any) []any {
	cells := make([]any, len(instants))
	for i, cell := range instants {
		if at, ok := cell.(int64); ok {
			cells[i] = at / 1_000_000
		}
	}
	return cells
}

var published = time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)

func compute(t fataler, conn *pgx.Conn, of column.Column, v query.Version) profile.Profile {
	t.Helper()
	p, err := profile.Compute(context.Background(), func(ctx context.Context, sql string, args ...any) ([][]byte, error) {
		rows, err := conn.Query(ctx, sql, args...)
		require.NoError(t, err, sql)
		return pgx.CollectRows(rows, pgx.RowTo[[]byte])
	}, v, of, published)
	require.NoError(t, err)
	return p
}
