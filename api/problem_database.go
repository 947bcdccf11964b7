package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/insightforge/insightforge/api/password"
	"github.com/insightforge/insightforge/api/tenant"
)

// fromDatabase maps what a transaction, or waiting for one, can fail with. Errors are told apart by SQLSTATE only (on Citus constraint names
// carry shard suffixes), and nothing of the database's text is relayed.
func fromDatabase(err error) *Problem {
	var pg *pgconn.PgError
	var begin *tenant.BeginError
	var refused *tenant.RefusedError
	var connect *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return refuse("not_found", "")
	case errors.As(err, &refused):
		return refuse("forbidden", "")
	case errors.As(err, &connect): // before its SQLSTATE is looked at: a refused login role is not the caller's doing
		return refuse("unavailable", "")
	case errors.As(err, &begin) && errors.As(err, &pg) && pg.Code == "42501":
		return refuse("internal", "") // a second begin, or a login role without its grants: never the caller's doing
	case errors.As(err, &pg):
		return ofSQLState(pg.Code)
	case errors.Is(err, password.ErrBusy):
		return refuse("busy", "")
	case errors.Is(err, context.DeadlineExceeded):
		return refuse("timeout", "")
	case errors.Is(err, context.Canceled):
		return refuse("request_timeout", "")
	case errors.As(err, &network), pgconn.SafeToRetry(err), errors.Is(err, net.ErrClosed):
		return refuse("unavailable", "")
	default:
		return refuse("internal", "")
	}
}

func ofSQLState(state string) *Problem {
	p := refuse(codeOfSQLState(state), "")
	if state == "IF006" {
		p.Quota = &ExceededQuota{Name: "members"}
	}
	return p
}

// codeOfSQLState is the one table from SQLSTATE to problem. IF… are raised by policies/begin.sql.
func codeOfSQLState(state string) string {
	switch state {
	case "P0002":
		return "not_found"
	case "42501", "IF007", "IF043":
		return "forbidden"
	case "28000":
		return "unauthorized"
	case "23505":
		return "conflict"
	case "23503", "23502", "23514":
		return "invalid"
	case "40001", "40P01", "55P03":
		return "retry"
	case "57014":
		return "timeout"
	case "IF001":
		return "invitation_address"
	case "IF003":
		return "inviter_lost_right"
	case "IF004":
		return "organization_deleted"
	case "IF005":
		return "email_unverified"
	case "IF006":
		return "quota_exceeded"
	case "IF021":
		return "invitation_accepted"
	case "IF022":
		return "invitation_revoked"
	case "IF023":
		return "invitation_declined"
	case "IF024":
		return "invitation_expired"
	case "IF041":
		return "restoration_over"
	case "IF042":
		return "organization_not_deleted"
	case "IF008":
		return "token_invalid"
	}
	switch class := state[:2]; {
	case class == "22":
		return "invalid"
	case class == "08", class == "53", strings.HasPrefix(state, "57P0"):
		return "unavailable"
	}
	return "internal"
}

// written finds the table that a statement changes first, and how.
var written = regexp.MustCompile(`(insert into|update|delete from) app\.(\w+)`)

// A policy has the caller's database role and command; without the privilege it was not asked.
const selectRefusing = `
select p.polname as policy from pg_policy p
where p.polrelid = to_regclass('app.' || $1) and current_user::regrole = any (p.polroles) and app.role() in ('OWNER', 'ADMIN')
  and case $2 when 'insert into' then p.polcmd = 'a' and has_any_column_privilege(p.polrelid, 'insert')
    when 'update' then p.polcmd = 'w' and has_any_column_privilege(p.polrelid, 'update')
    else p.polcmd = 'd' and has_table_privilege(p.polrelid, 'delete') end`

// refusing is the name of the policy that refused a statement, for an OWNER or ADMIN; else, and if there is none, empty.
// It is asked in a transaction of its own: the refused one is over.
func (s *Server) refusing(ctx context.Context, refused *tenant.RefusedError) string {
	change := written.FindStringSubmatch(refused.SQL)
	if change == nil || !refused.Caller.IsMember() {
		return ""
	}
	row, err := tenant.Row[struct{ Policy string }](ctx, s.db, refused.Caller, selectRefusing, change[2], change[1])
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		slog.ErrorContext(ctx, "the policy that refused is not known", "error", err, "request_id", requestID(ctx))
	}
	return row.Policy
}

// isSQLState reports whether err is the database's with this SQLSTATE.
func isSQLState(err error, state string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == state
}
