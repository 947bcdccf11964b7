package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/policy"
)

// isOrg is what every policy of a tenant table is to imply.
var isOrg = policy.Equality{"org_id", "app.org_id()"}

func TestWhatAPolicyImplies(t *testing.T) {
	t.Parallel()
	p := newProbe(t)
	for sql, implied := range map[string][]policy.Equality{
		"org_id = app.org_id()":                                                       {isOrg},
		"app.org_id() = org_id":                                                       {isOrg},
		"org_id operator(pg_catalog.=) app.org_id()":                                  {isOrg},
		"org_id = app.org_as('OWNER', 'ADMIN')":                                       {isOrg},
		"app.org_as(variadic array['OWNER', role]) = org_id":                          {isOrg},
		"id::text = app.subject()":                                                    {{"id", "app.subject()"}},
		"word = app.subject()":                                                        {{"word", "app.subject()"}},
		"email collate \"C\" = app.subject()":                                         nil,
		"id = any (app.org_ids())":                                                    {{"id", "app.org_ids()"}},
		"org_id = app.org_id() and (ok or n > 3)":                                     {isOrg},
		"org_id = app.org_id() and created_by = app.user_id() and id = app.user_id()": {isOrg, {"created_by", "app.user_id()"}, {"id", "app.user_id()"}},
		"org_id = app.org_id() and ok or app.org_as('OWNER') = org_id and not ok":     {isOrg},
		"(org_id = app.org_id() and created_by = app.user_id()) or false or null":     {isOrg, {"created_by", "app.user_id()"}},
		"dom = app.org_id()":                                                          {{"dom", "app.org_id()"}},

		"true":                          nil,
		"ok":                            nil,
		"org_id = app.org_id() or true": nil,
		"org_id = app.org_id() or org_id is not null":                                     nil,
		"org_id = app.org_id() or id = app.org_id()":                                      nil,
		"org_id = app.org_id() or org_id = app.user_id()":                                 nil,
		"not (org_id <> app.org_id())":                                                    nil,
		"not (org_id = app.org_id())":                                                     nil,
		"not (not (org_id = app.org_id()))":                                               nil,
		"org_id <> app.org_id()":                                                          nil,
		"org_id >= app.org_id()":                                                          nil,
		"org_id is not distinct from app.org_id()":                                        nil,
		"org_id is distinct from app.org_id()":                                            nil,
		"nullif(org_id, app.org_id()) is null":                                            nil,
		"case when ok then org_id = app.org_id() else true end":                           nil,
		"(org_id = app.org_id()) is not false":                                            nil,
		"coalesce(app.org_id(), org_id) = org_id":                                         nil,
		"coalesce(org_id = app.org_id(), true)":                                           nil,
		"org_id = coalesce(app.org_id(), org_id)":                                         nil,
		"org_id = org_id":                                                                 nil,
		"org_id = id":                                                                     nil,
		"app.org_id() = app.org_id()":                                                     nil,
		"app.org_id() = app.user_id()":                                                    nil,
		"org_id = '00000000-0000-0000-0000-000000000000'":                                 nil,
		"org_id operator(evil.=) app.org_id()":                                            nil,
		"dom operator(evil.=) app.org_id()":                                               nil,
		"org_id = evil.org_id()":                                                          nil,
		"org_id = evil.org_as('OWNER')":                                                   nil,
		"org_id = current_setting('app.org_id')::uuid":                                    nil,
		"loose = app.subject()":                                                           nil,
		"email collate evil.loose = app.subject()":                                        nil,
		"lower(email) = app.subject()":                                                    nil,
		"email like app.subject()":                                                        nil,
		"id <> any (app.org_ids())":                                                       nil,
		"id = all (app.org_ids())":                                                        nil,
		"id <> all (app.org_ids())":                                                       nil,
		"app.org_id() = any (ids)":                                                        nil,
		"org_id = any (array[app.org_id(), id])":                                          nil,
		"box = box(point(0, 0), point(1, 1))":                                             nil,
		"row(org_id, id) = row(app.org_id(), id) or ok":                                   nil,
		"exists (select from evil.other o where o.org_id = app.org_id())":                 nil,
		"exists (select from evil.other o where rows.org_id = app.org_id())":              nil,
		"id in (select o.id from evil.other o where o.org_id = app.org_id())":             nil,
		"(select o.org_id from evil.other o limit 1) = app.org_id()":                      nil,
		"exists (select from evil.other o where o.id = rows.id) or org_id = app.org_id()": nil,
	} {
		require.ElementsMatch(t, implied, p.parse(t, sql).Implied(), sql)
	}
}

func TestWhatIsLeftForARole(t *testing.T) {
	t.Parallel()
	p := newProbe(t)
	for _, c := range []struct{ sql, role, left string }{
		{"org_id = app.org_as('OWNER', 'ADMIN')", "ADMIN", "org_id = app.org_id()"},
		{"org_id = app.org_as('OWNER', 'ADMIN')", "VIEWER", "false"},
		{"app.org_as('OWNER') = org_id", "OWNER", "app.org_id() = org_id"},
		{"app.org_as('OWNER') = org_id", "ADMIN", "false"},
		{"not (org_id = app.org_as('OWNER'))", "ADMIN", "false"},
		{"org_id = app.org_as(variadic array[role])", "OWNER", "org_id = app.org_as(role)"},
		{"org_id = app.org_as('OWNER') or created_by = app.user_id()", "OWNER", "org_id = app.org_id() or created_by = app.user_id()"},
		{"org_id = app.org_as('OWNER') or created_by = app.user_id()", "ADMIN", "created_by = app.user_id()"},
		{"org_id = app.org_id() and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id())", "ADMIN", "org_id = app.org_id()"},
		{"org_id = app.org_id() and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id())", "ANALYST", "org_id = app.org_id() and created_by = app.user_id()"},
		{"org_id = app.org_as('VIEWER') and n <= app.clearance()", "VIEWER", "org_id = app.org_id() and n <= 0"},
		{"n <= app.clearance()", "ANALYST", "n <= 1"},
		{"app.clearance() >= n", "ADMIN", "2 >= n"},
		{"n <= app.clearance()", "NOBODY", "n <= app.clearance()"},
		{"app.role() = 'OWNER'", "OWNER", "true"},
		{"'OWNER' = app.role()", "ADMIN", "false"},
		{"app.role() = role", "OWNER", "app.role() = role"},
		{"app.role() <> 'VIEWER'", "VIEWER", "false"},
		{"app.role() not in ('VIEWER', 'ANALYST')", "OWNER", "true"},
		{"app.role() not in ('VIEWER', 'ANALYST')", "ANALYST", "false"},
		{"app.role() <> any (array['VIEWER', 'ANALYST'])", "VIEWER", "app.role() <> any (array['VIEWER', 'ANALYST'])"},
		{"app.role() = all (array['VIEWER', 'ANALYST'])", "VIEWER", "app.role() = all (array['VIEWER', 'ANALYST'])"},
		{"app.role() in ('VIEWER', role)", "ADMIN", "app.role() = role"}, // PostgreSQL makes an OR of it
		{"app.role() = any (array['ADMIN', role])", "ADMIN", "app.role() in ('ADMIN', role)"},
		{"app.role() = 'owner' collate evil.loose", "OWNER", "app.role() = 'owner'"}, // equal there
		{"app.role() <> 'owner' collate evil.loose", "OWNER", "app.role() <> 'owner'"},
		{"app.role() is null or ok", "OWNER", "ok"},
		{"app.role() is not null and ok", "OWNER", "ok"},
		{"not (app.role() = 'OWNER') and ok", "OWNER", "false"},
		{"not (app.role() = 'OWNER' and ok)", "OWNER", "not ok"},
		{"not (org_id = app.org_as('OWNER') and ok)", "ADMIN", "not (null and ok)"}, // true where ok is false
		{"case when app.role() = 'OWNER' then ok else false end", "OWNER", "case when true then ok else false end"},
		{"coalesce(app.role() = 'OWNER', ok)", "OWNER", "coalesce(true, ok)"},
		{"app.role() like 'OWN%'", "OWNER", "app.role() ~~ 'OWN%'"},
		{"exists (select from evil.other o where app.role() = 'OWNER')", "OWNER", "exists (select …)"},
		{"true and ok", "OWNER", "ok"},
		{"null or ok", "OWNER", "ok"},
		{"null and ok", "OWNER", "false"},
		{"true", "OWNER", "true"},
	} {
		left := p.parse(t, c.sql).As(c.role)
		require.Equal(t, c.left, left.String(), "%s as %s", c.sql, c.role)
		require.Equal(t, c.left == "false", left.Never(), c.sql)
		require.Equal(t, c.left == "true", left.Always(), c.sql)
	}
}

func TestWhatIsLeftBeyondTheOrganization(t *testing.T) {
	t.Parallel()
	p := newProbe(t)
	for sql, left := range map[string]string{
		"org_id = app.org_as('OWNER')":                                                          "true",
		"org_id = app.org_id() and created_by = app.user_id()":                                  "created_by = app.user_id()",
		"org_id = app.org_id() and ok or org_id = app.org_id() and n = 1":                       "ok or n = 1",
		"org_id = app.org_id() or ok":                                                           "org_id = app.org_id() or ok",
		"org_id = app.org_id() and org_id is distinct from app.org_id()":                        "org_id is distinct from app.org_id()",
		"org_id = app.org_id() and not (org_id = app.org_id())":                                 "not (org_id = app.org_id())",
		"created_by = app.user_id()":                                                            "created_by = app.user_id()",
		"org_id = app.org_id() and exists (select from evil.other o where o.id = app.org_id())": "exists (select …)",
	} {
		require.Equal(t, left, p.parse(t, sql).Beyond("app.org_id()").String(), sql)
	}
}

func TestWhatIsLeftOfWhatIsGiven(t *testing.T) {
	t.Parallel()
	p := newProbe(t)
	for sql, left := range map[string]string{
		"n <= 2":                          "true",
		"n <= 2 and ok":                   "ok",
		"n <= 2 or ok":                    "true",
		"n <= 1 and ok":                   "n <= 1 and ok",
		"not (n <= 2) and ok":             "not (n <= 2) and ok",
		"ok and (n <= 2 and n = 1 or ok)": "ok and (n = 1 or ok)",
	} {
		require.Equal(t, left, p.parse(t, sql).Given("n <= 2").String(), sql)
	}
}

// TestTheClearanceOfARole is the database's.
func TestTheClearanceOfARole(t *testing.T) {
	t.Parallel()
	p := newProbe(t)
	for _, role := range []string{"OWNER", "ADMIN", "ANALYST", "VIEWER"} {
		p.exec(t, "set app.role = '"+role+"'")
		var number int
		require.NoError(t, p.conn.QueryRow(t.Context(), "select app.clearance()").Scan(&number))
		require.Equal(t, fmt.Sprintf("n <= %d", number), p.parse(t, "n <= app.clearance()").As(role).String())
	}
}

func TestWhatAPolicyReadsAndCalls(t *testing.T) {
	t.Parallel()
	p := newProbe(t)
	e := p.parse(t, "org_id = app.org_as('OWNER') and lower(email) = app.subject() and exists (select from evil.other o where o.id = rows.created_by and evil.org_id() = o.org_id)")
	require.True(t, e.HasSubquery())
	require.Equal(t, []string{"app.org_as(text[])", "app.subject()", "evil.org_id()", "pg_catalog.lower(text)"}, e.Calls())
	require.Equal(t, []string{"created_by", "email", "org_id"}, e.Columns())

	e = p.parse(t, "n = (select max(o.n) from evil.rows o where o.id = (select id from evil.other where org_id = o.org_id))")
	require.Equal(t, []string{"n"}, e.Columns(), "columns of another row of the same table are not the row's own")
	require.Equal(t, []string{"pg_catalog.max(int4)"}, e.Calls())

	e = p.parse(t, "org_id = app.org_id() and rows is not null")
	require.False(t, e.HasSubquery())
	require.Equal(t, []string{"*", "org_id"}, e.Columns())
}

func TestAnExpressionIsShownAsItsAuthorWouldWriteIt(t *testing.T) {
	t.Parallel()
	p := newProbe(t)
	for sql, shown := range map[string]string{
		"role in ('ANALYST', 'VIEWER')":                                  "",
		"role not in ('ANALYST', 'VIEWER')":                              "",
		"n in (1, -2) and big = '-5000000000'::bigint":                   "n in (1, -2) and big = -5000000000",
		"small = 3::smallint":                                            "small = 3::int2",
		"role = 'it''s € \\ {(:x' and not ok":                            "",
		"email is null or role is not null and ok":                       "email is null or (role is not null and ok)",
		"org_id = 'b5c1a2de-0000-4000-8000-00000000000f'":                "",
		"id::text = app.subject()":                                       "",
		"word = 'x'":                                                     "",
		"day < now() - interval '1 month 2 days 36 hours 1 ms'":          "day < (now() - interval '1 month 2 days 36 hours 1 millisecond')",
		"case role when 'A' then ok when 'B' then n = 1 else false end":  "",
		"coalesce(ok, true) and nullif(n, 1) = 2 and greatest(n, 1) = 3": "",
		"ok is not true and (n = 1) is unknown":                          "",
		"org_id operator(evil.=) id":                                     "",
		"evil.org_id() = id":                                             "",
		"app.org_as('OWNER', 'ADMIN') = id":                              "",
		"word = current_user":                                            "",
		"- n = + n":                                                      "(- n) = (+ n)",
		"array['a', role] = array['b']":                                  "",
		"day = current_date":                                             "",
		"day = '2024-01-30'":                                             "day = ⟨date⟩",
		"xmlforest(role) is null":                                        "⟨xmlexpr⟩ is null",
	} {
		if shown == "" {
			shown = sql
		}
		require.Equal(t, shown, p.parse(t, sql).String())
	}
}

func TestEveryPolicyIsUnderstood(t *testing.T) {
	t.Parallel()
	policies := selectPolicies(t, connect(t))
	require.Greater(t, len(policies), 40)
	for _, p := range policies {
		for what, e := range p.expressions(t) {
			require.NotContains(t, e.String(), "⟨", what)
			require.False(t, e.HasSubquery(), what)
			require.NotEmpty(t, e.Implied(), what)
		}
	}
}

func TestEveryPolicyOfAMemberImpliesTheOrganization(t *testing.T) {
	t.Parallel()
	column := map[string]policy.Equality{
		"organizations":    {"id", "app.org_id()"},
		"idempotency_keys": {"user_id", "app.user_id()"}, // a person's, of all organizations
	}
	checked := 0
	for _, p := range selectPolicies(t, connect(t)) {
		if !strings.Contains(*p.Role, "insightforge_api") { // or of keys as well
			continue
		}
		wanted, other := column[p.Relation]
		if !other {
			wanted = isOrg
		}
		for what, e := range p.expressions(t) {
			require.Contains(t, e.Implied(), wanted, what)
			checked++
		}
	}
	require.Greater(t, checked, 30)
}
