package ingest

import "bytes"

// isNull tells whether v, trimmed, stands for a missing value in a column that is not text: nothing at all, a dash
// (- -- – —), \N, #N/A, or, in any case, NA, N/A, <NA>, NaN, NULL, None, nil. In a text column it is text like any other.
func isNull(v []byte) bool {
	switch string(v) {
	case "", "-", "--", "–", "—", `\N`:
		return true
	}
	if len(v) > 4 {
		return false
	}
	switch string(bytes.ToLower(v)) {
	case "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "nil":
		return true
	}
	return false
}
