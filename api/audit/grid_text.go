package audit

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	gridHeader = `Who may do what, as the database answered. Written by: go test ./policies -update

` + callersLegend + `
✔ one row   ✔ n: n rows   0: no row   ✘ privilege: permission denied   ✘ policy: refused by row-level security   ✘ SQLSTATE
`
	labelWidth, cellWidth = 66, 12
)

// Text is the grid as a page: lines with the same answers are one.
func (g *Grid) Text() string {
	var out strings.Builder
	out.WriteString(gridHeader)
	for _, table := range g.Tables {
		fmt.Fprintf(&out, "\n\n%s%s", pad(strings.ToUpper(table.Table), labelWidth), cells(g.Callers))
		table.write(&out)
		out.WriteString("\n")
	}
	return out.String()
}

func (t TableGrid) write(out *strings.Builder) {
	command := ""
	for _, a := range t.answers() {
		if a.command != command {
			command = a.command
			out.WriteString("\n" + command)
		}
		if a.refused() {
			out.WriteString("\n" + pad("  any row", labelWidth) + NoPrivilege + " for every caller")
		} else {
			out.WriteString("\n" + pad("  "+t.label(a.rows), labelWidth) + cells(a.cells))
		}
	}
}

// answer is a line of the page: the same command with the same answers for these kinds of rows.
type answer struct {
	command string
	rows    []Line
	cells   []string
}

func (t TableGrid) answers() (answers []answer) {
	for _, l := range t.Lines {
		a := answer{l.what(), []Line{l}, l.Cells}
		same := slices.IndexFunc(answers, func(b answer) bool {
			return a.command == b.command && slices.Equal(a.cells, b.cells) && (b.rows[0].Row != everything.kind || b.refused())
		})
		if same < 0 {
			answers = append(answers, a)
		} else {
			answers[same].rows = append(answers[same].rows, l)
		}
	}
	return answers
}

// what is the statement in words: "update name, version".
func (l Line) what() string {
	what := l.Command + " " + l.Variant
	if !l.AllColumns {
		what += strings.Join(l.Columns, ", ")
	}
	return strings.TrimSpace(what)
}

// refused tells that nobody at all has the privilege.
func (a answer) refused() bool {
	return !slices.ContainsFunc(a.cells, func(cell string) bool { return cell != NoPrivilege })
}

// label names rows: "acme own, other's; beta own".
func (t TableGrid) label(rows []Line) string {
	if kinds := t.kinds(); len(rows) == kinds && len(rows) > 1 {
		return "any row"
	}
	var label strings.Builder
	org := ""
	for i, r := range rows {
		switch {
		case r.Organization != org:
			label.WriteString(strings.Repeat("; ", min(i, 1)) + strings.TrimSpace(r.Organization+" "+r.Row))
		default:
			label.WriteString(strings.Repeat(", ", min(i, 1)) + r.Row)
		}
		org = r.Organization
	}
	return label.String()
}

// kinds of rows that the table has.
func (t TableGrid) kinds() (n int) {
	for _, l := range t.Lines {
		if l.Command == "delete" && l.Variant == "" && l.Row != everything.kind {
			n++
		}
	}
	return n
}

func cells(cells []string) string {
	var line strings.Builder
	for _, cell := range cells {
		line.WriteString(pad(cell, cellWidth))
	}
	return strings.TrimRight(line.String(), " ")
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(1, width-utf8.RuneCountInString(s)))
}
