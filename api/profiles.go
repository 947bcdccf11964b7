package api

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/profile"
	"github.com/insightforge/insightforge/api/query"
	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerProfiles() {
	const what = "Every member may, of the columns that they see. It is computed once, in the background after the version was published, " +
		"or for the first who asks: then it may take some seconds."
	operation(s, huma.Operation{OperationID: "get-profile", Method: http.MethodGet, Path: datasetPath + "/profile", Tags: []string{"datasets"},
		Summary: "Get what the columns of a dataset hold, and how good they are", Description: what}, s.getProfile)
	operation(s, huma.Operation{OperationID: "get-column-profile", Method: http.MethodGet, Path: datasetPath + "/columns/{column_id}/profile", Tags: []string{"datasets"},
		Summary: "Get what a column holds, and how good it is", Description: what}, s.getColumnProfile)
}

// DatasetProfile is what the columns of a version hold that the caller sees.
type DatasetProfile struct {
	DatasetVersion int             `json:"dataset_version"`
	RowCount       int64           `json:"row_count"`
	Score          *int            `json:"score" minimum:"0" maximum:"100" doc:"Mean of the columns' scores; null without columns"`
	Columns        []ColumnProfile `json:"columns" nullable:"false"`
}

// ColumnProfile is a column with its profile.
type ColumnProfile struct {
	ColumnID int         `json:"column_id"`
	Name     string      `json:"name"`
	Type     column.Type `json:"type" enum:"integer,decimal,float,boolean,date,timestamp,text"`
	Scale    int         `json:"scale,omitempty" doc:"Digits after the point of a decimal"`
	profile.Profile
}

func (s *Server) getProfile(ctx context.Context, in *struct {
	DatasetPath
	VersionParameter
}) (*struct{ Body DatasetProfile }, error) {
	p, err := s.profile(ctx, member(ctx, in.OrgID), in.DatasetPath, in.Version, nil, s.querySlot(in.OrgID))
	return &struct{ Body DatasetProfile }{p}, err
}

func (s *Server) getColumnProfile(ctx context.Context, in *struct {
	ColumnPath
	VersionParameter
}) (*struct{ Body ColumnProfile }, error) {
	p, err := s.profile(ctx, member(ctx, in.OrgID), in.DatasetPath, in.Version, &in.ColumnID, s.querySlot(in.OrgID))
	if err != nil {
		return nil, err
	}
	if len(p.Columns) == 0 {
		return nil, refuse("not_found", "")
	}
	return &struct{ Body ColumnProfile }{p.Columns[0]}, nil
}

// slot waits for leave to keep a connection busy.
type slot func(context.Context) (release func(), err error)

func (s *Server) querySlot(org uuid.UUID) slot {
	return func(ctx context.Context) (func(), error) { return s.slots.take(ctx, org, queryWait) }
}

// profiledVersion is a version with the columns that the policies show to the caller.
type profiledVersion struct {
	Number      int
	PublishedAt time.Time
	RowCount    int64
	SegmentIDs  []uuid.UUID
	Columns     []profiledColumn
}

type profiledColumn struct {
	column.Column
	ID      int
	Stored  bool             // Profile is this version's own
	Profile *profile.Profile // nil: not computed yet
}

// A column that another version has in the same segments has the same profile.
const selectProfiles = `
select v.number, v.published_at, v.row_count, v.segment_ids,
  (select coalesce(json_agg(json_build_object('No', c.column_no, 'Name', c.name, 'Type', c.type, 'Scale', c.scale, 'Payload', c.payload, 'ID', c.column_id,
     'Stored', p.version = v.number, 'Profile', p.profile) order by c.position), '[]')
   from app.dataset_columns c left join lateral (
     select p.version, p.profile
     from app.dataset_profiles p join app.dataset_versions o on o.org_id = $1 and o.dataset_id = $2 and o.number = p.version and o.segment_ids = v.segment_ids
     where p.org_id = $1 and p.dataset_id = $2 and p.column_no = c.column_no
     order by p.version = v.number desc, p.version limit 1) p on true
   where c.org_id = $1 and c.dataset_id = $2 and c.version = v.number and ($4::integer is null or c.column_id = $4)) as columns
from app.datasets d join app.dataset_versions v on v.org_id = $1 and v.dataset_id = d.id and v.number = coalesce(nullif($3, 0), d.version) and v.deleted_at is null
where d.org_id = $1 and d.id = $2`

// profile answers what there is, and computes and stores what is missing, a column at a time: whoever asks again after 30 seconds
// were too few finds the first ones. columnID nil: all columns.
func (s *Server) profile(ctx context.Context, caller tenant.Caller, path DatasetPath, version int32, columnID *int32, slot slot) (d DatasetProfile, err error) {
	v, err := tenant.Row[profiledVersion](ctx, s.db, caller, selectProfiles, path.OrgID, path.DatasetID, version, columnID)
	if err != nil {
		return d, err
	}
	d = DatasetProfile{DatasetVersion: v.Number, RowCount: v.RowCount, Columns: []ColumnProfile{}}
	var shared []newProfile
	for _, c := range v.Columns {
		if c.Profile == nil {
			if c.Profile, err = s.computeProfile(ctx, caller, path, v, c.Column, slot); err != nil {
				return d, err
			}
			if c.Profile == nil {
				continue
			}
			err = s.storeProfiles(ctx, caller, path, v.Number, newProfile{c.No, *c.Profile})
		} else if !c.Stored {
			shared = append(shared, newProfile{c.No, *c.Profile})
		}
		if err != nil {
			return d, err
		}
		d.Columns = append(d.Columns, ColumnProfile{c.ID, c.Name, c.Type, c.Scale, *c.Profile})
	}
	d.Score = score(d.Columns)
	return d, s.storeProfiles(ctx, caller, path, v.Number, shared...)
}

func score(columns []ColumnProfile) *int {
	if len(columns) == 0 {
		return nil
	}
	sum := 0
	for _, c := range columns {
		sum += c.Quality.Score
	}
	mean := int(math.Round(float64(sum) / float64(len(columns))))
	return &mean
}

// computeProfile is nil for a column that has gone meanwhile, or is not shown to the caller any more.
func (s *Server) computeProfile(ctx context.Context, caller tenant.Caller, path DatasetPath, v profiledVersion, of column.Column, slot slot) (*profile.Profile, error) {
	release, err := slot(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	var p profile.Profile
	err = s.db.Snapshot(ctx, caller, func(tx *tenant.Tx) (err error) {
		p, err = profile.Compute(ctx, tx.Analyze, query.Version{OrgID: path.OrgID, DatasetID: path.DatasetID, Segments: v.SegmentIDs, Expand: s.expand}, of, v.PublishedAt)
		return err
	})
	if err != nil || p.Count+p.NullCount != v.RowCount {
		return nil, err
	}
	return &p, nil
}

// newProfile is a row of app.dataset_profiles to be.
type newProfile struct {
	ColumnNo int             `json:"column_no"`
	Profile  profile.Profile `json:"profile"`
}

// A profile must not be stored as visible while its column is being hidden: whoever hides one locks the dataset first. So this comes
// before the statement that reads vis. It finds nothing for who may not change the dataset, or while somebody else does.
const lockForProfiles = `
select id from app.datasets where org_id = $1 and id = $2 for key share skip locked`

const insertProfiles = `
insert into app.dataset_profiles (org_id, dataset_id, version, column_no, created_by, vis, profile)
select c.org_id, c.dataset_id, c.version, c.column_no, c.created_by, c.vis, p.profile
from app.dataset_columns c join json_to_recordset($4) p(column_no integer, profile json) on p.column_no = c.column_no
where c.org_id = $1 and c.dataset_id = $2 and c.version = $3
on conflict do nothing`

// storeProfiles stores what the caller may and nobody else has.
func (s *Server) storeProfiles(ctx context.Context, caller tenant.Caller, path DatasetPath, version int, profiles ...newProfile) error {
	if len(profiles) == 0 {
		return nil
	}
	return s.db.Tx(ctx, caller, func(tx *tenant.Tx) error {
		locked, err := tx.Exec(ctx, lockForProfiles, path.OrgID, path.DatasetID)
		if err != nil || locked == 0 {
			return err
		}
		_, err = tx.Last().Exec(ctx, insertProfiles, path.OrgID, path.DatasetID, version, profiles)
		return err
	})
}

// profiles are versions that were published and are to be profiled. Those that find no place are when somebody asks.
type profiles chan publishedVersion

type publishedVersion struct {
	caller  tenant.Caller
	path    DatasetPath
	version int
}

func newProfiles() profiles { return make(profiles, 100) }

// publish has a version profiled as the caller who has published it, with the rights that they have then.
func (p profiles) publish(caller tenant.Caller, org, dataset uuid.UUID, version int) {
	select {
	case p <- publishedVersion{caller, DatasetPath{InOrganization{org}, dataset}, version}:
	default:
	}
}

// profileWait is how long a profile waits for a slot: it is nobody's hurry.
const profileWait = 10 * time.Minute

// ComputeProfiles profiles versions after they were published, one at a time, until ctx ends. Where it fails, whoever asks for the
// profile is told why.
func (s *Server) ComputeProfiles(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case v := <-s.profiles:
			_, err := s.profile(ctx, v.caller, v.path, int32(v.version), nil, func(ctx context.Context) (func(), error) { return s.slots.spare(ctx, profileWait) })
			if err != nil && ctx.Err() == nil && !errors.Is(err, pgx.ErrNoRows) {
				slog.WarnContext(ctx, "a version is not profiled yet", "error", err, "org_id", v.path.OrgID, "dataset_id", v.path.DatasetID, "version", v.version)
			}
		}
	}
}
