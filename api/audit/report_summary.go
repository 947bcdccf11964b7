package audit

import (
	"slices"
	"strings"
)

// SummaryRow is what the roles may do with a command on a table.
type SummaryRow struct {
	Table   string        `json:"table"`
	Command string        `json:"command"`           // select, insert, update, delete
	Columns []string      `json:"columns,omitempty"` // of a select or an update that is allowed to anybody; empty: all
	Cells   []SummaryCell `json:"cells"`             // in the order of SummaryColumns
}

// SummaryCell is an answer: an Outcome, and what it is about where it is not all.
type SummaryCell struct {
	Caller  string   `json:"caller"`
	Whose   string   `json:"whose"`             // own, organization, another, any
	Outcome string   `json:"outcome,omitempty"` // ✔, or how it was refused; empty: there is no such row
	Rows    []string `json:"rows,omitempty"`    // allowed for these only
	Columns []string `json:"columns,omitempty"` // allowed in these only, as no other caller
}

// Whose rows a summary tells apart.
const (
	Own          = "own"          // in the organization that was chosen, of the caller
	Organization = "organization" // there, of others
	Another      = "another"      // in an organization that was not chosen, or a stranger's
	Any          = "any"          // for the caller without begin
)

// Summary is the grid as a page.
func (g *Grid) Summary() (rows []SummaryRow) {
	if g == nil {
		return nil
	}
	for _, t := range g.Tables {
		if t.kinds() == 0 {
			continue // no table: the ways in
		}
		for _, command := range []string{"select", "insert", "update", "delete"} {
			row := SummaryRow{Table: t.Table, Command: command}
			for _, role := range Roles {
				for _, whose := range []string{Own, Organization, Another} {
					row.Cells = append(row.Cells, g.summarize(t, command, role, whose))
				}
			}
			row.Cells = append(row.Cells, g.summarize(t, command, NoContext, Any))
			row.shareColumns()
			rows = append(rows, row)
		}
	}
	return rows
}

// summarize makes one answer of the lines that one cell is about.
func (g *Grid) summarize(t TableGrid, command, caller, whose string) SummaryCell {
	cell := SummaryCell{Caller: caller, Whose: whose}
	at := slices.Index(g.Callers, caller)
	var kinds, done, columns []string
	for _, l := range t.Lines {
		if at < 0 || l.Command != command || l.Variant != "" || !l.about(whose) {
			continue
		}
		kind := strings.TrimSpace(l.Row)
		kinds = unique(append(kinds, kind))
		outcome := l.Cells[at]
		if touched(outcome) > 0 {
			cell.Outcome = Done
			done, columns = unique(append(done, kind)), unique(slices.Concat(columns, l.Columns))
		}
		if cell.Outcome != Done && weight(outcome) >= weight(cell.Outcome) {
			cell.Outcome = outcome
		}
	}
	if len(done) > 0 && len(done) < len(kinds) {
		cell.Rows = done
	}
	if len(columns) > 0 && len(columns) < t.width()[command] {
		cell.Columns = columns
	}
	return cell
}

// about tells whether a line is about rows of this kind.
func (l Line) about(whose string) bool {
	if l.Row == everything.kind || l.Row == "" && l.Organization == "" {
		return false
	}
	switch {
	case whose == Any:
		return true
	case l.Organization != "" && l.Organization != "acme" || l.Row == "stranger":
		return whose == Another
	case l.Row == "own" || l.Row == "oneself" || l.Row == "":
		return whose == Own
	default:
		return whose == Organization
	}
}

// weight orders refusals by what they tell: that a privilege is missing for one of the columns tells least.
func weight(outcome string) int {
	known := []string{"", NoPrivilege, NoRows, NoCheck, "a SQLSTATE", NotTried}
	if i := slices.Index(known, outcome); i >= 0 {
		return i
	}
	return slices.Index(known, "a SQLSTATE")
}

// shareColumns says once which columns it is about, if that is the same for all.
func (r *SummaryRow) shareColumns() {
	var lists [][]string
	for _, c := range r.Cells {
		if c.Outcome == Done && !slices.ContainsFunc(lists, func(l []string) bool { return slices.Equal(l, c.Columns) }) {
			lists = append(lists, c.Columns)
		}
	}
	if len(lists) != 1 || lists[0] == nil {
		return
	}
	r.Columns = lists[0]
	for i := range r.Cells {
		r.Cells[i].Columns = nil
	}
}
