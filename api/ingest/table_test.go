package ingest

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
)

// table is a file after both passes: columns of int64, float64, string or nil, decoded by pgx.
type table struct {
	*File
	values [][]any
}

func read(t require.TestingT, csv string) table {
	f, err := Spool(context.Background(), strings.NewReader(csv), Options{})
	require.NoError(t, err)
	defer f.Close()
	return decode(t, f)
}

func decode(t require.TestingT, f *File) table {
	requireSame(t, f)
	got := table{File: f, values: make([][]any, len(f.Columns))}
	rows := make([]int64, len(f.Columns))
	require.NoError(t, f.Chunks(context.Background(), func(c Chunk) error {
		i := c.ColumnNo - 1
		require.Equal(t, rows[i], c.FirstRow)
		require.Equal(t, f.Columns[i].Payload, c.Payload)
		values := decodeArray(t, c.Payload, c.Array)
		for row, v := range values {
			if seconds, ok := v.(int64); ok && c.Payload == column.Int4s && f.Columns[i].Type == column.Timestamp {
				values[row] = seconds * second
			}
		}
		require.Len(t, values, c.Rows)
		requireSummary(t, c, values)
		got.values[i] = append(got.values[i], values...)
		rows[i] += int64(c.Rows)
		return nil
	}))
	for i, c := range f.Columns {
		require.Equal(t, f.Rows, rows[i])
		nulls := 0
		for _, v := range got.values[i] {
			if v == nil {
				nulls++
			}
		}
		require.EqualValues(t, c.NullCount, nulls)
		if c.IsCoded() {
			got.resolve(t, i)
		}
	}
	return got
}

func dictionaryOf(f *File, columnNo int) [][]byte {
	_, pages := f.Words(columnNo)
	return pages
}

// resolve replaces codes by their words.
func (tb table) resolve(t require.TestingT, i int) {
	var words []any
	for _, page := range dictionaryOf(tb.File, i+1) {
		words = append(words, decodeArray(t, column.Texts, page)...)
	}
	require.EqualValues(t, tb.Columns[i].DistinctCount, len(words))
	for row, v := range tb.values[i] {
		if v != nil {
			tb.values[i][row] = words[v.(int64)]
		}
	}
}

func requireSummary(t require.TestingT, c Chunk, values []any) {
	nulls, least, most := 0, (*int64)(nil), (*int64)(nil)
	for _, v := range values {
		if v == nil {
			nulls++
		}
		if n, ok := v.(int64); ok {
			if least == nil || n < *least {
				least = &n
			}
			if most == nil || n > *most {
				most = &n
			}
		}
	}
	require.Equal(t, nulls, c.Nulls)
	require.Equal(t, least, c.Min)
	require.Equal(t, most, c.Max)
}

func decodeArray(t require.TestingT, payload column.Payload, array []byte) []any {
	switch payload {
	case column.Ints:
		return scan[int64](t, pgtype.Int8ArrayOID, array)
	case column.Int2s:
		return scan[int64](t, pgtype.Int2ArrayOID, array)
	case column.Floats:
		return scan[float64](t, pgtype.Float8ArrayOID, array)
	case column.Codes, column.Int4s:
		return scan[int64](t, pgtype.Int4ArrayOID, array)
	default:
		return scan[string](t, pgtype.TextArrayOID, array)
	}
}

func scan[T any](t require.TestingT, oid uint32, array []byte) []any {
	var pointers []*T
	require.NoError(t, pgtype.NewMap().Scan(oid, pgtype.BinaryFormatCode, array, &pointers))
	values := make([]any, len(pointers))
	for i, p := range pointers {
		if p != nil {
			values[i] = *p
		}
	}
	return values
}

// columnOf reads a file of one column.
func columnOf(t *testing.T, fields ...string) (Column, []any) {
	got := read(t, "name\n"+strings.Join(fields, "\n")+"\n")
	return got.Columns[0], got.values[0]
}
