package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerQueries() {
	operation(s, huma.Operation{OperationID: "query-dataset", Method: http.MethodPost, Path: datasetPath + "/query", Tags: []string{"datasets"},
		Summary: "Query a dataset", Description: "Every member may.", MaxBodyBytes: 1 << 20}, s.queryDataset)
}

// Result is the answer to a query. Integers, decimals and floats are JSON numbers (every digit of a decimal is sent),
// dates are "2014-03-01", timestamps RFC 3339 in UTC, missing values null.
type Result struct {
	Columns        []query.ResultColumn `json:"columns" nullable:"false"`
	Rows           Table                `json:"rows"`
	RowCount       int                  `json:"row_count"`
	Truncated      bool                 `json:"truncated" doc:"There are more rows than the limit"`
	DatasetVersion int                  `json:"dataset_version"`
}

// Table is rows of cells. Read from JSON, its numbers keep every digit.
type Table [][]any

// UnmarshalJSON reads numbers as json.Number.
func (t *Table) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode((*[][]any)(t))
}

// Schema: neither the table nor a row of it is ever null.
func (Table) Schema(huma.Registry) *huma.Schema {
	row := &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{}}
	return &huma.Schema{Type: huma.TypeArray, Items: row}
}

func (s *Server) queryDataset(ctx context.Context, in *struct {
	DatasetPath
	VersionParameter
	Body query.Specification
}) (*struct{ Body Result }, error) {
	release, err := s.slots.take(ctx, in.OrgID, queryWait)
	if err != nil {
		return nil, err
	}
	defer release()
	result, err := s.query(ctx, in.DatasetPath, in.Version, "body.", in.Body)
	return &struct{ Body Result }{result}, err
}

// VersionParameter names a version of a dataset.
type VersionParameter struct {
	Version int32 `query:"version" minimum:"1" doc:"Number of a version that is not deleted; without it the active one"`
}

// query answers a specification, whose faults are at location, from the version of this number. It needs a slot.
func (s *Server) query(ctx context.Context, path DatasetPath, number int32, location string, spec query.Specification) (result Result, err error) {
	err = s.db.Snapshot(ctx, member(ctx, path.OrgID), func(tx *tenant.Tx) error {
		v, err := selectVersion(ctx, tx, path.OrgID, path.DatasetID, number)
		if err != nil {
			return err
		}
		statement, err := v.compile(location, s.expand, spec)
		if err != nil {
			return err
		}
		result, err = v.run(ctx, tx.Last(), statement)
		return err
	})
	return result, err
}

// version is what a query is compiled against: the columns that the policies show to the caller.
type version struct {
	ID         uuid.UUID
	OrgID      uuid.UUID
	Number     int
	RowCount   int64
	SegmentIDs []uuid.UUID
	Columns    []column.Column
}

const selectVersionSQL = `
select d.id, d.org_id, v.number, v.row_count, v.segment_ids,
  (select coalesce(json_agg(json_build_object('No', c.column_no, 'ID', c.column_id, 'Name', c.name, 'Type', c.type, 'Scale', c.scale, 'Payload', c.payload)
     order by c.position), '[]')
   from app.dataset_columns c where c.org_id = $1 and c.dataset_id = $2 and c.version = v.number) as columns
from app.datasets d join app.dataset_versions v on v.org_id = $1 and v.dataset_id = d.id and v.number = coalesce(nullif($3, 0), d.version) and v.deleted_at is null
where d.org_id = $1 and d.id = $2`

// activeVersion stands for its number.
const activeVersion = 0

// selectVersion reads the version of this number.
func selectVersion(ctx context.Context, tx *tenant.Tx, org, dataset uuid.UUID, number int32) (version, error) {
	return tenant.TxRow[version](ctx, tx, selectVersionSQL, org, dataset, number)
}

// compile turns a specification into a statement; what is wrong with it becomes a problem at location.
func (v version) compile(location, expand string, spec query.Specification) (*query.Statement, error) {
	statement, err := query.Compile(spec, v.of(expand))
	return statement, queryProblem(location, err)
}

func (v version) of(expand string) query.Version {
	return query.Version{OrgID: v.OrgID, DatasetID: v.ID, Segments: v.SegmentIDs, Columns: v.Columns, Expand: expand}
}

// queryProblem makes a mistake in a query a problem at location.
func queryProblem(location string, err error) error {
	var mistake *query.Error
	if errors.As(err, &mistake) {
		return refuse("query_invalid", "", Fault{location + mistake.Field, string(mistake.Code), mistake.Message})
	}
	return err
}

// run answers a compiled statement, in the caller's own transaction.
func (v version) run(ctx context.Context, tx *tenant.Tx, statement *query.Statement) (Result, error) {
	rows, err := tx.Analyze(ctx, statement.SQL, statement.Args...)
	if err != nil {
		return Result{}, err
	}
	truncated := len(rows) > statement.Limit
	if truncated {
		rows = rows[:statement.Limit]
	}
	result := Result{Columns: statement.Columns, Rows: make(Table, len(rows)), RowCount: len(rows), Truncated: truncated, DatasetVersion: v.Number}
	for i, row := range rows {
		if row == nil {
			return Result{}, refuse("result_too_large", "")
		}
		if result.Rows[i], err = query.Decode(row); err != nil {
			return Result{}, err
		}
	}
	return result, nil
}
