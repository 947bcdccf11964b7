package api

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/archive"
	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerExport() {
	operation(s, audited("organization.exported", huma.Operation{OperationID: "export-organization", Method: http.MethodGet, Path: "/api/v1/organizations/{org_id}/export", Tags: []string{"organizations"},
		Summary: "Export everything that an organization owns", BodyReadTimeout: streamed,
		Description: "OWNER. A ZIP file, streamed while it is read, of one moment: members, invitations, datasets as CSV, analyses with their results, " +
			"questions, audit events. README.txt in it says more. manifest.json, the last file, has the rows, bytes and SHA-256 of each: an archive " +
			"without it is not whole. A client that reads less than 256 KiB a second is let go.",
		Responses: map[string]*huma.Response{"200": {
			Description: "The archive. Where it cannot be finished the connection is closed before its end.",
			Content:     map[string]*huma.MediaType{"application/zip": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
		}}}), s.exportOrganization)
}

// That an organization is exported is on the record before the first byte leaves.
const insertExported = `
insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, request_id, address)
select $1, $2, app.user_id(), app.subject()::uuid, 'organization.exported', $1, $3, $4 where app.org_as('OWNER') = $1`

func (s *Server) exportOrganization(ctx context.Context, in *InOrganization) (*huma.StreamResponse, error) {
	caller := member(ctx, in.OrgID)
	release, err := s.takeExport(ctx, in.OrgID)
	if err != nil {
		return nil, err
	}
	touched, err := tenant.Exec(ctx, s.db, caller, insertExported, recorded(ctx, in.OrgID)...)
	if err == nil && touched == 0 {
		err = refuse("forbidden", "")
	}
	if err != nil {
		release()
		return nil, err
	}
	return &huma.StreamResponse{Body: func(out huma.Context) {
		defer release()
		s.export(ctx, out, caller, in.OrgID)
	}}, nil
}

// takeExport takes a slot of both kinds.
func (s *Server) takeExport(ctx context.Context, org uuid.UUID) (release func(), err error) {
	first, err := s.exports.take(ctx, org, queryWait)
	if err != nil {
		return nil, err
	}
	second, err := s.slots.take(ctx, org, queryWait)
	if err != nil {
		first()
		return nil, err
	}
	return func() { second(); first() }, nil
}

const selectExporter = `
select id, app.role() as role, now() as at from app.organizations where id = $1`

// export writes the archive in one transaction that sees one moment.
func (s *Server) export(ctx context.Context, out huma.Context, caller tenant.Caller, org uuid.UUID) {
	_, w := humago.Unwrap(out)
	body := newPatientWriter(w, exportRate)
	err := s.db.Snapshot(ctx, caller, func(tx *tenant.Tx) error {
		exporter, err := tenant.TxRow[struct {
			ID   uuid.UUID
			Role Role
			At   time.Time
		}](ctx, tx, selectExporter, org)
		if err == nil && exporter.Role != "OWNER" { // since the event was written
			err = refuse("forbidden", "")
		}
		if err != nil {
			return err
		}
		out.SetHeader("Content-Type", "application/zip")
		out.SetHeader("Content-Disposition", `attachment; filename="`+org.String()+exporter.At.UTC().Format("-20060102-150405")+`.zip"`)
		return (&export{tx, org, exporter.At.UTC(), archive.New(body, exporter.At.UTC())}).write(ctx)
	})
	s.endStream(ctx, w, body, err)
}

// export is one that is under way.
type export struct {
	tx      *tenant.Tx
	org     uuid.UUID
	at      time.Time
	archive *archive.Writer
}

// exportReadme is README.txt of an export.
//
//go:embed export_readme.txt
var exportReadme []byte

// The files of rows: each row as JSON, with every column that a member may read. What they leave out of a table is named, with
// the reason, in exports_test.go.
var exportedRows = []struct{ file, sql string }{
	{"organization.json", `
select row_to_json(t) as line from (select o.* from app.organizations o where o.id = $1) t`},
	{"quotas.json", `
select row_to_json(t) as line from (select q.org_id, q.members, q.datasets, q.stored_bytes, q.questions_per_day from app.quotas q where q.org_id = $1) t`},
	{"members.ndjson", `
select row_to_json(t) as line from (
  select m.*, e.email from app.memberships m left join app.member_emails e on e.org_id = $1 and e.user_id = m.user_id
  where m.org_id = $1 order by m.user_id) t`},
	{"invitations.ndjson", `
select row_to_json(t) as line from (
  select i.org_id, i.id, i.email, i.role, i.invited_by, i.invited_by_name, i.organization_name, i.created_at, i.resent_at, i.expires_at, i.accepted_at, i.revoked_at, i.declined_at
  from app.invitations i where i.org_id = $1 order by i.id) t`},
	{"api_keys.ndjson", `
select row_to_json(t) as line from (
  select k.org_id, k.id, k.user_id, k.kind, k.created_by, k.creator_role, k.name, k.role, k.created_at, k.expires_at, k.last_used_at, k.revoked_at
  from app.api_keys k where k.org_id = $1 order by k.id) t`},
	{"audit_seals.ndjson", `
select row_to_json(t) as line from (select a.org_id, a.number, a.event_id, encode(a.hash, 'hex') as hash from app.audit_seals a where a.org_id = $1 order by a.number) t`},
	{"dataset_imports.ndjson", `
select row_to_json(t) as line from (select i.* from app.dataset_imports i where i.org_id = $1 order by i.id) t`},
	{"analyses.ndjson", `
select row_to_json(t) as line from (select a.* from app.analyses a where a.org_id = $1 order by a.id) t`},
	{"analysis_runs.ndjson", `
select row_to_json(t) as line from (select r.* from app.analysis_runs r where r.org_id = $1 order by r.id) t`},
	{"questions.ndjson", `
select row_to_json(t) as line from (select q.* from app.questions q where q.org_id = $1 order by q.id) t`},
	{"questions_asked.ndjson", `
select row_to_json(t) as line from (select a.* from app.questions_asked a where a.org_id = $1 order by a.at, a.id) t`},
	{"audit_events.ndjson", `
select row_to_json(t) as line from (select e.* from app.audit_events e where e.org_id = $1 order by e.id) t`},
}

func (e *export) write(ctx context.Context) error {
	err := e.archive.Create("README.txt", func(w io.Writer) (int64, error) {
		_, err := w.Write(exportReadme)
		return 0, err
	})
	if err != nil {
		return err
	}
	for _, rows := range exportedRows {
		if err := e.rows(ctx, rows.file, rows.sql, e.org); err != nil {
			return err
		}
	}
	if err := e.datasets(ctx); err != nil {
		return err
	}
	return e.archive.Close(map[string]any{"format": 1, "organization": e.org, "exported_at": e.at})
}

// rows writes one JSON document a line; those that a client has stored may have line ends in them.
func (e *export) rows(ctx context.Context, file, sql string, args ...any) error {
	type row struct{ Line []byte }
	var line bytes.Buffer
	return e.archive.Create(file, func(w io.Writer) (n int64, err error) {
		return n, tenant.TxEach(ctx, e.tx, func(r row) error {
			n++
			line.Reset()
			if err := json.Compact(&line, r.Line); err != nil {
				return err
			}
			line.WriteByte('\n')
			_, err := w.Write(line.Bytes())
			return err
		}, sql, args...)
	})
}
