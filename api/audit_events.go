package api

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerAuditEvents() {
	const path = "/api/v1/organizations/{org_id}/audit-events"
	tags := []string{"audit events"}
	operation(s, huma.Operation{OperationID: "list-audit-events", Method: http.MethodGet, Path: path, Tags: tags,
		Summary: "List who changed what, newest first", Description: "OWNER, ADMIN: all events. Others: their own, without seals."}, s.listAuditEvents)
	operation(s, audited("audit_events.exported", huma.Operation{OperationID: "export-audit-events", Method: http.MethodGet, Path: path + "/export", Tags: tags,
		Summary: "Export who changed what, oldest first", BodyReadTimeout: streamed,
		Description: "OWNER, ADMIN: all events. Others: their own, without seals. A line of JSON for each event, as the list has them, as they were " +
			"at one moment; the export is on the record itself. An answer that breaks off is not whole: it lacks the last chunk of its transfer encoding.",
		Responses: map[string]*huma.Response{"200": {
			Description: "One AuditEvent a line", Content: map[string]*huma.MediaType{ndjson: {Schema: &huma.Schema{Type: huma.TypeString}}},
		}}}), s.exportAuditEvents)
}

const ndjson = "application/x-ndjson"

// AuditEvent is a change in an organization, or one that was refused.
type AuditEvent struct {
	ID        uuid.UUID       `json:"id" format:"uuid"`
	At        time.Time       `json:"at"`
	Actor     AuditActor      `json:"actor"`
	APIKeyID  *uuid.UUID      `json:"api_key_id" format:"uuid" nullable:"true" doc:"The key that was used, if one was"`
	Action    string          `json:"action" example:"member.role_changed"`
	Outcome   string          `json:"outcome" enum:"done,refused"`
	Refusal   *string         `json:"refusal" example:"forbidden" doc:"The code of the problem that the caller was told"`
	ObjectID  *uuid.UUID      `json:"object_id" format:"uuid" nullable:"true" doc:"Of what was changed: a user for a member, else the object's own"`
	Before    json.RawMessage `json:"before" doc:"What changed, as it was; null where there was nothing"`
	After     json.RawMessage `json:"after" doc:"What changed, as it is now; of what was refused, as it was asked for"`
	RequestID string          `json:"request_id" doc:"X-Request-Id of the answer"`
	Address   string          `json:"address" doc:"The client's"`
	Seal      *AuditSeal      `json:"seal,omitempty" doc:"Missing for a moment after the event, and for ANALYST and VIEWER"`
}

// AuditActor is who did it.
type AuditActor struct {
	UserID   uuid.UUID `json:"user_id" format:"uuid"`
	FullName *string   `json:"full_name" doc:"null for who is no member any more"`
}

// ScanNull makes an AuditActor a pgtype.CompositeIndexScanner.
func (a *AuditActor) ScanNull() error { return errors.New("an event of nobody") }

// ScanIndex is where the fields of the record in eventFields go.
func (a *AuditActor) ScanIndex(i int) any { return []any{&a.UserID, &a.FullName}[i] }

// AuditSeal is the event's place in the chain of the organization's events.
type AuditSeal struct {
	Number int64  `json:"number" doc:"From 1, without gaps"`
	Hash   string `json:"hash" doc:"SHA-256 of the hash before and of the event, hexadecimal"`
}

// ScanNull makes an AuditSeal a pgtype.CompositeIndexScanner; one that is missing is a nil pointer before that.
func (s *AuditSeal) ScanNull() error { return errors.New("a seal without a number") }

// ScanIndex is where the fields of the record in eventFields go.
func (s *AuditSeal) ScanIndex(i int) any { return []any{&s.Number, &s.Hash}[i] }

// recorded are the arguments of a statement that writes an audit event of what it changes. The event's come last: its id,
// the request's and the client's address.
func recorded(ctx context.Context, args ...any) []any {
	return append(args, newID(), requestID(ctx), clientAddress(ctx))
}

// AuditFilter chooses events; all of it has to fit. Its JSON is the event of an export.
type AuditFilter struct {
	ActorID  string    `query:"actor_id" format:"uuid" doc:"Who did it" json:"actor_id,omitempty"`
	Action   string    `query:"action" maxLength:"81" doc:"What was done" example:"member.role_changed" json:"action,omitempty"`
	ObjectID string    `query:"object_id" format:"uuid" doc:"What was changed" json:"object_id,omitempty"`
	Outcome  string    `query:"outcome" enum:"done,refused" json:"outcome,omitempty"`
	Since    time.Time `query:"since" doc:"Not before" json:"since,omitzero"`
	Until    time.Time `query:"until" doc:"Before" json:"until,omitzero"`
}

func (e AuditEvent) moment() moment { return moment{e.At, e.ID} }

// after are the arguments of a statement that reads limit events after a moment, or the first ones.
func (f AuditFilter) after(org, user uuid.UUID, m moment, limit int) []any {
	var refused *bool
	if f.Outcome != "" {
		refused = new(bool)
		*refused = f.Outcome == "refused"
	}
	return []any{org, user, limit, given(f.ActorID), given(f.Action), given(f.ObjectID), refused, given(f.Since), given(f.Until), given(m.at), m.id}
}

// given is nil for what was not asked for.
func given[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

// OWNER and ADMIN read the first part, the others the second, which an index finds: left to the policy alone, they would
// look at every event for their own few. Only one of the two is run. They have to be planned for their values: for all values
// the plan would be one that looks at every event, whatever is asked for. What belongs to an event is looked up for each of the
// page, since a join would be planned for more.
const (
	eventFields = eventActor + `(select m.full_name from app.memberships m where m.org_id = $1 and m.user_id = e.actor_id)` + eventRest +
		`(select row(s.number, encode(s.hash, 'hex')) from app.audit_seals s where s.org_id = $1 and s.event_id = e.id)` + eventsFrom
	keyEventFields = eventActor + "null::text" + eventRest + "(select row(0::bigint, '') where false)" + eventsFrom // neither members nor seals
	eventActor     = `
select e.id, e.at, row(e.actor_id, `
	eventRest = `) as actor, e.api_key_id, e.action,
  case when e.refusal is null then 'done' else 'refused' end as outcome, e.refusal, e.object_id, e.before, e.after, e.request_id, e.address,
  `
	eventsFrom = ` as seal
from (`
	allEvents = `
(select e.* from app.audit_events e where e.org_id = $1 and app.role() in ('OWNER', 'ADMIN')`
	ownEvents = `
union all
(select e.* from app.audit_events e where e.org_id = $1 and app.role() in ('ANALYST', 'VIEWER') and e.actor_id = $2`
	eventConditions = `
  and ($4::uuid is null or e.actor_id = $4) and ($5::text is null or e.action = $5) and ($6::uuid is null or e.object_id = $6)
  and ($7::boolean is null or (e.refusal is not null) = $7) and ($8::timestamptz is null or e.at >= $8) and ($9::timestamptz is null or e.at < $9)`
	newestFirst = `
order by e.at desc, e.id desc`
	oldestFirst = `
order by e.at, e.id`
	newer = eventConditions + `
  and ($10::timestamptz is null or (e.at, e.id) < ($10, $11::uuid))` + newestFirst + " limit $3)"
	older = eventConditions + `
  and ($10::timestamptz is null or (e.at, e.id) > ($10, $11::uuid))` + oldestFirst + " limit $3)"
	listedEvents              = allEvents + newer + ownEvents + newer + ") e" + newestFirst
	exportedEvents            = allEvents + older + ownEvents + older + ") e" + oldestFirst
	selectAuditEvents         = eventFields + listedEvents
	selectAuditEventsToExport = eventFields + exportedEvents
	selectKeyEvents           = keyEventFields + listedEvents
	selectKeyEventsToExport   = keyEventFields + exportedEvents
)

// forCaller is the statement of a member, or of an API key.
func forCaller(ctx context.Context, member, key string) string {
	if _, is := apiKey(ctx); is {
		return key
	}
	return member
}

// eventsInput is the part of the list that is asked for.
type eventsInput struct {
	InOrganization
	AuditFilter
	TimePage
}

func (s *Server) listAuditEvents(ctx context.Context, in *eventsInput) (*listed[AuditEvent], error) {
	var rows []AuditEvent
	err := s.db.Tx(ctx, member(ctx, in.OrgID), func(tx *tenant.Tx) (err error) {
		rows, err = tenant.TxRows[AuditEvent](ctx, tx.Planned().Last(), forCaller(ctx, selectAuditEvents, selectKeyEvents), in.after(in.OrgID, session(ctx).User, in.before, in.Limit+1)...)
		return err
	})
	return pageAfter(in.page, rows, func(e AuditEvent) []byte { return e.moment().cursor() }), err
}

const insertExport = `
insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, after, request_id, address)
values ($1, $3, app.user_id(), app.subject()::uuid, 'audit_events.exported', $1, $2, $4, $5)`

// An export lasts so long at most, and a client that takes longer for a page of it, of some 100 KiB, is let go: a snapshot
// keeps the database from cleaning up, and the export holds one of the organization's slots.
const (
	exportTime     = 30 * time.Minute
	exportPageTime = 30 * time.Second
	exportPage     = 500
)

func (s *Server) exportAuditEvents(ctx context.Context, in *struct {
	InOrganization
	AuditFilter
}) (*huma.StreamResponse, error) {
	caller := member(ctx, in.OrgID)
	release, err := s.slots.take(ctx, in.OrgID, queryWait)
	if err != nil {
		return nil, err
	}
	if _, err := tenant.Exec(ctx, s.db, caller, insertExport, recorded(ctx, in.OrgID, in.AuditFilter)...); err != nil {
		release()
		return nil, err
	}
	export := &eventExport{caller: caller, org: in.OrgID, user: session(ctx).User, filter: in.AuditFilter}
	return &huma.StreamResponse{Body: func(out huma.Context) {
		defer release()
		ctx, cancel := context.WithTimeout(out.Context(), exportTime)
		defer cancel()
		_, export.to = humago.Unwrap(out)
		s.sendExport(ctx, export)
	}}, nil
}

// eventExport is one on its way.
type eventExport struct {
	caller    tenant.Caller
	org, user uuid.UUID
	filter    AuditFilter
	to        http.ResponseWriter
	begun     bool // the answer is a 200
}

// sendExport answers with every event, or with a problem as long as that can be said, or breaks the answer off: what is not
// whole must not look so.
func (s *Server) sendExport(ctx context.Context, e *eventExport) {
	err := s.db.Snapshot(ctx, e.caller, func(tx *tenant.Tx) error { return e.send(ctx, tx) })
	switch {
	case err == nil:
	case !e.begun:
		writeProblem(e.to, s.problem(ctx, err))
	default:
		slog.WarnContext(ctx, "an export of audit events broke off", "error", err, "request_id", requestID(ctx))
		panic(http.ErrAbortHandler)
	}
}

// send writes page after page; one is in memory.
func (e *eventExport) send(ctx context.Context, tx *tenant.Tx) error {
	var last moment
	for {
		events, err := tenant.TxRows[AuditEvent](ctx, tx.Planned(), forCaller(ctx, selectAuditEventsToExport, selectKeyEventsToExport), e.filter.after(e.org, e.user, last, exportPage)...)
		if err != nil {
			return err
		}
		if err := e.write(events); err != nil {
			return err
		}
		if len(events) < exportPage {
			return nil
		}
		last = events[len(events)-1].moment()
	}
}

func (e *eventExport) write(events []AuditEvent) error {
	if !e.begun {
		e.to.Header().Set("Content-Type", ndjson)
		e.to.WriteHeader(http.StatusOK)
		e.begun = true
	}
	connection := http.NewResponseController(e.to)
	deadline := time.Now().Add(exportPageTime)
	if err := cmp.Or(connection.SetReadDeadline(time.Time{}), connection.SetWriteDeadline(deadline)); err != nil {
		return err
	}
	w := bufio.NewWriter(e.to)
	lines := json.NewEncoder(w)
	for _, event := range events {
		if err := lines.Encode(event); err != nil {
			return err
		}
	}
	return w.Flush()
}
