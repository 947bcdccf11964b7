package chart

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/dustin/go-humanize"
)

// line makes text one line of at most limit characters; a longer one ends in an ellipsis. Control characters, those
// that turn the direction of the text beside them, and those that XML forbids become spaces.
func line(text string, limit int) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) ||
			unicode.Is(unicode.Noncharacter_Code_Point, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	runes := []rune(strings.Join(strings.Fields(clean), " "))
	if len(runes) <= limit {
		return string(runes)
	}
	return string(runes[:max(limit-1, 0)]) + "…"
}

// shortened gives every label a visible text.
func shortened(labels []string, limit int) []string {
	short := make([]string, len(labels))
	for i, label := range labels {
		if short[i] = line(label, limit); short[i] == "" {
			short[i] = "(blank)"
		}
	}
	return short
}

// spread keeps so many of the labels of an axis as fit side by side, evenly; the others become empty.
func spread(labels []string) []string {
	kept := shortened(labels, 24)
	longest := 1
	for _, label := range kept {
		longest = max(longest, len([]rune(label)))
	}
	fit := max(2, 740/(6*longest+10))
	if step := (len(kept) + fit - 1) / fit; step > 1 {
		for i := range kept {
			if i%step != 0 {
				kept[i] = ""
			}
		}
	}
	return kept
}

// tick writes the number at a mark of an axis: the marks are round, so few digits suffice.
func tick(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "B"}, {1e6, "M"}} {
		if math.Abs(v) >= unit.size && math.Abs(v) < 1e15 {
			return strconv.FormatFloat(v/unit.size, 'g', 4, 64) + unit.name
		}
	}
	if a := math.Abs(v); a != 0 && (a >= 1e15 || a < 1e-3) {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return humanize.CommafWithDigits(v, 3)
}

// exact writes a value of the result with the digits it has.
func exact(v float64) string {
	if a := math.Abs(v); a != 0 && (a >= 1e15 || a < 1e-6) {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
