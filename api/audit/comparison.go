package audit

import (
	"fmt"
	"slices"
	"strings"
)

// Comparison is what a change of policies lets whom do that they could not before, and the reverse.
type Comparison struct {
	Database    string       `json:"database"`
	Against     string       `json:"against"` // the file or the database before
	Widened     []string     `json:"widened"`
	Narrowed    []string     `json:"narrowed"`
	Items       []ItemChange `json:"items"`                  // policies, functions and grants that differ
	NotCompared string       `json:"not_compared,omitempty"` // why nobody tried what callers may do
	Notes       []string     `json:"notes,omitempty"`
	Errors      int          `json:"errors"` // findings of the audit, without those that were accepted
	Warnings    int          `json:"warnings"`
}

// ItemChange is a policy, a function or a grant that differs.
type ItemChange struct {
	Object string `json:"object"`
	Diff   string `json:"diff"` // - before, + now
}

// Compare compares what an audit saw with what another one, which against names, has saved.
func Compare(before *Saved, against string, r *Report) *Comparison {
	c := &Comparison{Database: r.Database, Against: against, Widened: []string{}, Narrowed: []string{}, Items: []ItemChange{}}
	c.Errors, c.Warnings = r.Counts()
	if before.Major != r.Major {
		c.Notes = append(c.Notes, fmt.Sprintf("PostgreSQL %d and %d may write the same expression in two ways", before.Major, r.Major))
	}
	changes := c.grids(before.Grid, r)
	for _, change := range []struct {
		widened   bool
		sentences *[]string
	}{{true, &c.Widened}, {false, &c.Narrowed}} {
		of := slices.DeleteFunc(telling(changes), func(d Change) bool { return d.Widened != change.widened })
		*change.sentences = append(*change.sentences, Sentences(of)...)
	}
	c.items(before.Items, r.Items, changes)
	return c
}

// Equal tells that nothing differs, as far as it was compared.
func (c *Comparison) Equal() bool { return len(c.Widened)+len(c.Narrowed)+len(c.Items) == 0 }

// grids compares what was tried, if both sides did.
func (c *Comparison) grids(before *Grid, r *Report) []Change {
	switch {
	case before == nil:
		c.NotCompared = c.Against + " has no grid: nothing was tried there"
	case r.Grid == nil:
		c.NotCompared = r.NotTried
	case !slices.Equal(before.Callers, r.Grid.Callers):
		c.NotCompared = c.Against + " was made by another version of this program, which tries as other kinds of caller"
	default:
		if n := untried(before) + untried(r.Grid); n > 0 {
			c.Notes = append(c.Notes, fmt.Sprintf("%d attempts took too long or met a lock, and say nothing", n))
		}
		if only := onlyOne(before, r.Grid); only != "" {
			c.Notes = append(c.Notes, "tried on one side only: "+only)
		}
		return Changes(before, r.Grid)
	}
	return nil
}

func untried(g *Grid) (n int) {
	for _, t := range g.Tables {
		for _, l := range t.Lines {
			for _, cell := range l.Cells {
				if cell == NotTried {
					n++
				}
			}
		}
	}
	return n
}

// onlyOne are the tables that only one of two grids has.
func onlyOne(a, b *Grid) string {
	var only []string
	for _, pair := range [][2]*Grid{{a, b}, {b, a}} {
		for _, t := range pair[0].Tables {
			if !slices.ContainsFunc(pair[1].Tables, func(other TableGrid) bool { return other.Table == t.Table }) {
				only = append(only, t.Table)
			}
		}
	}
	return strings.Join(only, ", ")
}

// items adds what differs in the catalog. A grant that no change of the grid explains is told as well: a right may be new
// although no attempt needed it.
func (c *Comparison) items(before, after []Item, changes []Change) {
	was, is := byObject(before), byObject(after)
	drifts := drift(before, after)
	slices.SortFunc(drifts, func(a, b Finding) int { return strings.Compare(a.Objects[0], b.Objects[0]) })
	for _, d := range drifts {
		object := d.Objects[0]
		c.Items = append(c.Items, ItemChange{object, d.Diff})
		what, ok := strings.CutPrefix(object, "grant of ")
		if !ok {
			continue
		}
		widened := len(is[object].Make) > len(was[object].Make) // a right, or the right to pass it on
		if slices.ContainsFunc(changes, func(d Change) bool { return d.Widened == widened && d.explains(object) }) {
			continue
		}
		right, role := cutLast(what, " to ")
		if strings.HasSuffix(is[object].Make, " with grant option") || strings.HasSuffix(was[object].Make, " with grant option") {
			right += " with grant option"
		}
		if widened {
			c.Widened = append(c.Widened, role+" was granted "+right)
		} else {
			c.Narrowed = append(c.Narrowed, role+" is no longer granted "+right)
		}
	}
}

// explains tells whether a grant is about the same command, table and column.
func (c Change) explains(grant string) bool {
	part := grantParts.FindStringSubmatch(grant)
	return part != nil && part[1] == strings.ToUpper(c.Command) && part[3] == "app."+c.Table &&
		(part[2] == "" || len(c.Columns) == 0 || slices.Contains(c.Columns, part[2]))
}

func cutLast(s, sep string) (before, after string) {
	i := strings.LastIndex(s, sep)
	return s[:i], s[i+len(sep):]
}
