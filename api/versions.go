package api

import (
	"context"
	"encoding/binary"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/tenant"
)

const versionsPath, versionPath = datasetPath + "/versions", datasetPath + "/versions/{version}"

func (s *Server) registerVersions() {
	tags := []string{"versions"}
	operation(s, huma.Operation{OperationID: "list-versions", Method: http.MethodGet, Path: versionsPath, Tags: tags,
		Summary: "List the versions of a dataset", Description: "Deleted ones too: their rows are not read, and they can be restored until they are purged."}, s.listVersions)
	operation(s, huma.Operation{OperationID: "get-version", Method: http.MethodGet, Path: versionPath, Tags: tags,
		Summary: "Get a version with its columns, and how its file was read", Description: "A deleted one too, until it is purged."}, s.getVersion)
	s.registerVersionChanges()
	s.registerVersionComparison()
	s.registerVersionSources()
}

// VersionPath names a version of a dataset.
type VersionPath struct {
	DatasetPath
	Version int32 `path:"version" minimum:"1"`
}

// VersionSummary is a version as a list has it.
type VersionSummary struct {
	DatasetVersion
	Mode        string     `json:"mode" enum:"create,append,replace,change" doc:"How it was made"`
	Base        *int       `json:"base" doc:"The version that it was made of; it may have been purged"`
	ColumnCount int        `json:"column_count" doc:"Of the columns that the caller sees"`
	Active      bool       `json:"active" doc:"Whether it is what is read where no version is named"`
	DeletedAt   *time.Time `json:"deleted_at"`
	SourceKept  bool       `json:"source_kept" doc:"Whether the uploaded file can be downloaded"`
}

// VersionDetail is a version with its columns, and how its file was read.
type VersionDetail struct {
	VersionSummary
	Columns    []DatasetColumn `json:"columns" nullable:"false"`
	FileReport *FileReport     `json:"file_report,omitempty" doc:"How its file was read; left out for who may not see all of its columns, and where there is no file"`
}

// The hash and the pieces of a file are of all of its columns: the policies show them to who sees those.
const selectVersionSummary = `
select v.number, v.row_count, v.byte_count,
  (select encode(f.sha256, 'hex') from app.dataset_files f where f.org_id = $1 and f.dataset_id = $2 and f.version = v.number) as sha256,
  v.published_at, v.published_by, v.mode, v.base,
  (select count(*) from app.dataset_columns c where c.org_id = $1 and c.dataset_id = $2 and c.version = v.number) as column_count,
  v.number = d.version as active, v.deleted_at,
  exists (select from app.dataset_pieces p where p.org_id = $1 and p.dataset_id = $2 and p.version = v.number and p.piece_no = 0) as source_kept`

const selectVersionSummaries = selectVersionSummary + `
from app.datasets d join app.dataset_versions v on v.org_id = $1 and v.dataset_id = $2
where d.org_id = $1 and d.id = $2 and v.number < $3::bigint
order by v.number desc limit $4`

func (s *Server) listVersions(ctx context.Context, in *struct {
	DatasetPath
	Page
}) (*listed[VersionSummary], error) {
	rows, err := tenant.Rows[VersionSummary](ctx, s.db, member(ctx, in.OrgID), selectVersionSummaries, in.OrgID, in.DatasetID,
		int64(binary.BigEndian.Uint32(in.before[:])), in.Limit+1)
	if err == nil && len(rows) == 0 && in.Cursor == "" { // every dataset has a version
		err = pgx.ErrNoRows
	}
	return page(in.Page, rows, func(v VersionSummary) (place uuid.UUID) {
		binary.BigEndian.PutUint32(place[:], uint32(v.Number))
		return place
	}), err
}

const selectVersionDetail = selectVersionSummary + `,
  array(select ` + datasetColumnRecord + `
    from app.dataset_columns c where c.org_id = $1 and c.dataset_id = $2 and c.version = v.number order by c.position) as columns,
  (select f.report from app.dataset_files f where f.org_id = $1 and f.dataset_id = $2 and f.version = v.number) as file_report
from app.datasets d join app.dataset_versions v on v.org_id = $1 and v.dataset_id = $2
where d.org_id = $1 and d.id = $2 and v.number = $3`

func (s *Server) getVersion(ctx context.Context, in *VersionPath) (*struct{ Body VersionDetail }, error) {
	v, err := tenant.Row[VersionDetail](ctx, s.db, member(ctx, in.OrgID), selectVersionDetail, in.OrgID, in.DatasetID, in.Version)
	return &struct{ Body VersionDetail }{v}, err
}
