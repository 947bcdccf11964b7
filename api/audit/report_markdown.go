package audit

import (
	"fmt"
	"strings"
	"time"
)

// markdown is the report for a pull request.
func (r *Report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Isolation of %s: %s\n\nPostgreSQL %s, as %s, at %s. %s\n", inline(r.Database), r.verdict(), inline(r.PostgreSQL), inline(r.Login), r.At.Format(time.DateTime+" UTC"), inline(r.tried()))
	for _, f := range r.Findings {
		b.WriteString(f.markdown())
	}
	if r.Grid != nil {
		b.WriteString("\n## Who may do what\n\n" + summaryMarkdown(r.Grid.Summary()))
	}
	return b.String()
}

func (f Finding) markdown() string {
	var b strings.Builder
	accepted := ""
	if f.Accepted {
		accepted = ", accepted"
	}
	fmt.Fprintf(&b, "\n## %s%s: `%s`\n\n**%s**\n\n%s: %s\n", f.Level, accepted, f.ID, inline(f.Detail), f.Title, inline(Lints[f.ID].Meaning))
	if len(f.Effects) > 0 {
		b.WriteString("\n")
	}
	for _, effect := range f.Effects {
		b.WriteString("- " + inline(effect) + "\n")
	}
	b.WriteString(fenced("diff", f.Diff))
	if f.Mend != "" {
		b.WriteString("\nTo mend:\n" + fenced("sql", f.Mend+";"))
	}
	return b.String()
}

func summaryMarkdown(rows []SummaryRow) string {
	var b strings.Builder
	b.WriteString("own · org · out: rows of the caller, of others in the organization that was chosen, of another organization; none: no organization chosen. ")
	b.WriteString("✔ allowed, ✔+ only some (right), ✘p no privilege, ✘r no row, ✘c refused by the check, ✘e another error, – no such row, ? too slow or locked.\n\n")
	fmt.Fprintf(&b, "| table | | %s | none | |\n|---|---|%s---|---|\n", strings.Join(Roles, " | "), strings.Repeat("---|", len(Roles)))
	table := ""
	for _, row := range rows {
		name := ""
		if row.Table != table {
			table, name = row.Table, inline(row.Table)
		}
		fmt.Fprintf(&b, "| %s | %s |", name, row.Command)
		for i, c := range row.Cells {
			b.WriteString(" " + c.short())
			if i%3 == 2 || i == len(row.Cells)-1 {
				b.WriteString(" |")
			}
		}
		fmt.Fprintf(&b, " %s |\n", inline(strings.Join(row.notes(), "; ")))
	}
	return b.String()
}

// markdown is the comparison for a pull request.
func (c *Comparison) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Isolation of %s against %s\n", inline(c.Database), inline(c.Against))
	for _, part := range c.parts() {
		fmt.Fprintf(&b, "\n**%s**\n\n", part.title)
		for _, line := range part.lines {
			b.WriteString("- " + inline(line) + "\n")
		}
	}
	for _, item := range c.Items {
		b.WriteString("\n" + inline(item.Object) + "\n" + fenced("diff", item.Diff))
	}
	return b.String() + "\n" + inline(c.findings()) + "\n"
}

// inMarkdown escapes what Markdown or HTML would read as more than text: links that nobody wrote, and people called by
// their names, among it.
var inMarkdown = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "#", `\#`, "!", `\!`, "|", `\|`, "~", `\~`,
	"$", `\$`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "@", "&#64;", "://", `:\//`, "www.", `www\.`)

func inline(s string) string {
	return inMarkdown.Replace(strings.Join(strings.Fields(printable(s)), " "))
}

// fenced is a block of code that its content cannot end.
func fenced(language, code string) string {
	code = strings.TrimRight(printable(code), "\n")
	if code == "" {
		return ""
	}
	fence := "```"
	for strings.Contains(code, fence) {
		fence += "`"
	}
	return "\n" + fence + language + "\n" + code + "\n" + fence + "\n"
}
