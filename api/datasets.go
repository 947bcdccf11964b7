package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/tenant"
)

const datasetsPath, datasetPath = "/api/v1/organizations/{org_id}/datasets", "/api/v1/organizations/{org_id}/datasets/{dataset_id}"

func (s *Server) registerDatasets() {
	tags := []string{"datasets"}
	operation(s, huma.Operation{OperationID: "list-datasets", Method: http.MethodGet, Path: datasetsPath, Tags: tags,
		Summary: "List the datasets"}, s.listDatasets)
	operation(s, huma.Operation{OperationID: "get-dataset", Method: http.MethodGet, Path: datasetPath, Tags: tags,
		Summary: "Get a dataset with its columns"}, s.getDataset)
	operation(s, audited("dataset.changed", huma.Operation{OperationID: "update-dataset", Method: http.MethodPatch, Path: datasetPath, Tags: tags,
		Summary: "Rename a dataset", Description: "OWNER, ADMIN: any. ANALYST: own.", Errors: []int{412}}), s.updateDataset)
	operation(s, audited("dataset.deleted", huma.Operation{OperationID: "delete-dataset", Method: http.MethodDelete, Path: datasetPath, Tags: tags,
		Summary: "Delete a dataset with its analyses", Description: "OWNER, ADMIN: any. ANALYST: own.",
		DefaultStatus: http.StatusNoContent}), s.deleteDataset)
}

// Dataset is an uploaded table.
type Dataset struct {
	ID        uuid.UUID      `json:"id" format:"uuid"`
	Name      string         `json:"name"`
	CreatedBy uuid.UUID      `json:"created_by" format:"uuid"`
	CreatedAt time.Time      `json:"created_at"`
	UpdatedAt time.Time      `json:"updated_at"`
	Version   DatasetVersion `json:"version" doc:"The active one"`
	Revision  int32          `json:"-"`
}

// DatasetVersion is an immutable state of a dataset's rows.
type DatasetVersion struct {
	Number      int       `json:"number"`
	RowCount    int64     `json:"row_count"`
	ByteCount   int64     `json:"byte_count" doc:"Size of the uploaded file, and of values before it that were stored anew; and of what purged versions have left to this one"`
	SHA256      *string   `json:"sha256" doc:"Of the uploaded file, hexadecimal; null for who may not see all of its columns, and where there is no file"`
	PublishedAt time.Time `json:"published_at"`
	PublishedBy uuid.UUID `json:"published_by" format:"uuid"`
}

// ScanNull makes a DatasetVersion a pgtype.CompositeIndexScanner: a dataset has a version.
func (v *DatasetVersion) ScanNull() error { return errors.New("a dataset without a version") }

// ScanIndex is where the fields of the record in datasetFields go. A third of a list's time went into the same as JSON.
func (v *DatasetVersion) ScanIndex(i int) any {
	return []any{&v.Number, &v.RowCount, &v.ByteCount, &v.SHA256, &v.PublishedAt, &v.PublishedBy}[i]
}

// DatasetColumn is a column of the active version.
type DatasetColumn struct {
	ID          int         `json:"id" doc:"The same in every version"`
	Position    int         `json:"position" doc:"From 1, among the columns that the caller sees"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Unit        string      `json:"unit" example:"EUR"`
	Semantic    string      `json:"semantic" example:"currency" doc:"What the column is about; empty where nothing is known"`
	Type        column.Type `json:"type" enum:"integer,decimal,float,boolean,date,timestamp,text"`
	Scale       int         `json:"scale,omitempty" doc:"Digits after the point of a decimal"`
	NullCount   int64       `json:"null_count"`
	Visibility  *Visibility `json:"visibility,omitempty" doc:"Who sees the column and what is made of it: everyone, ANALYST and above, or OWNER and ADMIN. Only OWNER and ADMIN are told"`
}

// ScanNull makes a DatasetColumn a pgtype.CompositeIndexScanner.
func (c *DatasetColumn) ScanNull() error { return errors.New("a dataset without a column") }

// ScanIndex is where the fields of the records in selectDataset go.
func (c *DatasetColumn) ScanIndex(i int) any {
	return []any{&c.ID, &c.Position, &c.Name, &c.Description, &c.Unit, &c.Semantic, &c.Type, &c.Scale, &c.NullCount, &c.Visibility}[i]
}

// DatasetDetail is a dataset with its columns.
type DatasetDetail struct {
	Dataset
	Columns []DatasetColumn `json:"columns" nullable:"false"`
}

// DatasetPath names a dataset.
type DatasetPath struct {
	InOrganization
	DatasetID uuid.UUID `path:"dataset_id" format:"uuid"`
}

// DatasetName is what is given for a dataset.
type DatasetName struct {
	Name string `json:"name" minLength:"1" maxLength:"200" pattern:"\\S" example:"Seattle weather"`
}

// datasetFields are the columns of Dataset, of app.datasets d and its active version v.
const datasetFields = `d.id, d.name, d.created_by, d.created_at, d.updated_at, d.revision,
  row(v.number, v.row_count, v.byte_count, 
    (select encode(f.sha256, 'hex') from app.dataset_files f where f.org_id = $1 and f.dataset_id = v.dataset_id and f.version = v.number), v.published_at, v.published_by) as version`

const selectDatasets = `
select ` + datasetFields + `
from app.datasets d join app.dataset_versions v on v.org_id = $1 and v.dataset_id = d.id and v.number = d.version
where d.org_id = $1 and d.id < $2
order by d.id desc limit $3`

func (s *Server) listDatasets(ctx context.Context, in *struct {
	InOrganization
	Page
}) (*listed[Dataset], error) {
	rows, err := tenant.Rows[Dataset](ctx, s.db, member(ctx, in.OrgID), selectDatasets, in.OrgID, in.before, in.Limit+1)
	return page(in.Page, rows, func(d Dataset) uuid.UUID { return d.ID }), err
}

// datasetColumnRecord has the fields of DatasetColumn, of app.dataset_columns c.
const datasetColumnRecord = `row(c.column_id, row_number() over (order by c.position), c.name, c.description, c.unit, c.semantic, c.type, c.scale, c.null_count,
      case when app.role() in ('OWNER', 'ADMIN') then (array['everyone', 'analysts', 'admins'])[c.vis + 1] end)`

// datasetColumns are the columns of the active version of app.datasets d, which is $2.
const datasetColumns = `array(select ` + datasetColumnRecord + `
    from app.dataset_columns c where c.org_id = $1 and c.dataset_id = $2 and c.version = d.version order by c.position) as columns`

const selectDataset = `
select ` + datasetFields + `,
  ` + datasetColumns + `
from app.datasets d join app.dataset_versions v on v.org_id = $1 and v.dataset_id = d.id and v.number = d.version
where d.org_id = $1 and d.id = $2`

func (s *Server) getDataset(ctx context.Context, in *DatasetPath) (*found[DatasetDetail], error) {
	d, err := tenant.Row[DatasetDetail](ctx, s.db, member(ctx, in.OrgID), selectDataset, in.OrgID, in.DatasetID)
	return &found[DatasetDetail]{etag(d.Revision), d}, err
}

// was is locked and read before the change: see updateOrganization.
const updateDataset = `
with was as materialized (
  select id, name from app.datasets where org_id = $1 and id = $2 for update),
d as (
  update app.datasets d set name = $3, updated_at = now(), revision = revision + 1
  from was where d.org_id = $1 and d.id = $2 and d.id = was.id and ($4::integer is null or d.revision = $4)
  returning d.id, d.name, d.created_by, d.created_at, d.updated_at, d.revision, d.version, was.name as old_name),
event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, after, request_id, address)
  select $1, $5, app.user_id(), app.subject()::uuid, 'dataset.changed', id, jsonb_build_object('name', old_name), jsonb_build_object('name', name), $6, $7
  from d)
select ` + datasetFields + `
from d join app.dataset_versions v on v.org_id = $1 and v.dataset_id = d.id and v.number = d.version`

func (s *Server) updateDataset(ctx context.Context, in *struct {
	DatasetPath
	IfMatch
	Body DatasetName
}) (*found[Dataset], error) {
	asks(ctx, in.Body)
	caller, want := member(ctx, in.OrgID), in.revision()
	d, err := tenant.Row[Dataset](ctx, s.db, caller, updateDataset, recorded(ctx, in.OrgID, in.DatasetID, in.Body.Name, want)...)
	if errors.Is(err, pgx.ErrNoRows) {
		err = s.untouched(ctx, caller, updateDataset, want, selectDatasetRevision, in.OrgID, in.DatasetID)
	}
	return &found[Dataset]{etag(d.Revision), d}, err
}

const deleteDataset = `
with gone as (
  delete from app.datasets where org_id = $1 and id = $2 returning id, name)
insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, request_id, address)
select $1, $3, app.user_id(), app.subject()::uuid, 'dataset.deleted', id, jsonb_build_object('name', name), $4, $5
from gone`

func (s *Server) deleteDataset(ctx context.Context, in *DatasetPath) (*struct{}, error) {
	caller := member(ctx, in.OrgID)
	touched, err := tenant.Exec(ctx, s.db, caller, deleteDataset, recorded(ctx, in.OrgID, in.DatasetID)...)
	if err == nil && touched == 0 {
		err = s.untouched(ctx, caller, deleteDataset, nil, selectDatasetRevision, in.OrgID, in.DatasetID)
	}
	return nil, err
}

const selectDatasetRevision = `
select revision, 'forbidden' as code from app.datasets where org_id = $1 and id = $2`
