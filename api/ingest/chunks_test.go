package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
)

// spool reads a file of a header and rows, each made by row.
func spool(t *testing.T, header string, rows int, row func(i int) string) *File {
	var b strings.Builder
	b.WriteString(header + "\n")
	for i := range rows {
		b.WriteString(row(i) + "\n")
	}
	f, err := Spool(context.Background(), strings.NewReader(b.String()), Options{})
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// groups checks that all columns have the same chunk boundaries, and returns the rows and bytes of each row group.
func groups(t *testing.T, f *File) (rows, size []int) {
	columnNo, chunkNo, first := 1, 0, int64(0)
	require.NoError(t, f.Chunks(context.Background(), func(c Chunk) error {
		require.Equal(t, columnNo, c.ColumnNo)
		require.Equal(t, chunkNo, c.ChunkNo)
		require.Equal(t, first, c.FirstRow)
		if columnNo == 1 {
			rows, size = append(rows, c.Rows), append(size, 0)
		}
		require.Equal(t, rows[chunkNo], c.Rows)
		size[chunkNo] += len(c.Array)
		if columnNo++; columnNo > len(f.Columns) {
			columnNo, chunkNo, first = 1, chunkNo+1, first+int64(c.Rows)
		}
		return nil
	}))
	require.Equal(t, f.Rows, first)
	return rows, size
}

func TestAChunkHasAtMost16384Rows(t *testing.T) {
	t.Parallel()
	rows, _ := groups(t, spool(t, "a,b", 40_000, func(i int) string { return fmt.Sprint(i, ",x") }))
	require.Equal(t, []int{16_384, 16_384, 7_232}, rows)
}

func TestRowGroupsOfWideTablesAreShorter(t *testing.T) {
	t.Parallel()
	f := spool(t, strings.Repeat(",", MaxColumns-1), 1000, func(int) string { return strings.Repeat("1,", MaxColumns-1) + "1" })
	rows, size := groups(t, f)
	require.Equal(t, []int{524, 476}, rows)
	require.LessOrEqual(t, size[0], maxGroupBytes+MaxColumns*headerSize)
}

func TestRowGroupsOfLongTextsAreShorter(t *testing.T) {
	t.Parallel()
	pad := strings.Repeat("x", 100_000)
	f := spool(t, "a,b", 200, func(i int) string { return fmt.Sprint(i, ",", i, pad) })
	require.Equal(t, column.Texts, f.Columns[1].Payload)
	rows, size := groups(t, f)
	require.Equal(t, 32, rows[0])
	for _, n := range size {
		require.Less(t, n, maxGroupBytes+len(pad)+1000)
	}
}

func TestTextHasADictionaryUpTo65536Words(t *testing.T) {
	t.Parallel()
	f := spool(t, "a,b,c", 2*(MaxWords+1), func(i int) string {
		return fmt.Sprintf("w%d,w%d,w%d", i%MaxWords, i%(MaxWords+1), i%(MaxWords-1))
	})
	require.Equal(t, column.Codes, f.Columns[0].Payload)
	require.EqualValues(t, MaxWords, f.Columns[0].DistinctCount)
	require.Equal(t, column.Texts, f.Columns[1].Payload)
	require.Zero(t, f.Columns[1].DistinctCount)
	got := decode(t, f)
	require.Len(t, dictionaryOf(f, 1), MaxWords/pageWords)
	require.Nil(t, dictionaryOf(f, 2))
	for i := range 3 {
		require.Equal(t, "w65534", got.values[i][65_534])
	}
	require.Equal(t, []any{"w65535", "w65535", "w0"}, []any{got.values[0][65_535], got.values[1][65_535], got.values[2][65_535]})
}

func TestCodesAreGivenInOrderOfFirstAppearance(t *testing.T) {
	t.Parallel()
	f := spool(t, "a,b", 3000, func(i int) string { return fmt.Sprintf("%d,w%d", i, i%1500) })
	require.NoError(t, f.Chunks(context.Background(), func(c Chunk) error {
		if c.ColumnNo == 2 {
			codes := decodeArray(t, c.Payload, c.Array)
			require.EqualValues(t, 0, codes[0])
			require.EqualValues(t, 1499, codes[1499])
			require.EqualValues(t, 0, codes[1500])
		}
		return nil
	}))
	require.Len(t, dictionaryOf(f, 2), 2)
	second := decodeArray(t, column.Texts, dictionaryOf(f, 2)[1])
	require.Len(t, second, 1500-pageWords)
	require.Equal(t, "w1024", second[0])
}

func TestTheLargestDictionaryIsGivenUpWhenAllAreTooLarge(t *testing.T) {
	t.Parallel()
	pad := strings.Repeat("x", 2000)
	f := spool(t, "a,b,c", 5000, func(i int) string { return fmt.Sprintf("w%d,%s%d,%s%d", i%1000, pad, i, pad[:1500], i) })
	require.Equal(t, column.Int2s, f.Columns[0].Payload)
	require.Equal(t, column.Texts, f.Columns[1].Payload)
	require.Equal(t, column.Int2s, f.Columns[2].Payload)
	size := 0
	decode(t, f)
	for _, page := range append(dictionaryOf(f, 1), dictionaryOf(f, 3)...) {
		size += len(page)
	}
	require.Less(t, size, maxWordMem)
}

func TestAChunkIsValidUntilItsRowGroupEnds(t *testing.T) {
	t.Parallel()
	f := spool(t, "a,b", 100_000, func(i int) string { return fmt.Sprintf("%d,%d", i, i%7) })
	var first Chunk
	require.NoError(t, f.Chunks(context.Background(), func(c Chunk) error {
		if c.ColumnNo == 1 {
			first = c
			return nil
		}
		require.EqualValues(t, first.FirstRow, decodeArray(t, first.Payload, first.Array)[0])
		require.Equal(t, first.FirstRow, *first.Min)
		return nil
	}))
}

func TestChunksCanBeReadTwice(t *testing.T) {
	t.Parallel()
	f := spool(t, "a,b", 100, func(i int) string { return fmt.Sprintf("%d,w%d", i, i%7) })
	require.Equal(t, decode(t, f).values, decode(t, f).values)
}

func TestChunksStopWhenEmitFails(t *testing.T) {
	t.Parallel()
	f := spool(t, "a", 100_000, func(i int) string { return fmt.Sprint(i) })
	failed, calls := errors.New("database gone"), 0
	err := f.Chunks(context.Background(), func(Chunk) error {
		if calls++; calls == 2 {
			return failed
		}
		return nil
	})
	require.ErrorIs(t, err, failed)
	require.Equal(t, 2, calls)
}

func TestChunksStopWithTheirContext(t *testing.T) {
	t.Parallel()
	f := spool(t, "a", 100_000, func(i int) string { return fmt.Sprint(i) })
	ctx, cancel := context.WithCancel(context.Background())
	err := f.Chunks(ctx, func(Chunk) error { cancel(); return nil })
	require.ErrorIs(t, err, context.Canceled)
}

func TestAClosedFileCannotBeRead(t *testing.T) {
	t.Parallel()
	f := spool(t, "a", 1, func(int) string { return "1" })
	require.NoError(t, f.Close())
	require.Error(t, f.Chunks(context.Background(), func(Chunk) error { return nil }))
}
