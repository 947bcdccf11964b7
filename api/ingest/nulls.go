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
	var buf [4]byte
	switch string(lower(buf[:0], v)) {
	case "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "nil":
		return true
	}
	return false
}

// lower appends v with the letters A to Z in lower case.
func lower(dst, v []byte) []byte {
	for _, c := range v {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// nullWords are the words that a client says are null, in columns of text too.
type nullWords map[string]bool

// newNullWords is nil where the words of [isNull] count.
func newNullWords(words []string) *nullWords {
	if words == nil {
		return nil
	}
	set := nullWords{"": true}
	for _, word := range words {
		set[string(lower(nil, bytes.TrimSpace([]byte(word))))] = true
	}
	return &set
}

// has tells whether v, spaces around it aside and A to Z in any case, is one of the words. A field of spaces is null too.
func (n nullWords) has(v []byte) bool {
	var buf [maxNullWord]byte
	v = bytes.TrimSpace(v)
	return len(v) <= maxNullWord && n[string(lower(buf[:0], v))]
}
