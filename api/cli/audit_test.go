package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/insightforge/insightforge/api/audit"
	"github.com/insightforge/insightforge/api/postgres"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

const (
	superuser = "postgres"
	clean     = 0
	found     = 1
	blind     = 2 // it could not look
)

// runsAudit runs the command on DATABASE_URL and returns its exit status and the report. What the server of this machine
// lacks is accepted.
func runsAudit(t *testing.T, url string, args ...string) (status int, report string) {
	t.Helper()
	t.Setenv("DATABASE_URL", url)
	path := filepath.Join(t.TempDir(), "report")
	status = Main(append([]string{"audit", "--accept", "server_fixes", "--output", path}, args...), sqlFiles)
	text, err := os.ReadFile(path)
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	return status, string(text)
}

// saidOnStderr is what run writes there.
func saidOnStderr(t *testing.T, run func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	stderr := os.Stderr
	os.Stderr = w
	defer func() { os.Stderr = stderr }()
	run()
	require.NoError(t, w.Close())
	said, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(said)
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func exec(t *testing.T, conn *pgx.Conn, script string) {
	t.Helper()
	_, err := conn.PgConn().Exec(t.Context(), script).ReadAll()
	require.NoError(t, err, script)
}

func TestAnAuditTriesEverythingAsASuperuserAndAsAMemberOfTheOwner(t *testing.T) {
	db := postgrestest.Database(t)
	for _, user := range []string{superuser, "deployer"} {
		status, report := runsAudit(t, db.URL(user))
		require.Equal(t, clean, status, report)
		require.Regexp(t, `[0-9]{4,5} attempts by [12][0-9] kinds of callers on 28 tables, all rolled back`, report)
		require.Contains(t, report, "Who may do what")
	}
	rows := connect(t, db.URL(superuser)).QueryRow(t.Context(), "select count(*) from app.users")
	var planted int
	require.NoError(t, rows.Scan(&planted))
	require.Zero(t, planted, "what was planted is gone")
}

// TestAnAuditGoesThroughPgBouncer twice on one connection: no prepared statement stays behind on it.
func TestAnAuditGoesThroughPgBouncer(t *testing.T) {
	url := postgrestest.Database(t).PgBouncer(t, superuser, 1)
	for range 2 {
		status, report := runsAudit(t, url)
		require.Equal(t, clean, status, report)
	}
}

func TestAnAuditReadsTheCatalogAloneAsAnyOtherLogin(t *testing.T) {
	db := postgrestest.Database(t)
	for _, user := range []string{"stranger", "insightforge"} {
		status, report := runsAudit(t, db.URL(user))
		require.Equal(t, clean, status, report)
		require.Contains(t, report, "Nothing was tried: "+user+" is neither a superuser nor a member of insightforge_owner")
		require.NotContains(t, report, "Who may do what")
	}
}

func TestAnAuditWithFindingsEndsWith1UntilTheyAreAcceptedOrMended(t *testing.T) {
	db := postgrestest.Database(t)
	admin := connect(t, db.URL(superuser))
	exec(t, admin, "alter table app.datasets no force row level security")

	status, report := runsAudit(t, db.URL(superuser), "--catalog")
	require.Equal(t, found, status)
	require.Contains(t, report, "ERROR  rls_not_forced  row-level security of app.datasets is not forced")
	require.Contains(t, report, "To mend:\n      alter table app.datasets force row level security;")

	status, report = runsAudit(t, db.URL(superuser), "--catalog", "--accept", "rls_not_forced,owner_login")
	require.Equal(t, clean, status)
	require.Contains(t, report, "ERROR, ACCEPTED  rls_not_forced")
}

func TestAnAuditThatCannotLookEndsWith2(t *testing.T) {
	db := postgrestest.Database(t)
	status, _ := runsAudit(t, postgrestest.URL(superuser, "postgres"))
	require.Equal(t, blind, status, "it was never migrated")
	status, _ = runsAudit(t, db.URL("nobody"))
	require.Equal(t, blind, status)
	status, _ = runsAudit(t, db.URL(superuser), "--against", "missing.json")
	require.Equal(t, blind, status)
}

func TestAWrongCommandLineOfAnAuditEndsWith2(t *testing.T) {
	t.Setenv("DATABASE_URL", postgrestest.Database(t).URL(superuser))
	for _, args := range [][]string{{"--format", "pdf"}, {"--accept", "no_such_rule"}, {"now"}, {"--verbose"}} {
		require.Equal(t, 2, Main(append([]string{"audit"}, args...), sqlFiles), args)
	}
	require.Equal(t, 0, Main([]string{"audit", "--help"}, sqlFiles))
}

func TestAnAuditNeverPrintsThePassword(t *testing.T) {
	const url = "postgres://someone:SECRET@127.0.0.1:1/nowhere?connect_timeout=1"
	for _, args := range [][]string{nil, {"--against", url}, {"--against", "postgres://someone:SECRET@127.0.0.1:x/nowhere"}} {
		said := saidOnStderr(t, func() {
			status, _ := runsAudit(t, url, args...)
			require.Equal(t, blind, status)
		})
		require.NotEmpty(t, said)
		require.NotContains(t, said, "SECRET")
	}
}

func TestAnAuditAsTheOwnerGivesUpWhereTheTablesAreInUse(t *testing.T) {
	db := postgrestest.Database(t)
	exec(t, connect(t, db.URL(superuser)), "begin; lock table app.datasets in row exclusive mode")
	said := saidOnStderr(t, func() {
		status, _ := runsAudit(t, db.URL("deployer"))
		require.Equal(t, blind, status)
	})
	require.Contains(t, said, "the tables are in use")
}

func TestAnAuditAsASuperuserKeepsNobodyWaiting(t *testing.T) {
	db := postgrestest.Database(t)
	url := db.URL(superuser)
	exec(t, connect(t, url), "begin; lock table app.users, app.datasets, app.memberships in row exclusive mode") // a request that takes its time

	ctx, ended := context.WithCancel(t.Context())
	var requests errgroup.Group
	written := 0
	writer, watcher := connect(t, url), connect(t, url)
	exec(t, writer, "set lock_timeout = '50ms'")
	requests.Go(func() error {
		for ctx.Err() == nil {
			if _, err := writer.Exec(context.Background(), "insert into app.users (id, email, full_name, password_hash) values (gen_random_uuid(), gen_random_uuid() || '@example.com', 'x', 'x')"); err != nil {
				return err
			}
			written++
			var strong int
			err := watcher.QueryRow(context.Background(), `select count(*) from pg_locks l join pg_class c on c.oid = l.relation
				where c.relnamespace = 'app'::regnamespace and c.relkind = 'r' and l.mode not in ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')`).Scan(&strong)
			if err != nil || strong > 0 {
				return err
			}
		}
		return nil
	})
	status, report := runsAudit(t, url)
	ended()
	require.NoError(t, requests.Wait(), "a write met a lock")
	require.Equal(t, clean, status, report)
	require.NotContains(t, report, "took too long or met a lock")
	require.Greater(t, written, 10)
}

func TestAuditsThroughPgBouncerLeaveNothingOnItsConnection(t *testing.T) {
	url := postgrestest.Database(t).PgBouncer(t, superuser, 1)
	for range 2 {
		status, report := runsAudit(t, url)
		require.Equal(t, clean, status, report)
	}
}

func TestTwoAuditsAtOnceDoNotDisturbEachOther(t *testing.T) {
	db := postgrestest.Database(t)
	t.Setenv("DATABASE_URL", db.URL(superuser))
	dir := t.TempDir()
	var both errgroup.Group
	status := make([]int, 2)
	for i := range status {
		both.Go(func() error {
			status[i] = Main([]string{"audit", "--accept", "server_fixes", "--output", filepath.Join(dir, strconv.Itoa(i))}, sqlFiles)
			return nil
		})
	}
	require.NoError(t, both.Wait())
	require.Equal(t, []int{clean, clean}, status)
}

func TestTheEmbeddedPostgreSQLIsAuditedRunningOrNotAndNeverMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	t.Setenv("DATA_DIR", dir)
	said := saidOnStderr(t, func() {
		status, _ := runsAudit(t, "")
		require.Equal(t, blind, status)
	})
	require.Contains(t, said, "there is no private PostgreSQL in "+dir+" yet")
	require.NoDirExists(t, dir)

	db, err := openDatabase(t.Context(), Config{DataDir: dir}, sqlFiles)
	require.NoError(t, err)
	status, report := runsAudit(t, "")
	require.Equal(t, clean, status, report)
	conn := connect(t, db.url)
	require.NoError(t, conn.Ping(t.Context()), "it runs on")
	require.NoError(t, db.close())

	status, report = runsAudit(t, "", "--catalog")
	require.Equal(t, clean, status, report)
	server, err := postgres.Start(t.Context(), dir, postgres.Options{})
	require.NoError(t, err, "the audit has stopped what it started")
	require.NoError(t, server.Stop(t.Context()))
}

// changes are what TestAComparisonSaysInSentencesWhatAChangeOfPoliciesLetsWhomDo makes.
const changes = `
alter policy datasets_delete on app.datasets using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'));
alter policy analyses_select on app.analyses using (true);
alter policy analyses_delete on app.analyses using (false);
alter policy questions_insert on app.questions with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'));
alter policy member_emails_select on app.member_emails using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST'));
alter policy memberships_update on app.memberships using (org_id = app.org_as('OWNER', 'ADMIN'));
alter policy memberships_select_user on app.memberships using (true);
alter policy invitations_select on app.invitations using (org_id = app.org_as('OWNER', 'ADMIN'));
alter policy organizations_update on app.organizations using (id = app.org_as('OWNER')) with check (id = app.org_as('OWNER'));
alter policy users_select_user on app.users using (true);
alter policy sessions_delete_user on app.sessions using (true);
grant update (created_at) on app.datasets to insightforge_api;
grant update (org_id) on app.datasets to insightforge_api;
grant execute on function app.begin_user(uuid) to insightforge_api;
revoke delete on app.idempotency_keys from insightforge_api;`

func TestAComparisonSaysInSentencesWhatAChangeOfPoliciesLetsWhomDo(t *testing.T) {
	db, before := postgrestest.Database(t), postgrestest.Database(t)
	exec(t, connect(t, db.URL(superuser)), changes)
	status, report := runsAudit(t, db.URL(superuser), "--against", before.URL(superuser))
	require.Equal(t, found, status)
	for _, sentence := range []string{
		"VIEWER may now DELETE datasets of the own organization",
		"ANALYST may now DELETE datasets of others in the own organization",
		"OWNER and ADMIN may now UPDATE created_at of datasets of the own organization",
		"ANALYST may now UPDATE created_at of datasets of their own",
		"OWNER and ADMIN may now SELECT analyses of another organization",
		"ANALYST may now SELECT analyses of own for admins and other's for admins in the own organization and of another organization",
		"the members' role without app.begin_request may now SELECT analyses of any organization",
		"ANALYST may no longer DELETE analyses of their own",
		"OWNER and ADMIN may no longer DELETE analyses of the own organization",
		"VIEWER may now INSERT questions into the own organization",
		"OWNER, ADMIN and ANALYST may now INSERT questions in another's name into the own organization",
		"ANALYST may now SELECT member_emails of the own organization",
		"ADMIN may now UPDATE role to ANALYST or VIEWER of memberships of OWNER, ADMIN, service account and oneself in the own organization",
		"may now SELECT memberships of others in any organization",
		"ADMIN may now SELECT invitations to OWNER and ADMIN in the own organization",
		"ADMIN may no longer UPDATE the own organization",
		"may now SELECT users (others')",
		"may now DELETE sessions in a statement without WHERE",
		"every member may no longer DELETE idempotency_keys that have expired",
		"insightforge_api was granted UPDATE (org_id) on app.datasets",
		"insightforge_api was granted EXECUTE on function app.begin_user(uuid)",
		"policy datasets_delete on app.datasets\n    - create policy",
	} {
		require.Contains(t, report, sentence)
	}
}

func TestAComparisonEndsWith1ForWhatWasWidenedOnly(t *testing.T) {
	db := postgrestest.Database(t)
	url, saved := db.URL(superuser), filepath.Join(t.TempDir(), "saved.json")
	status, _ := runsAudit(t, url, "--save", saved)
	require.Equal(t, clean, status)
	status, report := runsAudit(t, url, "--against", saved)
	require.Equal(t, clean, status)
	require.Contains(t, report, "Nothing differs")

	admin := connect(t, url)
	exec(t, admin, "revoke delete on app.datasets from insightforge_api")
	for _, format := range []string{"text", "sarif"} { // each audits; the others are tested with the reports
		status, report = runsAudit(t, url, "--against", saved, "--format", format)
		require.Equal(t, clean, status)
		require.Contains(t, report, "OWNER and ADMIN may no longer DELETE datasets of the own organization", format)
	}
	exec(t, admin, "grant delete on app.datasets to insightforge_api; grant select (password_hash) on app.users to insightforge_user")
	status, report = runsAudit(t, url, "--against", saved)
	require.Equal(t, found, status)
	require.Contains(t, report, "a person who has chosen no organization")
	require.Contains(t, report, "may now SELECT password_hash of users (their own)")
}

func TestAComparisonWhereOneSideTriedNothingHoldsForEqualDefinitionsOnly(t *testing.T) {
	db := postgrestest.Database(t)
	saved := filepath.Join(t.TempDir(), "saved.json")
	status, _ := runsAudit(t, db.URL("stranger"), "--save", saved)
	require.Equal(t, clean, status)
	status, report := runsAudit(t, db.URL("stranger"), "--against", saved)
	require.Equal(t, clean, status)
	require.Contains(t, report, "What callers may do was not compared")

	exec(t, connect(t, db.URL(superuser)), "alter policy datasets_delete on app.datasets using (org_id = app.org_as('OWNER'))")
	status, report = runsAudit(t, db.URL("stranger"), "--against", saved)
	require.Equal(t, blind, status)
	require.Contains(t, report, "policy datasets_delete on app.datasets")
}

func TestTheDocumentOfTheAuditIsCurrent(t *testing.T) {
	text, err := os.ReadFile("../../docs/audit.md")
	require.NoError(t, err)
	require.Equal(t, audit.Document(auditUsage), string(text), "go generate ./...")
}

// TestAnAuditComputesTheChainsAgain: as a superuser and as a member of the owner, who has to lift row-level security for that.
func TestAnAuditComputesTheChainsAgain(t *testing.T) {
	db := postgrestest.Database(t)
	exec(t, connect(t, db.URL(superuser)), `
		insert into app.users (id, email, full_name, password_hash) values ('00000000-0000-0000-0000-0000000000aa', 'ada@example.com', 'Ada', 'x');
		insert into app.organizations (id, name, created_by) values ('00000000-0000-0000-0000-00000000000a', 'Acme', '00000000-0000-0000-0000-0000000000aa');
		insert into app.audit_events (org_id, id, at, actor_id, action, request_id, address)
		values ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000e1', now() - interval '2 hours', '00000000-0000-0000-0000-0000000000aa', 'dataset.changed', 'x', '')`)
	for _, user := range []string{superuser, "deployer"} {
		status, report := runsAudit(t, db.URL(user))
		require.Equal(t, found, status, report)
		require.Contains(t, report, "audit_chain")
		require.Contains(t, report, "event 00000000-0000-0000-0000-0000000000e1 has not been sealed for more than an hour")
	}
}
