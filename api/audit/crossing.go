package audit

import (
	"slices"
	"strings"
)

// Lints of what was tried.
var (
	crossesOrganizations = Lint{ID: "crosses_organizations", Title: "A caller who reaches another organization's rows", Level: Error,
		Meaning: "It was tried, and it happened: a member who had chosen one organization, or an API key of one, read, wrote or removed a row of another."}
	driftGrid = Lint{ID: "drift_grid", Title: "A caller who may do something else than policies/ says", Level: Error, Covers: "pgrls SEC027",
		Meaning: "It was tried, and the outcome is not the one that this program's policies give."}
)

// Tried adds what was tried: as effects of the findings that are the cause, or as findings of its own. expected is what
// policies/ says; nil: nothing is compared with it.
func (r *Report) Tried(grid *Grid, expected *Saved) {
	r.Grid, r.NotTried = grid, ""
	r.Findings = attach(r.Findings, crossesOrganizations, "members reached rows of another organization in", crossings(grid))
	if expected != nil && expected.Grid != nil {
		r.Findings = attach(r.Findings, driftGrid, "policies/ says otherwise who may do what in", Changes(expected.Grid, grid))
	}
}

// attach adds what was tried in each table: as the effects of a finding that explains it, else as a finding of lint.
func attach(findings []Finding, lint Lint, detail string, changes []Change) []Finding {
	for _, table := range tablesOf(changes) {
		sentences := Sentences(slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return c.Table != table }))
		i := cause(findings, table)
		if table != ways.name {
			table = "app." + table
		}
		if i < 0 {
			i = len(findings)
			findings = append(findings, lint.finding(detail+" "+table, "", "table "+table))
		}
		for _, sentence := range sentences {
			if !slices.Contains(findings[i].Effects, sentence) {
				findings[i].Effects = append(findings[i].Effects, sentence)
			}
		}
	}
	return findings
}

func tablesOf(changes []Change) (tables []string) {
	for _, c := range changes {
		if !slices.Contains(tables, c.Table) {
			tables = append(tables, c.Table)
		}
	}
	return tables
}

// cause is the finding that explains what happened in a table: one that names it, or a function, role or schema on which
// every table depends; for the ways in, one about anything in schema app. -1 for none. What is accepted explains nothing: what
// was tried would be accepted with it.
func cause(findings []Finding, table string) int {
	about := func(of func(object string) bool) int {
		return slices.IndexFunc(findings, func(f Finding) bool { return !f.Accepted && slices.ContainsFunc(f.Objects, of) })
	}
	named := about(func(object string) bool { return strings.Contains(object+" ", " app."+table+" ") })
	if named >= 0 {
		return named
	}
	return about(func(object string) bool {
		if grant := grantParts.FindStringSubmatch(object); grant != nil {
			object = grant[3] // "function app.org_as(text[])", or a table
		}
		kind, _, _ := strings.Cut(object, " ")
		return kind == "function" || kind == "role" || kind == "schema" || table == ways.name && strings.Contains(" "+object, " app.")
	})
}

// crossings are the rows of other organizations that members, who had chosen acme, have reached.
func crossings(g *Grid) (changes []Change) {
	list := cellsOf(g)
	for _, c := range list.inOrder {
		c.there = list.inAcme(c.Table)
		foreign := c.Organization != "" && c.Organization != "acme" && touched(c.After) > 0
		if (foreign || c.everywhere()) && (slices.Contains(Roles, c.Caller) || slices.Contains(Keys, c.Caller)) {
			c.Before, c.Widened = NoRows, true
			changes = append(changes, c)
		}
	}
	return changes
}
