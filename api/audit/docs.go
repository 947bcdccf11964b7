package audit

import (
	_ "embed" // docs.md
	"fmt"
	"maps"
	"slices"
	"strings"
)

// docsHead is what docs/audit.md begins with.
//
//go:embed docs.md
var docsHead string

// Document is docs/audit.md; usage is the command's.
func Document(usage string) string {
	var b strings.Builder
	b.WriteString(strings.Replace(docsHead, "{usage}", strings.TrimSpace(usage), 1))
	b.WriteString("\n## Rules\n\n| | | |\n|---|---|---|\n")
	ids := slices.Sorted(maps.Keys(Lints))
	for _, id := range ids {
		fmt.Fprintf(&b, "| [%s](#%[1]s) | %s | %s |\n", id, Lints[id].Level, Lints[id].Title)
	}
	for _, id := range ids {
		b.WriteString(Lints[id].document())
	}
	b.WriteString("\n## Beside other linters\n\nWhat reviewers know from two linters for row-level security, and what finds the same here, or why there is nothing to find.\n")
	for _, l := range linters {
		b.WriteString("\n" + l.table())
	}
	return b.String()
}

func (l Lint) document() string {
	start := "The server starts all the same."
	if l.Refuses {
		start = "The server does not start on such a database."
	}
	text := fmt.Sprintf("\n### %s\n\n%s: %s.\n%s\n\n%s\n", l.ID, l.Level, l.Title, l.Meaning, start)
	if covers := l.Covers; covers != "" {
		text += "Covers " + covers + ".\n"
	}
	return text + "To mend: " + l.mend() + "\n"
}

// mend says what kind of statement a finding of this lint carries.
func (l Lint) mend() string {
	switch {
	case l.ID == serverFixes.ID:
		return "update PostgreSQL; no statement does."
	case l.ID == crossesOrganizations.ID || l.ID == driftGrid.ID:
		return "with the finding beside it that explains what happened; where there is none, `insightforge migrate` installs the policies again."
	case l.rows:
		return "no statement does: what was there has to come from a backup or an export. What has only no seal is sealed with the organization's next event."
	case l.ID == driftColumn.ID || l.ID == driftConstraint.ID:
		return "the finding carries the statement that puts back what sql/ says, and the difference. Where a column has another type there is none: what is in it decides."
	case strings.HasPrefix(l.ID, "drift_"):
		return "the finding carries the statement that puts back what policies/ says, and the difference; `insightforge migrate` puts all of them back."
	case strings.HasPrefix(l.ID, "policy_"):
		return "the finding carries the statement; for a policy of policies/ that was changed, the one that puts it back."
	default:
		return "the finding carries the statement."
	}
}
