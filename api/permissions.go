package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/insightforge/insightforge/api/policy"
	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerPermissions() {
	operation(s, huma.Operation{OperationID: "get-permissions", Method: http.MethodGet, Path: "/api/v1/organizations/{org_id}/permissions",
		Tags: []string{"organizations"}, Summary: "Get what the caller may do in an organization",
		Description: "Read from the grants and the row-level-security policies that are installed in the database, at this moment: what is said " +
			"here is what is enforced. vis is who sees a column, and what tells of it: 0 everyone, 1 ANALYST and above, 2 OWNER and ADMIN. Rows of other organizations are never reached, so nothing is said of them. That an organization keeps at " +
			"least one OWNER is asked besides."}, s.getPermissions)
}

// Permissions are what the caller may do in an organization.
type Permissions struct {
	Role   Role               `json:"role" doc:"The caller's, at this moment"`
	Tables []TablePermissions `json:"tables" nullable:"false" doc:"By name; what is not here cannot be reached"`
}

// TablePermissions are what the caller may do with the rows of a table.
type TablePermissions struct {
	Table  string            `json:"table" example:"datasets"`
	Select Permission        `json:"select"`
	Insert ColumnsPermission `json:"insert"`
	Update ColumnsPermission `json:"update"`
	Delete Permission        `json:"delete"`
}

// Permission is for one command.
type Permission struct {
	Allowed   string `json:"allowed" enum:"all,own,some,none" doc:"all: any row of the organization; own: only rows in which a column names the caller, so for insert only in the caller's own name; some: only rows that fulfil the condition; none: no row"`
	Condition string `json:"condition,omitempty" example:"created_by = app.user_id()" doc:"What is asked of a row beyond its organization, in SQL; of an update, of the row before and after"`
	Check     string `json:"check,omitempty" example:"revoked_at is not null" doc:"What an update must leave, where that is not the condition"`
	Policy    string `json:"policy,omitempty" example:"datasets_update" doc:"Whose words these are; only for OWNER and ADMIN"`
}

// ColumnsPermission is for a command that names columns.
type ColumnsPermission struct {
	Permission
	Columns []string `json:"columns" nullable:"false" doc:"Those that may be given"`
}

// permitted is one command on one table, as the catalog has it for the database role of this transaction.
type permitted struct {
	Role           Role
	Table, Command string
	Granted        bool
	Columns        []string
	Policy         *string
	Using, Check   *string // pg_node_tree; both null without a policy
	Names          policy.Names
}

// One row for each command on each table that anything is granted on. Policies for PUBLIC and FOR ALL count here, although
// the check at start-up refuses them.
const selectPermissions = `
select app.role() as role, c.relname as table, command.name as command, command.granted,
  case when command.granted then array(select a.attname::text from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and command.name in ('insert', 'update')
      and has_column_privilege(c.oid, a.attnum, command.name) order by a.attnum) end as columns,
  case when app.role() in ('OWNER', 'ADMIN') then p.polname end as policy, p.polqual::text as using, p.polwithcheck::text as check,
  ` + policy.NamesOf + ` as names
from pg_class c
  cross join lateral (select name, letter, case name when 'delete' then has_table_privilege(c.oid, name) else has_any_column_privilege(c.oid, name) end as granted
    from (values ('select', 'r'), ('insert', 'a'), ('update', 'w'), ('delete', 'd')) commands(name, letter)) command
  left join pg_policy p on p.polrelid = c.oid and p.polcmd::text in (command.letter, '*') and p.polroles && array[0, current_user::regrole]::oid[]
where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')
  and (has_any_column_privilege(c.oid, 'select, insert, update') or has_table_privilege(c.oid, 'delete'))
order by c.relname, command.name`

func (s *Server) getPermissions(ctx context.Context, in *InOrganization) (*struct{ Body Permissions }, error) {
	rows, err := tenant.Rows[permitted](ctx, s.db, member(ctx, in.OrgID), selectPermissions)
	if err != nil {
		return nil, err
	}
	p := Permissions{Tables: []TablePermissions{}}
	for commands := range slices.Chunk(rows, 4) {
		table, err := tablePermissions(commands)
		if err != nil {
			return nil, err
		}
		p.Role, p.Tables = commands[0].Role, append(p.Tables, table)
	}
	return &struct{ Body Permissions }{p}, nil
}

// tablePermissions of the four commands on one table, in the order of their names.
func tablePermissions(commands []permitted) (t TablePermissions, err error) {
	permissions := make([]Permission, 4)
	for i, name := range []string{"delete", "insert", "select", "update"} {
		if len(commands) != 4 || commands[i].Command != name || commands[i].Table != commands[0].Table {
			return t, fmt.Errorf("table %s has not one policy for each command", commands[0].Table)
		}
		if permissions[i], err = commands[i].permission(); err != nil {
			return t, fmt.Errorf("table %s, %s: %w", commands[i].Table, name, err)
		}
	}
	return TablePermissions{
		Table: commands[0].Table, Delete: permissions[0], Select: permissions[2],
		Insert: columnsPermission(permissions[1], commands[1].Columns), Update: columnsPermission(permissions[3], commands[3].Columns),
	}, nil
}

func columnsPermission(p Permission, columns []string) ColumnsPermission {
	if p.Allowed == "none" {
		columns = nil
	}
	return ColumnsPermission{p, append([]string{}, columns...)}
}

// everyVis holds for each row that has a vis: tables check it (sql/017 and 018). So who has the highest clearance sees all.
const everyVis = "vis <= 2"

// permission is what a policy leaves to a role. PostgreSQL checks a changed row by USING where WITH CHECK is missing.
func (p permitted) permission() (Permission, error) {
	if !p.Granted || p.Using == nil && p.Check == nil {
		return Permission{Allowed: "none"}, nil
	}
	var left []policy.Expr
	for _, tree := range []*string{p.Using, p.Check} {
		if tree != nil {
			e, err := policy.Parse(*tree, p.Names)
			if err != nil {
				return Permission{}, err
			}
			left = append(left, e.As(string(p.Role)).Beyond("app.org_id()").Given(everyVis))
		}
	}
	before, after := left[0], left[len(left)-1]
	permission := Permission{Allowed: allowed[min(extent(before), extent(after))], Condition: condition(before)}
	if after.String() != before.String() {
		permission.Check = after.String()
	}
	if p.Policy != nil {
		permission.Policy = *p.Policy
	}
	if permission.Allowed == "none" {
		permission.Condition, permission.Check = "", ""
	}
	return permission, nil
}

// allowed are the words for an extent, the narrowest first.
var allowed = []string{"none", "some", "own", "all"}

func extent(e policy.Expr) int {
	switch {
	case e.Never():
		return 0
	case e.Always():
		return 3
	case e.Beyond("app.user_id()").Always():
		return 2
	default:
		return 1
	}
}

// condition is empty for what nothing more is asked of.
func condition(e policy.Expr) string {
	if e.Always() {
		return ""
	}
	return e.String()
}
