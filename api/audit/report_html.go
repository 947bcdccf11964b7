package audit

import (
	_ "embed" // report.html
	"html/template"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

//go:embed report.html
var reportHTML string

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"join": func(names []string) string { return strings.Join(names, ", ") }, "printable": printable, "oneLine": oneLine, "trim": strings.TrimSpace, "legend": func() string { return strings.TrimSpace(callersLegend) },
	"shade": shade, "lines": lines, "meaning": func(id string) template.HTML { return marked(Lints[id].Meaning) },
	"time": func(t time.Time) string { return t.Format(time.DateTime + " UTC") },
	"plus": func(line string) string { return map[byte]string{'+': "plus", '-': "minus"}[(line + " ")[0]] },
}).Parse(reportHTML))

// html is the report as one page: no script, nothing that is loaded.
func (r *Report) html(w io.Writer) error {
	errors, warnings := r.Counts()
	return pages.ExecuteTemplate(w, "report", map[string]any{
		"Report": r, "Verdict": r.verdict(), "Tried": r.tried(), "Bad": errors > 0, "Warned": warnings > 0,
		"Roles": Roles, "Summary": r.Grid.Summary(), "Policies": policiesByTable(r.Items), "Grants": grantsByRole(r.Items), "Functions": functionsOf(r.Items),
	})
}

// html is the comparison as one page.
func (c *Comparison) html(w io.Writer) error {
	return pages.ExecuteTemplate(w, "comparison", map[string]any{"Comparison": c, "Parts": c.parts(), "Findings": c.findings(), "Bad": len(c.Widened) > 0, "Warned": c.NotCompared != ""})
}

var inBackticks = regexp.MustCompile("`([^`]*)`")

// marked is a text of ours whose words in backticks are code.
func marked(text string) template.HTML {
	return template.HTML(inBackticks.ReplaceAllString(template.HTMLEscapeString(text), "<code>$1</code>"))
}

// shade is the class of an answer. What is allowed where nothing should be is told apart.
func shade(outcome, whose string) string {
	done := touched(outcome) > 0
	switch {
	case done && (whose == Another || whose == Any):
		return "leak"
	case done:
		return "done"
	case strings.HasPrefix(outcome, NoPrivilege):
		return "privilege"
	case strings.HasPrefix(outcome, NoRows):
		return "rows"
	case strings.HasPrefix(outcome, NoCheck):
		return "check"
	case outcome == "":
		return "none"
	default:
		return "other"
	}
}

// Short, Notes, Answers and the rest are what the pages call.
func (c SummaryCell) Short() string    { return c.short() }
func (r SummaryRow) Notes() string     { return strings.Join(r.notes(), "; ") }
func (t TableGrid) Answers() []answer  { return t.answers() }
func (a answer) Command() string       { return a.command }
func (a answer) Cells() []string       { return a.cells }
func (a answer) Nobody() bool          { return a.refused() }
func (a answer) Of(t TableGrid) string { return t.label(a.rows) }
func (p section) Title() string        { return p.title }
func (p section) Lines() []string      { return p.lines }

// definitions of one table, or of one role.
type definitions struct {
	Of    string
	Texts []string
}

// add puts a text under a heading.
func add(all []definitions, of, text string) []definitions {
	i := slices.IndexFunc(all, func(d definitions) bool { return d.Of == of })
	if i < 0 {
		return append(all, definitions{of, []string{text}})
	}
	all[i].Texts = append(all[i].Texts, text)
	return all
}

var breaks = strings.NewReplacer(" for select", "\n  for select", " for insert", "\n  for insert", " for update", "\n  for update", " for delete", "\n  for delete",
	" using (", "\n  using (", " with check (", "\n  with check (")

func policiesByTable(items []Item) (tables []definitions) {
	for _, item := range items {
		if strings.HasPrefix(item.Object, "policy ") {
			_, table := cutLast(item.Object, " on ")
			tables = add(tables, table, breaks.Replace(item.Make))
		}
	}
	return tables
}

func functionsOf(items []Item) (functions []string) {
	for _, item := range items {
		if strings.HasPrefix(item.Object, "function ") {
			functions = append(functions, item.Make)
		}
	}
	return functions
}

// grantsByRole writes the grants of a role on an object as one line, with their columns.
func grantsByRole(items []Item) (roles []definitions) {
	type right struct{ role, what, object string }
	var rights []right
	columns := map[right][]string{}
	for _, item := range items {
		part := grantParts.FindStringSubmatch(item.Object)
		if part == nil {
			continue
		}
		r := right{part[4], part[1], part[3]}
		if !slices.Contains(rights, r) {
			rights = append(rights, r)
		}
		if part[2] != "" {
			columns[r] = append(columns[r], part[2])
		}
	}
	for _, r := range rights {
		what := r.what
		if len(columns[r]) > 0 {
			what += " (" + strings.Join(columns[r], ", ") + ")"
		}
		roles = add(roles, r.role, r.object+": "+what)
	}
	for _, role := range roles {
		slices.Sort(role.Texts)
	}
	return roles
}
