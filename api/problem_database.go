package api

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/insightforge/insightforge/api/tenant"
)

// fromDatabase maps what a transaction can fail with. Errors are told apart by SQLSTATE only (on Citus constraint names
// carry shard suffixes), and nothing of the database's text is relayed.
func fromDatabase(err error) *Problem {
	var pg *pgconn.PgError
	var begin *tenant.BeginError
	var connect *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return refuse("not_found", "")
	case errors.As(err, &connect): // before its SQLSTATE is looked at: a refused login role is not the caller's doing
		return refuse("unavailable", "")
	case errors.As(err, &begin) && errors.As(err, &pg) && pg.Code == "42501":
		return refuse("internal", "") // a second begin, or a login role without its grants: never the caller's doing
	case errors.As(err, &pg):
		return refuse(codeOfSQLState(pg.Code), "")
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

// codeOfSQLState is the one table from SQLSTATE to problem. IF… are raised by policies/begin.sql.
func codeOfSQLState(state string) string {
	switch state {
	case "P0002":
		return "not_found"
	case "42501":
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
	case "IF002":
		return "invitation_closed"
	case "IF003":
		return "inviter_lost_right"
	}
	switch class := state[:2]; {
	case class == "22":
		return "invalid"
	case class == "08", class == "53", strings.HasPrefix(state, "57P0"):
		return "unavailable"
	}
	return "internal"
}

// isSQLState reports whether err is the database's with this SQLSTATE.
func isSQLState(err error, state string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == state
}
