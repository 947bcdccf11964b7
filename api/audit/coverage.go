package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// rule of another linter.
type rule struct {
	id, catches string
	note        string // why it does not apply, or what to know where it is covered
}

// linter is another one, whose rules reviewers know.
type linter struct {
	name, about string
	rules       []rule
}

// linters are splinter (Supabase's) and pgrls. Which lint covers a rule is said by the lint.
var linters = []linter{
	{"splinter", "[splinter](https://github.com/supabase/splinter), Supabase's linter: 0001 to 0029 without 0012, 28 rules.", []rule{
		{"0001", "a foreign key without an index", ""},
		{"0002", "a view shows `auth.users`", "The users are `app.users`, and no view is within reach, whatever it reads"},
		{"0003", "a policy calls `auth.uid()` for each row", "Context functions are inlined, so a policy becomes a One-Time Filter (`TestPlans`); `(select …)` around them is not needed, and refused: `policy_subquery`"},
		{"0004", "a table without a primary key", "Not a question of isolation: such a row is hard to name, and hidden all the same. [sql/](../sql) gives each table one"},
		{"0005", "an unused index", "Operations: it costs time, and shows nothing to anybody"},
		{"0006", "several permissive policies for one role and command", ""},
		{"0007", "policies on a table whose row-level security is off", ""},
		{"0008", "row-level security without any policy", "Where something is granted. A table that nobody was granted anything on needs no policy: `schema_version`"},
		{"0009", "two equal indexes", "Operations"},
		{"0010", "a view that is read as its owner", "No view at all is within reach"},
		{"0011", "a function without a fixed `search_path`", "splinter warns of the six context functions and of `app.expand`. They need none: their bodies (`return …`) were resolved when they were created, or are C; and a SET clause would keep them from being inlined, three times slower over a million rows. The functions with a body in text, `app.begin_*`, have it"},
		{"0013", "a table in an exposed schema without row-level security", "Also where nothing is granted on it yet"},
		{"0014", "an extension in schema `public`", "What matters here is whether a caller may execute its functions, in whatever schema"},
		{"0015", "a policy that believes `user_metadata`, which users write", "A policy compares with what `app.begin_*` looked up, and with nothing from a token"},
		{"0016", "a materialized view within reach", ""},
		{"0017", "a foreign table within reach", ""},
		{"0018", "a column of a type that `pg_upgrade` refuses", "Upgrades, not isolation"},
		{"0019", "a queue of `pgmq` without row-level security", "The product has no queue; one within reach would be a table without row-level security, in whatever schema"},
		{"0020", "a bloated table", "Operations"},
		{"0021", "a foreign key to a unique key in schema `auth`", "Supabase's schema"},
		{"0022", "an outdated extension", "The product needs no extension. For the server itself there is `server_fixes`"},
		{"0023", "a column named like a secret, in a table without row-level security", "Secret columns (`password_hash`, `token_hash`) are granted to one kind of caller, and every column is tried by every caller: `drift_grant`, `drift_grid`"},
		{"0024", "a policy that is always true", "Also for SELECT, and however it is written: what is asked is whether the policy implies the equality"},
		{"0025", "a public bucket that can be listed", "Supabase's storage"},
		{"0026", "a table that `anon` sees in the GraphQL schema", "There is no GraphQL. PUBLIC, and the login role before any begin, have no right on any table"},
		{"0027", "a table that `authenticated` sees in the GraphQL schema", "There is no GraphQL. Names of tables are not secret here (they are in this repository); rows are"},
		{"0028", "a SECURITY DEFINER function that `anon` may call", ""},
		{"0029", "a SECURITY DEFINER function that `authenticated` may call", ""},
	}},
	{"pgrls", "[pgrls](https://github.com/pgrls/pgrls) 0.5: SEC001 to SEC022, PERF, HYG and VIEW, and those that later versions added.", []rule{
		{"SEC001", "a table without row-level security", ""},
		{"SEC002", "row-level security that is not forced", ""},
		{"SEC003", "a permissive policy for PUBLIC", ""},
		{"SEC004", "`auth() is null or …`: open when nobody is known", "An OR admits what both of its sides admit: the equality must follow from each"},
		{"SEC005", "a policy that names no column of its table", ""},
		{"SEC006", "a writing policy without WITH CHECK", ""},
		{"SEC007", "no RESTRICTIVE policy as a floor", "The contrary is the rule here: Citus turns RESTRICTIVE into PERMISSIVE on its shards (`policy_restrictive`). Instead each policy is complete (`policy_unanchored`), and alone (`policy_multiple`)"},
		{"SEC008", "USING (true)", ""},
		{"SEC009", "row-level security without any policy", "Where something is granted"},
		{"SEC010", "USING (false)", "Who may not is granted nothing; a constant implies no equality, so the policy is found"},
		{"SEC011", "`… or true`", ""},
		{"SEC012", "RESTRICTIVE policies only", ""},
		{"SEC013", "a trigger", "Any trigger, and any rule"},
		{"SEC014", "a SECURITY DEFINER function", ""},
		{"SEC015", "a SECURITY DEFINER function that a temporary object can deceive", "There is none; `app.begin_*`, which are no definers, fix `pg_catalog, pg_temp` all the same: `begin_search_path`"},
		{"SEC016", "a role with BYPASSRLS", "The product's roles, and logins that may become one. Other roles of the server, such as one for backups, are the administrator's: they become no caller (`role_member`)"},
		{"SEC017", "a LEAKPROOF function", ""},
		{"SEC018", "a policy that compares with `current_user`", "It is no context function, so it implies nothing"},
		{"SEC019", "`current_setting(name)`, which fails where nothing was set", "A setting read past the context functions implies no equality; as a condition beside one it is found by `drift_policy`. The context functions themselves are compared with their definitions: `drift_function`"},
		{"SEC020", "WITH CHECK (true) beside a USING that is not", "Both expressions are asked for the equality"},
		{"SEC021", "an organization written into a policy", "A constant is no context function"},
		{"SEC022", "policies for SELECT only", "Most tables are not written by every caller: what is not granted needs no policy. A granted command without a policy is found"},
		{"SEC023", "a policy for a role that has BYPASSRLS", "Policies are for the kinds of caller (`policy_roles`)"},
		{"SEC024", "`current_setting` of a name without a prefix", "As SEC019"},
		{"SEC025", "a policy that reads a table without row-level security", "A policy reads no other table"},
		{"SEC026", "LIKE or a regular expression against the context", "Only an equality counts"},
		{"SEC027", "a column of an owner that no policy compares with", "What is one's own is in the permission table on each page of [policies/](../policies), and is tried: own rows and others' are two lines of the grid"},
		{"SEC028", "WITH CHECK (true)", ""},
		{"SEC029", "a role that may SET ROLE to one with BYPASSRLS", "A caller is a member of no role but the callers"},
		{"SEC030", "a policy on a column that may be null", ""},
		{"PERF001", "a function called for each row", "As 0003 of splinter"},
		{"PERF002", "a VOLATILE function in a policy", ""},
		{"PERF003", "a column of a policy without an index", "Each key begins with the organization, which is what a scan looks for; `created_by` and `role` are compared within it"},
		{"HYG001", "a policy on a column that is not there", "PostgreSQL does not let that happen: dropping the column drops the policy (CASCADE), which is then missing"},
		{"HYG002", "a policy named `todo`, `tmp`, …", "Whatever its name: it is in no file of [policies/](../policies)"},
		{"HYG003", "two equal policies", ""},
		{"VIEW001", "a view without `security_invoker`", "No view at all is within reach"},
		{"VIEW002", "a view without `security_barrier`", "No view at all is within reach"},
		{"VIEW003", "a materialized view", ""},
		{"VIEW004", "a view that calls a SECURITY DEFINER function", "Neither is within reach"},
	}},
}

// covers are the lints that say of themselves that they find what a rule of another linter does.
func (l linter) covers(rule string) (ids []string) {
	for _, id := range slices.Sorted(maps.Keys(Lints)) {
		if slices.Contains(Lints[id].covered(l.name), rule) {
			ids = append(ids, id)
		}
	}
	return ids
}

// covered reads "splinter 0007, 0013; pgrls SEC001".
func (l Lint) covered(linter string) []string {
	for _, part := range strings.Split(l.Covers, "; ") {
		if rules, ok := strings.CutPrefix(part, linter+" "); ok {
			return strings.Split(rules, ", ")
		}
	}
	return nil
}

// table is what covers each rule, as Markdown.
func (l linter) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n%s\n\n| rule | finds | here | |\n|---|---|---|---|\n", l.name, l.about)
	for _, r := range l.rules {
		by := make([]string, 0, 2)
		for _, id := range l.covers(r.id) {
			by = append(by, fmt.Sprintf("[%s](#%[1]s)", id))
		}
		here := strings.Join(by, ", ")
		if here == "" {
			here = "does not apply"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.id, r.catches, here, r.note)
	}
	return b.String()
}
