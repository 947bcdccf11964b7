package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
)

func TestLayoutsOfDates(t *testing.T) {
	t.Parallel()
	day := time.Date(2006, 5, 22, 0, 0, 0, 0, time.UTC).Unix() / 86_400
	for written, format := range map[string]string{
		"2006-05-22": "", "2006-5-22": "", "2006/05/22": "2006/01/02", "2006.5.22": "2006.01.02", "22.5.2006": "02.01.2006", "05/22/2006": "01/02/2006",
		"22/05/2006": "02/01/2006", "5-22-2006": "01-02-2006", "22-05-2006": "02-01-2006", "May 22, 2006": "Jan 2, 2006", "22 May 2006": "2 Jan 2006",
		"22 May, 2006": "2 Jan 2006", "22-May-2006": "02-Jan-2006",
	} {
		c, values, warnings := columnWith(t, written, Options{})
		require.Equal(t, column.Date, c.Type, written)
		require.Equal(t, format, c.Format, written)
		require.Equal(t, []any{day}, values, written)
		require.Empty(t, warnings)
		c, values, _ = columnWith(t, written+" 3:04 PM", Options{})
		require.Equal(t, column.Timestamp, c.Type, written)
		require.Equal(t, []any{day*86_400_000_000 + (15*60+4)*60_000_000}, values, written)
		require.Equal(t, ZonesNone, c.Zones)
	}
	for _, written := range []string{"2006-05", "May 2006", "20060522", "2006-5-32", "2006-5-221", "1148256000", "22/05/06", "15:04", "May 22", "2006"} {
		c, _, _ := columnWith(t, written, Options{})
		require.NotContains(t, []column.Type{column.Date, column.Timestamp}, c.Type, written)
	}
}

func TestClocks(t *testing.T) {
	t.Parallel()
	midnight := time.Date(2006, 5, 22, 0, 0, 0, 0, time.UTC).UnixMicro()
	for clock, want := range map[string]time.Duration{
		"00:00": 0, "9:05": 9*time.Hour + 5*time.Minute, "12:00 AM": 0, "12:30 pm": 12*time.Hour + 30*time.Minute, "1:02:03.5 p.m.": 13*time.Hour + 2*time.Minute + 3500*time.Millisecond,
		"11:59:59PM": 24*time.Hour - time.Second, "15:04:05,250": 15*time.Hour + 4*time.Minute + 5250*time.Millisecond, "10:00 UTC": 10 * time.Hour, "10:00 +02:00": 8 * time.Hour,
		"10:00:00 GMT": 10 * time.Hour, "1:00 AM -0100": 2 * time.Hour,
	} {
		for _, day := range []string{"2006-05-22 ", "22.05.2006 ", "May 22, 2006, "} {
			c, values, _ := columnWith(t, day+clock, Options{})
			require.Equal(t, column.Timestamp, c.Type, clock)
			require.Equal(t, []any{midnight + want.Microseconds()}, values, day+clock)
		}
	}
	for _, clock := range []string{"24:00", "13:00 PM", "0:30 AM", "10:60", "10:00 CEST", "1:2", "10:00 AM PM", "10:00:00:00", "10 AM", "a:30"} {
		for _, day := range []string{"2006-05-22 ", "22.05.2006 "} {
			c, _, _ := columnWith(t, day+clock, Options{})
			require.Equal(t, column.Text, c.Type, day+clock)
		}
	}
}

func TestZonesOfTimestampsAreTold(t *testing.T) {
	t.Parallel()
	for bars, want := range map[string]Zones{
		"2006-01-02T15:04|2006-01-02": ZonesNone, "2006-01-02T15:04Z|2006-01-02T15:04+02:00": ZonesAll, "2006-01-02 15:04|2006-01-02T15:04Z": ZonesMixed,
		"22.05.2006 15:04|22.05.2006 15:04 UTC|22.05.2006": ZonesMixed, "2006-01-02": "",
	} {
		c, _, warnings := columnWith(t, bars, Options{})
		require.Equal(t, want, c.Zones, bars)
		require.Equal(t, want == ZonesMixed, len(warnings) == 1 && warnings[0].Code == WarnMixedZones, bars)
	}
}

func TestTheCallerDecidesTheOrderOfDates(t *testing.T) {
	t.Parallel()
	for bars, readings := range map[string][]string{
		"01/02/2006|03/04/2006":       {"01/02/2006", "02/01/2006"},
		"01-02-2006":                  {"01-02-2006", "02-01-2006"},
		"01/02/2006 10:00|03/04/2006": {"01/02/2006", "02/01/2006"},
	} {
		c, _, warnings := columnWith(t, bars, Options{})
		require.Equal(t, column.Text, c.Type)
		require.Equal(t, readings, c.Readings)
		require.Equal(t, WarnAmbiguousDates, warnings[0].Code)
		for i, order := range []DateOrder{MonthFirst, DayFirst} {
			for _, opt := range []Options{{Dates: order}, {Columns: []ColumnOptions{{No: 1, Dates: order}}}} {
				c, _, warnings := columnWith(t, bars, opt)
				require.True(t, c.Type.IsTime())
				require.Equal(t, readings[i], c.Format)
				require.Empty(t, warnings)
			}
		}
	}
	c, _, _ := columnWith(t, "13/02/2006", Options{Dates: MonthFirst})
	require.Equal(t, column.Date, c.Type)
	c, _, _ = columnWith(t, "13/02/2006", Options{Columns: []ColumnOptions{{No: 1, Dates: MonthFirst}}})
	require.Equal(t, column.Text, c.Type)
}
