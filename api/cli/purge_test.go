package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
	"github.com/insightforge/insightforge/api/purge"
)

// runsPurge runs the command and returns its exit status and what it wrote.
func runsPurge(t *testing.T, url string, args ...string) (status int, report, said string) {
	t.Helper()
	t.Setenv("DATABASE_URL", url)
	file, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	require.NoError(t, err)
	stdout := os.Stdout
	os.Stdout = file
	defer func() { os.Stdout = stdout }()
	said = saidOnStderr(t, func() { status = Main(append([]string{"purge"}, args...), sqlFiles) })
	text, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	return status, string(text), said
}

// oneDeleted has an organization that was deleted 31 days ago and has one member.
const oneDeleted = `
with u as (insert into app.users (id, email, full_name, password_hash) values (gen_random_uuid(), 'ada@example.com', 'Ada', 'x') returning id),
o as (insert into app.organizations (id, name, slug, created_by, deleted_at) select '019a0000-0000-7000-8000-000000000001', 'Acme', 'acme', id, '2026-01-02T03:04:05Z' from u returning id)
insert into app.memberships (org_id, user_id, role, full_name) select o.id, u.id, 'OWNER', 'Ada' from o, u`

func TestAPurgeReportsTheRowsOfEachTable(t *testing.T) {
	url := postgrestest.Database(t).URL(superuser)
	exec(t, connect(t, url), oneDeleted)
	const of = `"Acme", acme \(019a0000-0000-7000-8000-000000000001\), deleted 2026-01-02T03:04:05Z\n(  app\.\w+ +\d+\n)+`
	status, report, said := runsPurge(t, url, "--dry-run")
	require.Zero(t, status, said)
	require.Regexp(t, `^`+of+`  rows would be removed +2\n$`, report)
	require.Regexp(t, `app\.memberships +1\n`, report)

	status, report, _ = runsPurge(t, url, "--organization", "019a0000-0000-7000-8000-000000000001", "--format", "json")
	require.Zero(t, status)
	var r purge.Report
	require.NoError(t, json.Unmarshal([]byte(report), &r))
	require.Equal(t, purge.Table{Name: "app.organizations", Rows: 1}, r.Organizations[0].Tables[len(r.Organizations[0].Tables)-1])

	status, report, _ = runsPurge(t, url)
	require.Zero(t, status)
	require.Equal(t, "Nothing to purge: no organization was deleted more than 30 days ago.\n", report)
}

func TestAPurgeThatFailsSaysWhy(t *testing.T) {
	db := postgrestest.Database(t)
	for why, args := range map[string][]string{
		"a purge needs a superuser or a user with BYPASSRLS": {db.URL("deployer")},
		"there is no organization":                           {db.URL(superuser), "--organization", "019a0000-0000-7000-8000-000000000001"},
	} {
		status, report, said := runsPurge(t, args[0], args[1:]...)
		require.Equal(t, 1, status)
		require.Empty(t, report)
		require.Contains(t, said, why)
	}
}

func TestAWrongCommandLineOfAPurgeEndsWith2(t *testing.T) {
	for _, args := range [][]string{{"--organization", "acme"}, {"--format", "html"}, {"now"}, {"--all"}} {
		status, _, said := runsPurge(t, "postgres://127.0.0.1:1/nowhere", args...)
		require.Equal(t, 2, status, args)
		require.Contains(t, said, "insightforge purge [")
	}
	status, usage, _ := runsPurge(t, "", "--help")
	require.Zero(t, status)
	require.Equal(t, purgeUsage, usage)
}

func TestThePrivatePostgreSQLIsPurgedRunningOrNotAndNeverMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	t.Setenv("DATA_DIR", dir)
	status, _, said := runsPurge(t, "")
	require.Equal(t, 1, status)
	require.Contains(t, said, "there is no private PostgreSQL in "+dir+" yet")
	require.NoDirExists(t, dir)

	db, err := openDatabase(t.Context(), Config{DataDir: dir}, sqlFiles)
	require.NoError(t, err)
	exec(t, connect(t, db.private.URL(superuser, databaseName)), oneDeleted)
	status, report, said := runsPurge(t, "", "--dry-run")
	require.Zero(t, status, said)
	require.Contains(t, report, `"Acme"`)
	require.NoError(t, db.close())
	status, report, said = runsPurge(t, "")
	require.Zero(t, status, said)
	require.Contains(t, report, `"Acme"`)
}
