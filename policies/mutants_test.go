package policies

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// mutant is one fault in the policies, grants, functions or roles.
type mutant struct {
	kind string
	name string
	sql  string

	// Where it can show: what is left out cannot.
	command string   // empty: any
	of      []string // tables; none: all
}

// Functions show on each kind of condition.
var (
	onConditions = []string{"users", "idempotency_keys", "organizations", "invitations", "datasets"}
	onWaysIn     = []string{"ways in", "users", "datasets"}
)

var (
	callerRoles = []string{"insightforge_auth", "insightforge_user", "insightforge_api", "insightforge_key", "insightforge_sealer"}
	memberRoles = []string{"OWNER", "ADMIN", "ANALYST", "VIEWER"}
)

// mutants are read from the catalog, so that a new policy or grant has its mutants.
func mutants(t *testing.T, admin *pgx.Conn) (all []mutant) {
	for _, p := range installedPolicies(t, admin) {
		all = append(all, p.mutants()...)
	}
	for _, table := range installedTables(t, admin) {
		all = append(all, table.mutants()...)
	}
	return slices.Concat(all, contextMutants(), beginMutants(t, admin), roleMutants(t, admin), channelMutants())
}

// installedPolicy is a row of pg_policies; expressions are as PostgreSQL writes them.
type installedPolicy struct {
	Name, Table, Command, Role string // Role: several, where they have it together
	Using, Check               string // empty: none
}

func installedPolicies(t *testing.T, admin *pgx.Conn) []installedPolicy {
	t.Helper()
	rows, _ := admin.Query(t.Context(), `select policyname::text as name, tablename::text as table, lower(cmd) as command, array_to_string(roles, ', ') as role,
		coalesce(qual, '') as using, coalesce(with_check, '') as check from pg_policies where schemaname = 'app' order by tablename, policyname`)
	policies, err := pgx.CollectRows(rows, pgx.RowToStructByName[installedPolicy])
	require.NoError(t, err)
	return policies
}

// create is the statement that makes the policy.
func (p installedPolicy) create() string {
	sql := fmt.Sprintf("create policy %s on app.%s for %s to %s", p.Name, p.Table, p.Command, p.Role)
	if p.Using != "" {
		sql += " using (" + p.Using + ")"
	}
	if p.Check != "" {
		sql += " with check (" + p.Check + ")"
	}
	return sql
}

func (p installedPolicy) drop() string {
	return fmt.Sprintf("drop policy %s on app.%s", p.Name, p.Table)
}

// mutant of the policy's table.
func (p installedPolicy) mutant(kind, what, sql string) mutant {
	m := mutant{kind: kind, name: p.Name + ": " + what, sql: sql, of: []string{p.Table}}
	if kind != "command changed" { // a select policy has a say in every WHERE, but shows in a SELECT first
		m.command = p.Command
	}
	return m
}

// recreated is the policy after a change.
func (p installedPolicy) recreated(kind, what string, change func(*installedPolicy)) mutant {
	changed := p
	change(&changed)
	return p.mutant(kind, what, p.drop()+"; "+changed.create())
}

func (p installedPolicy) mutants() (all []mutant) {
	all = append(all, p.mutant("policy dropped", "dropped", p.drop()))
	for _, command := range []string{"select", "delete"} {
		if command != p.Command && p.Using != "" {
			all = append(all, p.recreated("command changed", "for "+command, func(c *installedPolicy) { c.Command, c.Check = command, "" }))
		}
	}
	if p.Command == "insert" {
		all = append(all, p.recreated("command changed", "for select", func(c *installedPolicy) { c.Command, c.Using, c.Check = "select", p.Check, "" }))
	}
	mine := strings.Split(p.Role, ", ")
	other := callerRoles[(slices.Index(callerRoles, mine[len(mine)-1])+1)%len(callerRoles)]
	for _, role := range append(mine[:len(mine)-1:len(mine)-1], other, "public") {
		all = append(all, p.recreated("role changed", "to "+role, func(c *installedPolicy) { c.Role = role }))
	}
	all = append(all, p.recreated("role added", "to "+other+" as well", func(c *installedPolicy) { c.Role += ", " + other }))
	all = append(all, p.mutant("restrictive", "restrictive", p.drop()+"; "+strings.Replace(p.create(), " for ", " as restrictive for ", 1)))
	if p.Using != "" {
		all = append(all, p.expressionMutants("using", p.Using)...)
	}
	if p.Check != "" {
		all = append(all, p.expressionMutants("with check", p.Check)...)
		all = append(all, p.recreated("with check removed", "without with check", func(c *installedPolicy) { c.Check = "" }))
	}
	return all
}

// expressionMutants are of USING or of WITH CHECK.
func (p installedPolicy) expressionMutants(clause, expression string) (all []mutant) {
	times := map[string]int{} // the same change in several places
	alter := func(kind, what, to string) {
		if times[what]++; times[what] > 1 {
			what += fmt.Sprintf(", place %d", times[what])
		}
		all = append(all, p.mutant(kind, clause+" "+what, fmt.Sprintf("alter policy %s on app.%s %s (%s)", p.Name, p.Table, clause, to)))
	}
	alter(clause+" (true)", "(true)", "true")
	for _, m := range parseCondition(expression).mutations() {
		alter(m.kind, m.what, m.result)
	}
	return all
}

// grantedTable is a table and what callers may do with it.
type grantedTable struct {
	Name    string
	Columns []string
	Grants  []string // role command [column]
}

func installedTables(t *testing.T, admin *pgx.Conn) []grantedTable {
	t.Helper()
	rows, _ := admin.Query(t.Context(), `
		select c.relname::text as name, array(select attname::text from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped order by attnum) as columns,
		  array(select concat_ws(' ', grantee::regrole, lower(privilege_type)) from aclexplode(c.relacl) where grantee <> c.relowner
		    union all select concat_ws(' ', x.grantee::regrole, lower(x.privilege_type), a.attname) from pg_attribute a, aclexplode(a.attacl) x where a.attrelid = c.oid order by 1) as grants
		from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind = 'r' and c.relname <> 'schema_version' order by 1`)
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByName[grantedTable])
	require.NoError(t, err)
	return tables
}

func (g grantedTable) mutant(kind, what, sql string) mutant {
	m := mutant{kind: kind, name: g.Name + ": " + what, sql: strings.ReplaceAll(sql, "{table}", "app."+g.Name), of: []string{g.Name}}
	if kind == "FORCE off" || kind == "owner changed" { // no caller notices: the audit does
		m.command = "select"
	}
	return m
}

func (g grantedTable) mutants() (all []mutant) {
	all = append(all,
		g.mutant("RLS off", "row-level security disabled", "alter table {table} disable row level security"),
		g.mutant("FORCE off", "not forced", "alter table {table} no force row level security"),
		g.mutant("owner changed", "owned by the login role", "alter table {table} owner to insightforge"),
		g.mutant("owner changed", "owned by the superuser", "alter table {table} owner to postgres"),
		g.mutant("extra grant", "select to PUBLIC", "grant select on {table} to public"))
	for _, role := range append(slices.Clone(callerRoles), login) {
		for _, command := range []string{"select", "insert", "update", "delete"} {
			if role == login && command != "select" {
				continue // it has nothing here, so that one command tells
			}
			if !slices.Contains(g.Grants, role+" "+command) {
				all = append(all, g.mutant("extra grant", command+" to "+role, "grant "+command+" on {table} to "+role))
			} else {
				all = append(all, g.mutant("grant taken", "no "+command+" for "+role, "revoke "+command+" on {table} from "+role))
			}
		}
	}
	for _, command := range []string{"truncate", "references", "trigger"} {
		all = append(all, g.mutant("extra grant", command+" to insightforge_api", "grant "+command+" on {table} to insightforge_api"))
	}
	return append(all, g.columnMutants()...)
}

// columnMutants widen and narrow grants that name columns.
func (g grantedTable) columnMutants() (all []mutant) {
	for _, role := range callerRoles {
		for _, command := range []string{"select", "insert", "update"} {
			if slices.Contains(g.Grants, role+" "+command) || !slices.ContainsFunc(g.Grants, func(grant string) bool { return strings.HasPrefix(grant, role+" "+command+" ") }) {
				continue
			}
			for _, column := range g.Columns {
				if slices.Contains(g.Grants, role+" "+command+" "+column) {
					all = append(all, g.mutant("column grant taken", fmt.Sprintf("no %s (%s) for %s", command, column, role), fmt.Sprintf("revoke %s (%s) on {table} from %s", command, column, role)))
				} else {
					all = append(all, g.mutant("column grant widened", fmt.Sprintf("%s (%s) to %s", command, column, role), fmt.Sprintf("grant %s (%s) on {table} to %s", command, column, role)))
				}
			}
		}
	}
	return all
}

// contextMutants are of policies/context.sql.
func contextMutants() (all []mutant) {
	functions := map[string][2]string{ // what it returns, and from what
		"org_id()": {"uuid", "current_setting('app.org_id', true)"}, "user_id()": {"uuid", "current_setting('app.user_id', true)"},
		"role()": {"text", "current_setting('app.role', true)"}, "subject()": {"text", "current_setting('app.subject', true)"},
	}
	for _, name := range []string{"org_id()", "user_id()", "role()", "subject()", "org_ids()", "org_as(text[])"} {
		for _, change := range []string{"immutable", "volatile", "security definer", "leakproof", "set search_path = app"} {
			all = append(all, mutant{"context function", name + ": " + change, "alter function app." + name + " " + change, "select", onConditions})
		}
		if of, ok := functions[name]; ok {
			all = append(all, mutant{"context function", name + ": not null-safe", fmt.Sprintf("create or replace function app.%s returns %s stable parallel safe language sql return %s::%s", name, of[0], of[1], of[0]), "select", onConditions})
			all = append(all, mutant{"context function", name + ": null", fmt.Sprintf("create or replace function app.%s returns %s stable parallel safe language sql return null::%s", name, of[0], of[0]), "select", onConditions})
		}
	}
	const orgAs = "create or replace function app.org_as(variadic roles text[]) returns uuid stable parallel safe language sql return "
	const org = "nullif(current_setting('app.org_id', true), '')::uuid"
	return append(all,
		mutant{"context function", "role(): always OWNER", "create or replace function app.role() returns text stable parallel safe language sql return 'OWNER'::text", "select", onConditions},
		mutant{"context function", "org_ids(): not null-safe", "create or replace function app.org_ids() returns uuid[] stable parallel safe language sql return string_to_array(current_setting('app.org_ids', true), ',')::uuid[]", "select", onConditions},
		mutant{"context function", "org_as(text[]): whatever the role", orgAs + org, "select", onConditions},
		mutant{"context function", "org_as(text[]): not those roles", orgAs + "case when not current_setting('app.role', true) = any (roles) then " + org + " end", "select", onConditions},
		mutant{"context function", "org_as(text[]): not null-safe", orgAs + "case when current_setting('app.role', true) = any (roles) then current_setting('app.org_id', true)::uuid end", "select", onConditions},
		mutant{"context function", "org_as(text[]): the first role always", orgAs + "case when current_setting('app.role', true) = any (roles) or roles[1] = 'OWNER' then " + org + " end", "select", onConditions},
	)
}

// beginMutants are of policies/begin.sql: each raise and each assignment taken away, and the latch.
func beginMutants(t *testing.T, admin *pgx.Conn) (all []mutant) {
	t.Helper()
	rows, _ := admin.Query(t.Context(), `select oid::regprocedure::text as name, pg_get_functiondef(oid) as definition from pg_proc
		where pronamespace = 'app'::regnamespace and proname ~ '^begin_' order by 1`)
	functions, err := pgx.CollectRows(rows, pgx.RowToStructByName[struct{ Name, Definition string }])
	require.NoError(t, err)
	for _, f := range functions {
		name := strings.TrimPrefix(f.Name, "app.")
		for _, role := range append(slices.Clone(callerRoles), "public") {
			all = append(all, mutant{"latch removed", name + ": execute to " + role, "grant execute on function " + f.Name + " to " + role, "", []string{"ways in"}})
		}
		all = append(all,
			mutant{"grant taken", name + ": no execute for the login role", "revoke execute on function " + f.Name + " from insightforge", "", []string{"ways in"}},
			mutant{"begin function", name + ": SECURITY DEFINER", "alter function " + f.Name + " security definer", "", onWaysIn},
			mutant{"begin function", name + ": search_path of the session", "alter function " + f.Name + " reset search_path", "", onWaysIn},
			mutant{"owner changed", name + ": owned by the login role", "alter function " + f.Name + " owner to insightforge", "", onWaysIn})
		for _, m := range bodyMutations(f.Definition) {
			all = append(all, mutant{"begin function", name + ": " + m.what, m.result, "", onWaysIn})
		}
	}
	return all
}

func roleMutants(t *testing.T, admin *pgx.Conn) (all []mutant) {
	inherit := "alter role insightforge inherit"
	if value[int](t, admin, "select current_setting('server_version_num')::int") >= 160000 { // each membership says it for itself
		inherit += "; grant insightforge_auth, insightforge_user, insightforge_api, insightforge_key, insightforge_sealer to insightforge with inherit true"
	}
	for _, role := range append(slices.Clone(callerRoles), login, "insightforge_owner") {
		for _, attribute := range []string{"bypassrls", "superuser", "createrole", "createdb", "replication"} {
			all = append(all, mutant{"role", role + ": " + attribute, "alter role " + role + " " + attribute, "select", []string{"datasets"}})
		}
	}
	for _, role := range append(slices.Clone(callerRoles), login) {
		for _, of := range []string{"pg_read_all_data", "pg_write_all_data", "pg_monitor"} {
			all = append(all, mutant{"role", role + ": member of " + of, "grant " + of + " to " + role, "select", []string{"datasets"}})
		}
		all = append(all, mutant{"role", role + ": a stored setting", "alter role " + role + " set app.role = 'OWNER'", "select", []string{"datasets"}})
		all = append(all, mutant{"schema", "app: create for " + role, "grant create on schema app to " + role, "select", []string{"datasets"}})
	}
	for _, pair := range [][2]string{{"insightforge_auth", "insightforge_user"}, {"insightforge_user", "insightforge_api"}, {"insightforge_api", "insightforge_user"}, {"insightforge_key", "insightforge_api"}} {
		all = append(all, mutant{"role", pair[0] + ": member of " + pair[1], fmt.Sprintf("grant %s to %s", pair[1], pair[0]), "select", []string{"datasets"}})
	}
	return append(all,
		mutant{"role", "insightforge: INHERIT", inherit, "select", []string{"datasets"}},
		mutant{"role", "insightforge: may make others members", "grant insightforge_api to insightforge with admin option", "select", []string{"datasets"}},
		mutant{"role", "insightforge_owner: LOGIN", "alter role insightforge_owner login", "select", []string{"datasets"}},
		mutant{"schema", "app: no usage for insightforge_api", "revoke usage on schema app from insightforge_api", "select", []string{"datasets"}},
		mutant{"schema", "app: owned by the login role", "alter schema app owner to insightforge", "select", []string{"datasets"}})
}

// channelMutants open what sql/roles.sql closes.
func channelMutants() []mutant {
	return []mutant{
		{"channel", "set_config for PUBLIC", "grant execute on function pg_catalog.set_config(text, text, boolean) to public", "select", []string{"datasets"}},
		{"channel", "set_config for insightforge_api", "grant execute on function pg_catalog.set_config(text, text, boolean) to insightforge_api", "select", []string{"datasets"}},
		{"channel", "plpgsql for PUBLIC", "grant usage on language plpgsql to public", "select", []string{"datasets"}},
		{"channel", "pg_notify for PUBLIC", "grant execute on function pg_catalog.pg_notify(text, text) to public", "select", []string{"datasets"}},
		{"channel", "large objects for PUBLIC", "grant execute on function pg_catalog.lo_get(oid) to public", "select", []string{"datasets"}},
		{"channel", "advisory locks for PUBLIC", "grant execute on function pg_catalog.pg_advisory_lock(bigint) to public", "select", []string{"datasets"}},
	}
}

// unchanged are no faults: what finds one of them finds anything.
func unchanged(t *testing.T, admin *pgx.Conn) (all []mutant) {
	for _, p := range installedPolicies(t, admin) {
		all = append(all, p.recreated("nothing", "made again", func(*installedPolicy) {}))
	}
	return append(all,
		mutant{"nothing", "a comment", "comment on policy datasets_select on app.datasets is 'x'", "", nil},
		mutant{"nothing", "a grant that is there", "grant select on app.datasets to insightforge_api", "", nil},
		mutant{"nothing", "an index", "create index on app.datasets (org_id, name)", "", nil})
}
