package audit

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// fix is a release of PostgreSQL that mended row-level security.
type fix struct {
	cve    string
	what   string
	minors map[int]int // the first minor release of each major that has it; a later major always has it
}

// fixes are those that concern row-level security, from postgresql.org/support/security.
var fixes = []fix{
	{"CVE-2023-2455", "row-level security disregarded user ID changes after inlining", map[int]int{15: 3}},
	{"CVE-2023-39418", "MERGE did not enforce UPDATE or SELECT policies", map[int]int{15: 4}},
	{"CVE-2024-10976", "row-level security below subqueries disregarded user ID changes", map[int]int{15: 9, 16: 5, 17: 1}},
	{"CVE-2025-8713", "optimizer statistics exposed rows that a policy hides", map[int]int{15: 14, 16: 10, 17: 6}},
	{"CVE-2026-14666", "row-level security; see the release notes", map[int]int{15: 19, 16: 15, 17: 11, 18: 5}},
}

var serverFixes = Lint{ID: "server_fixes", Title: "A server without fixes of row-level security", Level: Warning,
	Meaning: "A release of PostgreSQL mended a hole in row-level security that this server still has. The program starts all the same."}

// MissingFixes says which fixes of row-level security the server of conn lacks, one line for each.
func MissingFixes(ctx context.Context, conn *pgx.Conn) (lines []string, err error) {
	var number int
	err = conn.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&number)
	for _, f := range missingFixes(number) {
		lines = append(lines, f.Detail)
	}
	return lines, err
}

// missingFixes tells which of them a server lacks; number is its server_version_num.
func missingFixes(number int) (findings []Finding) {
	major, minor := number/10000, number%10000
	for _, f := range fixes {
		if first, ok := f.minors[major]; ok && minor < first {
			findings = append(findings, serverFixes.finding(fmt.Sprintf("PostgreSQL %d.%d lacks the fix of %s (%s), which is in %d.%d", major, minor, f.cve, f.what, major, first), "", "server"))
		}
	}
	return findings
}
