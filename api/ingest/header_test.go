package ingest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHeaderNamesAreCleanAndUnique(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", maxName)
	got := read(t, " a ,a,,\"x\ny\",a (2),a,"+long+","+long+"\n")
	var names []string
	for _, c := range got.Columns {
		names = append(names, c.Name)
	}
	require.Equal(t, []string{"a", "a (2)", "column_3", "x y", "a (2) (2)", "a (3)", long, long[:2*(maxName-4)] + " (2)"}, names)
	require.Equal(t, []Warning{{Code: WarnColumnsRenamed, Count: 6, Columns: []int{2, 3, 4, 5, 6, 8},
		Message: got.Warnings[0].Message}}, got.Warnings)
}

func TestAHeaderAloneIsATableOfNoRows(t *testing.T) {
	t.Parallel()
	got := read(t, "a,b")
	require.Zero(t, got.Rows)
	require.Equal(t, [][]any{nil, nil}, got.values)
	require.Empty(t, got.Warnings)
	for _, c := range got.Columns {
		require.EqualValues(t, "text", c.Type)
	}
}
