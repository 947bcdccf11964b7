package audit

import (
	"slices"
	"strconv"
	"strings"
)

// Change is what a caller may do that another grid says otherwise.
type Change struct {
	Table, Caller, Command string
	Columns                []string
	Variant                string
	Organization, Row      string
	Before, After          string
	Widened                bool // else narrowed

	width int // how many columns the table has
	there int // how many rows the table has in acme, as an OWNER reads them without WHERE; 0: not known
}

// Changes compares two grids, cell by cell, where both have one.
func Changes(before, after *Grid) (changes []Change) {
	old, now := cellsOf(before), cellsOf(after)
	for _, c := range now.inOrder {
		was, ok := old.byKey[c.key()]
		if !ok || was == c.After || was == NotTried || c.After == NotTried {
			continue
		}
		c.Before = was
		if a, b := touched(was), touched(c.After); a != b {
			c.Widened, c.there = b > a, min(old.inAcme(c.Table), now.inAcme(c.Table))
			changes = append(changes, c)
		}
	}
	return changes
}

// touched is how many rows an outcome tells. A row that is there already (23505) was let through by grants and policies.
func touched(outcome string) int {
	outcome, _, _ = strings.Cut(outcome, ",") // what happens with the organization named is another question
	if outcome == "✘ 23505" {
		return 1
	}
	count, done := strings.CutPrefix(outcome, Done)
	if !done {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSpace(count))
	if err != nil {
		return 1
	}
	return n
}

// key is what a change is of; its columns are one.
func (c Change) key() string {
	return strings.Join([]string{c.Table, c.Caller, c.Command, c.Variant, c.Organization, c.Row, strings.Join(c.Columns, ",")}, "|")
}

type cellList struct {
	inOrder []Change // After is the cell
	byKey   map[string]string
}

// inAcme is how many rows of a table an OWNER reads without WHERE.
func (l cellList) inAcme(table string) int {
	return touched(l.byKey[Change{Table: table, Caller: Roles[0], Command: "select", Row: everything.kind}.key()])
}

// cellsOf are the cells of a grid, one for each column: which columns share a line depends on the grants.
func cellsOf(g *Grid) cellList {
	list := cellList{byKey: map[string]string{}}
	for _, table := range g.Tables {
		width := table.width()
		for _, l := range table.Lines {
			for i, cell := range l.Cells {
				for _, c := range l.changes(table.Table, g.Callers[i], cell) {
					c.width = width[l.Command]
					list.inOrder = append(list.inOrder, c)
					list.byKey[c.key()] = cell
				}
			}
		}
	}
	return list
}

// changes are one for each column of the line, with its outcome for a caller.
func (l Line) changes(table, caller, cell string) []Change {
	c := Change{Table: table, Caller: caller, Command: l.Command, Variant: l.Variant, Organization: l.Organization, Row: l.Row, After: cell}
	if len(l.Columns) == 0 {
		return []Change{c}
	}
	changes := make([]Change, len(l.Columns))
	for i, column := range l.Columns {
		changes[i] = c
		changes[i].Columns = []string{column}
	}
	return changes
}

// width is how many columns each command names.
func (t TableGrid) width() map[string]int {
	named := map[string][]string{}
	for _, l := range t.Lines {
		named[l.Command] = unique(slices.Concat(named[l.Command], l.Columns))
	}
	width := map[string]int{}
	for command, columns := range named {
		width[command] = len(columns)
	}
	return width
}
