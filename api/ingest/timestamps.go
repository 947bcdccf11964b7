package ingest

import (
	"bytes"
	"strings"
)

const (
	second = 1_000_000 // microseconds
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

// The range of a timestamp in UTC, in microseconds since 1970: the years 1 to 9999.
var (
	minTimestamp = daysSince1970(1, 1, 1) * day
	maxTimestamp = daysSince1970(9999, 12, 31)*day + day - 1
)

// zones tells which of a column's values with a time have a zone.
type zones uint8

const (
	withoutZone zones = 1 << iota
	withZone
)

// Zones tells whether the values of a timestamp column that have a time have a zone. Those without are taken as UTC.
type Zones string

// Whether they have one. A column of dates alone has none of these.
const (
	ZonesNone  Zones = "none"
	ZonesAll   Zones = "all"
	ZonesMixed Zones = "mixed"
)

func (z zones) name() Zones { return [...]Zones{"", ZonesNone, ZonesAll, ZonesMixed}[z] }

// timestampsOf returns the candidates in which v is a date, with a time or without one, and whether it has a zone.
func timestampsOf(v []byte, candidates layouts) (layouts, zones) {
	if candidates&isoDate != 0 {
		if _, zone, ok := parseISOTimestamp(v); ok {
			return isoDate, zone
		}
	}
	day, clock := splitTimestamp(v)
	fits := datesOf(day) & candidates
	if len(clock) == 0 || fits == 0 {
		return fits, 0
	}
	zone := zones(0)
	for rest := fits; rest != 0; rest &= rest - 1 {
		if _, has, ok := parseTimestamp(v, rest.first()); ok {
			zone = has
		} else {
			fits &^= rest.first()
		}
	}
	return fits, zone
}

// parseTimestamp reads a date in one layout and a time, with T, a space or a comma and a space between them: what
// parseISOTimestamp reads, AM and PM, and spaces before these and the zone. A date alone is its midnight.
func parseTimestamp(v []byte, layout layouts) (int64, zones, bool) {
	if layout == isoDate {
		if t, zone, ok := parseISOTimestamp(v); ok {
			return t, zone, true
		}
	}
	date, clock := splitTimestamp(v)
	days, ok := parseDate(date, layout)
	if !ok || len(clock) == 0 {
		return days * day, 0, ok
	}
	micros, rest, ok := parseLongClock(clock)
	if !ok {
		return 0, 0, false
	}
	return inUTC(days*day+micros, rest)
}

// splitTimestamp splits v at the space before its time.
func splitTimestamp(v []byte) (date, clock []byte) {
	colon := bytes.IndexByte(v, ':')
	if colon < 0 {
		return v, nil
	}
	i := colon
	for i > 0 && colon-i < 2 && v[i-1]-'0' <= 9 {
		i--
	}
	if i == 0 || v[i-1] != ' ' && v[i-1] != 'T' {
		return v, nil
	}
	return bytes.TrimSuffix(v[:i-1], []byte{','}), v[i:]
}

// parseLongClock reads a time of 24 or of 12 hours and returns its zone.
func parseLongClock(v []byte) (clock int64, zone []byte, ok bool) {
	clock, zone, ok = parseClock(v)
	zone = bytes.TrimPrefix(zone, []byte{' '})
	if half, length := halfOf(zone); length > 0 {
		hours := clock / hour
		clock += (half - hours/12) * 12 * hour
		ok, zone = ok && hours >= 1 && hours <= 12, bytes.TrimPrefix(zone[length:], []byte{' '})
	}
	return clock, zone, ok
}

// halfOf reads AM or PM, in any case, also a.m.: 0 or 1, and its length, 0 for none.
func halfOf(v []byte) (half int64, length int) {
	for i, name := range [...]string{"AM", "PM", "A.M.", "P.M."} {
		if len(v) >= len(name) && strings.EqualFold(string(v[:len(name)]), name) {
			return int64(i & 1), len(name)
		}
	}
	return 0, 0
}

// parseISOTimestamp reads 2006-01-02T15:04[:05[.999999]][Z|±hh[[:]mm]], with T or a space, or an ISO date alone, as
// microseconds since 1970 in UTC. Digits past the sixth of a fraction must be zeros.
func parseISOTimestamp(v []byte) (int64, zones, bool) {
	if len(v) < len("2006-01-02") {
		return 0, 0, false
	}
	days, ok := parseISO(v[:10])
	if !ok || len(v) == 10 {
		return days * day, 0, ok
	}
	if v[10] != 'T' && v[10] != ' ' {
		return 0, 0, false
	}
	clock, rest, ok := parseClock(v[11:])
	if !ok {
		return 0, 0, false
	}
	return inUTC(days*day+clock, rest)
}

// inUTC takes a zone off a local time.
func inUTC(local int64, zone []byte) (int64, zones, bool) {
	offset, ok := parseOffset(zone)
	t := local - offset
	has := withZone
	if len(zone) == 0 {
		has = withoutZone
	}
	return t, has, ok && minTimestamp <= t && t <= maxTimestamp
}

// parseClock reads [h]h:mm[:ss[.fraction]] and returns what follows.
func parseClock(v []byte) (clock int64, rest []byte, ok bool) {
	h := 0
	switch {
	case len(v) >= 5 && v[2] == ':':
		h, ok = twoDigits(v)
		v = v[3:]
	case len(v) >= 4 && v[1] == ':':
		h, ok = int(v[0]-'0'), v[0]-'0' <= 9
		v = v[2:]
	default:
		return 0, nil, false
	}
	m, okMinutes := twoDigits(v)
	clock, rest, ok = int64(h)*hour+int64(m)*minute, v[2:], ok && okMinutes && h <= 23 && m <= 59
	if len(rest) < 3 || rest[0] != ':' {
		return clock, rest, ok
	}
	s, okSeconds := twoDigits(rest[1:])
	fraction, rest, okFraction := parseFraction(rest[3:])
	return clock + int64(s)*second + fraction, rest, ok && okSeconds && okFraction && s <= 59
}

// parseFraction reads .999999 or ,999999 as microseconds; nothing is 0.
func parseFraction(v []byte) (micros int64, rest []byte, ok bool) {
	if len(v) == 0 || v[0] != '.' && v[0] != ',' {
		return 0, v, true
	}
	n := skipDigits(v, 1)
	for i := 1; i < max(n, 7); i++ {
		switch {
		case i >= n:
			micros *= 10
		case i < 7:
			micros = micros*10 + int64(v[i]-'0')
		case v[i] != '0':
			return 0, nil, false
		}
	}
	return micros, v[n:], n > 1
}

// parseOffset reads Z, UTC, GMT, ±hh, ±hhmm or ±hh:mm; nothing is UTC.
func parseOffset(v []byte) (int64, bool) {
	switch {
	case len(v) == 0 || len(v) == 1 && v[0] == 'Z' || string(v) == "UTC" || string(v) == "GMT":
		return 0, true
	case len(v) < 3 || v[0] != '+' && v[0] != '-':
		return 0, false
	}
	h, ok := twoDigits(v[1:])
	m := 0
	if rest := v[3:]; len(rest) > 0 {
		if rest[0] == ':' {
			rest = rest[1:]
		}
		if len(rest) != 2 {
			return 0, false
		}
		var okMinutes bool
		m, okMinutes = twoDigits(rest)
		ok = ok && okMinutes
	}
	offset := int64(h)*hour + int64(m)*minute
	if v[0] == '-' {
		offset = -offset
	}
	return offset, ok && h <= 23 && m <= 59
}
