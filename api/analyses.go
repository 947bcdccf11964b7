package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/query"
	"github.com/insightforge/insightforge/api/tenant"
)

const analysesPath, analysisPath = "/api/v1/organizations/{org_id}/analyses", "/api/v1/organizations/{org_id}/analyses/{analysis_id}"

func (s *Server) registerAnalyses() {
	tags := []string{"analyses"}
	operation(s, huma.Operation{OperationID: "create-analysis", Method: http.MethodPost, Path: analysesPath, Tags: tags,
		Summary: "Save a query under a name", Description: "OWNER, ADMIN, ANALYST.", DefaultStatus: http.StatusCreated}, s.createAnalysis)
	operation(s, huma.Operation{OperationID: "list-analyses", Method: http.MethodGet, Path: analysesPath, Tags: tags,
		Summary: "List the analyses"}, s.listAnalyses)
	operation(s, huma.Operation{OperationID: "get-analysis", Method: http.MethodGet, Path: analysisPath, Tags: tags,
		Summary: "Get an analysis"}, s.getAnalysis)
	operation(s, huma.Operation{OperationID: "delete-analysis", Method: http.MethodDelete, Path: analysisPath, Tags: tags,
		Summary: "Delete an analysis with its runs", Description: "OWNER, ADMIN: any. ANALYST: own.",
		DefaultStatus: http.StatusNoContent}, s.deleteAnalysis)
}

// Analysis is a query saved under a name.
type Analysis struct {
	ID        uuid.UUID           `json:"id" format:"uuid"`
	DatasetID uuid.UUID           `json:"dataset_id" format:"uuid"`
	Name      string              `json:"name"`
	Query     query.Specification `json:"query"`
	CreatedBy uuid.UUID           `json:"created_by" format:"uuid"`
	CreatedAt time.Time           `json:"created_at"`
}

// NewAnalysis is a query to save.
type NewAnalysis struct {
	Name      string              `json:"name" minLength:"1" maxLength:"200" pattern:"\\S" example:"Rain by month"`
	DatasetID uuid.UUID           `json:"dataset_id" format:"uuid"`
	Query     query.Specification `json:"query"`
}

// AnalysisPath names an analysis.
type AnalysisPath struct {
	InOrganization
	AnalysisID uuid.UUID `path:"analysis_id" format:"uuid"`
}

const insertAnalysis = `
insert into app.analyses (org_id, id, dataset_id, name, query, created_by) values ($1, $2, $3, $4, $5, $6)
returning id, dataset_id, name, query, created_by, created_at`

func (s *Server) createAnalysis(ctx context.Context, in *struct {
	InOrganization
	IdempotencyKey
	Body NewAnalysis
}) (*made[Analysis], error) {
	caller, id := member(ctx, in.OrgID), newID()
	return create(ctx, s, creation[Analysis]{
		id: id, caller: caller, path: inOrganization(in.OrgID) + "/analyses", key: in.IdempotencyKey, request: in.Body,
		insert: func(tx *tenant.Tx) (a Analysis, err error) {
			v, err := selectVersion(ctx, tx, in.OrgID, in.Body.DatasetID)
			if errors.Is(err, pgx.ErrNoRows) {
				return a, refuse("invalid", "", Fault{"body.dataset_id", "unknown_dataset", "no such dataset in this organization"})
			}
			if err != nil {
				return a, err
			}
			if _, err := v.compile("body.query.", s.expand, in.Body.Query); err != nil {
				return a, err
			}
			return tenant.TxRow[Analysis](ctx, tx.Last(), insertAnalysis,
				in.OrgID, id, in.Body.DatasetID, in.Body.Name, in.Body.Query, session(ctx).User)
		},
		get: func(id uuid.UUID) (Analysis, error) {
			return tenant.Row[Analysis](ctx, s.db, caller, selectAnalysis, in.OrgID, id)
		},
	})
}

const selectAnalyses = `
select id, dataset_id, name, query, created_by, created_at
from app.analyses where org_id = $1 and id < $2 order by id desc limit $3`

func (s *Server) listAnalyses(ctx context.Context, in *struct {
	InOrganization
	Page
}) (*listed[Analysis], error) {
	rows, err := tenant.Rows[Analysis](ctx, s.db, member(ctx, in.OrgID), selectAnalyses, in.OrgID, in.before, in.Limit+1)
	return page(in.Page, rows, func(a Analysis) uuid.UUID { return a.ID }), err
}

const selectAnalysis = `
select id, dataset_id, name, query, created_by, created_at from app.analyses where org_id = $1 and id = $2`

func (s *Server) getAnalysis(ctx context.Context, in *AnalysisPath) (*struct{ Body Analysis }, error) {
	a, err := tenant.Row[Analysis](ctx, s.db, member(ctx, in.OrgID), selectAnalysis, in.OrgID, in.AnalysisID)
	return &struct{ Body Analysis }{a}, err
}

const deleteAnalysis = `
delete from app.analyses where org_id = $1 and id = $2`

func (s *Server) deleteAnalysis(ctx context.Context, in *AnalysisPath) (*struct{}, error) {
	caller := member(ctx, in.OrgID)
	touched, err := tenant.Exec(ctx, s.db, caller, deleteAnalysis, in.OrgID, in.AnalysisID)
	if err == nil && touched == 0 {
		err = s.untouched(ctx, caller, deleteAnalysis, nil, selectAnalysisRevision, in.OrgID, in.AnalysisID)
	}
	return nil, err
}

// An analysis never changes, so it has one revision.
const selectAnalysisRevision = `
select 1 as revision, 'forbidden' as code from app.analyses where org_id = $1 and id = $2`
