package api

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/tenant"
)

// found is the answer with one object. ETag is its revision, for If-Match.
type found[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

// made is the answer to a creation.
type made[T any] struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag" doc:"For what can change"`
	Replayed string `header:"Idempotent-Replayed" doc:"true: an earlier request with this Idempotency-Key made it"`
	Body     T
}

func etag(revision int32) string { return `"` + strconv.Itoa(int(revision)) + `"` }

// IfMatch makes a change conditional on the object's revision.
type IfMatch struct {
	IfMatch string `header:"If-Match" maxLength:"50" doc:"An ETag: change only that revision, else 412"`
}

// revision is the revision asked for, nil for any. A tag that is none of ours matches nothing.
func (m IfMatch) revision() *int32 {
	if m.IfMatch == "" || m.IfMatch == "*" {
		return nil
	}
	n, err := strconv.ParseInt(strings.Trim(m.IfMatch, `"`), 10, 32)
	if err != nil || etag(int32(n)) != m.IfMatch {
		n = 0 // revisions start at 1
	}
	revision := int32(n)
	return &revision
}

// untouched says why a statement that should have touched one object touched none. visible selects its revision and
// the code of the problem that it is when nothing else is: no row → 404, another revision than asked for → 412, else that.
func (s *Server) untouched(ctx context.Context, caller tenant.Caller, statement string, want *int32, visible string, ids ...any) error {
	row, err := tenant.Row[struct {
		Revision int32
		Code     string
	}](ctx, s.db, caller, visible, ids...)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return refuse("not_found", "")
	case err != nil:
		return err
	case want != nil && *want != row.Revision:
		return refuse("precondition_failed", "")
	case row.Code == "forbidden":
		return &tenant.RefusedError{Caller: caller, SQL: statement, Err: errors.New("no row was touched")}
	default:
		return refuse(row.Code, "")
	}
}

// newID is a UUIDv7: ordered by time, made here, not by the database.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
