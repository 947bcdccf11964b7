package audit

import (
	"context"
	_ "embed" // state.sql
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed state.sql
var stateSQL string

// Item is a policy, a function, a grant, a constraint or a column, as PostgreSQL tells it.
type Item struct {
	Object string `json:"object"`
	Make   string `json:"make"` // the statement that makes it
	Unmake string `json:"unmake"`
}

// grantParts are the parts of a grant's object: the right, the column, on what, to whom.
var grantParts = regexp.MustCompile(`^grant of ([A-Z]+)(?: \((.*)\))? on (.*) to (\S+)$`)

// installed reads the items of a database.
func installed(ctx context.Context, q querier) ([]Item, error) {
	rows, _ := q.Query(ctx, stateSQL)
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Item])
}

// Lints of what differs from sql/ and policies/.
var (
	driftPolicy     = Lint{ID: "drift_policy", Title: "A policy that is not as policies/ says", Level: Error, Covers: "pgrls HYG001, HYG002", Meaning: "It was created, changed or dropped by hand, or the database was made by another version of this program."}
	driftFunction   = Lint{ID: "drift_function", Title: "A function that is not as policies/ says", Level: Error, Meaning: "What the policies compare with, or a way into a transaction, was changed by hand."}
	driftConstraint = Lint{ID: "drift_constraint", Title: "A key or a check that is not as sql/ says", Level: Error, Meaning: "Keys keep rows and references within their organization; one was added, changed or dropped by hand."}
	driftColumn     = Lint{ID: "drift_column", Title: "A column that is not as sql/ says", Level: Error, Meaning: "A default is what callers may not choose, when an invitation or a session ends among others; a column that was added has\nno rule of its own, and dropping it drops what is in it."}
	driftGrant      = Lint{ID: "drift_grant", Title: "A grant that is not as policies/ says", Level: Error, Meaning: "A right was given or taken by hand."}
)

// drift compares what is installed with what policies/ makes.
func drift(expected, installed []Item) (findings []Finding) {
	want, have := byObject(expected), byObject(installed)
	objects := slices.Sorted(maps.Keys(want))
	for _, object := range slices.Sorted(maps.Keys(have)) {
		if _, ok := want[object]; !ok {
			objects = append(objects, object)
		}
	}
	for _, object := range objects {
		w, h := want[object], have[object]
		if w.Make == h.Make || ofNoTable(object, want) || ofNoTable(object, have) {
			continue
		}
		f := driftOf(object).finding(differs(object, w, h), mend(w, h)+regrants(h, expected), object)
		f.Diff = diff(w.Make, h.Make)
		findings = append(findings, f)
	}
	return findings
}

// ofNoTable tells whether object is a column of a table that is not among items: its keys are missing, or another rule's
// business.
func ofNoTable(object string, items map[string]Item) bool {
	if driftOf(object).ID != driftColumn.ID {
		return false
	}
	_, column, _ := strings.Cut(object, " app.")
	table := "column app." + column[:strings.LastIndex(column, ".")+1]
	for other := range items {
		if strings.HasPrefix(other, table) {
			return false
		}
	}
	return true
}

func byObject(items []Item) map[string]Item {
	m := make(map[string]Item, len(items))
	for _, item := range items {
		m[item.Object] = item
	}
	return m
}

func driftOf(object string) Lint {
	switch kind, _, _ := strings.Cut(object, " "); kind {
	case "policy":
		return driftPolicy
	case "function":
		return driftFunction
	case "constraint", "index":
		return driftConstraint
	case "column", "default", "not":
		return driftColumn
	default:
		return driftGrant
	}
}

func differs(object string, want, have Item) string {
	switch {
	case have.Make == "":
		return object + " is missing"
	case want.Make == "":
		return object + " is in no file of sql/ and policies/"
	default:
		return object + " is another than the files say"
	}
}

// mend brings have to want. A function is replaced, since policies depend on it. No statement makes a column of another type
// what it was without knowing what is in it.
func mend(want, have Item) string {
	switch {
	case have.Make != "" && want.Make != "" && strings.HasPrefix(want.Object, "column "):
		return ""
	case have.Make == "" || strings.HasPrefix(want.Object, "function ") && want.Make != "":
		return want.Make
	case want.Make == "":
		return have.Unmake
	default:
		return have.Unmake + ";\n" + want.Make
	}
}

// regrants are the grants on columns that go with the revocation of one on the whole table, and are to stay.
func regrants(revoked Item, expected []Item) (statements string) {
	command, on, _ := strings.Cut(strings.TrimPrefix(revoked.Object, "grant of "), " on ")
	for _, item := range expected {
		if strings.HasPrefix(item.Object, "grant of "+command+" (") && strings.HasSuffix(item.Object, " on "+on) {
			statements += ";\n" + item.Make
		}
	}
	return statements
}

// diff shows the lines of two texts that differ.
func diff(want, have string) string {
	var b strings.Builder
	w, h := lines(want), lines(have)
	for _, line := range w {
		if !slices.Contains(h, line) {
			fmt.Fprintf(&b, "- %s\n", line)
		}
	}
	for _, line := range h {
		if !slices.Contains(w, line) {
			fmt.Fprintf(&b, "+ %s\n", line)
		}
	}
	return b.String()
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// fold puts what is known of a drifted object into the findings that name it, with the statement that puts it back, and
// adds the drifts that no finding names.
func fold(findings, drifts []Finding) []Finding {
	for _, d := range drifts {
		named := false
		for i, f := range findings {
			if slices.Contains(f.Objects, d.Objects[0]) {
				named = true
				if f.Diff == "" {
					findings[i].Mend, findings[i].Diff = d.Mend, d.Diff
				}
			}
		}
		if !named {
			findings = append(findings, d)
		}
	}
	return findings
}
