package api

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerVersionComparison() {
	operation(s, huma.Operation{OperationID: "compare-versions", Method: http.MethodGet, Path: versionPath + "/comparison", Tags: []string{"versions"},
		Summary: "Compare a version with another one", Description: "What the version has and the one of with has not is added. Of columns that the caller does not see nothing is said."}, s.compareVersions)
}

// VersionComparison is what a version has otherwise than another one.
type VersionComparison struct {
	Version  int              `json:"version"`
	With     int              `json:"with"`
	Columns  ColumnComparison `json:"columns"`
	Rows     RowComparison    `json:"rows"`
	SameFile *bool            `json:"same_file" doc:"Whether their files are the same, byte for byte; null for who may not see all of their columns"`
	Profiles []ProfileChange  `json:"profiles" nullable:"false" doc:"Of columns of which both versions have a profile: what differs"`
}

// ColumnComparison is of the columns that the caller sees.
type ColumnComparison struct {
	Added   []ComparedColumn   `json:"added" nullable:"false"`
	Removed []ComparedColumn   `json:"removed" nullable:"false"`
	Renamed []ColumnDifference `json:"renamed" nullable:"false"`
	Retyped []ColumnDifference `json:"retyped" nullable:"false" doc:"With another type or scale"`
}

// ComparedColumn is a column of one of the versions.
type ComparedColumn struct {
	Name  string      `json:"name"`
	Type  column.Type `json:"type" enum:"integer,decimal,float,boolean,date,timestamp,text"`
	Scale int         `json:"scale,omitempty" doc:"Digits after the point of a decimal"`
}

// ColumnDifference is a column that both versions have.
type ColumnDifference struct {
	Version ComparedColumn `json:"version"`
	With    ComparedColumn `json:"with"`
}

// RowComparison counts rows. Those of an append's base are shared with it; rows that were uploaded twice are not.
type RowComparison struct {
	Version     int64 `json:"version"`
	With        int64 `json:"with"`
	Shared      int64 `json:"shared" doc:"Stored once, in both"`
	OnlyVersion int64 `json:"only_version"`
	OnlyWith    int64 `json:"only_with"`
}

// ProfileChange is a column whose values are others.
type ProfileChange struct {
	Column  string         `json:"column"`
	Figures []FigureChange `json:"figures" nullable:"false"`
}

// FigureChange is a number, text or truth value of a profile; null where the profile of a version does not have it.
type FigureChange struct {
	Figure  string          `json:"figure" example:"null_count"`
	Version json.RawMessage `json:"version"`
	With    json.RawMessage `json:"with"`
}

// Schema of any scalar.
func (FigureChange) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"figure", "version", "with"}, Properties: map[string]*huma.Schema{
		"figure":  {Type: huma.TypeString, Examples: []any{"null_count"}},
		"version": {Description: "In the version"}, "with": {Description: "In the one that it is compared with"}}}
}

// comparedVersion is one of the two.
type comparedVersion struct {
	Number   int
	RowCount int64
	Shared   int64
	SHA256   []byte
	Columns  []struct {
		ID int
		ComparedColumn
		Profile map[string]json.RawMessage
	}
}

const selectComparedVersions = `
select v.number, v.row_count,
  (select coalesce(sum(s.row_count), 0)::bigint from app.dataset_segments s where s.org_id = $1 and s.id = any (v.segment_ids)
     and s.id = any ((select w.segment_ids from app.dataset_versions w where w.org_id = $1 and w.dataset_id = $2 and w.number = $3::integer + $4 - v.number)::uuid[])) as shared,
  (select f.sha256 from app.dataset_files f where f.org_id = $1 and f.dataset_id = $2 and f.version = v.number) as sha256,
  (select coalesce(json_agg(json_build_object('ID', c.column_id, 'name', c.name, 'type', c.type, 'scale', c.scale, 'Profile',
      (select p.profile from app.dataset_profiles p where p.org_id = $1 and p.dataset_id = $2 and p.version = v.number and p.column_no = c.column_no))
      order by c.position), '[]')
   from app.dataset_columns c where c.org_id = $1 and c.dataset_id = $2 and c.version = v.number) as columns
from app.dataset_versions v where v.org_id = $1 and v.dataset_id = $2 and v.number in ($3, $4) and v.deleted_at is null
order by v.number = $4`

func (s *Server) compareVersions(ctx context.Context, in *struct {
	VersionPath
	With int32 `query:"with" required:"true" minimum:"1" doc:"The number of the other version"`
}) (*struct{ Body VersionComparison }, error) {
	found, err := tenant.Rows[comparedVersion](ctx, s.db, member(ctx, in.OrgID), selectComparedVersions, in.OrgID, in.DatasetID, in.Version, in.With)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0 || len(found) == 1 && in.Version != in.With:
		return nil, refuse("not_found", "")
	}
	one, other := found[0], found[len(found)-1]
	return &struct{ Body VersionComparison }{one.compare(other)}, nil
}

func (v comparedVersion) compare(other comparedVersion) VersionComparison {
	c := VersionComparison{Version: v.Number, With: other.Number, Profiles: []ProfileChange{},
		Rows:    RowComparison{v.RowCount, other.RowCount, v.Shared, v.RowCount - v.Shared, other.RowCount - v.Shared},
		Columns: ColumnComparison{[]ComparedColumn{}, []ComparedColumn{}, []ColumnDifference{}, []ColumnDifference{}}}
	if v.SHA256 != nil && other.SHA256 != nil {
		c.SameFile = new(slices.Equal(v.SHA256, other.SHA256))
	}
	before := map[int]int{} // the place of a column in other
	for i, column := range other.Columns {
		before[column.ID] = i
	}
	for _, column := range v.Columns {
		i, has := before[column.ID]
		if !has {
			c.Columns.Added = append(c.Columns.Added, column.ComparedColumn)
			continue
		}
		delete(before, column.ID)
		c.Columns.compare(ColumnDifference{column.ComparedColumn, other.Columns[i].ComparedColumn})
		if figures := figuresOf(column.Profile, other.Columns[i].Profile); len(figures) > 0 {
			c.Profiles = append(c.Profiles, ProfileChange{column.Name, figures})
		}
	}
	for _, column := range other.Columns {
		if _, left := before[column.ID]; left {
			c.Columns.Removed = append(c.Columns.Removed, column.ComparedColumn)
		}
	}
	return c
}

func (c *ColumnComparison) compare(change ColumnDifference) {
	if change.Version.Name != change.With.Name {
		c.Renamed = append(c.Renamed, change)
	}
	if change.Version.Type != change.With.Type || change.Version.Scale != change.With.Scale {
		c.Retyped = append(c.Retyped, change)
	}
}

// figuresOf compares two profiles as far as they are numbers, texts and truth values, whatever those are called. Without both
// there is nothing to compare.
func figuresOf(version, with map[string]json.RawMessage) (changes []FigureChange) {
	if version == nil || with == nil {
		return nil
	}
	names := maps.Clone(with)
	maps.Copy(names, version)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		one, other := orNull(version[name]), orNull(with[name])
		if isScalar(one) && isScalar(other) && !slices.Equal(one, other) {
			changes = append(changes, FigureChange{name, one, other})
		}
	}
	return changes
}

func isScalar(value json.RawMessage) bool { return value[0] != '{' && value[0] != '[' }

func orNull(value json.RawMessage) json.RawMessage {
	if value == nil {
		return json.RawMessage("null")
	}
	return value
}
