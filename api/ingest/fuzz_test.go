package ingest

import (
	"bytes"
	"context"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
)

func FuzzSpool(f *testing.F) {
	for _, seed := range []string{
		"", "a,b\n1,2\n", "a;b\r\n\"x\"\"y\";\r\n", "\xef\xbb\xbfa\n2006-01-02\n01/13/2006\n", "a\tb\n-1.5\t1e5\n.5\t\n",
		"a\n\"\\\"x\\\", y\"\n", "a|b|c\n1|NA|true\n|x|\n", "a,a,\n2006-01-02T15:04:05.5+02:00,May 2 2006,2-Jan-2006\n", "\"a\n\xff\x00\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, csv []byte) {
		file, err := Spool(context.Background(), bytes.NewReader(csv), Options{})
		if err != nil {
			var fault *Error
			require.ErrorAs(t, err, &fault)
			require.NotEmpty(t, fault.Code)
			return
		}
		defer file.Close()
		require.EqualValues(t, len(csv), file.Bytes)
		require.True(t, utf8.Valid(csv))
		requireLimits(t, file)
		decode(t, file) // every column has exactly Rows rows, and as many nulls as it says
	})
}

func requireLimits(t *testing.T, file *File) {
	require.LessOrEqual(t, len(file.Columns), maxColumns)
	names := map[string]bool{}
	for i, c := range file.Columns {
		require.Equal(t, i+1, c.No)
		require.NotEmpty(t, c.Name)
		require.LessOrEqual(t, utf8.RuneCountInString(c.Name), maxName)
		require.False(t, names[c.Name])
		names[c.Name] = true
		require.Equal(t, c.Type == column.Text, c.Payload == column.Codes || c.Payload == column.Texts)
		require.LessOrEqual(t, c.Scale, maxDigits)
		require.LessOrEqual(t, c.NullCount, file.Rows)
	}
}
