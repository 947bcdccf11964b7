package audit

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// columns are those that a statement names.
type columns struct {
	names []string
	all   bool // the table has no others
}

// attempt is one statement on one kind of row.
type attempt struct {
	command string // select, insert, update, delete or truncate
	variant string // what is special about it
	columns columns
	row     row
	sql     string
}

func (a attempt) line() Line {
	return Line{a.command, a.variant, a.columns.names, a.columns.all, a.row.org, a.row.kind, nil}
}

// columnGroup are columns that the same roles may use in a command. A key that somebody may update is a group of its own, and so is
// deleted_at: what happens to a row that moves, or goes, says nothing of the other columns. What PostgreSQL generates nobody
// writes, and a statement that tries fails before it is asked for a privilege.
type columnGroup struct {
	Command string
	Columns []string
	Types   []string
	All     bool
	None    bool // nobody may
}

const selectColumnGroups = `
select command, array_agg(quote_ident(attname) order by attnum) as columns, array_agg(format_type(atttypid, null) order by attnum) as types,
  count(*) = (select count(*) from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped) as all, bool_and(may not like '%t%') as none
from (
  select command, attname, attnum, atttypid, string_agg(case when has_column_privilege(role, attrelid, attnum, command) then 't' else 'f' end, '' order by role) as may
  from pg_attribute, unnest(array['SELECT', 'INSERT', 'UPDATE']) command,
    unnest(array['insightforge', 'insightforge_auth', 'insightforge_user', 'insightforge_api', 'insightforge_key', 'insightforge_sealer']) role
  where attrelid = $1::regclass and attnum > 0 and not attisdropped and (attgenerated = '' or command = 'SELECT') group by 1, 2, 3, 4) c
group by command, may, command = 'UPDATE' and may like '%t%' and attname in ('org_id', 'id', 'user_id', 'created_by', 'deleted_at') order by command, min(attnum)`

// attempts are the statements on a table: select, insert, update, delete, truncate.
func (t *Trial) attempts(ctx context.Context, of target) ([]attempt, error) {
	if _, err := t.conn.Exec(ctx, "rollback to savepoint attempt"); err != nil {
		return nil, err
	}
	if of.insert == "" {
		return of.extra, nil
	}
	found, _ := t.conn.Query(ctx, selectColumnGroups, "app."+of.name)
	groups, err := pgx.CollectRows(found, pgx.RowToStructByName[columnGroup])
	if err != nil {
		return nil, err
	}
	name, where := "app."+of.name, " where "+of.key
	attempts := []attempt{{"select", "", columns{}, everything, "select from " + name}}
	for _, g := range groupsOf(groups, "SELECT") {
		attempts = append(attempts, g.each(of.rows, "select "+strings.Join(g.Columns, ", ")+" from "+name+where)...)
	}
	for _, r := range of.rows {
		attempts = append(attempts, attempt{"insert", "", columns{}, r, "insert into " + name + " " + of.insert})
	}
	for _, g := range groupsOf(groups, "INSERT") {
		attempts = append(attempts, of.further(g)...)
	}
	for _, g := range groupsOf(groups, "UPDATE") {
		attempts = append(attempts, attempt{"update", "", columns{g.Columns, g.All}, everything, "update " + name + " set " + t.assignments(g)})
		attempts = append(attempts, g.each(of.rows, "update "+name+" set "+t.assignments(g)+where)...)
	}
	attempts = append(attempts, attempt{"delete", "", columns{}, everything, "delete from " + name})
	for _, r := range of.rows {
		attempts = append(attempts, attempt{"delete", "", columns{}, r, "delete from " + name + where})
	}
	attempts = append(attempts, attempt{"truncate", "", columns{}, row{}, "truncate " + name})
	return slices.DeleteFunc(append(attempts, of.extra...), func(a attempt) bool {
		return t.spared[of.name] && a.row == everything && a.command != "select"
	}), nil
}

// further are insertions that name other columns than the usual ones: what nobody may insert alone, the rest beside them.
func (of target) further(g columnGroup) []attempt {
	usual, values, _ := strings.Cut(of.insert, ") values (")
	columnsOf := strings.Split(strings.TrimPrefix(usual, "("), ", ")
	names := slices.DeleteFunc(slices.Clone(g.Columns), func(c string) bool { return slices.Contains(columnsOf, c) })
	defaults := strings.Repeat(", default", len(names))
	switch {
	case g.None:
		return []attempt{{"insert", "", columns{g.Columns, g.All}, row{}, "insert into app." + of.name + " (" + strings.Join(g.Columns, ", ") + ") values (" + strings.Repeat(", default", len(g.Columns))[2:] + ")"}}
	case len(names) == 0:
		return nil
	default:
		return []attempt{{"insert", "", columns{names, false}, of.rows[0], "insert into app." + of.name + " " + usual + ", " + strings.Join(names, ", ") + ") values (" + strings.TrimSuffix(values, ")") + defaults + ")"}}
	}
}

func groupsOf(groups []columnGroup, command string) []columnGroup {
	return slices.DeleteFunc(slices.Clone(groups), func(g columnGroup) bool { return g.Command != command })
}

func (g columnGroup) each(rows []row, sql string) (attempts []attempt) {
	for _, r := range rows {
		attempts = append(attempts, attempt{strings.ToLower(g.Command), "", columns{g.Columns, g.All}, r, sql})
	}
	return attempts
}

// assignments set each column to some value of its type; one that takes only some values, to what it is.
func (t *Trial) assignments(g columnGroup) string {
	sample := map[string]string{"uuid": "'" + t.id("new").String() + "'", "text": "'x'", "integer": "1", "bigint": "1", "timestamp with time zone": "now()",
		"boolean": "false", "bytea": "''", "jsonb": "'{}'", "json": "'{}'"}
	var set []string
	for i, column := range g.Columns {
		value, ok := sample[g.Types[i]]
		if !ok {
			value = "'{}'" // an array
		}
		if slices.Contains([]string{"role", "invited_by", "slug", "time_zone", "name", "vis", "state", "stage"}, column) {
			value = column
		}
		set = append(set, column+" = "+value)
	}
	return strings.Join(set, ", ")
}

// fill puts the ids of r, as c names it, into a statement.
func (p planted) fill(table string, r row, c caller, sql string) string {
	by := r.by
	if by == "" {
		by = c.person
	}
	name := r.name
	if name == "" {
		name = by
	}
	path := "/" + r.org + "/" + name
	if r.org == "" {
		path = "/" + name
	}
	id := table + path
	if r.vis > 0 {
		id += "/" + strconv.Itoa(r.vis)
	}
	role, _, _ := strings.Cut(name, "/")
	quoted := func(name string) string { return "'" + p.id(name).String() + "'" }
	return strings.NewReplacer(
		"{salt}", p.salt, "{org}", quoted("organizations/"+r.org), "{orgname}", r.org, "{me}", quoted("users/"+c.person), "{by}", quoted("users/"+by),
		"{vis}", strconv.Itoa(r.vis), "{name}", name, "{hash}", "'"+p.hash(name)+"'", "{role}", role, "{new}", quoted("new"), "{id}", quoted(id),
		"{dataset}", quoted("datasets"+path), "{segment}", quoted("dataset_segments"+path), "{analysis}", quoted("analyses"+path), "{invitation}", quoted("invitations"+path),
		"{alan}", quoted("users/alan"), "{noor}", quoted("users/noor"), "{ned}", quoted("users/ned"), "{open_invitation}", quoted("invitations/acme/ANALYST/open"),
		"{event}", quoted("audit_events"+path), "{unsealed}", quoted("unsealed"+path), "{olga}", quoted("users/olga"), "{bot}", quoted("users/bot"), "{account}", quoted("account"), "{less}", quoted("api_keys/acme/olga/less"), "{founded}", quoted("organizations/new"), "{beta}", quoted("organizations/beta"), "{gamma}", quoted("organizations/gamma"), "{delta}", quoted("organizations/delta"), "{foreign_dataset}", quoted("datasets/beta/alan"),
	).Replace(sql)
}
