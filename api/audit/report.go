package audit

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// Accept marks the findings of these lints as known: they are shown and not counted.
func (r *Report) Accept(ids []string) {
	for i, f := range r.Findings {
		r.Findings[i].Accepted = slices.Contains(ids, f.ID)
	}
}

// Counts are the findings that nobody has accepted.
func (r *Report) Counts() (errors, warnings int) {
	for _, f := range r.Findings {
		switch {
		case f.Accepted:
		case f.Level == Error:
			errors++
		default:
			warnings++
		}
	}
	return errors, warnings
}

// Formats that reports are written in.
var Formats = []string{"text", "json", "markdown", "html", "sarif"}

// Write writes the report in one of [Formats].
func (r *Report) Write(w io.Writer, format string) error { return write(w, format, r) }

// Write writes the comparison in one of [Formats].
func (c *Comparison) Write(w io.Writer, format string) error { return write(w, format, c) }

// page is what can be written in each of [Formats].
type page interface {
	text() string
	markdown() string
	html(w io.Writer) error
	sarif() sarifLog
	document() any // as JSON
}

func write(w io.Writer, format string, p page) error {
	switch format {
	case "text":
		return writeString(w, p.text())
	case "markdown":
		return writeString(w, p.markdown())
	case "html":
		return p.html(w)
	case "sarif":
		return indentedJSON(w, p.sarif())
	default:
		return indentedJSON(w, p.document())
	}
}

func writeString(w io.Writer, text string) error {
	_, err := io.WriteString(w, text)
	return err
}

func indentedJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// document is the report as JSON: with what each finding means, and the summary.
func (r *Report) document() any {
	type finding struct {
		Finding
		Meaning string `json:"meaning"`
	}
	findings := make([]finding, len(r.Findings))
	for i, f := range r.Findings {
		findings[i] = finding{f, Lints[f.ID].Meaning}
	}
	return struct {
		*Report
		Findings []finding    `json:"findings"`
		Summary  []SummaryRow `json:"summary,omitempty"`
	}{r, findings, r.Grid.Summary()}
}

func (c *Comparison) document() any { return c }

// oneLine makes of a name that somebody may have chosen to deceive a text that stays where it is put.
func oneLine(s string) string { return printable(strings.ReplaceAll(s, "\n", `\n`)) }

// printable shows characters that would move the cursor, or the direction of writing, by their number.
func printable(s string) string {
	var b strings.Builder
	for _, c := range s {
		if c == '\n' || unicode.IsPrint(c) {
			b.WriteRune(c)
		} else {
			fmt.Fprintf(&b, `\u%04x`, c)
		}
	}
	return b.String()
}

// indent begins each line of a text with a prefix.
func indent(prefix, text string) string {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return ""
	}
	return prefix + strings.ReplaceAll(text, "\n", "\n"+prefix) + "\n"
}

// counted is "2 errors", "1 warning".
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// verdict is the report in a sentence.
func (r *Report) verdict() string {
	errors, warnings := r.Counts()
	var parts []string
	if errors > 0 {
		parts = append(parts, counted(errors, "error"))
	}
	if warnings > 0 {
		parts = append(parts, counted(warnings, "warning"))
	}
	if len(parts) == 0 {
		parts = append(parts, "no findings")
	}
	if accepted := len(r.Findings) - errors - warnings; accepted > 0 {
		parts = append(parts, counted(accepted, "accepted finding"))
	}
	return list(parts, "and")
}

// tried says how much was tried, or why nothing was.
func (r *Report) tried() string {
	if r.Grid == nil {
		return "Nothing was tried: " + r.NotTried + ". The catalog alone was read."
	}
	n, tables := 0, 0
	for _, t := range r.Grid.Tables {
		n += len(t.Lines) * len(r.Grid.Callers)
		tables += min(1, t.kinds()) // the ways in are no table
	}
	tried := fmt.Sprintf("%d attempts by %d kinds of callers on %d tables, all rolled back.", n, len(r.Grid.Callers), tables)
	if missing := untried(r.Grid); missing > 0 {
		tried += fmt.Sprintf(" %d of them took too long or met a lock, and say nothing.", missing)
	}
	return tried
}
