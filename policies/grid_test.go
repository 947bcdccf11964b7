package policies

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

const golden = "testdata/grid.txt"

var update = flag.Bool("update", false, "write "+golden+" as the database answers now")

// TestGrid runs every command on every kind of row of every table as every kind of caller, and compares what happened
// with the golden file. Where the statement of a tenant table names its organization, the same is run without: the
// policies alone must give the same answer.
func TestGrid(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	g := grid{t, connect(t, db, superuser), map[string]*pgx.Conn{login: connect(t, db, login), superuser: connect(t, db, superuser)}}
	g.coversEveryTable()

	var got strings.Builder
	got.WriteString(gridHeader)
	for _, table := range gridTables {
		g.write(&got, table)
	}
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String(), "if this is meant: go test ./policies -update, and read the difference")
}

const gridHeader = `Who may do what, as the database answered. Written by: go test ./policies -update

OWNER, ADMIN, ANALYST, VIEWER  a member who has chosen acme (begin_request); the callers are also members of beta, with other roles
person                         a person who has chosen no organization (begin_user)
address, session, invitation   an unknown caller who named one (begin_auth)
no context                     the members' role without a begin call
no begin                       the login role as it connects
API key                        the role of API keys, with an OWNER's variables

✔ one row   ✔ n: n rows   0: no row   ✘ privilege: permission denied   ✘ policy: refused by row-level security   ✘ SQLSTATE
`

type grid struct {
	t     *testing.T
	admin *pgx.Conn
	conns map[string]*pgx.Conn // of the callers, by database user
}

func (g grid) coversEveryTable() {
	rows, _ := g.admin.Query(g.t.Context(), `select relname::text from pg_class
		where relnamespace = 'app'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f') and relname <> 'schema_version'`)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(g.t, err)
	var planned []string
	for _, table := range gridTables {
		planned = append(planned, table.name)
	}
	require.ElementsMatch(g.t, tables, planned, "every table of schema app needs its lines in the grid")
}

// columnGroup are columns that the same roles may use in a command.
type columnGroup struct {
	Command string
	Columns []string
	Types   []string
	All     bool
	None    bool
}

func (g grid) columnGroups(table string) []columnGroup {
	rows, _ := g.admin.Query(g.t.Context(), `
		select command, array_agg(attname::text order by attnum) as columns, array_agg(atttypid::regtype::text order by attnum) as types,
		  count(*) = (select count(*) from pg_attribute where attrelid = $1::regclass and attnum > 0) as all, bool_and(may not like '%t%') as none
		from (
		  select command, attname, attnum, atttypid, string_agg(case when has_column_privilege(role, attrelid, attname, command) then 't' else 'f' end, '' order by role) as may
		  from pg_attribute, unnest(array['SELECT', 'INSERT', 'UPDATE']) command,
		    unnest(array['insightforge', 'insightforge_auth', 'insightforge_user', 'insightforge_api', 'insightforge_key']) role
		  where attrelid = $1::regclass and attnum > 0 group by 1, 2, 3, 4) c
		group by command, may order by command, min(attnum)`, "app."+table)
	groups, err := pgx.CollectRows(rows, pgx.RowToStructByName[columnGroup])
	require.NoError(g.t, err)
	return groups
}

// lines are the statements on a table: select, insert, update, delete, truncate.
func (g grid) lines(table gridTable) []line {
	name, where := "app."+table.name, " where "+table.key
	groups := g.columnGroups(table.name)
	lines := []line{{"select", everything, "select from " + name}}
	for _, of := range groupsOf(groups, "SELECT") {
		lines = append(lines, of.each(table.rows, "select "+strings.Join(of.Columns, ", ")+" from "+name+where)...)
	}
	for _, r := range table.rows {
		lines = append(lines, line{"insert", r, "insert into " + name + " " + table.insert})
	}
	for _, of := range groupsOf(groups, "INSERT") {
		if of.None {
			lines = append(lines, line{of.label(), row{}, "insert into " + name + " (" + strings.Join(of.Columns, ", ") + ") values (" + strings.Repeat("default, ", len(of.Columns)-1) + "default)"})
		}
	}
	for _, of := range groupsOf(groups, "UPDATE") {
		lines = append(lines, line{of.label(), everything, "update " + name + " set " + of.assignments()})
		lines = append(lines, of.each(table.rows, "update "+name+" set "+of.assignments()+where)...)
	}
	lines = append(lines, line{"delete", everything, "delete from " + name})
	for _, r := range table.rows {
		lines = append(lines, line{"delete", r, "delete from " + name + where})
	}
	lines = append(lines, line{"truncate", row{}, "truncate " + name})
	return append(lines, table.extra...)
}

var everything = row{kind: "every row"}

func groupsOf(groups []columnGroup, command string) []columnGroup {
	return slices.DeleteFunc(slices.Clone(groups), func(of columnGroup) bool { return of.Command != command })
}

func (of columnGroup) label() string {
	if of.All {
		return strings.ToLower(of.Command)
	}
	return strings.ToLower(of.Command) + " " + strings.Join(of.Columns, ", ")
}

func (of columnGroup) each(rows []row, sql string) (lines []line) {
	for _, r := range rows {
		lines = append(lines, line{of.label(), r, sql})
	}
	return lines
}

// assignments set each column to some value of its type; the role of a member to what it is.
func (of columnGroup) assignments() string {
	sample := map[string]string{"uuid": "'" + id("new").String() + "'", "text": "'x'", "integer": "1", "bigint": "1", "timestamp with time zone": "now()",
		"bytea": "''", "jsonb": "'{}'", "json": "'{}'"}
	var set []string
	for i, column := range of.Columns {
		value, ok := sample[of.Types[i]]
		if !ok {
			value = "'{}'" // an array
		}
		if column == "role" {
			value = "role"
		}
		set = append(set, column+" = "+value)
	}
	return strings.Join(set, ", ")
}

// answer is a line of the grid: the same command with the same answers for these kinds of rows.
type answer struct {
	command string
	rows    []row
	cells   []string
}

func (g grid) answers(table gridTable) (answers []answer) {
	for _, l := range g.lines(table) {
		a := answer{l.command, []row{l.row}, g.cells(table, l)}
		same := slices.IndexFunc(answers, func(b answer) bool {
			return a.command == b.command && slices.Equal(a.cells, b.cells) && (b.rows[0] != everything || b.refused())
		})
		if same < 0 {
			answers = append(answers, a)
		} else {
			answers[same].rows = append(answers[same].rows, l.row)
		}
	}
	return answers
}

// refused tells that nobody at all has the privilege.
func (a answer) refused() bool {
	return !slices.ContainsFunc(a.cells, func(cell string) bool { return cell != refused })
}

const (
	refused               = "✘ privilege"
	labelWidth, cellWidth = 66, 12
)

func (g grid) write(out *strings.Builder, table gridTable) {
	fmt.Fprintf(out, "\n\n%s%s", pad(strings.ToUpper(table.name), labelWidth), cells(names()))
	command := ""
	for _, a := range g.answers(table) {
		if a.command != command {
			command = a.command
			out.WriteString("\n" + command)
		}
		if a.refused() {
			out.WriteString("\n" + pad("  any row", labelWidth) + refused + " for every caller")
		} else {
			out.WriteString("\n" + pad("  "+label(a.rows, table), labelWidth) + cells(a.cells))
		}
	}
	out.WriteString("\n")
}

// label names rows: "acme own, other's; beta own".
func label(rows []row, table gridTable) string {
	if len(rows) == len(table.rows) && len(rows) > 1 {
		return "any row"
	}
	var label strings.Builder
	org := ""
	for i, r := range rows {
		switch {
		case r.org != org:
			label.WriteString(strings.Repeat("; ", min(i, 1)) + strings.TrimSpace(r.org+" "+r.kind))
		default:
			label.WriteString(strings.Repeat(", ", min(i, 1)) + r.kind)
		}
		org = r.org
	}
	return label.String()
}

func (g grid) cells(table gridTable, l line) []string {
	var cells []string
	for _, c := range callers {
		cell := g.cell(c, l.row.fill(table.name, c, l.sql))
		if named, ok := strings.CutSuffix(l.sql, " where "+table.key); ok && table.org != "" {
			with := l.row.fill(table.name, c, named+" where "+table.org+" and "+table.key)
			require.Equal(g.t, cell, g.cell(c, with), "%s: %s answers otherwise than without the organization", c.name, with)
		}
		cells = append(cells, cell)
	}
	return cells
}

// cell is what happens to c's statement, in a transaction that is rolled back.
func (g grid) cell(c caller, sql string) string {
	script := "rollback; begin; "
	if c.begin != "" {
		script += c.begin + "; "
	}
	got := run(g.t, g.conns[c.login], script+sql)
	switch {
	case got.err == nil && got.rows == 0:
		return "0"
	case got.err == nil && got.rows == 1:
		return "✔"
	case got.err == nil:
		return fmt.Sprintf("✔ %d", got.rows)
	case got.err.Code == "42501" && strings.Contains(got.err.Message, "row-level security"):
		return "✘ policy"
	case got.err.Code == "42501":
		require.Contains(g.t, got.err.Message, "permission denied")
		return refused
	default:
		return "✘ " + got.err.Code
	}
}

func names() (names []string) {
	for _, c := range callers {
		names = append(names, c.name)
	}
	return names
}

func cells(cells []string) string {
	var line strings.Builder
	for _, cell := range cells {
		line.WriteString(pad(cell, cellWidth))
	}
	return strings.TrimRight(line.String(), " ")
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(1, width-utf8.RuneCountInString(s)))
}
