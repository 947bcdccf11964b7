package policy_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/migrate"
	"github.com/insightforge/insightforge/api/policy"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

func TestMain(m *testing.M) {
	postgrestest.Main(m, func(ctx context.Context, admin *pgx.Conn) error {
		files := migrate.Files{Migrations: os.DirFS("../../sql"), Policies: os.DirFS("../../policies")}
		return migrate.Run(ctx, admin, files, func(string) {})
	})
}

// probe is a table with what policies speak of, and names that look like others.
const probe = `
create schema evil;
create function evil.same(uuid, uuid) returns boolean language sql return true;
create operator evil.= (leftarg = uuid, rightarg = uuid, function = evil.same);
create function evil.org_id() returns uuid language sql return gen_random_uuid();
create function evil.org_as(variadic text[]) returns uuid language sql return gen_random_uuid();
create domain evil.uuid as uuid;
create function evil.domains(evil.uuid, uuid) returns boolean language sql return true;
create operator evil.= (leftarg = evil.uuid, rightarg = uuid, function = evil.domains);
create collation evil.loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
create table evil.rows (org_id uuid, id uuid, created_by uuid, role text, email text, word varchar(20), loose text collate evil.loose,
  n integer, big bigint, small smallint, ok boolean, ids uuid[], dom evil.uuid, box box, day date);
create table evil.other (id uuid, org_id uuid)`

// installed is a policy as the catalog has it.
type installed struct {
	Relation, Name string
	Role           *string
	Using, Check   *string
	Names          policy.Names
}

func selectPolicies(t testing.TB, conn *pgx.Conn) []installed {
	t.Helper()
	rows, _ := conn.Query(t.Context(), `
		select c.relname as relation, p.polname as name, (select string_agg(rolname, ' ') from pg_roles where oid = any (p.polroles)) as role,
		  p.polqual::text as using, p.polwithcheck::text as check, `+policy.NamesOf+` as names
		from pg_policy p join pg_class c on c.oid = p.polrelid where c.relnamespace = 'app'::regnamespace or p.polname = 'probe' order by 2`)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[installed])
	require.NoError(t, err)
	return all
}

// expressions of the policy, by what they are.
func (p installed) expressions(t testing.TB) map[string]policy.Expr {
	t.Helper()
	all := map[string]policy.Expr{}
	for what, tree := range map[string]*string{"using": p.Using, "with check": p.Check} {
		if tree != nil {
			e, err := policy.Parse(*tree, p.Names)
			require.NoError(t, err, p.Name)
			all[p.Name+" "+what] = e
		}
	}
	return all
}

func connect(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), postgrestest.Database(t).URL("postgres"))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// probed is a connection, a superuser's, to a database with the table to make policies of.
type probed struct{ conn *pgx.Conn }

func newProbe(t testing.TB) probed {
	t.Helper()
	p := probed{connect(t)}
	p.exec(t, probe)
	return p
}

func (p probed) exec(t testing.TB, script string) {
	t.Helper()
	_, err := p.conn.Exec(t.Context(), script)
	require.NoError(t, err, script)
}

// parse makes a policy and reads it back with a search_path that favours the look-alikes.
func (p probed) parse(t testing.TB, sql string) policy.Expr {
	t.Helper()
	p.exec(t, "set search_path = pg_catalog; create policy probe on evil.rows using ("+sql+"); set search_path = evil, app, pg_catalog")
	defer p.exec(t, "drop policy probe on evil.rows; set search_path = pg_catalog")
	for _, policy := range selectPolicies(t, p.conn) {
		if policy.Name == "probe" {
			return policy.expressions(t)["probe using"]
		}
	}
	panic("the policy was made")
}
