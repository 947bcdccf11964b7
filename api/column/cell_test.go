package column

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCellWritesStoredNumbersAsJSONValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		column Column
		value  int64
		want   any
	}{
		{Column{Type: Integer}, -7, json.Number("-7")},
		{Column{Type: Integer}, math.MinInt64, json.Number("-9223372036854775808")},
		{Column{Type: Decimal, Scale: 2}, 1050, json.Number("10.5")},
		{Column{Type: Decimal, Scale: 2}, 1000, json.Number("10")},
		{Column{Type: Decimal, Scale: 3}, -5, json.Number("-0.005")},
		{Column{Type: Decimal, Scale: 18}, 123456789012345678, json.Number("0.123456789012345678")},
		{Column{Type: Decimal}, 0, json.Number("0")},
		{Column{Type: Boolean}, 1, true},
		{Column{Type: Boolean}, 0, false},
		{Column{Type: Date}, 0, "1970-01-01"},
		{Column{Type: Date}, -1, "1969-12-31"},
		{Column{Type: Date}, 16130, "2014-03-01"},
		{Column{Type: Date}, -719162, "0001-01-01"},
		{Column{Type: Timestamp}, 0, "1970-01-01T00:00:00Z"},
		{Column{Type: Timestamp}, -1, "1969-12-31T23:59:59.999999Z"},
	} {
		require.Equal(t, c.want, c.column.Cell(c.value))
	}
}
