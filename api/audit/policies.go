package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/policy"
)

// Lints of the expressions of policies, as PostgreSQL has parsed them.
var (
	policyUnanchored = Lint{ID: "policy_unanchored", Title: "A policy that does not say whose rows", Level: Error, Covers: "splinter 0015, 0024; pgrls SEC004, SEC005, SEC008, SEC010, SEC011, SEC018, SEC019, SEC020, SEC021, SEC024, SEC026, SEC028",
		Meaning: "For a member, each row that a policy admits has `org_id = app.org_id()`; for other callers a column equals what begin_* looked\nup. That is proved on the parsed expression: through AND and OR, by the numbers of operators and functions, not by their text."}
	policySubquery = Lint{ID: "policy_subquery", Title: "A policy with a subquery", Level: Error, Covers: "pgrls SEC025",
		Meaning: "It reads another table for each row, under that table's policies, and Citus refuses it. What a policy compares with is looked\nup once, by begin_*."}
	policyCall = Lint{ID: "policy_call", Title: "A policy that calls a function of somebody else", Level: Error, Covers: "pgrls PERF002",
		Meaning: "Policies call the context functions, and functions of PostgreSQL that are not volatile. What another function does can change\nwithout the policy."}
)

// contextFunctions are those of policies/context.sql.
var contextFunctions = []string{"app.org_id()", "app.user_id()", "app.role()", "app.subject()", "app.org_ids()", "app.org_as(text[])", "app.clearance()"}

const selectPolicies = `
select format('policy %I on %I.%I', p.polname, n.nspname, c.relname) as object, c.relname = 'organizations' as organizations,
  exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id') as tenant,
  array(select rolname::text from pg_roles where oid = any (p.polroles)) as roles, p.polcmd::text as command,
  coalesce(p.polqual::text, '') as using, coalesce(p.polwithcheck::text, '') as check, ` + policy.NamesOf + ` as names
from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
where p.polpermissive`

// parsed is a policy with its expressions.
type parsed struct {
	Object                string
	Organizations, Tenant bool // the table is the organizations, or has an organization
	Roles                 []string
	Command               string
	Using, Check          string
	Names                 json.RawMessage
}

// lintPolicies reads every permissive policy.
func lintPolicies(ctx context.Context, q querier) (findings []Finding, err error) {
	rows, _ := q.Query(ctx, selectPolicies)
	policies, err := pgx.CollectRows(rows, pgx.RowToStructByName[parsed])
	if err != nil {
		return nil, err
	}
	volatile, err := volatileFunctions(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, p := range policies {
		of, err := p.lint(volatile)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Object, err)
		}
		findings = append(findings, of...)
	}
	return findings, nil
}

func volatileFunctions(ctx context.Context, q querier) ([]string, error) {
	rows, _ := q.Query(ctx, `select distinct proname::text from pg_proc where pronamespace = 'pg_catalog'::regnamespace and provolatile = 'v'`)
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func (p parsed) lint(volatile []string) (findings []Finding, err error) {
	var names policy.Names
	if err := json.Unmarshal(p.Names, &names); err != nil {
		return nil, err
	}
	said := map[string]bool{}
	say := func(l Lint, detail string) {
		if !said[l.ID] {
			findings = append(findings, l.finding(p.Object+" "+detail, "drop "+p.Object, p.Object))
		}
		said[l.ID] = true
	}
	for _, operator := range names.Operators {
		if !strings.HasPrefix(operator, "pg_catalog.") {
			say(policyCall, "uses the operator "+operator)
		}
	}
	for _, tree := range []string{p.Using, p.Check} {
		if tree == "" {
			continue
		}
		e, err := policy.Parse(tree, names)
		if err != nil {
			return nil, err
		}
		if e.HasSubquery() {
			say(policySubquery, "has a subquery: "+e.String())
		} else if !p.anchored(e) {
			say(policyUnanchored, "admits rows whatever "+p.anchor()+" says: "+e.String())
		}
		for _, call := range e.Calls() {
			if foreign(call, volatile) {
				say(policyCall, "calls "+call)
			}
		}
	}
	return findings, nil
}

// member tells whether the policy is for who is inside one organization.
func (p parsed) member() bool {
	return (p.Tenant || p.Organizations) && slices.ContainsFunc(p.Roles, func(r string) bool {
		return slices.Contains([]string{"insightforge_api", "insightforge_key", "insightforge_sealer"}, r)
	})
}

// anchored tells whether every row that e admits is of the organization, or, for who has chosen none, of the caller.
func (p parsed) anchored(e policy.Expr) bool {
	return slices.ContainsFunc(e.Implied(), func(q policy.Equality) bool {
		if !p.member() {
			return slices.Contains(contextFunctions, q.Function) && q.Function != "app.role()"
		}
		return q.Function == "app.org_id()" && (q.Column == "org_id" || p.Organizations && q.Column == "id")
	})
}

func (p parsed) anchor() string {
	if p.member() {
		return "app.org_id()"
	}
	return "the context"
}

// foreign tells whether a signature is neither a context function nor a function of PostgreSQL that is not volatile.
func foreign(call string, volatile []string) bool {
	if slices.Contains(contextFunctions, call) {
		return false
	}
	name, of := strings.CutPrefix(call, "pg_catalog.")
	name, _, _ = strings.Cut(name, "(")
	return !of || slices.Contains(volatile, strings.Trim(name, `"`))
}

// goLints are the rules that are no query.
var goLints = []Lint{policyUnanchored, policySubquery, policyCall, serverFixes, driftPolicy, driftFunction, driftGrant, driftConstraint, driftColumn, driftGrid, crossesOrganizations}
