package transcode

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// opened is a table read to its end.
type opened struct {
	*Table
	csv string
}

func read(t require.TestingT, content string, opt Options) opened {
	got, err := tryRead(content, opt)
	require.NoError(t, err)
	return got
}

func tryRead(content string, opt Options) (opened, error) {
	table, err := Open(context.Background(), strings.NewReader(content), opt)
	if err != nil {
		return opened{}, err
	}
	defer table.Close()
	out, err := io.ReadAll(table)
	return opened{table, string(out)}, err
}

// rows parses CSV with the standard library; the first one is the header.
func (o opened) rows(t require.TestingT) [][]string {
	rows, err := csv.NewReader(strings.NewReader(o.csv)).ReadAll()
	require.NoError(t, err)
	return rows
}

// fault reads a file that is wrong.
func fault(t require.TestingT, content string, opt Options) *Error {
	_, err := tryRead(content, opt)
	var f *Error
	require.ErrorAs(t, err, &f)
	require.NotEmpty(t, f.Message)
	return f
}

func requireSource(t require.TestingT, content string, o opened) {
	sum, n := o.SHA256()
	require.EqualValues(t, len(content), n)
	require.Equal(t, sha256.Sum256([]byte(content)), sum)
}

func types(columns []Column) (out []string) {
	for _, c := range columns {
		out = append(out, string(c.Type))
	}
	return out
}

// readFuzzed reads a file; nil if it is refused, or has more than 4 MiB of CSV. Either costs bounded memory.
func readFuzzed(t *testing.T, content []byte, opt Options) *opened {
	var table *Table
	var out bytes.Buffer
	var err error
	size := int64(0)
	require.Less(t, allocatedBy(func() {
		if table, err = Open(context.Background(), bytes.NewReader(content), opt); err != nil {
			return
		}
		defer table.Close()
		if _, err = io.CopyN(&out, table, 4<<20); err == nil {
			size, err = io.Copy(io.Discard, table)
		} else if err == io.EOF {
			err = nil
		}
	}), uint64(256<<20))
	if err != nil {
		require.True(t, isFault(err), "%v", err)
		return nil
	}
	if size > 0 {
		return nil
	}
	return &opened{table, out.String()}
}

// allocatedBy is how many bytes f allocates in all, which is more than what lives at once.
func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
