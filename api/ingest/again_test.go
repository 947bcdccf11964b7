package ingest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
)

func spooled(t *testing.T, csv string, opt Options) *File {
	t.Helper()
	opt.Dir = t.TempDir()
	f, err := Spool(t.Context(), strings.NewReader(csv), opt)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func TestAFileIsReadAgainWithOtherTypes(t *testing.T) {
	t.Parallel()
	f := spooled(t, "n,d,amount,word\n1,2024-01-02,\"€1,000.5\",7\n2,2024-01-03,\"€2,000.5\",8\n", Options{Columns: []ColumnOptions{{Header: "word", Name: "w", Type: column.Text}}})
	require.Equal(t, []bool{false, false, false, true}, []bool{f.Columns[0].Asked, f.Columns[1].Asked, f.Columns[2].Asked, f.Columns[3].Asked})
	require.NoError(t, f.Reread(t.Context(), map[int]Retype{1: {column.Decimal, 2}, 2: {column.Timestamp, 0}, 3: {column.Decimal, 3}}))
	var types []column.Type
	for _, c := range f.Columns {
		types = append(types, c.Type)
	}
	require.Equal(t, []column.Type{column.Decimal, column.Timestamp, column.Decimal, column.Text}, types)
	require.Equal(t, "w", f.Columns[3].Name)
	require.Equal(t, "word", f.Columns[3].Header)
	require.Equal(t, "EUR", f.Columns[2].Unit)
	require.Zero(t, f.Rejected.Cells)

	var refused *Error
	require.ErrorAs(t, f.Reread(t.Context(), map[int]Retype{1: {column.Boolean, 0}}), &refused)
	require.Equal(t, RejectNotBoolean, refused.Rejected.First[0].Code)
	require.Equal(t, int64(3), refused.Rejected.First[0].Line)
}

func TestChunksFollowTheBoundariesThatAreGiven(t *testing.T) {
	t.Parallel()
	f := spooled(t, "a,b\n1,x\n2,y\n3,z\n4,x\n5,x\n", Options{})
	f.ChunkRows = []int{2, 1, 2}
	var rows []int
	require.NoError(t, f.Chunks(t.Context(), func(c Chunk) error {
		rows = append(rows, c.ColumnNo, c.ChunkNo, int(c.FirstRow), c.Rows)
		return nil
	}))
	require.Equal(t, []int{1, 0, 0, 2, 2, 0, 0, 2, 1, 1, 2, 1, 2, 1, 2, 1, 1, 2, 3, 2, 2, 2, 3, 2}, rows)
}
