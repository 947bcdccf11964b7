package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// text is the report for people at a terminal.
func (r *Report) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Audit of database %s, PostgreSQL %s, as %s, at %s\n%s\n\n", oneLine(r.Database), r.PostgreSQL, oneLine(r.Login), r.At.Format(time.DateTime+" UTC"), r.tried())
	for _, f := range r.Findings {
		b.WriteString(f.text() + "\n")
	}
	b.WriteString(r.summaryText())
	verdict := r.verdict()
	fmt.Fprintf(&b, "%s%s\n", strings.ToUpper(verdict[:1]), verdict[1:])
	return b.String()
}

func (f Finding) text() string {
	var b strings.Builder
	level := string(f.Level)
	if f.Accepted {
		level += ", accepted"
	}
	fmt.Fprintf(&b, "%s  %s  %s\n%s", strings.ToUpper(level), f.ID, oneLine(f.Detail), indent("    ", Lints[f.ID].Meaning))
	b.WriteString(indent("      ", printable(f.Diff)))
	for _, effect := range f.Effects {
		b.WriteString(indent("    * ", oneLine(effect)))
	}
	if f.Mend != "" {
		b.WriteString("    To mend:\n" + indent("      ", printable(f.Mend)+";"))
	}
	return b.String()
}

const summaryLegend = `✔ allowed   + only some, said at the end of the line   – no such row   ? too slow, or locked
✘p no privilege   ✘r no row is visible   ✘c the policy's check refuses   ✘e another error
own: of the caller, in the organization that was chosen   org: of others there   out: of another organization, or a stranger's
none: the members' database role, no organization chosen (no app.begin_*)
`

const summaryLabel = 28

// summaryText is the grid in short: for each table and command, the four roles and whose rows.
func (r *Report) summaryText() string {
	if r.Grid == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("Who may do what, as the database answered\n\n" + summaryLegend + "\n" + pad("", summaryLabel))
	for _, role := range Roles {
		b.WriteString(pad(role, 13))
	}
	b.WriteString("none\n" + pad("", summaryLabel) + strings.Repeat("own org out  ", len(Roles)) + "\n")
	table := ""
	for _, row := range r.Grid.Summary() {
		if row.Table != table {
			table = row.Table
			b.WriteString(row.Table + "\n")
		}
		b.WriteString(row.text() + "\n")
	}
	return b.String() + "\n"
}

func (r SummaryRow) text() string {
	line := pad("  "+r.Command, summaryLabel)
	if !slices.ContainsFunc(r.Cells, func(c SummaryCell) bool { return c.Outcome != "" && c.Outcome != NoPrivilege }) {
		return line + "✘p for every role"
	}
	for i, c := range r.Cells {
		line += pad(c.short(), 4)
		if i%3 == 2 {
			line += " "
		}
	}
	return strings.TrimRight(line+strings.Join(r.notes(), "; "), " ")
}

// short is a cell in two characters.
func (c SummaryCell) short() string {
	switch c.Outcome {
	case "":
		return "–"
	case NoPrivilege:
		return "✘p"
	case NoRows:
		return "✘r"
	case NoCheck:
		return "✘c"
	case Done:
		if len(c.Rows)+len(c.Columns) > 0 {
			return "✔+"
		}
		return "✔"
	case NotTried:
		return "?"
	default:
		return "✘e"
	}
}

// notes are what the cells do not say: columns, and rows where not all are meant.
func (r SummaryRow) notes() (notes []string) {
	if len(r.Columns) > 0 {
		notes = append(notes, strings.Join(r.Columns, ", "))
	}
	for _, c := range r.Cells {
		if len(c.Rows) > 0 {
			notes = append(notes, c.Caller+" only "+strings.Join(c.Rows, ", "))
		}
		if len(c.Columns) > 0 {
			notes = append(notes, c.Caller+" only "+strings.Join(c.Columns, ", "))
		}
	}
	return slices.Compact(notes)
}

// text is the comparison for people at a terminal.
func (c *Comparison) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Database %s against %s\n\n", oneLine(c.Database), oneLine(c.Against))
	for _, part := range c.parts() {
		b.WriteString(part.title + "\n")
		for _, line := range part.lines {
			b.WriteString(indent("  * ", oneLine(line)))
		}
		b.WriteString("\n")
	}
	for _, item := range c.Items {
		b.WriteString(oneLine(item.Object) + "\n" + indent("    ", printable(item.Diff)) + "\n")
	}
	return b.String() + c.findings() + "\n"
}

// section of a comparison: sentences below a title.
type section struct {
	title string
	lines []string
}

func (c *Comparison) parts() (parts []section) {
	if c.NotCompared != "" {
		parts = append(parts, section{"What callers may do was not compared", []string{c.NotCompared}})
	}
	if len(c.Notes) > 0 {
		parts = append(parts, section{"Mind", c.Notes})
	}
	if len(c.Widened) > 0 {
		parts = append(parts, section{"What was widened", c.Widened})
	}
	if len(c.Narrowed) > 0 {
		parts = append(parts, section{"What was narrowed", c.Narrowed})
	}
	switch {
	case c.Equal() && c.NotCompared != "":
		parts = append(parts, section{"No definition differs", nil})
	case c.Equal():
		parts = append(parts, section{"Nothing differs", nil})
	case len(c.Widened)+len(c.Narrowed) == 0 && c.NotCompared == "":
		parts = append(parts, section{"Nothing that was tried has another outcome; the definitions differ", nil})
	}
	return parts
}

// findings are only counted here.
func (c *Comparison) findings() string {
	return fmt.Sprintf("Beside that the audit has %s and %s: insightforge audit without --against", counted(c.Errors, "error"), counted(c.Warnings, "warning"))
}
