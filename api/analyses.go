package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
	"github.com/insightforge/insightforge/api/tenant"
)

const analysesPath, analysisPath = "/api/v1/organizations/{org_id}/analyses", "/api/v1/organizations/{org_id}/analyses/{analysis_id}"

func (s *Server) registerAnalyses() {
	tags := []string{"analyses"}
	operation(s, huma.Operation{OperationID: "create-analysis", Method: http.MethodPost, Path: analysesPath, Tags: tags,
		Summary: "Save a query under a name", Description: "OWNER, ADMIN, ANALYST. It follows the columns that it is about: once they are renamed, the query " +
			"that is shown, and the results of its runs, have the new names. Who may not see one of them finds neither the analysis nor its runs.", DefaultStatus: http.StatusCreated}, s.createAnalysis)
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

// savedAnalysis is an analysis as it is stored, with the names that its columns had then, and by these those they have now.
type savedAnalysis struct {
	Analysis
	ColumnNames []string
	ColumnIDs   []int32
	NamesNow    map[string]string
}

const (
	// namesNow are what the columns of app.analyses a are called now, in the newest version that has them, by what they were.
	namesNow = `(
    select coalesce(json_object_agg(u.name, coalesce((
      select c.name from app.dataset_columns c
      where c.org_id = $1 and c.dataset_id = a.dataset_id and c.column_id = u.id order by c.version desc limit 1), u.name)), '{}')
    from unnest(a.column_ids, a.column_names) u(id, name)) as names_now`
	analysisFields = `a.id, a.dataset_id, a.name, a.query, a.created_by, a.created_at, a.column_names, a.column_ids, ` + namesNow
)

// shown is the analysis with the names of now.
func (a savedAnalysis) shown() Analysis {
	a.Query = a.Query.Renamed(a.NamesNow)
	return a.Analysis
}

// compiled is the analysis for a version, by the ids of its columns: another column that has got a name is not meant.
func (a savedAnalysis) compiled(v version, expand string) (*query.Statement, error) {
	own := v.Columns[:0:0]
	for i, id := range a.ColumnIDs {
		n := slices.IndexFunc(v.Columns, func(c column.Column) bool { return c.ID == int(id) })
		if n < 0 {
			return nil, refuse("query_invalid", "", Fault{"query", string(query.UnknownColumn), fmt.Sprintf("no column is named %q", a.NamesNow[a.ColumnNames[i]])})
		}
		own = append(own, v.Columns[n])
	}
	v.Columns = own
	return v.compile("query.", expand, a.shown().Query)
}

const insertAnalysis = `
insert into app.analyses (org_id, id, dataset_id, name, query, created_by, column_names, column_ids, vis)
select $1, $2, $3, $4, $5, $6, $7, $8, coalesce(max(c.vis), 0)
from app.dataset_columns c where c.org_id = $1 and c.dataset_id = $3 and c.version = $9 and c.column_id = any ($8)`

func (s *Server) createAnalysis(ctx context.Context, in *struct {
	InOrganization
	IdempotencyKey
	Body NewAnalysis
}) (*made[Analysis], error) {
	caller, id := member(ctx, in.OrgID), newID()
	return create(ctx, s, creation[Analysis]{
		id: id, caller: caller, path: inOrganization(in.OrgID) + "/analyses", key: in.IdempotencyKey, request: in.Body,
		insert: func(tx *tenant.Tx) (a Analysis, err error) {
			v, err := selectVersion(ctx, tx, in.OrgID, in.Body.DatasetID, activeVersion)
			if errors.Is(err, pgx.ErrNoRows) {
				return a, refuse("invalid", "", Fault{"body.dataset_id", "unknown_dataset", "no such dataset in this organization"})
			}
			if err != nil {
				return a, err
			}
			if _, err := v.compile("body.query.", s.expand, in.Body.Query); err != nil {
				return a, err
			}
			names, ids := v.used(in.Body.Query.ColumnNames())
			err = v.unchanged(ctx, tx, ids, func() error {
				_, err := tx.Exec(ctx, insertAnalysis, in.OrgID, id, in.Body.DatasetID, in.Body.Name, in.Body.Query, session(ctx).User, names, ids, v.Number)
				return err
			})
			if err != nil {
				return a, err
			}
			saved, err := tenant.TxRow[savedAnalysis](ctx, tx.Last(), selectAnalysis, in.OrgID, id)
			return saved.shown(), err
		},
		get: func(id uuid.UUID) (Analysis, error) {
			saved, err := tenant.Row[savedAnalysis](ctx, s.db, caller, selectAnalysis, in.OrgID, id)
			return saved.shown(), err
		},
	})
}

const selectAnalyses = `
select ` + analysisFields + `
from app.analyses a where a.org_id = $1 and a.id < $2 order by a.id desc limit $3`

func (s *Server) listAnalyses(ctx context.Context, in *struct {
	InOrganization
	Page
}) (*listed[Analysis], error) {
	saved, err := tenant.Rows[savedAnalysis](ctx, s.db, member(ctx, in.OrgID), selectAnalyses, in.OrgID, in.before, in.Limit+1)
	rows := make([]Analysis, len(saved))
	for i, a := range saved {
		rows[i] = a.shown()
	}
	return page(in.Page, rows, func(a Analysis) uuid.UUID { return a.ID }), err
}

const selectAnalysis = `
select ` + analysisFields + ` from app.analyses a where a.org_id = $1 and a.id = $2`

func (s *Server) getAnalysis(ctx context.Context, in *AnalysisPath) (*struct{ Body Analysis }, error) {
	a, err := tenant.Row[savedAnalysis](ctx, s.db, member(ctx, in.OrgID), selectAnalysis, in.OrgID, in.AnalysisID)
	return &struct{ Body Analysis }{a.shown()}, err
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
