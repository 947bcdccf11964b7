package question

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// aTuesday, late in the evening, far from where it is still Monday in UTC.
var aTuesday = time.Date(2026, time.November, 24, 23, 30, 0, 0, time.FixedZone("", 14*60*60))

func TestPeriodsAroundTodayAreRead(t *testing.T) {
	t.Parallel()
	for question, filter := range map[string]string{
		"how many rows today":              `{"column": "date", "op": "eq", "value": "2026-11-24"}`,
		"average wind yesterday":           `{"column": "date", "op": "eq", "value": "2026-11-23"}`,
		"total precipitation this week":    `{"column": "date", "op": "between", "value": ["2026-11-23", "2026-11-29"]}`,
		"average wind in the last week":    `{"column": "date", "op": "between", "value": ["2026-11-16", "2026-11-22"]}`,
		"average wind last month":          `{"column": "date", "op": "between", "value": ["2026-10-01", "2026-10-31"]}`,
		"average wind by month this year":  `{"column": "date", "op": "between", "value": ["2026-01-01", "2026-12-31"]}`,
		"average wind in previous quarter": `{"column": "date", "op": "between", "value": ["2026-07-01", "2026-09-30"]}`,
		"average wind next quarter":        `{"column": "date", "op": "between", "value": ["2027-01-01", "2027-03-31"]}`,
		"average wind since yesterday":     `{"column": "date", "op": "ge", "value": "2026-11-23"}`,
		"average wind before last year":    `{"column": "date", "op": "lt", "value": "2025-01-01"}`,
	} {
		reading, err := ParseOn(aTuesday, question, weather)
		require.NoError(t, err, question)
		got, err := json.Marshal(reading.Specification.Filters)
		require.NoError(t, err)
		require.JSONEq(t, "["+filter+"]", string(got), question)
	}
	reading, err := ParseOn(aTuesday, "total deaths last year", disasters)
	require.NoError(t, err)
	require.Equal(t, "2025", string(reading.Specification.Filters[0].Value), "of a column of years")
}

func TestPeriodsAroundTodayAreNotGuessed(t *testing.T) {
	t.Parallel()
	for _, question := range []string{"average wind last", "average wind last decade", "average wind last 3 months", "average wind this", "average wind next tuesday"} {
		_, err := ParseOn(aTuesday, question, weather)
		if question == "average wind this" { // said of nothing
			require.NoError(t, err)
			continue
		}
		var unread *NotUnderstood
		require.ErrorAs(t, err, &unread, question)
	}
	_, err := ParseOn(aTuesday, "how many rows today", strikes)
	require.ErrorContains(t, err, "Flight__Date", "there are two dates")
	_, err = Parse("how many rows today", weather)
	require.ErrorContains(t, err, "today", "the day is not known")
}
