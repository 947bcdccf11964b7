package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerColumns() {
	const path, one = datasetPath + "/columns", datasetPath + "/columns/{column_id}"
	tags := []string{"datasets"}
	operation(s, huma.Operation{OperationID: "list-columns", Method: http.MethodGet, Path: path, Tags: tags,
		Summary: "List the columns of a dataset", Description: "Those of the active version that the caller sees, in their order."}, s.listColumns)
	operation(s, huma.Operation{OperationID: "get-column", Method: http.MethodGet, Path: one, Tags: tags,
		Summary: "Get a column of a dataset", Description: "As it is in the active version, or else in the newest that has it. The ETag is the dataset's."}, s.getColumn)
	operation(s, audited("column.changed", huma.Operation{OperationID: "update-column", Method: http.MethodPatch, Path: one, Tags: tags,
		Summary: "Rename, describe or hide a column", Description: "OWNER, ADMIN: any. ANALYST: of own datasets of which they see all columns, and never the " +
			"visibility. What is omitted stays. It is changed in every version that has the column, also where the active one lacks it; " +
			"analyses follow its name, and they and their runs are seen by who sees all of their columns. If-Match is about the dataset's revision.",
		Errors: []int{409, 412}}), s.updateColumn)
}

// Visibility is who sees a column.
type Visibility string

// Schema makes Visibility one component of the OpenAPI.
func (Visibility) Schema(r huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Enum: []any{"everyone", "analysts", "admins"}}
	s.PrecomputeMessages()
	r.Map()["Visibility"] = s
	return &huma.Schema{Ref: "#/components/schemas/Visibility"}
}

// vis is the visibility in the database; nil for none.
func (v *Visibility) vis() *int16 {
	if v == nil {
		return nil
	}
	vis := map[Visibility]int16{"everyone": everyone, "analysts": analysts, "admins": admins}[*v]
	return &vis
}

// ColumnChange is what a column becomes.
type ColumnChange struct {
	Name        Opt[string]     `json:"name,omitempty,omitzero" minLength:"1" maxLength:"200" pattern:"\\S" example:"revenue"`
	Description Opt[string]     `json:"description,omitempty,omitzero" maxLength:"2000"`
	Unit        Opt[string]     `json:"unit,omitempty,omitzero" maxLength:"40" example:"EUR"`
	Semantic    Opt[string]     `json:"semantic,omitempty,omitzero" pattern:"^(identifier|category|measure|currency|percent|country|year|quarter|month|weekday|email|url|latitude|longitude|postal_code|time|text)?$" example:"currency"`
	Visibility  Opt[Visibility] `json:"visibility,omitempty,omitzero" doc:"OWNER, ADMIN"`
}

func (ColumnChange) withoutSecrets() {}

// ColumnPath names a column.
type ColumnPath struct {
	DatasetPath
	ColumnID int32 `path:"column_id" minimum:"1"`
}

// DatasetColumns are all columns that the caller sees.
type DatasetColumns struct {
	Items []DatasetColumn `json:"items" nullable:"false"`
}

func (s *Server) listColumns(ctx context.Context, in *DatasetPath) (*found[DatasetColumns], error) {
	d, err := tenant.Row[DatasetDetail](ctx, s.db, member(ctx, in.OrgID), selectDataset, in.OrgID, in.DatasetID)
	return &found[DatasetColumns]{etag(d.Revision), DatasetColumns{d.Columns}}, err
}

func (s *Server) getColumn(ctx context.Context, in *ColumnPath) (*found[DatasetColumn], error) {
	v, err := tenant.Row[versionOfColumn](ctx, s.db, member(ctx, in.OrgID), selectVersionOfColumn, in.OrgID, in.DatasetID, in.ColumnID)
	if err != nil {
		return nil, err
	}
	return v.column(in.ColumnID)
}

// versionOfColumn are the columns of a version that has a certain one, as far as the caller sees them; none if there is no such
// version.
type versionOfColumn struct {
	Revision int32 // of the dataset
	Columns  []DatasetColumn
}

// column is the one with this id. One that is hidden is not there.
func (v versionOfColumn) column(id int32) (*found[DatasetColumn], error) {
	i := slices.IndexFunc(v.Columns, func(c DatasetColumn) bool { return c.ID == int(id) })
	if i < 0 {
		return nil, refuse("not_found", "")
	}
	return &found[DatasetColumn]{etag(v.Revision), v.Columns[i]}, nil
}

const (
	// In app.datasets d, where the caller sees column $3: in the active version, or else in the newest that has it, since older
	// versions can be read as well. Deleted ones can be restored.
	versionWithColumn = `(
  select h.version from app.dataset_columns h where h.org_id = $1 and h.dataset_id = $2 and h.column_id = $3
  order by h.version = d.version desc, h.version desc limit 1)`
	ofDatasetAndColumn = `
from app.datasets d join app.dataset_columns c on c.org_id = $1 and c.dataset_id = $2 and c.column_id = $3 and c.version = ` + versionWithColumn + `
where d.org_id = $1 and d.id = $2`
	selectVersionOfColumn = `
select d.revision, array(select ` + datasetColumnRecord + `
    from app.dataset_columns c where c.org_id = $1 and c.dataset_id = $2 and c.version = ` + versionWithColumn + ` order by c.position) as columns
from app.datasets d where d.org_id = $1 and d.id = $2`
	// As lockData, but what stores something that is as visible as a column waits, too: see followColumn.
	lockDataset = `
select revision from app.datasets where org_id = $1 and id = $2 for update`
	selectColumnToChange = `
select d.revision, app.role() in ('OWNER', 'ADMIN') as may_hide, ` + seesAll + ofDatasetAndColumn
	selectColumnRevision = `
select d.revision, 'forbidden' as code` + ofDatasetAndColumn
)

// updateColumn: the event has the column's id and name, and what is another now.
const updateColumn = `
with was as (
  select c.column_id, c.name, c.description, c.unit, c.semantic, (array['everyone', 'analysts', 'admins'])[c.vis + 1] as visibility` + ofDatasetAndColumn + `),
now as (
  select coalesce($4, name) as name, coalesce($5, description) as description, coalesce($6, unit) as unit, coalesce($7, semantic) as semantic,
    coalesce((array['everyone', 'analysts', 'admins'])[$8::smallint + 1], visibility) as visibility
  from was),
changed as (
  update app.dataset_columns set name = coalesce($4, name), description = coalesce($5, description), unit = coalesce($6, unit),
    semantic = coalesce($7, semantic), vis = coalesce($8, vis)
  where org_id = $1 and dataset_id = $2 and column_id = $3),
raised as (
  update app.datasets set updated_at = now(), revision = revision + 1 where org_id = $1 and id = $2)
insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, after, request_id, address)
select $1, $9, app.user_id(), app.subject()::uuid, 'column.changed', $2,
  jsonb_strip_nulls(jsonb_build_object('column_id', was.column_id, 'name', was.name, 'description', nullif(was.description, now.description),
    'unit', nullif(was.unit, now.unit), 'semantic', nullif(was.semantic, now.semantic), 'visibility', nullif(was.visibility, now.visibility))),
  jsonb_strip_nulls(jsonb_build_object('column_id', was.column_id, 'name', now.name, 'description', nullif(now.description, was.description),
    'unit', nullif(now.unit, was.unit), 'semantic', nullif(now.semantic, was.semantic), 'visibility', nullif(now.visibility, was.visibility))),
  $10, $11
from was, now`

func (s *Server) updateColumn(ctx context.Context, in *struct {
	ColumnPath
	IfMatch
	Body ColumnChange
}) (out *found[DatasetColumn], err error) {
	asks(ctx, in.Body)
	caller, want := member(ctx, in.OrgID), in.revision()
	locked := false
	err = s.db.Tx(ctx, caller, func(tx *tenant.Tx) error {
		if _, err := tenant.TxRow[struct{ Revision int32 }](ctx, tx, lockDataset, in.OrgID, in.DatasetID); err != nil {
			return err
		}
		locked = true
		if err := in.ColumnPath.mayChange(ctx, tx, want, in.Body); err != nil {
			return err
		}
		v, err := in.ColumnPath.change(ctx, tx, in.Body)
		if err != nil {
			return err
		}
		out, err = v.column(in.ColumnID)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) && !locked {
		err = s.untouched(ctx, caller, lockDataset, want, selectColumnRevision, in.OrgID, in.DatasetID, in.ColumnID)
	}
	return out, err
}

// mayChange refuses; the dataset is locked, so the caller may change it otherwise.
func (p ColumnPath) mayChange(ctx context.Context, tx *tenant.Tx, want *int32, to ColumnChange) error {
	c, err := tenant.TxRow[struct {
		Revision         int32
		MayHide, SeesAll bool
	}](ctx, tx, selectColumnToChange, p.OrgID, p.DatasetID, p.ColumnID)
	switch {
	case err != nil:
		return err
	case want != nil && *want != c.Revision:
		return refuse("precondition_failed", "")
	case to.Visibility.value != nil && !c.MayHide:
		return refuse("forbidden", "")
	case !c.SeesAll: // a new name may be that of a column that the caller must not know of
		return refuse("columns_hidden", "")
	}
	return nil
}

// change returns the column's version as it is then.
func (p ColumnPath) change(ctx context.Context, tx *tenant.Tx, to ColumnChange) (v versionOfColumn, err error) {
	_, err = tx.Exec(ctx, updateColumn, recorded(ctx, p.OrgID, p.DatasetID, p.ColumnID, to.Name.value, to.Description.value, to.Unit.value,
		to.Semantic.value, to.Visibility.value.vis())...)
	if isSQLState(err, "23505") {
		return v, refuse("column_name_taken", "")
	}
	if err != nil {
		return v, err
	}
	if to.Visibility.value != nil {
		for _, follow := range followColumn {
			if _, err := tx.Exec(ctx, follow, p.OrgID, p.DatasetID, p.ColumnID); err != nil {
				return v, err
			}
		}
	}
	return tenant.TxRow[versionOfColumn](ctx, tx, selectVersionOfColumn, p.OrgID, p.DatasetID, p.ColumnID)
}
