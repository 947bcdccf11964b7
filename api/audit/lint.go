package audit

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// lintFiles are one query for each lint, named after it, and what they begin with.
//
//go:embed lints/*.sql
var lintFiles embed.FS

// Level says how bad a finding is.
type Level string

// Levels of findings.
const (
	Error   Level = "error"   // isolation does not hold, or hangs by one thread
	Warning Level = "warning" // isolation holds, and something is slower, wider or less certain than it should be
)

// Lint is a rule: what is looked for, and what it means when it is found.
type Lint struct {
	ID      string `json:"id"` // stable
	Title   string `json:"title"`
	Level   Level  `json:"level"`
	Refuses bool   `json:"-"` // the server does not start on such a database
	Covers  string `json:"-"` // rules of splinter and pgrls that find the same
	Meaning string `json:"meaning"`

	query string // empty: found by Go
	rows  bool   // it reads rows, not the catalog: for who may, and not at start-up
}

// Finding is one thing that is not as it should be.
type Finding struct {
	ID      string   `json:"id"` // of its Lint
	Level   Level    `json:"level"`
	Title   string   `json:"title"`
	Objects []string `json:"objects"` // the first is what it is about
	Detail  string   `json:"detail"`
	Mend    string   `json:"mend,omitempty"`    // the SQL that clears it; empty where no statement does
	Diff    string   `json:"diff,omitempty"`    // - what policies/ says, + what is installed
	Effects []string `json:"effects,omitempty"` // what callers may do because of it, as it was tried

	Accepted bool `json:"accepted,omitempty"` // known: shown and not counted
}

// finding makes one of the lint's.
func (l Lint) finding(detail, mend string, objects ...string) Finding {
	return Finding{ID: l.ID, Level: l.Level, Title: l.Title, Objects: objects, Detail: detail, Mend: mend}
}

// Lints are all rules, by id.
var Lints = loadLints()

func loadLints() map[string]Lint {
	lints := map[string]Lint{}
	for _, l := range goLints {
		lints[l.ID] = l
	}
	common := mustRead("lints/common.sql")
	_, common, _ = strings.Cut(common, "\n\n")
	paths, _ := fs.Glob(lintFiles, "lints/*.sql")
	for _, path := range paths {
		id := strings.TrimSuffix(strings.TrimPrefix(path, "lints/"), ".sql")
		if id != "common" {
			lints[id] = parseLint(id, common, mustRead(path))
		}
	}
	return lints
}

func mustRead(path string) string {
	text, err := lintFiles.ReadFile(path)
	if err != nil {
		panic(err) // it is embedded
	}
	return string(text)
}

// parseLint reads a lint's file: the title, "level:", "start:", "reads:" and "covers:" lines, the meaning, and the query. One that
// reads rows stands alone.
func parseLint(id, common, text string) Lint {
	header, query, _ := strings.Cut(text, "\n\n")
	l := Lint{ID: id, query: common + query}
	var meaning []string
	for i, line := range strings.Split(header, "\n") {
		line = strings.TrimPrefix(strings.TrimPrefix(line, "--"), " ")
		key, value, _ := strings.Cut(line, ": ")
		switch {
		case i == 0:
			l.Title = line
		case key == "level":
			l.Level = Level(value)
		case key == "start":
			l.Refuses = value == "refused"
		case key == "reads":
			l.rows, l.query = true, query
		case key == "covers":
			l.Covers = value
		case line != "":
			meaning = append(meaning, line)
		}
	}
	l.Meaning = strings.Join(meaning, "\n")
	return l
}

// runLints sends the queries of lints in one flush. logins are the logins that may become a caller.
func runLints(ctx context.Context, q querier, lints []Lint, logins []string) (findings []Finding, err error) {
	batch := &pgx.Batch{}
	for _, l := range lints {
		args := []any{logins}
		if l.rows {
			args = nil
		}
		batch.Queue(l.query, args...).Query(func(rows pgx.Rows) error {
			found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
				Objects      []string
				Detail, Mend string
			}])
			for _, f := range found {
				findings = append(findings, l.finding(f.Detail, f.Mend, f.Objects...))
			}
			if err != nil {
				return fmt.Errorf("lint %s: %w", l.ID, err)
			}
			return nil
		})
	}
	err = q.SendBatch(ctx, batch).Close()
	return findings, err
}

// uncompiled runs work with noCompiling: in the transaction that conn has open, which is not ended then, or in one of its own.
func uncompiled(ctx context.Context, conn *pgx.Conn, work func() error) error {
	set := func() error {
		if _, err := conn.Exec(ctx, noCompiling); err != nil {
			return err
		}
		return work()
	}
	if conn.PgConn().TxStatus() != 'I' {
		return set()
	}
	return pgx.BeginFunc(ctx, conn, func(pgx.Tx) error { return set() })
}

// noCompiling keeps PostgreSQL from compiling the lints to machine code, which takes far longer than running them.
const noCompiling = "set local jit = off"

// querier is a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// chosen are the lints that keep chooses, in the order of their ids.
func chosen(keep func(Lint) bool) (lints []Lint) {
	for _, l := range Lints {
		if keep(l) {
			lints = append(lints, l)
		}
	}
	slices.SortFunc(lints, func(a, b Lint) int { return strings.Compare(a.ID, b.ID) })
	return lints
}

// Refusals says why a server must not start on this database with the login of conn: one line for each finding of a lint
// that refuses, with its id, except those accepted.
func Refusals(ctx context.Context, conn *pgx.Conn, accepted ...string) (reasons []string, err error) {
	var login string
	if err := conn.QueryRow(ctx, "select session_user").Scan(&login); err != nil {
		return nil, err
	}
	lints := chosen(func(l Lint) bool { return l.Refuses && !slices.Contains(accepted, l.ID) })
	var findings []Finding
	err = uncompiled(ctx, conn, func() error {
		findings, err = runLints(ctx, conn, lints, []string{login})
		return err
	})
	for _, f := range findings {
		reasons = append(reasons, f.Detail+" ("+f.ID+")")
	}
	slices.Sort(reasons)
	return slices.Compact(reasons), err
}
