package ingest

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAttack_116_AHeaderBomb: of too many names, too long ones, or such as are empty, doubled or not printable.
func TestAttack_116_AHeaderBomb(t *testing.T) {
	t.Parallel()
	for header, code := range map[string]string{
		strings.Repeat(",", maxRecord):               CodeTooManyColumns,
		strings.Repeat(",", 16<<20):                  CodeRowTooLong,
		strings.Repeat("n", 10_000):                  CodeColumnNameTooLong,
		`"` + strings.Repeat("n\n", maxRecord) + `"`: CodeRowTooLong,
	} {
		_, err := Spool(context.Background(), strings.NewReader(header+"\n"), Options{})
		var fault *Error
		require.ErrorAs(t, err, &fault)
		require.Equal(t, code, fault.Code, "%.10s", header)
	}
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
