package audit

import (
	"fmt"
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
}

// Changes compares two grids, cell by cell, where both have one.
func Changes(before, after *Grid) (changes []Change) {
	old := cellsOf(before)
	for _, c := range cellsOf(after).inOrder {
		was, ok := old.byKey[c.key()]
		if !ok || was == c.After || was == NotTried || c.After == NotTried {
			continue
		}
		c.Before = was
		if a, b := touched(was), touched(c.After); a != b {
			c.Widened = b > a
			changes = append(changes, c)
		}
	}
	return changes
}

// touched is how many rows an outcome tells.
func touched(outcome string) int {
	outcome, _, _ = strings.Cut(outcome, ",") // what happens with the organization named is another question
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

// cellsOf are the cells of a grid, one for each column: which columns share a line depends on the grants.
func cellsOf(g *Grid) cellList {
	list := cellList{byKey: map[string]string{}}
	for _, table := range g.Tables {
		for _, l := range table.Lines {
			for i, cell := range l.Cells {
				for _, c := range l.changes(table.Table, g.Callers[i], cell) {
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

// Sentences tell changes in words: "VIEWER may now DELETE datasets of the own organization".
func Sentences(changes []Change) (sentences []string) {
	rows := join(changes, func(c Change) string { return c.with("Row", "").key() }, func(c *Change, d Change) { c.Row += ", " + d.Row })
	columns := join(rows, func(c Change) string { return c.with("Columns", "").key() }, func(c *Change, d Change) { c.Columns = append(c.Columns, d.Columns...) })
	callers := join(columns, func(c Change) string { return c.with("Caller", "").key() }, func(c *Change, d Change) { c.Caller += ", " + d.Caller })
	for _, c := range callers {
		sentences = append(sentences, c.sentence())
	}
	return slices.Compact(sentences)
}

func (c Change) with(field, value string) Change {
	switch field {
	case "Row":
		c.Row = value
	case "Columns":
		c.Columns = nil
	case "Caller":
		c.Caller = value
	}
	return c
}

// join makes one of the changes that are alike.
func join(changes []Change, key func(Change) string, add func(*Change, Change)) (joined []Change) {
	at := map[string]int{}
	for _, c := range changes {
		k := key(c) + strconv.FormatBool(c.Widened)
		if i, ok := at[k]; ok {
			add(&joined[i], c)
			continue
		}
		at[k] = len(joined)
		joined = append(joined, c)
	}
	return joined
}

func (c Change) sentence() string {
	may := "may no longer"
	if c.Widened {
		may = "may now"
	}
	what := strings.ToUpper(c.Command)
	if len(c.Columns) > 0 && c.Command != "select" {
		what += " (" + strings.Join(c.Columns, ", ") + ")"
	}
	what += " " + c.Table
	if c.Variant != "" {
		what += " [" + c.Variant + "]"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", c.Caller, may, what, c.whose()))
}

// whose rows they are.
func (c Change) whose() string {
	rows := strings.Split(c.Row, ", ")
	switch {
	case slices.Contains(rows, everything.kind):
		return fmt.Sprintf("in a statement without WHERE (%s, before %s)", c.After, c.Before)
	case c.Organization == "":
		return strings.Trim("("+c.Row+")", "()")
	case c.Organization != "acme":
		return "of another organization"
	case len(rows) > 1:
		return "of the own organization" + others(rows)
	case rows[0] == "own":
		return "that are one's own"
	case rows[0] == "other's":
		return "of others in the own organization"
	default:
		return "of the own organization" + others(rows)
	}
}

// others names rows that are not simply all: roles of members and invitations.
func others(rows []string) string {
	named := slices.DeleteFunc(slices.Clone(rows), func(r string) bool { return r == "own" || r == "other's" || r == "" })
	if len(named) == 0 || len(named) >= len(Roles)+1 {
		return ""
	}
	return " (" + strings.Join(named, ", ") + ")"
}
