package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerImports() {
	const path, one = "/api/v1/organizations/{org_id}/imports", "/api/v1/organizations/{org_id}/imports/{import_id}"
	const whose = "OWNER, ADMIN: all. Others: own."
	tags := []string{"imports"}
	operation(s, huma.Operation{OperationID: "list-imports", Method: http.MethodGet, Path: path, Tags: tags,
		Summary: "List the uploads, newest first", Description: whose + " Of a problem the list has no errors."}, s.listImports)
	operation(s, huma.Operation{OperationID: "get-import", Method: http.MethodGet, Path: one, Tags: tags,
		Summary: "Get how far an upload is, or how it has ended", Description: whose}, s.getImport)
	event := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Import](), true, "")
	operation(s, huma.Operation{OperationID: "watch-import", Method: http.MethodGet, Path: one + "/events", Tags: tags,
		Summary: "Watch an upload", BodyReadTimeout: streamed, Errors: []int{429},
		Description: whose + " Server-sent events: progress now and when something changes, at most four a second, and finished at the end, after which " +
			"the stream ends; the data of both is an Import. It ends before that when the session does, or the server stops: connect again then. To who " +
			"has had finished, as Last-Event-ID says, the answer is 204.",
		Responses: map[string]*huma.Response{
			"200": {Description: "Events named progress and finished", Content: map[string]*huma.MediaType{"text/event-stream": {
				Schema:  &huma.Schema{Type: huma.TypeString, Extensions: map[string]any{"x-event-schemas": map[string]any{"progress": event, "finished": event}}},
				Example: "id: finished\nevent: finished\ndata: {\"state\": \"succeeded\", …}\n\n"}}},
			"204": {Description: "The finished event was received before"},
		}}, s.watchImport)
	operation(s, audited("import.cancelled", huma.Operation{OperationID: "cancel-import", Method: http.MethodPost, Path: one + "/cancel", Tags: tags,
		Summary: "Cancel an upload", DefaultStatus: http.StatusAccepted, Errors: []int{409},
		Description: "OWNER, ADMIN: any. ANALYST: own. Nothing of it will be stored; its request ends with 409 import_cancelled within about two seconds."}), s.cancelImport)
}

// Import is an upload while it runs, and afterwards.
type Import struct {
	ID          uuid.UUID  `json:"id" format:"uuid"`
	CreatedBy   uuid.UUID  `json:"created_by" format:"uuid"`
	Mode        string     `json:"mode" enum:"create,append,replace" doc:"What it does to the dataset"`
	DatasetID   *uuid.UUID `json:"dataset_id" format:"uuid" nullable:"true" doc:"null until a new one is there"`
	State       string     `json:"state" enum:"running,succeeded,failed,cancelled,interrupted" doc:"interrupted: it has not been heard of for 30 seconds, and its server has most likely ended; nothing of it is stored"`
	Stage       string     `json:"stage" enum:"reading,waiting,storing" doc:"Where it is, or where it ended. waiting: for other uploads and queries of the organization, or another change of the dataset"`
	ByteCount   *int64     `json:"byte_count" doc:"Size of the file; null where the request does not say it, as a form does not"`
	BytesRead   int64      `json:"bytes_read"`
	RowCount    *int64     `json:"row_count" doc:"null while the file is being read"`
	RowsStored  int64      `json:"rows_stored"`
	Percent     *int       `json:"percent" db:"-" doc:"Of the whole: reading the file is the first half of it, storing it the second. null where that is not known"`
	Version     *int       `json:"version" doc:"Of the dataset, that it has published"`
	Problem     *Problem   `json:"problem,omitempty" doc:"Why it has failed, as its request was answered, but with the first 20 of its errors at most"`
	CancelAsked bool       `json:"cancel_asked"`
	StartedAt   time.Time  `json:"started_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
	FinishedAt  *time.Time `json:"finished_at"`
}

// importFields are the columns of Import, of app.dataset_imports i.
const importFields = `
select i.id, i.created_by, i.mode, case when i.mode <> 'create' or i.state = 'succeeded' then i.dataset_id end as dataset_id, ` + importState + ` as state, i.stage,
  i.byte_count, i.bytes_read, i.row_count, i.rows_stored, i.version, i.problem, i.cancel_asked, i.started_at, i.updated_at, i.finished_at
from `

const importState = `case when i.state = 'running' and i.updated_at < now() - interval '30 seconds' then 'interrupted' else i.state end`

// at has a running import be as far as it is here: the row tells how far it was up to a second ago.
func (i Import) at(here *importing) Import {
	if here != nil && i.State == "running" {
		p := here.now()
		i.Stage, i.BytesRead, i.RowCount, i.RowsStored = p.stage, p.bytesRead, p.rowCount, p.rowsStored()
	}
	i.Percent = i.percent()
	return i
}

func (i Import) percent() *int {
	of := func(part, whole int64) *int { return new(int(min(50, 50*part/max(1, whole)))) }
	switch {
	case i.State == "succeeded":
		return new(100)
	case i.RowCount != nil:
		return new(50 + *of(i.RowsStored, *i.RowCount))
	case i.ByteCount != nil:
		return of(i.BytesRead, *i.ByteCount)
	}
	return nil
}

// ImportPath names an import.
type ImportPath struct {
	InOrganization
	ImportID uuid.UUID `path:"import_id" format:"uuid"`
}

const selectImports = importFields + `app.dataset_imports i
where i.org_id = $1 and ($2 = '' or ` + importState + ` = $2) and ($3::timestamptz is null or (i.started_at, i.id) < ($3, $4::uuid))
order by i.started_at desc, i.id desc limit $5`

func (s *Server) listImports(ctx context.Context, in *importsInput) (*listed[Import], error) {
	rows, err := tenant.Rows[Import](ctx, s.db, member(ctx, in.OrgID), selectImports, in.OrgID, in.State, given(in.before.at), in.before.id, in.Limit+1)
	for i, row := range rows {
		if rows[i] = row.at(s.imports.find(in.OrgID, row.ID)); row.Problem != nil {
			row.Problem.Errors = nil // the import itself has them
		}
	}
	return pageAfter(in.page, rows, func(i Import) []byte { return moment{i.StartedAt, i.ID}.cursor() }), err
}

// importsInput is the part of the list that is asked for.
type importsInput struct {
	InOrganization
	State string `query:"state" enum:"running,succeeded,failed,cancelled,interrupted"`
	TimePage
}

const selectImport = importFields + `app.dataset_imports i where i.org_id = $1 and i.id = $2`

func (s *Server) getImport(ctx context.Context, in *ImportPath) (*struct{ Body Import }, error) {
	i, err := s.readImport(ctx, in)
	return &struct{ Body Import }{i}, err
}

func (s *Server) readImport(ctx context.Context, in *ImportPath) (Import, error) {
	here := s.imports.find(in.OrgID, in.ImportID) // before the row is read: what has ended is not taken for running
	i, err := tenant.Row[Import](ctx, s.db, member(ctx, in.OrgID), selectImport, in.OrgID, in.ImportID)
	return i.at(here), err
}

// Whoever publishes locks the row too: it is cancelled, or it has succeeded. One that was interrupted has nobody to end it.
const cancelImport = `
with i as (
  update app.dataset_imports i set cancel_asked = true,
    state = case when i.updated_at < now() - interval '30 seconds' then 'cancelled' else i.state end,
    finished_at = case when i.updated_at < now() - interval '30 seconds' then now() end
  where i.org_id = $1 and i.id = $2 and i.state = 'running' returning i.*),
event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, request_id, address)
  select $1, $3, app.user_id(), app.subject()::uuid, 'import.cancelled', id, $4, $5 from i)` + importFields + "i"

func (s *Server) cancelImport(ctx context.Context, in *ImportPath) (*struct{ Body Import }, error) {
	caller := member(ctx, in.OrgID)
	i, err := tenant.Row[Import](ctx, s.db, caller, cancelImport, recorded(ctx, in.OrgID, in.ImportID)...)
	if errors.Is(err, pgx.ErrNoRows) {
		err = s.untouched(ctx, caller, cancelImport, nil, selectImportCode, in.OrgID, in.ImportID)
	}
	here := s.imports.find(in.OrgID, in.ImportID)
	if err == nil && here != nil {
		here.cancel()
	}
	return &struct{ Body Import }{i.at(here)}, err
}

const selectImportCode = `
select 0 as revision, case when state = 'running' then 'forbidden' else 'import_finished' end as code
from app.dataset_imports where org_id = $1 and id = $2`
