package audit_test

import (
	"encoding/json"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/audit"
)

// report is what an audit of a sound database gives, with these findings.
func report(t *testing.T, findings ...audit.Finding) *audit.Report {
	t.Helper()
	saved, err := audit.Expected(os.DirFS("../../policies"))
	require.NoError(t, err)
	return &audit.Report{Database: "insightforge", PostgreSQL: "15.20", Login: "postgres", Findings: findings, Saved: *saved}
}

// written is a report, or a comparison, in a format.
func written(t *testing.T, r interface {
	Write(w io.Writer, format string) error
}, format string) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, r.Write(&b, format))
	return b.String()
}

// hostile is a name that would be more than a name in each of the formats.
const hostile = "\"<script>alert(1)</script>|[x](https://evil.example)`*_\n## error\x1b[2J\u202e{{.}}\""

func finding(id string) audit.Finding {
	l := audit.Lints[id]
	return audit.Finding{ID: id, Level: l.Level, Title: l.Title, Objects: []string{"policy " + hostile + " on app.datasets"},
		Detail: "policy " + hostile + " on app.datasets is FOR ALL commands", Mend: "drop policy " + hostile + " on app.datasets",
		Diff: "+ create policy " + hostile + " ```` \n", Effects: []string{"VIEWER may now DELETE datasets of the own organization " + hostile}}
}

func TestEveryFormatTellsTheFindingItsMeaningAndItsMend(t *testing.T) {
	t.Parallel()
	f := audit.Finding{ID: "rls_not_forced", Level: audit.Error, Objects: []string{"table app.datasets"}, Detail: "row-level security of app.datasets is not forced",
		Mend: "alter table app.datasets force row level security", Effects: []string{"an effect"}}
	for _, format := range audit.Formats {
		text := written(t, report(t, f), format)
		for _, part := range []string{"rls_not_forced", f.Mend, "an effect"} {
			require.Contains(t, text, part, format)
		}
		require.Contains(t, strings.ReplaceAll(text, `\_`, "_"), "row-level security of app.datasets is not forced", format)
		require.Regexp(t, "passes its policies by unless they are forced", text, format)
	}
}

func TestAHostileNameStaysANameInEveryFormat(t *testing.T) {
	t.Parallel()
	for _, r := range []interface {
		Write(w io.Writer, format string) error
	}{
		report(t, finding("policy_for_all")),
		&audit.Comparison{Database: hostile, Against: hostile, Widened: []string{hostile}, Narrowed: []string{hostile}, Notes: []string{hostile},
			Items: []audit.ItemChange{{Object: "policy " + hostile, Diff: "+ create policy " + hostile}}},
	} {
		text := written(t, r, "text")
		require.NotContains(t, text, "\x1b")
		require.NotContains(t, text, "\u202e")
		require.NotContains(t, text, "\n## error", "a line of its own, outside of a statement")

		page := written(t, r, "html")
		require.NotContains(t, page, "<script")
		require.NotContains(t, page, "\u202e")
		require.Contains(t, page, "&lt;script&gt;")

		prose := strings.ReplaceAll(outsideFences(written(t, r, "markdown")), `\](`, "")
		require.NotContains(t, prose, "<script")
		require.NotContains(t, prose, "](")
		require.NotContains(t, prose, "\n## error\u001b")
		require.NotContains(t, prose, "://")

		for _, format := range []string{"json", "sarif"} {
			var read any
			require.NoError(t, json.Unmarshal([]byte(written(t, r, format)), &read), format)
		}
		require.NotContains(t, strings.ReplaceAll(messages(t, written(t, r, "sarif")), `\](`, ""), "](", "a message may have links")
	}
}

// outsideFences is Markdown without its blocks of code, each of which ends where it says.
func outsideFences(text string) string {
	var prose []string
	fence := ""
	for _, line := range strings.Split(text, "\n") {
		ticks := regexp.MustCompile("^`{3,}").FindString(line)
		switch {
		case fence == "" && ticks != "":
			fence = ticks
		case fence != "":
			if line == fence {
				fence = ""
			}
		default:
			prose = append(prose, line)
		}
	}
	return strings.Join(prose, "\n")
}

// sarif is what the tests read of a log.
type sarif struct {
	Version string
	Runs    []struct {
		Tool struct {
			Driver struct{ Rules []struct{ ID string } }
		}
		Results []struct {
			RuleID    string
			RuleIndex int
			Message   struct{ Text string }
			Locations []struct {
				PhysicalLocation *struct{ ArtifactLocation struct{ URI string } }
			}
			Suppressions []struct{ Kind string }
		}
	}
}

func messages(t *testing.T, log string) (all string) {
	t.Helper()
	var read sarif
	require.NoError(t, json.Unmarshal([]byte(log), &read))
	for _, r := range read.Runs[0].Results {
		all += r.Message.Text
	}
	return all
}

func TestSarifNamesTheRuleAndTheFileThatSaysHowItShouldBe(t *testing.T) {
	t.Parallel()
	at := func(id, object string) audit.Finding {
		return audit.Finding{ID: id, Level: audit.Error, Objects: []string{object}, Detail: object}
	}
	r := report(t, at("policy_for_all", "policy x on app.datasets"), at("rls_disabled", "table app.analyses"), at("drift_grant", "grant of SELECT on app.users to insightforge_api"),
		at("drift_function", "function app.begin_user(uuid)"), at("role_attribute", "role insightforge"), at("server_fixes", "server"), at("rls_disabled", `table app."users.sql/../x"`))
	r.Accept([]string{"server_fixes"})
	var log sarif
	require.NoError(t, json.Unmarshal([]byte(written(t, r, "sarif")), &log))
	require.Equal(t, "2.1.0", log.Version)
	var files []string
	for _, result := range log.Runs[0].Results {
		require.Equal(t, result.RuleID, log.Runs[0].Tool.Driver.Rules[result.RuleIndex].ID)
		file := ""
		if p := result.Locations[0].PhysicalLocation; p != nil {
			file = p.ArtifactLocation.URI
		}
		files = append(files, file)
		require.Equal(t, result.RuleID == "server_fixes", len(result.Suppressions) > 0)
	}
	require.Equal(t, []string{"policies/datasets.sql", "policies/analyses.sql", "policies/users.sql", "policies/begin.sql", "sql/roles.sql", "", ""}, files)
}

func TestThePageNeedsNoScriptAndLoadsNothing(t *testing.T) {
	t.Parallel()
	page := written(t, report(t), "html")
	require.NotRegexp(t, `<script|<link|<img|<iframe|@import|url\(|\son[a-z]+=`, page)
	require.Contains(t, page, "default-src 'none'")
	for _, part := range []string{"Findings", "Who may do what", "The policies, as installed", "The grants", "Every attempt", "create policy datasets_select on app.datasets", "app.datasets: UPDATE (last_column_no, last_version, name, revision, updated_at, version)"} {
		require.Contains(t, page, part)
	}
}

func TestAReportWithoutAGridSaysWhy(t *testing.T) {
	t.Parallel()
	r := report(t)
	r.Grid, r.NotTried = nil, "this is a standby"
	for _, format := range audit.Formats[:4] {
		text := written(t, r, format)
		require.Contains(t, text, "this is a standby", format)
		require.NotContains(t, text, "Who may do what", format)
	}
}

func TestTheSummarySaysWhatTheRolesMayDoAndHowTheyAreRefused(t *testing.T) {
	t.Parallel()
	text := written(t, report(t), "text")
	for _, line := range []string{
		`(?m)^datasets$`,
		`  select +✔   ✔   ✘r   ✔   ✔   ✘r   ✔   ✔   ✘r   ✔   ✔   ✘r   ✘r$`,
		`  insert +✔   ✘c  ✘c   ✔   ✘c  ✘c   ✔   ✘c  ✘c   ✘c  ✘c  ✘c   ✘c$`,
		`  update +✔   ✔   ✘r   ✔   ✔   ✘r   ✔   ✘r  ✘r   ✘r  ✘r  ✘r   ✘r  name, updated_at, revision, version, last_version, last_column_no$`,
		`  update +✔   ✔   ✘r   ✘r  ✔\+  ✘r   ✘r  ✘r  ✘r   ✘r  ✘r  ✘r   ✘r  role, updated_at, revision; ADMIN only ANALYST, VIEWER$`,
		`  delete +✘p for every role$`,
	} {
		require.Regexp(t, "(?m)"+line, text)
	}
}

func TestAcceptedFindingsAreShownAndNotCounted(t *testing.T) {
	t.Parallel()
	r := report(t, finding("policy_for_all"), finding("server_fixes"))
	r.Accept([]string{"policy_for_all"})
	errors, warnings := r.Counts()
	require.Equal(t, [2]int{0, 1}, [2]int{errors, warnings})
	require.Contains(t, written(t, r, "text"), "ERROR, ACCEPTED  policy_for_all")
	require.Contains(t, written(t, r, "text"), "\n1 warning and 1 accepted finding\n")
}

// edited is a grid with some cells changed.
func edited(t *testing.T, g *audit.Grid, outcome string, of func(table, caller string, l audit.Line) bool) *audit.Grid {
	t.Helper()
	text, err := json.Marshal(g)
	require.NoError(t, err)
	var copied audit.Grid
	require.NoError(t, json.Unmarshal(text, &copied))
	changed := 0
	for _, table := range copied.Tables {
		for _, l := range table.Lines {
			for i := range l.Cells {
				if of(table.Table, copied.Callers[i], l) {
					l.Cells[i] = outcome
					changed++
				}
			}
		}
	}
	require.Positive(t, changed)
	return &copied
}

func TestAStatementWithoutWhereIsToldOnlyWhereNothingElseTellsIt(t *testing.T) {
	t.Parallel()
	before := report(t).Grid
	deletes := func(rows ...string) func(string, string, audit.Line) bool {
		return func(table, caller string, l audit.Line) bool {
			return table == "datasets" && caller == "VIEWER" && l.Command == "delete" && (l.Organization == "" || l.Organization == "acme") && slices.Contains(rows, l.Row)
		}
	}
	for outcome, want := range map[string]string{
		"✔ 3":  "VIEWER may now DELETE datasets in a statement without WHERE (3 rows, before: no row)",
		"✔ 33": "VIEWER may now DELETE datasets of every organization in a statement without WHERE",
	} {
		blind := edited(t, before, outcome, deletes("every row"))
		require.Equal(t, []string{want}, audit.Sentences(audit.Changes(before, blind)))
		require.Equal(t, strings.Replace(strings.Replace(want, "may now", "may no longer", 1), "3 rows, before: no row", "no row, before: 3 rows", 1), audit.Sentences(audit.Changes(blind, before))[0])
	}
	own := edited(t, edited(t, before, "✔ 1", deletes("every row")), "✔", deletes("own"))
	require.Equal(t, []string{"VIEWER may now DELETE datasets of their own"}, audit.Sentences(audit.Changes(before, own)))
	everywhere := edited(t, own, "✔ 33", deletes("every row"))
	require.Equal(t, []string{"VIEWER may now DELETE datasets of every organization in a statement without WHERE", "VIEWER may now DELETE datasets of their own"},
		audit.Sentences(audit.Changes(before, everywhere)))
}

func TestARowThatIsThereAlreadyWasLetThrough(t *testing.T) {
	t.Parallel()
	before := report(t).Grid
	after := edited(t, before, "✘ 23505", func(table, caller string, l audit.Line) bool {
		return table == "memberships" && caller == "ADMIN" && l.Command == "insert" && l.Organization == "beta" && l.Variant == ""
	})
	require.Equal(t, []string{"ADMIN may now INSERT memberships into another organization that they are members of"}, audit.Sentences(audit.Changes(before, after)))
}

func TestAComparisonCountsAttemptsThatSayNothing(t *testing.T) {
	t.Parallel()
	before, r := report(t), report(t)
	r.Grid = edited(t, before.Grid, audit.NotTried, func(table, caller string, l audit.Line) bool {
		return table == "users" && l.Command == "select" && caller == "OWNER"
	})
	c := audit.Compare(&before.Saved, "before.json", r)
	require.True(t, c.Equal())
	require.Regexp(t, `^\d+ attempts took too long or met a lock, and say nothing$`, c.Notes[0])
}

func TestEveryRuleOfAnotherLinterIsCoveredOrHasAReason(t *testing.T) {
	t.Parallel()
	document := audit.Document("")
	rows := regexp.MustCompile(`(?m)^\| ([0-9A-Z]+[0-9]{3}) \| .+ \| (.+) \| (.*) \|$`).FindAllStringSubmatch(document, -1)
	var ids []string
	for _, row := range rows {
		ids = append(ids, row[1])
		require.False(t, row[2] == "does not apply" && row[3] == "", "%s has neither a lint nor a reason", row[1])
	}
	require.Len(t, ids, 28+30+3+3+4)
	for _, l := range audit.Lints {
		for _, rule := range regexp.MustCompile(`[0-9A-Z]*[0-9]{3}`).FindAllString(l.Covers, -1) {
			require.Contains(t, ids, rule, "%s covers a rule that is not there", l.ID)
		}
		require.Contains(t, document, "\n### "+l.ID+"\n")
	}
}

func TestAFileOfOtherCallersIsNotCompared(t *testing.T) {
	t.Parallel()
	before, r := report(t).Saved, report(t)
	grid := *before.Grid
	grid.Callers = append([]string{"somebody"}, grid.Callers[1:]...)
	before.Grid = &grid
	c := audit.Compare(&before, "before.json", r)
	require.Equal(t, "before.json was made by another version of this program, which tries as other kinds of caller", c.NotCompared)

	for _, cells := range []string{`[]`, `["✔", "✔"]`} {
		_, err := audit.Load([]byte(`{"grid": {"callers": ["OWNER"], "tables": [{"table": "users", "lines": [{"cells": ` + cells + `}]}]}}`))
		require.ErrorContains(t, err, "not every line has an outcome for each caller")
	}
}
