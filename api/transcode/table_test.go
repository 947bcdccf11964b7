package transcode

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"io"
	"strings"

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
