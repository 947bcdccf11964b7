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

// Trial runs statements as callers, on planted rows, in one transaction that is rolled back.
type Trial struct {
	planted
	conn    *pgx.Conn
	login   string // how the connection becomes the login role
	callers []caller
	seen    map[string]string // the outcomes of the last Try, by Change.key
	filled  map[filling]string
	spared  map[string]bool // tables on which a statement without WHERE changes nothing, because it is not sent
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
	superuser, err := isSuperuser(ctx, conn)
	if err != nil {
		return nil, err
	}
	t := &Trial{planted: planted{uuid.NewString()}, conn: conn, filled: map[filling]string{}, spared: map[string]bool{}, login: "set local session authorization insightforge"} // memberships are then checked as for the login role
	if !superuser {
		t.login = "set local role insightforge"
		if err := unforce(ctx, conn, plantedTables()...); err != nil {
			return nil, err
		}
	}
	t.callers = t.planted.callers()
	if _, err := conn.PgConn().Exec(ctx, t.sql()).ReadAll(); err != nil {
		return nil, fmt.Errorf("planting rows: %w", err)
	}
	return t, nil
}

func isSuperuser(ctx context.Context, conn *pgx.Conn) (superuser bool, err error) {
	err = conn.QueryRow(ctx, "select rolsuper from pg_roles where rolname = session_user").Scan(&superuser)
	return superuser, err
}

// plantedTables are those that planted.sql has rows for.
func plantedTables() (names []string) {
	for _, of := range targets {
		if of.insert != "" {
			names = append(names, of.name)
		}
	}
	return names
}

// unforce lets the owner read and plant rows, which takes a lock that the server has to wait for.
func unforce(ctx context.Context, conn *pgx.Conn, tables ...string) error {
	script := "set local role insightforge_owner"
	for _, name := range tables {
		script += "; alter table app." + name + " no force row level security"
	}
	_, err := conn.PgConn().Exec(ctx, script).ReadAll()
	var busy *pgconn.PgError
	if errors.As(err, &busy) && busy.Code == "55P03" {
		return errors.New("the tables are in use: what is tried as their owner needs them locked for a second or two; try again, or audit as a superuser, who needs no lock, or with --catalog")
	}
	return err
}

// spare keeps statements without WHERE, which change or remove rows, from the table of an object, if it is large.
func (t *Trial) spare(ctx context.Context, object string) error {
	for _, of := range targets {
		if strings.Contains(object+" ", " app."+of.name+" ") {
			var large bool
			if err := t.conn.QueryRow(ctx, "select coalesce(pg_relation_size(to_regclass($1)) > $2, false)", "app."+of.name, largeTable).Scan(&large); err != nil {
				return err
			}
			t.spared[of.name] = large
		}
	}
	return nil
}

// largeTable is how many bytes a caller may change and lock where policies are broken: some milliseconds of work.
const largeTable = 16 << 20

// Try tries everything on these tables, or on all that there are, and leaves the transaction as it was.
func (t *Trial) Try(ctx context.Context, tables ...string) (*Grid, error) {
	grid := &Grid{}
	for _, c := range t.callers {
		grid.Callers = append(grid.Callers, c.name)
	}
	err := t.each(ctx, tables, func(of target) (bool, error) {
		lines, err := t.lines(ctx, of)
		grid.Tables = append(grid.Tables, TableGrid{of.name, lines})
		return true, err
	})
	t.seen = cellsOf(grid).byKey
	return grid, err
}

// each has try called with these tables, or with all that there are, as long as it wants more, and undoes what it did.
func (t *Trial) each(ctx context.Context, tables []string, try func(target) (more bool, err error)) error {
	if _, err := t.conn.Exec(ctx, "savepoint attempt"); err != nil {
		return err
	}
	for _, of := range targets {
		if len(tables) > 0 && !slices.Contains(tables, of.name) {
			continue
		}
		more, err := try(of)
		if err != nil {
			return fmt.Errorf("trying %s: %w", of.name, err)
		}
		if !more {
			break
		}
	}
	_, err := t.conn.PgConn().Exec(ctx, "rollback to savepoint attempt; release savepoint attempt").ReadAll()
	return err
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
	err = t.each(ctx, tables, func(of target) (bool, error) {
		different, err = t.differs(ctx, command, of)
		return different == nil, err
	})
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
