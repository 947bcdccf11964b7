package api

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/ingest"
	"github.com/insightforge/insightforge/api/transcode"
)

func FuzzColumns(f *testing.F) {
	for _, seed := range []string{"", "[]", `[{"name":"a","as":"b","type":"decimal","scale":2}]`, `[{"column":2,"numbers":"1.234,56"},{"name":"a","dates":"day_first","type":"date"}]`,
		`[{"name":"a","name":"b"}]`, `[{"column":1e400}]`, `null`, `[{"name":"\u0000"}]`, `{"name":"a"}`, `[[]]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		columns, errs := parseColumns(text)
		for _, err := range errs {
			require.IsType(t, &huma.ErrorDetail{}, err)
		}
		if errs != nil || text == "" {
			return
		}
		again, err := json.Marshal(columns)
		require.NoError(t, err)
		repeated, errs := parseColumns(string(again))
		require.Empty(t, errs)
		require.Equal(t, columns, repeated)
		requireReadOrRefused(t, []byte("a,b\n1,2.5\n"), columns)
	})
}

// FuzzUpload: whatever is sent is a table or a problem that says what is wrong with it.
func FuzzUpload(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "a;b\n1,5;x", "[{\"a\":1},{\"a\":\"x\"}]", "{\"a\":{\"b\":[1]}}\n{\"a\":null}", "\xff\xfea\x00\n\x001\x00", "a\n\xe4\n",
		"[[\"a\"],[1e400],[\"NaN\"]]", "a\tb\n\"x\ty"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) { requireReadOrRefused(t, content, nil) })
}

func requireReadOrRefused(t *testing.T, content []byte, columns []UploadColumn) {
	dir := t.TempDir()
	var o UploadOptions
	table, err := transcode.Open(context.Background(), bytes.NewReader(content), o.transcode(dir, 1<<24))
	if err != nil {
		requireRefused(t, uploadProblem(err))
		return
	}
	defer table.Close()
	how, err := o.ingest(dir, columns, table)
	require.NoError(t, err)
	file, err := ingest.Spool(context.Background(), table, how)
	if err != nil {
		requireRefused(t, uploadProblem(err))
		return
	}
	defer file.Close()
	rows := map[int]int64{}
	require.NoError(t, file.Chunks(context.Background(), func(c ingest.Chunk) error {
		rows[c.ColumnNo] += int64(c.Rows)
		return nil
	}))
	for no := range rows {
		require.Equal(t, file.Rows, rows[no])
	}
	if !isCSV(table) {
		require.Len(t, file.Columns, len(table.Columns))
	}
}

func requireRefused(t *testing.T, err error) {
	var p *Problem
	require.ErrorAs(t, err, &p)
	require.Less(t, p.Status, 500, "%s", p.Code)
	require.NotEmpty(t, strings.TrimSpace(p.Detail))
}
