package ingest

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

// parseTimestamp reads 2006-01-02T15:04[:05[.999999]][Z|±hh[[:]mm]], with T or a space, or an ISO date alone, as
// microseconds since 1970 in UTC. Digits past the sixth of a fraction must be zeros.
func parseTimestamp(v []byte) (int64, bool) {
	if len(v) < len("2006-01-02") {
		return 0, false
	}
	days, ok := parseISO(v[:10])
	if !ok || len(v) == 10 {
		return days * day, ok
	}
	if v[10] != 'T' && v[10] != ' ' {
		return 0, false
	}
	clock, rest, ok := parseClock(v[11:])
	if !ok {
		return 0, false
	}
	offset, ok := parseOffset(rest)
	t := days*day + clock - offset
	return t, ok && minTimestamp <= t && t <= maxTimestamp
}

// parseClock reads hh:mm[:ss[.fraction]] and returns what follows.
func parseClock(v []byte) (clock int64, rest []byte, ok bool) {
	if len(v) < 5 || v[2] != ':' {
		return 0, nil, false
	}
	h, ok1 := twoDigits(v)
	m, ok2 := twoDigits(v[3:])
	clock, rest, ok = int64(h)*hour+int64(m)*minute, v[5:], ok1 && ok2 && h <= 23 && m <= 59
	if len(rest) < 3 || rest[0] != ':' {
		return clock, rest, ok
	}
	s, ok3 := twoDigits(rest[1:])
	fraction, rest, ok4 := parseFraction(rest[3:])
	return clock + int64(s)*second + fraction, rest, ok && ok3 && ok4 && s <= 59
}

// parseFraction reads .999999 as microseconds; nothing is 0.
func parseFraction(v []byte) (micros int64, rest []byte, ok bool) {
	if len(v) == 0 || v[0] != '.' {
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

// parseOffset reads Z, ±hh, ±hhmm or ±hh:mm; nothing is UTC.
func parseOffset(v []byte) (int64, bool) {
	switch {
	case len(v) == 0 || len(v) == 1 && v[0] == 'Z':
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
