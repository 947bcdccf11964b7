package policies

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// chain is acme's, on a database where nothing is sealed and the others have no events.
type chain struct {
	*testing.T
	db                postgrestest.DB
	one, other, admin *pgx.Conn
}

func newChain(t *testing.T) *chain {
	db := postgrestest.Database(t)
	c := &chain{t, db, connect(t, db, login), connect(t, db, login), connect(t, db, superuser)}
	c.force("delete from app.audit_seals")
	c.force("delete from app.audit_events where org_id <> $1", organization("acme"))
	return c
}

func (c *chain) force(sql string, args ...any) {
	c.Helper()
	_, err := c.admin.Exec(c.Context(), sql, args...)
	require.NoError(c, err, sql)
}

// seal is what the server sends, and how many it sealed. It commits unless it fails.
func (c *chain) seal(conn *pgx.Conn, limit int) (string, error) {
	outcome := send(c.Context(), conn, operation{calls: []command{{"select app.begin_seal($1)", []any{organization("acme")}}, {statement(c, "sealEvents"), []any{organization("acme"), limit}}}})
	end := "commit"
	if len(outcome) == 5 { // an SQLSTATE
		end = "rollback"
	}
	_, err := conn.Exec(c.Context(), end)
	return outcome, err
}

func (c *chain) sealed(limit int, want string) {
	c.Helper()
	got, err := c.seal(c.one, limit)
	require.NoError(c, err)
	require.Equal(c, want, got)
}

// audit runs the statement that the audit and a DBA run, as the file has it, and gives the faults.
func (c *chain) audit() (faults []string) {
	c.Helper()
	text, err := os.ReadFile("../api/audit/lints/audit_chain.sql")
	require.NoError(c, err)
	results, err := c.admin.PgConn().Exec(c.Context(), string(text)).ReadAll()
	require.NoError(c, err)
	for _, row := range results[0].Rows {
		require.Equal(c, "{\"audit chain of organization "+organization("acme").String()+"\"}", string(row[0]))
		faults = append(faults, string(row[1]))
	}
	return faults
}

// holds: all events of acme are sealed, numbered without a gap, and the audit finds nothing.
func (c *chain) holds() {
	c.Helper()
	const whole = `select (select count(*) from app.audit_events where org_id = $1) = count(*) and max(number) = count(*) from app.audit_seals where org_id = $1`
	require.True(c, value[bool](c, c.admin, whole, organization("acme")))
	require.Empty(c, c.audit())
}

func TestEventsAreSealedInTurnAndOnce(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	for _, want := range []string{"5", "5", "5", "5", "2", "0"} { // there are 22
		c.sealed(5, want)
	}
	c.holds()
	c.force(event(sqlOrganization("acme"), quoted("anna"), "", ""))
	c.sealed(5, "1")
	c.holds()
}

// TestALateCommitIsSealedLast: what was written before, and is committed after others were sealed, follows them.
func TestALateCommitIsSealedLast(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	late := uuid.New()
	require.Empty(t, as(t, c.other, asMember("anna", "acme"), strings.Replace(event(sqlOrganization("acme"), quoted("anna"), "", ""), "gen_random_uuid()", "'"+late.String()+"'", 1)).code())
	c.force(event(sqlOrganization("acme"), quoted("olga"), "", ""))
	c.sealed(500, "23")
	require.Empty(t, run(t, c.other, "commit").code())
	c.sealed(500, "1")
	c.holds()
	require.Equal(t, int64(24), value[int64](t, c.admin, "select number from app.audit_seals where event_id = $1", late))
}

// TestOfTwoServersThatSealAtOnceOneDoes: the other one is refused by the key, and has nothing left to seal.
func TestOfTwoServersThatSealAtOnceOneDoes(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	first := operation{calls: []command{{"select app.begin_seal($1)", []any{organization("acme")}}, {statement(t, "sealEvents"), []any{organization("acme"), 500}}}}
	require.Equal(t, "22", send(t.Context(), c.one, first))
	second := make(chan string, 1)
	go func() { second <- send(t.Context(), c.other, first) }()
	require.Eventually(t, func() bool {
		return value[bool](t, c.admin, "select cardinality(pg_blocking_pids($1)) > 0", c.other.PgConn().PID())
	}, 10*time.Second, time.Millisecond)
	require.Empty(t, run(t, c.one, "commit").code())
	require.Equal(t, "23505", <-second)
	require.Empty(t, run(t, c.other, "rollback").code())
	c.sealed(500, "0")
	c.holds()
}

// TestWhatWasLeftUnsealedGoesWithTheNextEvent: what a server that was killed has left, however long ago.
func TestWhatWasLeftUnsealedGoesWithTheNextEvent(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	c.sealed(10, "10")
	c.force("update app.audit_events e set at = at - interval '3 days' where exists (select from app.audit_seals where event_id = e.id)")
	c.force("delete from app.audit_seals")
	c.sealed(10, "10") // the same, three days ago
	c.force("update app.audit_events e set at = at - interval '1 day' where not exists (select from app.audit_seals where event_id = e.id)")
	require.Equal(t, 1, len(c.audit()))
	require.Contains(t, c.audit()[0], "has not been sealed for more than an hour, and 1")
	c.force(event(sqlOrganization("acme"), quoted("anna"), "", ""))
	c.sealed(500, "13")
	c.holds()
}

// TestEverythingInAnEventIsSealed: no column can be changed without the audit noticing, one that is added later neither.
func TestEverythingInAnEventIsSealed(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	c.force(`update app.audit_events set before = '{"role": "VIEWER"}', after = '{}', object_id = $1, refusal = 'forbidden'`, uuid.New())
	c.sealed(500, "22")
	c.holds()
	rows, _ := c.admin.Query(t.Context(), "select attname::text, atttypid::regtype::text from pg_attribute where attrelid = 'app.audit_events'::regclass and attnum > 0 and not attisdropped")
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Name, Type string }])
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(columns), 12)
	other := map[string][]string{"uuid": {"gen_random_uuid()"}, "text": {"'another.one'"}, "jsonb": {`'{"role": "OWNER"}'`, "null", "'null'"},
		"timestamp with time zone": {"at + interval '1 microsecond'", "(at::date || ' BC')::timestamptz", "'infinity'"}}
	for _, column := range columns {
		for _, value := range other[column.Type] {
			c.force("begin; set local session_replication_role = replica") // keys are not looked at
			c.force("update app.audit_events set " + column.Name + " = " + value + " where id = '" + id("audit_events/acme/anna").String() + "'")
			require.NotEmpty(t, c.audit(), "%s = %s", column.Name, value)
			c.force("rollback")
		}
		require.NotEmpty(t, other[column.Type], column.Name)
	}
	c.holds()
}

// TestAChangedChainIsNamed says what, and where.
func TestAChangedChainIsNamed(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	c.sealed(500, "22")
	c.holds()
	fifth := value[uuid.UUID](t, c.admin, "select event_id from app.audit_seals where number = 5").String()
	for tampered, fault := range map[string]string{
		"update app.audit_events set action = 'member.left' where id = '" + fifth + "'":                         "event " + fifth + " or the seal before it is not what seal 5 sealed",
		"delete from app.audit_events where id = '" + fifth + "'":                                               "event " + fifth + ", which seal 5 sealed, is missing",
		"delete from app.audit_seals where number = 5":                                                          "seal 6 follows seal 4: those between are missing",
		"delete from app.audit_seals where number < 5":                                                          "seal 5 follows seal 0: those between are missing",
		"delete from app.audit_seals where number = 5; delete from app.audit_events where id = '" + fifth + "'": "seal 6 follows seal 4: those between are missing",
		"update app.audit_seals set hash = sha256('') where number = 22":                                        "is not what seal 22 sealed",
		"update app.audit_seals set number = -number; update app.audit_seals set number = 23 + number":          "is not what seal 1 sealed, and 21 more",
	} {
		_, err := c.admin.PgConn().Exec(t.Context(), "begin; set local session_replication_role = replica; alter table app.audit_seals drop constraint audit_seals_number_check; "+tampered).ReadAll()
		require.NoError(t, err)
		faults := c.audit()
		require.Len(t, faults, 1, tampered)
		require.Contains(t, faults[0], fault, tampered)
		c.force("rollback")
	}
	c.holds()
}

// TestSealsDoNotDependOnSettings: sealed under one set of settings, verified under others.
func TestSealsDoNotDependOnSettings(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	c.force(`update app.audit_events set before = '{"a": 1.10, "b": 1e-7, "d": "2024-01-30"}'`)
	strange := "set timezone = 'Asia/Kathmandu'; set datestyle = 'SQL, DMY'; set intervalstyle = 'sql_standard'; set extra_float_digits = -15; set bytea_output = 'escape'; set lc_numeric = 'C'; set client_encoding = 'LATIN1'"
	require.Empty(t, run(t, c.one, strange).code())
	c.sealed(10, "10")
	require.Empty(t, run(t, c.one, "reset all").code())
	c.sealed(500, "12")
	c.holds()
	require.Empty(t, run(t, c.admin, strange).code())
	c.holds()
}

// TestTheAuditComputesWhatTheServerSeals: the two texts are one.
func TestTheAuditComputesWhatTheServerSeals(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../api/audit/lints/audit_chain.sql")
	require.NoError(t, err)
	require.Contains(t, string(text), strings.TrimSpace(statement(t, "canonicalEvent")))
}
