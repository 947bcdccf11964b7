package api

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/tenant"
)

// followColumn gives the vis of column $3 to all rows that tell of it, in every version and under every column_no that it had. The
// dataset is locked, and app.dataset_columns has the new vis.
//
// Who makes an analysis or a run has its dataset, or its analysis, locked by the foreign key until the end; that lock is in the
// way of these, and these are in the way of it. So it is either seen here, or sees at its end that the column was changed.
var followColumn = []string{
	updateChunksVis, updateWordsVis, updateProfilesVis, updateFilesVis, updatePiecesVis, lockAnalyses, updateAnalysesVis, updateRunsVis,
}

const (
	// Values stay where they are: out of line, which an update of vis does not touch.
	updateChunksVis = `
update app.dataset_chunks k set vis = c.vis
from (select distinct column_no, vis from app.dataset_columns where org_id = $1 and dataset_id = $2 and column_id = $3) c
where k.org_id = $1 and k.column_no = c.column_no and k.vis <> c.vis and k.segment_id = any (array(
  select distinct unnest(v.segment_ids) from app.dataset_versions v where v.org_id = $1 and v.dataset_id = $2))`
	updateWordsVis = `
update app.dataset_words w set vis = c.vis
from (select distinct column_no, vis from app.dataset_columns where org_id = $1 and dataset_id = $2 and column_id = $3) c
where w.org_id = $1 and w.dataset_id = $2 and w.column_no = c.column_no and w.vis <> c.vis`
	updateProfilesVis = `
update app.dataset_profiles p set vis = c.vis
from app.dataset_columns c
where p.org_id = $1 and p.dataset_id = $2 and p.vis <> c.vis
  and c.org_id = $1 and c.dataset_id = $2 and c.column_id = $3 and c.version = p.version and c.column_no = p.column_no`
	updateFilesVis = `
update app.dataset_files f set vis = c.vis
from (select version, max(vis) as vis from app.dataset_columns where org_id = $1 and dataset_id = $2 group by version having bool_or(column_id = $3)) c
where f.org_id = $1 and f.dataset_id = $2 and f.version = c.version and f.vis <> c.vis`
	updatePiecesVis = `
update app.dataset_pieces p set vis = f.vis
from app.dataset_files f
where p.org_id = $1 and p.dataset_id = $2 and p.vis <> f.vis and f.org_id = $1 and f.dataset_id = $2 and f.version = p.version
  and exists (select from app.dataset_columns c where c.org_id = $1 and c.dataset_id = $2 and c.version = p.version and c.column_id = $3)`
	lockAnalyses = `
select id from app.analyses where org_id = $1 and dataset_id = $2 and $3 = any (column_ids) order by id for update`
	// A column that no version has any more had a vis that is not known: the analysis does not sink then.
	updateAnalysesVis = `
update app.analyses a set vis = c.vis
from (
  select a.id, case when count(c.vis) = cardinality(a.column_ids) then max(c.vis) else greatest(a.vis, max(c.vis)) end as vis
  from app.analyses a left join (select distinct column_id, vis from app.dataset_columns where org_id = $1 and dataset_id = $2) c
    on c.column_id = any (a.column_ids)
  where a.org_id = $1 and a.dataset_id = $2 and $3 = any (a.column_ids)
  group by a.org_id, a.id) c
where a.org_id = $1 and a.id = c.id and a.vis <> c.vis`
	updateRunsVis = `
update app.analysis_runs r set vis = a.vis
from app.analyses a
where r.org_id = $1 and r.analysis_id = a.id and r.vis <> a.vis and a.org_id = $1 and a.dataset_id = $2 and $3 = any (a.column_ids)`
)

// Any change of a column gives its row another xmin, also one that is taken back.
const selectColumnStamps = `
select array(select c.xmin::text from app.dataset_columns c
  where c.org_id = $1 and c.dataset_id = $2 and c.version = $3 and c.column_id = any ($4) order by c.column_id) as stamps
from app.dataset_versions v where v.org_id = $1 and v.dataset_id = $2 and v.number = $3 and v.deleted_at is null`

// unchanged does what reads columns of a version, and stores something that is as visible as they are: it fails where one of them
// was changed, or the version deleted, meanwhile. A repeatable read would not notice.
func (v version) unchanged(ctx context.Context, tx *tenant.Tx, columns []int32, do func() error) error {
	before, err := v.stamps(ctx, tx, columns)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	after, err := v.stamps(ctx, tx, columns)
	if err == nil && !(len(before) == len(columns) && slices.Equal(before, after)) {
		err = refuse("retry", "")
	}
	return err
}

func (v version) stamps(ctx context.Context, tx *tenant.Tx, columns []int32) ([]string, error) {
	row, err := tenant.TxRow[struct{ Stamps []string }](ctx, tx, selectColumnStamps, v.OrgID, v.ID, v.Number, columns)
	if errors.Is(err, pgx.ErrNoRows) {
		err = refuse("retry", "")
	}
	return row.Stamps, err
}

// used are the columns with these names: what they are called, and their ids.
func (v version) used(named []string) (names []string, ids []int32) {
	names, ids = []string{}, []int32{}
	for _, c := range v.Columns {
		if slices.Contains(named, c.Name) {
			names, ids = append(names, c.Name), append(ids, int32(c.ID))
		}
	}
	return names, ids
}
