package api

import (
	"context"
	"errors"
	"log/slog"
	"math/bits"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/limit"
	"github.com/insightforge/insightforge/api/tenant"
)

// audited marks an operation that changes what audit events tell of, as action names it. What is done is written by its
// statement; what is refused here.
func audited(action string, op huma.Operation) huma.Operation {
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		next(huma.WithValue(ctx, changeKey{}, newChange(action, op.Path, ctx.Param)))
	})
	return op
}

type changeKey struct{}

// change is what an audited operation is asked for.
type change struct {
	action string
	org    uuid.UUID      // uuid.Nil: of none yet
	object *uuid.UUID     // nil: of what is to be made
	asked  withoutSecrets // nil: there is nothing to tell
}

// newChange takes the ids from the path. The object is its last one, which for what is in an organization is not that.
func newChange(action, path string, param func(string) string) *change {
	c := &change{action: action}
	for segment := range strings.SplitSeq(path, "/") {
		name, ok := strings.CutPrefix(segment, "{")
		id, err := uuid.Parse(param(strings.TrimSuffix(name, "}")))
		switch {
		case !ok || err != nil: // what is no id is refused before the handler
		case name == "org_id}":
			c.org = id
			if strings.HasPrefix(action, "organization.") {
				c.object = &id
			}
		default:
			c.object = &id
		}
	}
	return c
}

// withoutSecrets is a body that may be on the record as it is. A body gets there by having this method, and in no other way.
type withoutSecrets interface{ withoutSecrets() }

func (RoleChange) withoutSecrets()         {}
func (OrganizationName) withoutSecrets()   {}
func (OrganizationChange) withoutSecrets() {}
func (NewAPIKey) withoutSecrets()          {}
func (NewServiceAccount) withoutSecrets()  {}
func (Transfer) withoutSecrets()           {}
func (NewInvitation) withoutSecrets()      {}
func (DatasetName) withoutSecrets()        {}

// asks notes what is asked for, in case it is refused.
func asks(ctx context.Context, body withoutSecrets) {
	if c, ok := ctx.Value(changeKey{}).(*change); ok {
		c.asked = body
	}
}

// acts notes which of an operation's actions it is.
func acts(ctx context.Context, action string) {
	if c, ok := ctx.Value(changeKey{}).(*change); ok {
		c.action = action
	}
}

// changed notes in which organization something was changed, where the path does not say.
func changed(ctx context.Context, org uuid.UUID) {
	if c, ok := ctx.Value(changeKey{}).(*change); ok {
		c.org = org
	}
}

// settle has what an audited operation has written sealed, and writes what was refused. err is the handler's, p the answer to
// it. A change whose end is not known may have been made.
func (s *Server) settle(ctx context.Context, err error, p *Problem) {
	c, ok := ctx.Value(changeKey{}).(*change)
	if !ok || c.org == uuid.Nil {
		return
	}
	var begin *tenant.BeginError
	written := p == nil || p.Status >= http.StatusInternalServerError
	switch {
	case written:
	case isSQLState(err, "IF043"): // nobody gets into a deleted organization to write it down
		slog.InfoContext(ctx, "a restoration was refused", "org_id", c.org, "user_id", session(ctx).User, "request_id", requestID(ctx))
	case c.refused(p):
		written = s.recordRefusal(ctx, c, p.Code)
	case errors.As(err, &begin):
		slog.InfoContext(ctx, "a change was asked for by who is no member", "action", c.action, "org_id", c.org, "user_id", session(ctx).User,
			"code", p.Code, "request_id", requestID(ctx))
	}
	if written {
		s.seals.add(c.org)
	}
}

// refused: the caller was told that they may not, or that nobody may.
func (c *change) refused(p *Problem) bool {
	return p.Status == http.StatusForbidden || p.Code == "last_owner"
}

const insertRefusal = `
insert into app.audit_events (org_id, id, actor_id, api_key_id, action, refusal, object_id, after, request_id, address)
values ($1, $6, app.user_id(), app.subject()::uuid, $2, $3, $4, $5, $7, $8)`

// refusalTimeout bounds how much later a refusal is answered where the database does not write.
const refusalTimeout = 2 * time.Second

// recordRefusal writes the event in a transaction of its own: docs/decisions/0019 says why, and what may get lost. The answer
// does not depend on it, and it does not depend on the client, who may have gone.
func (s *Server) recordRefusal(ctx context.Context, c *change, code string) (written bool) {
	if !s.refusals.allows(ctx, c, s.limits.now()) {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refusalTimeout)
	defer cancel()
	_, err := tenant.Exec(ctx, s.db, member(ctx, c.org), insertRefusal, recorded(ctx, c.org, c.action, code, c.object, c.asked)...)
	if err != nil {
		slog.ErrorContext(ctx, "a refused change is not on the record", "error", err, "action", c.action, "org_id", c.org, "user_id", session(ctx).User,
			"request_id", requestID(ctx))
	}
	return err == nil
}

// refusals bounds what refused callers can write: nobody else pays for the events that they make.
type refusals struct {
	table *limit.Table // by member
	mu    sync.Mutex
	left  map[string]int // out, by member, since one of theirs was written
}

// newRefusals records 60 refusals of a member, and then one a minute.
func newRefusals() *refusals {
	return &refusals{left: map[string]int{},
		table: limit.New(limit.Policy{Free: 60, Forget: time.Minute, First: time.Minute, Longest: time.Minute})}
}

// maxLeft is of how many members it is counted what was left out.
const maxLeft = 10_000

// allows says whether a refusal is written. How many are not is in the log, each time that the number has doubled.
func (r *refusals) allows(ctx context.Context, c *change, now time.Time) bool {
	name := session(ctx).User.String() + " " + c.org.String()
	r.mu.Lock()
	defer r.mu.Unlock()
	left := r.left[name]
	if r.table.Take(name, now).Wait == 0 {
		if left > 0 {
			delete(r.left, name)
			slog.WarnContext(ctx, "refused changes were left out of the record", "org_id", c.org, "user_id", session(ctx).User, "left_out", left)
		}
		return true
	}
	if len(r.left) < maxLeft || left > 0 {
		r.left[name] = left + 1
	}
	if bits.OnesCount(uint(left+1)) == 1 {
		slog.WarnContext(ctx, "refused changes are left out of the record: too many", "org_id", c.org, "user_id", session(ctx).User, "left_out", left+1)
	}
	return false
}
