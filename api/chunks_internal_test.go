package api

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/ingest"
)

func TestPartsHaveEachRowOnceAndFewCells(t *testing.T) {
	t.Parallel()
	one, two := uuid.New(), uuid.New()
	chunks := []part{{one, 0, 0, 1, 16_384}, {one, 1, 16_384, 1, 700}, {two, 0, 17_084, 1, 16_384}}
	require.Equal(t, chunks, parts(chunks, 24))
	for _, columns := range []int{1, 25, 999, ingest.MaxColumns} {
		cut, next := parts(chunks, columns), int64(0)
		for _, p := range cut {
			require.LessOrEqual(t, p.RowCount*columns, maxCells)
			require.Equal(t, next, p.Start)
			whole := chunks[0]
			for _, c := range chunks {
				if c.SegmentID == p.SegmentID && c.ChunkNo == p.ChunkNo {
					whole = c
				}
			}
			require.Equal(t, p.Start-whole.Start, int64(p.First-1))
			next += int64(p.RowCount)
		}
		require.Equal(t, int64(33_468), next)
	}
	require.Len(t, parts(chunks, ingest.MaxColumns), 41+2+41)
}
