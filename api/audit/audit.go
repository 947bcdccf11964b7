// Package audit shows, on a live database, whether the isolation of tenants holds: rules over the catalog, what really
// happens when every kind of caller tries every command, and how both differ from what policies/ says. Nothing stays: all
// of it happens in one transaction that is rolled back.
package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options of [Run].
type Options struct {
	Expected    *Saved   // what policies/ says; nil: nothing is compared with it
	Accepted    []string // ids of lints whose findings are known: shown, marked, not counted
	CatalogOnly bool     // nothing is tried
	Trust       bool     // code in the database that policies/ does not say is run as a superuser
}

// Report is what an audit saw.
type Report struct {
	At         time.Time `json:"at"`
	Database   string    `json:"database"`
	PostgreSQL string    `json:"postgresql"` // the server's version
	Login      string    `json:"login"`      // who audited
	Findings   []Finding `json:"findings"`
	NotTried   string    `json:"not_tried,omitempty"` // why there is no grid
	Failed     bool      `json:"failed,omitempty"`    // it was to be tried, and could not
	Saved

	superuser bool
}

// Saved is what a report keeps to be compared with: --save and --against.
type Saved struct {
	Major int    `json:"major"` // of the server, 15: other majors may write expressions otherwise
	Items []Item `json:"items"`
	Grid  *Grid  `json:"grid"` // nil: nothing was tried
}

// server is what the first query tells.
type server struct {
	Database, Version, Login string
	Number                   int // 150018
	Superuser, Owner         bool
	Standby, Installed       bool
	Logins                   []string // that may become a caller
}

const selectServer = `
select current_database() as database, current_setting('server_version') as version, current_setting('server_version_num')::int as number,
  session_user::text as login, pg_is_in_recovery() as standby, to_regnamespace('app') is not null as installed,
  (select rolsuper from pg_roles where rolname = session_user) as superuser,
  coalesce(pg_has_role(session_user, to_regrole('insightforge_owner')::oid, 'MEMBER') and pg_has_role(session_user, to_regrole('insightforge')::oid, 'MEMBER'), false) as owner,
  array(select distinct r.rolname::text from pg_auth_members m join pg_roles r on r.oid = m.member
    where pg_get_userbyid(m.roleid) in ('insightforge_auth', 'insightforge_user', 'insightforge_api', 'insightforge_key', 'insightforge_sealer') and (r.rolcanlogin and not r.rolsuper or r.rolname = 'insightforge')) as logins`

// Run audits the database of conn: a superuser's connection, or a member's of insightforge_owner, for all of it; for the
// catalog alone any login will do. An error means that it could not look; if it could look and not try, the report says so.
func Run(ctx context.Context, conn *pgx.Conn, opt Options) (*Report, error) {
	if err := begin(ctx, conn); err != nil {
		return nil, err
	}
	defer conn.Exec(context.WithoutCancel(ctx), "rollback")
	r, err := Look(ctx, conn, opt.Expected)
	if err != nil {
		return nil, err
	}
	r.Accept(opt.Accepted)
	if opt.CatalogOnly {
		r.NotTried = "only the catalog was asked for"
	}
	if r.NotTried != "" {
		return r, nil
	}
	if code := r.strangeCode(); code != "" && r.superuser && !opt.Trust {
		r.NotTried = "the database runs code that is not this program's (" + code + "), and trying would run it as a superuser: mend that first, audit as a member of insightforge_owner, or trust it with --trust"
		return r, nil
	}
	var grid *Grid
	rows, err := LookAtRows(ctx, conn)
	if err == nil {
		r.Findings = append(r.Findings, rows...)
		r.Accept(opt.Accepted)
		grid, err = r.plantAndTry(ctx, conn)
	}
	switch {
	case err == nil:
		r.Tried(grid, opt.Expected)
		r.Accept(opt.Accepted)
	case ctx.Err() != nil || conn.IsClosed():
		return nil, err
	default: // what the catalog says is perhaps why
		r.NotTried, r.Failed = err.Error(), true
	}
	return r, nil
}

// strangeCode are the rules whose findings may run when rows are planted and tried.
func (r *Report) strangeCode() string {
	var ids []string
	for _, f := range r.Findings {
		switch f.ID {
		case trigger, driftFunction.ID, driftConstraint.ID, driftColumn.ID, policyCall.ID:
			ids = append(ids, f.ID)
		}
	}
	slices.Sort(ids)
	return strings.Join(slices.Compact(ids), ", ")
}

const trigger = "trigger_or_rule"

// plantAndTry spares large tables whose policies do not keep a statement without WHERE within its organization: tried all the
// same, it would change, and lock, everybody's rows until it is undone.
func (r *Report) plantAndTry(ctx context.Context, conn *pgx.Conn) (*Grid, error) {
	t, err := Plant(ctx, conn)
	if err != nil {
		return nil, err
	}
	for _, f := range r.Findings {
		if f.ID == policyUnanchored.ID || f.ID == policySubquery.ID || strings.HasPrefix(f.ID, "rls_") {
			if err := t.spare(ctx, f.Objects[0]); err != nil {
				return nil, err
			}
		}
	}
	return t.Try(ctx)
}

func begin(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.PgConn().Exec(ctx, `begin read write; set local search_path = pg_catalog; set local row_security = on;
		set local quote_all_identifiers = off; set local intervalstyle = postgres; set local datestyle = iso; set local timezone = utc; set local bytea_output = hex;
		set local lock_timeout = '2s'; set local statement_timeout = '10s'; set local idle_in_transaction_session_timeout = 0`).ReadAll()
	return err
}

// Look reads the catalog, inside a transaction of conn. expected is what policies/ says; nil: nothing is compared with it.
func Look(ctx context.Context, conn *pgx.Conn, expected *Saved) (*Report, error) {
	if _, err := conn.Exec(ctx, noCompiling); err != nil {
		return nil, err
	}
	s, err := serverOf(ctx, conn)
	if err != nil {
		return nil, err
	}
	r := &Report{At: time.Now().UTC(), Database: s.Database, PostgreSQL: s.Version, Login: s.Login, NotTried: s.notTried(), superuser: s.Superuser, Saved: Saved{Major: s.Number / 10000}}
	if r.Findings, err = runLints(ctx, conn, chosen(func(l Lint) bool { return l.query != "" && !l.rows }), s.Logins); err != nil {
		return nil, err
	}
	policies, err := lintPolicies(ctx, conn)
	if err != nil {
		return nil, err
	}
	r.Findings = slices.Concat(r.Findings, policies, missingFixes(s.Number))
	if r.Items, err = installed(ctx, conn); err != nil {
		return nil, err
	}
	if expected != nil {
		r.Findings = fold(r.Findings, drift(expected.Items, r.Items))
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Detail, b.Detail))
	})
	return r, nil
}

// LookAtRows runs the rules that read rows of tables, inside a transaction of conn, as a superuser or a member of
// insightforge_owner. It may take some seconds for each million of audit events.
func LookAtRows(ctx context.Context, conn *pgx.Conn) (findings []Finding, err error) {
	lints := chosen(func(l Lint) bool { return l.rows })
	if _, err := conn.PgConn().Exec(ctx, "savepoint rows; set local statement_timeout = '10min'; set local max_parallel_workers_per_gather = 0; "+noCompiling).ReadAll(); err != nil {
		return nil, err
	}
	superuser, err := isSuperuser(ctx, conn)
	if err == nil && !superuser {
		err = unforce(ctx, conn, "audit_events", "audit_seals")
	}
	if err == nil {
		findings, err = runLints(ctx, conn, lints, nil)
	}
	if err != nil {
		return nil, err
	}
	_, err = conn.PgConn().Exec(ctx, "rollback to savepoint rows; release savepoint rows").ReadAll()
	return findings, err
}

func serverOf(ctx context.Context, conn *pgx.Conn) (s server, err error) {
	rows, _ := conn.Query(ctx, selectServer)
	if s, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[server]); err != nil {
		return s, err
	}
	if !s.Installed {
		return s, fmt.Errorf("database %s has no schema app: it is not a database of InsightForge, or was never migrated", s.Database)
	}
	return s, nil
}

// notTried says why this login cannot try anything here; empty: it can.
func (s server) notTried() string {
	switch {
	case s.Standby:
		return "this is a standby: it takes no writes, and what is tried is written and rolled back"
	case !s.Superuser && !s.Owner:
		return fmt.Sprintf("%s is neither a superuser nor a member of insightforge_owner, so it may not act as the callers", s.Login)
	default:
		return ""
	}
}
