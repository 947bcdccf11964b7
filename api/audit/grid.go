package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Grid is what happened when every kind of caller tried every command on every kind of row.
type Grid struct {
	Callers []string    `json:"callers"`
	Tables  []TableGrid `json:"tables"`
}

// TableGrid are the lines of one table.
type TableGrid struct {
	Table string `json:"table"`
	Lines []Line `json:"lines"`
}

// Line is one statement on one kind of row, by each caller.
type Line struct {
	Command      string   `json:"command"`                // select, insert, update, delete or truncate
	Variant      string   `json:"variant,omitempty"`      // what is special about the statement
	Columns      []string `json:"columns,omitempty"`      // of a select, an insert or an update; empty: those that it needs
	AllColumns   bool     `json:"all_columns,omitempty"`  // the table has no others
	Organization string   `json:"organization,omitempty"` // of the row: acme is the caller's; empty: rows of no organization, or every row
	Row          string   `json:"row"`                    // which row: own, other's, a role; "every row" is a statement without WHERE
	Cells        []string `json:"cells"`                  // an Outcome for each caller
}

// Outcomes of a statement; another one is "✔ n", n rows, or "✘ SQLSTATE".
const (
	Done        = "✔"
	NoRows      = "0"
	NoPrivilege = "✘ privilege" // permission denied
	NoCheck     = "✘ policy"    // refused by row-level security
	NotTried    = "?"           // too slow, or locked
)

// Trial runs statements as callers, on planted rows, in one transaction that is rolled back.
type Trial struct {
	planted
	conn    *pgx.Conn
	login   string // how the connection becomes the login role
	callers []caller
	seen    map[string]string // the outcomes of the last Try, by Change.key
	filled  map[filling]string
}

// filling is a statement before its ids are put in: the same ones are tried again and again.
type filling struct {
	table  string
	row    row
	caller string
	sql    string
}

// Plant makes rows to try things on, in the open transaction of conn, which must be rolled back.
func Plant(ctx context.Context, conn *pgx.Conn) (*Trial, error) {
	var superuser bool
	if err := conn.QueryRow(ctx, "select rolsuper from pg_roles where rolname = session_user").Scan(&superuser); err != nil {
		return nil, err
	}
	t := &Trial{planted: planted{uuid.NewString()}, conn: conn, filled: map[filling]string{}, login: "set local session authorization insightforge"} // memberships are then checked as for the login role
	if !superuser {
		t.login = "set local role insightforge"
		if err := unforce(ctx, conn); err != nil {
			return nil, err
		}
	}
	t.callers = t.planted.callers()
	if _, err := conn.PgConn().Exec(ctx, t.sql()).ReadAll(); err != nil {
		return nil, fmt.Errorf("planting rows: %w", err)
	}
	return t, nil
}

// Try tries everything on these tables, or on all that there are, and leaves the transaction as it was.
func (t *Trial) Try(ctx context.Context, tables ...string) (*Grid, error) {
	if _, err := t.conn.Exec(ctx, "savepoint attempt"); err != nil {
		return nil, err
	}
	grid := &Grid{}
	for _, c := range t.callers {
		grid.Callers = append(grid.Callers, c.name)
	}
	for _, of := range targets {
		if len(tables) > 0 && !slices.Contains(tables, of.name) {
			continue
		}
		lines, err := t.lines(ctx, of)
		if err != nil {
			return nil, fmt.Errorf("trying %s: %w", of.name, err)
		}
		grid.Tables = append(grid.Tables, TableGrid{of.name, lines})
	}
	t.seen = cellsOf(grid).byKey
	_, err := t.conn.PgConn().Exec(ctx, "rollback to savepoint attempt; release savepoint attempt").ReadAll()
	return grid, err
}

func (t *Trial) lines(ctx context.Context, of target) ([]Line, error) {
	attempts, err := t.attempts(ctx, of)
	if err != nil {
		return nil, err
	}
	lines := make([]Line, len(attempts))
	for i, a := range attempts {
		lines[i] = a.line()
	}
	for _, c := range t.callers {
		cells, err := t.cells(ctx, of, attempts, c)
		if err != nil {
			return nil, err
		}
		for i, cell := range cells {
			lines[i].Cells = append(lines[i].Cells, cell)
		}
	}
	return lines, nil
}

// Differs tries until an outcome is not the one that the last [Trial.Try] had, and tells which; nil when all are the same.
// Whether naming the organization makes a difference is not tried. command is the only one that is tried; empty: all.
func (t *Trial) Differs(ctx context.Context, command string, tables ...string) (different *Change, err error) {
	if _, err := t.conn.Exec(ctx, "savepoint attempt"); err != nil {
		return nil, err
	}
	for _, of := range targets {
		if different == nil && err == nil && (len(tables) == 0 || slices.Contains(tables, of.name)) {
			different, err = t.differs(ctx, command, of)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("trying: %w", err)
	}
	_, err = t.conn.PgConn().Exec(ctx, "rollback to savepoint attempt; release savepoint attempt").ReadAll()
	return different, err
}

func (t *Trial) differs(ctx context.Context, command string, of target) (*Change, error) {
	attempts, err := t.attempts(ctx, of)
	if err != nil {
		return nil, err
	}
	attempts = slices.DeleteFunc(slices.Clone(attempts), func(a attempt) bool { return command != "" && a.command != command })
	for _, c := range t.callers {
		cells, err := t.outcomes(ctx, c, t.statements(of, attempts, c))
		if err != nil {
			return nil, err
		}
		for i, cell := range cells {
			for _, change := range attempts[i].line().changes(of.name, c.name, cell) {
				if change.Before = t.seen[change.key()]; change.Before != cell {
					return &change, nil
				}
			}
		}
	}
	return nil, nil
}

func (a attempt) line() Line {
	return Line{a.command, a.variant, a.columns.names, a.columns.all, a.row.org, a.row.kind, nil}
}

// cells are what happens to c's statements. Where one names its row, it is tried with the organization named as well: the
// policies alone must give the same answer.
func (t *Trial) cells(ctx context.Context, of target, attempts []attempt, c caller) ([]string, error) {
	statements := t.statements(of, attempts, c)
	var both []int
	for i, a := range attempts {
		if named, ok := strings.CutSuffix(a.sql, " where "+of.key); ok && of.org != "" {
			both = append(both, i)
			statements = append(statements, t.statement(of, a, c, named+" where "+of.org+" and "+of.key))
		}
	}
	outcomes, err := t.outcomes(ctx, c, statements)
	if err != nil {
		return nil, err
	}
	cells := outcomes[:len(attempts)]
	for n, i := range both {
		if with := outcomes[len(attempts)+n]; with != cells[i] {
			cells[i] += ", with org_id " + with
		}
	}
	return cells, nil
}

// statements are those of the attempts, as c sends them.
func (t *Trial) statements(of target, attempts []attempt, c caller) []string {
	statements := make([]string, len(attempts), 2*len(attempts))
	for i, a := range attempts {
		statements[i] = t.statement(of, a, c, a.sql)
	}
	return statements
}

// statement is [planted.fill], once.
func (t *Trial) statement(of target, a attempt, c caller, sql string) string {
	key := filling{of.name, a.row, c.name, sql}
	if _, ok := t.filled[key]; !ok {
		t.filled[key] = t.fill(of.name, a.row, c, sql)
	}
	return t.filled[key]
}

// outcomes become c and are what happens to each statement. Where already becoming c is refused, that is what happens to
// each of them.
func (t *Trial) outcomes(ctx context.Context, c caller, statements []string) (outcomes []string, err error) {
	script := "rollback to savepoint attempt; " + t.login
	if c.begin != "" {
		script += "; " + c.begin
	}
	_, err = t.conn.PgConn().Exec(ctx, script+"; savepoint caller").ReadAll()
	if refused := (*pgconn.PgError)(nil); errors.As(err, &refused) {
		return slices.Repeat([]string{refusal(refused)}, len(statements)), nil
	}
	for chunk := range slices.Chunk(statements, pipelined) {
		if err == nil {
			var some []string
			some, err = t.pipeline(ctx, chunk)
			outcomes = append(outcomes, some...)
		}
	}
	return outcomes, err
}

// pipelined is how many statements are sent before the first answer is read.
const pipelined = 100

// pipeline sends statements in one flush; each is undone before the next.
func (t *Trial) pipeline(ctx context.Context, statements []string) (outcomes []string, err error) {
	p := t.conn.PgConn().StartPipeline(ctx)
	for _, sql := range statements {
		p.SendQueryParams("rollback to savepoint caller", nil, nil, nil, nil)
		for part := range strings.SplitSeq(sql, andThen) {
			p.SendQueryParams(part, nil, nil, nil, nil)
		}
		p.SendPipelineSync()
	}
	err = p.Flush()
	for range statements {
		var outcome string
		if err == nil {
			outcome, err = readOutcome(p)
		}
		outcomes = append(outcomes, outcome)
	}
	return outcomes, errors.Join(err, p.Close())
}

// readOutcome reads answers up to the next sync: the last one is the outcome, or the first error.
func readOutcome(p *pgconn.Pipeline) (outcome string, err error) {
	for {
		answer, err := p.GetResults()
		if reader, ok := answer.(*pgconn.ResultReader); ok {
			var tag pgconn.CommandTag
			tag, err = reader.Close()
			outcome = rows(tag.RowsAffected())
		}
		var refused *pgconn.PgError
		switch _, synced := answer.(*pgconn.PipelineSync); {
		case errors.As(err, &refused) && !strings.HasPrefix(refused.Code, "57P"):
			outcome = refusal(refused)
		case err != nil:
			return "", err
		case synced:
			return outcome, nil
		}
	}
}

func rows(n int64) string {
	switch n {
	case 0:
		return NoRows
	case 1:
		return Done
	default:
		return fmt.Sprintf("%s %d", Done, n)
	}
}

func refusal(err *pgconn.PgError) string {
	switch {
	case err.Code == "42501" && (err.Routine == "ExecWithCheckOptions" || strings.Contains(err.Message, "row-level security")): // a message may be in another language
		return NoCheck
	case err.Code == "42501":
		return NoPrivilege
	case err.Code == "57014", err.Code == "55P03":
		return NotTried
	default:
		return "✘ " + err.Code
	}
}

// columnGroup are columns that the same roles may use in a command. A key that somebody may update is a group of its own:
// what happens to a row that moves says nothing of the other columns.
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
    unnest(array['insightforge', 'insightforge_auth', 'insightforge_user', 'insightforge_api', 'insightforge_key']) role
  where attrelid = $1::regclass and attnum > 0 and not attisdropped group by 1, 2, 3, 4) c
group by command, may, command = 'UPDATE' and may like '%t%' and attname in ('org_id', 'id', 'user_id', 'created_by') order by command, min(attnum)`

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
	return append(attempts, of.extra...), nil
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

// everything is a statement without WHERE.
var everything = row{kind: "every row"}

func groupsOf(groups []columnGroup, command string) []columnGroup {
	return slices.DeleteFunc(slices.Clone(groups), func(g columnGroup) bool { return g.Command != command })
}

func (g columnGroup) each(rows []row, sql string) (attempts []attempt) {
	for _, r := range rows {
		attempts = append(attempts, attempt{strings.ToLower(g.Command), "", columns{g.Columns, g.All}, r, sql})
	}
	return attempts
}

// assignments set each column to some value of its type; the role of a member to what it is.
func (t *Trial) assignments(g columnGroup) string {
	sample := map[string]string{"uuid": "'" + t.id("new").String() + "'", "text": "'x'", "integer": "1", "bigint": "1", "timestamp with time zone": "now()",
		"bytea": "''", "jsonb": "'{}'", "json": "'{}'"}
	var set []string
	for i, column := range g.Columns {
		value, ok := sample[g.Types[i]]
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
