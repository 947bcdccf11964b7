package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/chart"
	"github.com/insightforge/insightforge/api/query"
	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerRuns() {
	const path, one = analysisPath + "/runs", analysisPath + "/runs/{run_id}"
	tags := []string{"analyses"}
	operation(s, huma.Operation{OperationID: "create-run", Method: http.MethodPost, Path: path, Tags: tags,
		Summary: "Run an analysis and keep the result", Description: "OWNER, ADMIN, ANALYST.", DefaultStatus: http.StatusCreated}, s.createRun)
	operation(s, huma.Operation{OperationID: "list-runs", Method: http.MethodGet, Path: path, Tags: tags,
		Summary: "List the runs of an analysis"}, s.listRuns)
	operation(s, huma.Operation{OperationID: "get-run", Method: http.MethodGet, Path: one, Tags: tags,
		Summary: "Get the result of a run"}, s.getRun)
	operation(s, huma.Operation{OperationID: "get-run-chart", Method: http.MethodGet, Path: one + "/chart.svg", Tags: tags,
		Summary: "Draw the result of a run", Responses: map[string]*huma.Response{"200": {
			Description: "An image without scripts and without references to anything outside it",
			Content:     map[string]*huma.MediaType{"image/svg+xml": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}}}, s.getRunChart)
}

// Run is one execution of an analysis.
type Run struct {
	ID         uuid.UUID `json:"id" format:"uuid"`
	AnalysisID uuid.UUID `json:"analysis_id" format:"uuid"`
	CreatedBy  uuid.UUID `json:"created_by" format:"uuid" doc:"Who ran it"`
	CreatedAt  time.Time `json:"created_at"`
}

// RunDetail is a run with its stored result.
type RunDetail struct {
	Run
	Result Result `json:"result"`
}

// RunPath names a run.
type RunPath struct {
	AnalysisPath
	RunID uuid.UUID `path:"run_id" format:"uuid"`
}

// savedRun is a run as it is stored, with the names of its analysis' columns.
type savedRun struct {
	RunDetail
	Query    query.Specification
	NamesNow map[string]string
}

// shown is the run with the names of now.
func (r savedRun) shown() RunDetail {
	names := r.Query.Renamed(r.NamesNow).ResultNames()
	for i := range min(len(names), len(r.Result.Columns)) {
		r.Result.Columns[i].Name = names[i]
	}
	return r.RunDetail
}

const insertRun = `
insert into app.analysis_runs (org_id, id, analysis_id, created_by, result, vis)
values ($1, $2, $3, $4, $5, coalesce((select a.vis from app.analyses a where a.org_id = $1 and a.id = $3), app.clearance()))`

func (s *Server) createRun(ctx context.Context, in *struct {
	AnalysisPath
	IdempotencyKey
}) (*made[RunDetail], error) {
	release, err := s.slots.take(ctx, in.OrgID, queryWait)
	if err != nil {
		return nil, err
	}
	defer release()
	caller, id := member(ctx, in.OrgID), newID()
	return create(ctx, s, creation[RunDetail]{
		id: id, caller: caller, path: inOrganization(in.OrgID) + "/analyses/" + in.AnalysisID.String() + "/runs", key: in.IdempotencyKey,
		insert: func(tx *tenant.Tx) (RunDetail, error) {
			if err := s.runAnalysis(ctx, tx, in.AnalysisPath, id); err != nil {
				return RunDetail{}, err
			}
			run, err := tenant.TxRow[savedRun](ctx, tx.Last(), selectRun, in.OrgID, in.AnalysisID, id)
			return run.shown(), err
		},
		get: func(id uuid.UUID) (RunDetail, error) {
			run, err := tenant.Row[savedRun](ctx, s.db, caller, selectRun, in.OrgID, in.AnalysisID, id)
			return run.shown(), err
		},
	})
}

// runAnalysis stores the result as the run id.
func (s *Server) runAnalysis(ctx context.Context, tx *tenant.Tx, path AnalysisPath, id uuid.UUID) error {
	a, err := tenant.TxRow[savedAnalysis](ctx, tx, selectAnalysis, path.OrgID, path.AnalysisID)
	if err != nil {
		return err
	}
	v, err := selectVersion(ctx, tx, path.OrgID, a.DatasetID, activeVersion)
	if err != nil {
		return err
	}
	statement, err := a.compiled(v, s.expand)
	if err != nil {
		return err
	}
	return v.unchanged(ctx, tx, a.ColumnIDs, func() error {
		result, err := v.run(ctx, tx, statement)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, insertRun, path.OrgID, id, path.AnalysisID, session(ctx).User, result)
		return err
	})
}

const selectRuns = `
select id, analysis_id, created_by, created_at
from app.analysis_runs where org_id = $1 and analysis_id = $2 and id < $3 order by id desc limit $4`

func (s *Server) listRuns(ctx context.Context, in *struct {
	AnalysisPath
	Page
}) (*listed[Run], error) {
	caller := member(ctx, in.OrgID)
	rows, err := tenant.Rows[Run](ctx, s.db, caller, selectRuns, in.OrgID, in.AnalysisID, in.before, in.Limit+1)
	if err == nil && len(rows) == 0 { // no runs, or no analysis?
		_, err = tenant.Row[savedAnalysis](ctx, s.db, caller, selectAnalysis, in.OrgID, in.AnalysisID)
	}
	return page(in.Page, rows, func(r Run) uuid.UUID { return r.ID }), err
}

const selectRun = `
select r.id, r.analysis_id, r.created_by, r.created_at, r.result, a.query, ` + namesNow + `
from app.analysis_runs r join app.analyses a on a.org_id = $1 and a.id = r.analysis_id
where r.org_id = $1 and r.analysis_id = $2 and r.id = $3`

func (s *Server) getRun(ctx context.Context, in *RunPath) (*struct{ Body RunDetail }, error) {
	run, err := tenant.Row[savedRun](ctx, s.db, member(ctx, in.OrgID), selectRun, in.OrgID, in.AnalysisID, in.RunID)
	return &struct{ Body RunDetail }{run.shown()}, err
}

const selectRunForChart = `
select a.name, a.query, ` + namesNow + `, r.id, r.analysis_id, r.created_by, r.created_at, r.result
from app.analysis_runs r join app.analyses a on a.org_id = $1 and a.id = r.analysis_id
where r.org_id = $1 and r.analysis_id = $2 and r.id = $3`

func (s *Server) getRunChart(ctx context.Context, in *RunPath) (*struct {
	ContentType string `header:"Content-Type"`
	Policy      string `header:"Content-Security-Policy"`
	Body        []byte
}, error) {
	run, err := tenant.Row[struct {
		savedRun
		Name string
	}](ctx, s.db, member(ctx, in.OrgID), selectRunForChart, in.OrgID, in.AnalysisID, in.RunID)
	if err != nil {
		return nil, err
	}
	image, err := chart.SVG(suggestChart(run.Name, run.Query, run.shown().Result))
	return &struct {
		ContentType string `header:"Content-Type"`
		Policy      string `header:"Content-Security-Policy"`
		Body        []byte
	}{"image/svg+xml", "default-src 'none'", image}, err
}

// suggestChart tells the chart which columns are dimensions: in a result they come first.
func suggestChart(title string, spec query.Specification, result Result) chart.Chart {
	columns := make([]chart.Column, len(result.Columns))
	for i, c := range result.Columns {
		columns[i] = chart.Column{Name: c.Name, Type: c.Type, Measure: i >= len(spec.Dimensions)}
		if i < len(spec.Dimensions) {
			columns[i].Grain = string(spec.Dimensions[i].Grain)
		}
	}
	return chart.Suggest(title, columns, result.Rows)
}
