package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerVersionChanges() {
	const who = "OWNER, ADMIN: any. ANALYST: of own datasets of which they see all columns."
	tags := []string{"versions"}
	operation(s, audited("dataset.version_activated", huma.Operation{OperationID: "activate-version", Method: http.MethodPost, Path: versionPath + "/activate", Tags: tags,
		Summary: "Make a version the one that is read", Description: who + " From then on it is what is read where no version is named. If-Match is about the dataset's revision.",
		Errors: []int{409, 412}}), s.activateVersion)
	operation(s, audited("dataset.version_deleted", huma.Operation{OperationID: "delete-version", Method: http.MethodDelete, Path: versionPath, Tags: tags,
		Summary: "Delete a version", Description: who + " It is not read any more, and can be restored until it is purged. The active one cannot be deleted.",
		DefaultStatus: http.StatusNoContent, Errors: []int{409}}), s.deleteVersion)
	operation(s, audited("dataset.version_restored", huma.Operation{OperationID: "restore-version", Method: http.MethodPost, Path: versionPath + "/restore", Tags: tags,
		Summary: "Restore a deleted version", Description: who, Errors: []int{409}}), s.restoreVersion)
	operation(s, audited("dataset.version_purged", huma.Operation{OperationID: "purge-version", Method: http.MethodPost, Path: versionPath + "/purge", Tags: tags,
		Summary: "Purge a deleted version", Description: who + " What no other version has of it is gone for good; a version that was made of it stays as it is.",
		Errors: []int{409}}), s.purgeVersion)
}

// lockedVersion is a version of a dataset that nobody else changes before the transaction ends.
type lockedVersion struct {
	Active, Deleted bool
}

const (
	updateActiveVersion = `
with d as (
  update app.datasets d set version = $3, updated_at = now(), revision = revision + 1 where d.org_id = $1 and d.id = $2 returning d.id)
insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, after, request_id, address)
select $1, $4, app.user_id(), app.subject()::uuid, 'dataset.version_activated', d.id,
  jsonb_build_object('version', was.version), jsonb_build_object('version', $3::integer), $5, $6
from d join app.datasets was on was.org_id = $1 and was.id = d.id`
	// seesAll: of a deleted version, too, since it can be restored.
	seesAll = `(select coalesce(sum(v.column_count), 0) from app.dataset_versions v where v.org_id = $1 and v.dataset_id = $2)
    <= (select count(*) from app.dataset_columns o where o.org_id = $1 and o.dataset_id = $2) as sees_all`
	selectSeesAll = `
select ` + seesAll
	selectLockedVersion = `
select v.number = d.version as active, v.deleted_at is not null as deleted
from app.datasets d join app.dataset_versions v on v.org_id = $1 and v.dataset_id = $2
where d.org_id = $1 and d.id = $2 and v.number = $3`
)

// errNotLocked rolls back the change of a dataset that is not the caller's to change.
var errNotLocked = errors.New("the dataset was not locked")

// changeVersion has change do something to a version, in the transaction that has locked its dataset. want is the revision asked
// for, nil for any.
func (s *Server) changeVersion(ctx context.Context, in VersionPath, want *int32, change func(*tenant.Tx, lockedVersion) error) error {
	caller := member(ctx, in.OrgID)
	err := s.db.Tx(ctx, caller, func(tx *tenant.Tx) error {
		if err := lockForChange(ctx, tx, lockData, in.OrgID, in.DatasetID, want); err != nil {
			return err
		}
		v, err := tenant.TxRow[lockedVersion](ctx, tx, selectLockedVersion, in.OrgID, in.DatasetID, in.Version)
		if err != nil {
			return err
		}
		return change(tx, v)
	})
	if errors.Is(err, errNotLocked) {
		err = s.untouched(ctx, caller, updateActiveVersion, nil, selectDatasetRevision, in.OrgID, in.DatasetID)
	}
	return err
}

// lockForChange finds a dataset whose data is to be changed, by a statement that locks it. Who does not see all of it may not: what
// they would change is more than they know. Where the dataset is not the caller's the error is errNotLocked.
func lockForChange(ctx context.Context, tx *tenant.Tx, lock string, org, dataset uuid.UUID, want *int32) error {
	d, err := tenant.TxRow[struct{ Revision int32 }](ctx, tx, lock, org, dataset)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return errNotLocked
	case err != nil:
		return err
	case want != nil && *want != d.Revision:
		return refuse("precondition_failed", "")
	}
	columns, err := tenant.TxRow[struct{ SeesAll bool }](ctx, tx, selectSeesAll, org, dataset)
	if err == nil && !columns.SeesAll {
		err = refuse("columns_hidden", "")
	}
	return err
}

func (s *Server) activateVersion(ctx context.Context, in *struct {
	VersionPath
	IfMatch
}) (*found[DatasetDetail], error) {
	var d DatasetDetail
	err := s.changeVersion(ctx, in.VersionPath, in.revision(), func(tx *tenant.Tx, v lockedVersion) error {
		switch {
		case v.Deleted:
			return refuse("version_deleted", "")
		case !v.Active:
			if _, err := tx.Exec(ctx, updateActiveVersion, recorded(ctx, in.OrgID, in.DatasetID, in.Version)...); err != nil {
				return err
			}
		}
		var err error
		d, err = tenant.TxRow[DatasetDetail](ctx, tx.Last(), selectDataset, in.OrgID, in.DatasetID)
		return err
	})
	return &found[DatasetDetail]{etag(d.Revision), d}, err
}

const updateVersionDeleted = `
with v as (
  update app.dataset_versions set deleted_at = now() where org_id = $1 and dataset_id = $2 and number = $3 and deleted_at is null returning number)
insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, request_id, address)
select $1, $4, app.user_id(), app.subject()::uuid, 'dataset.version_deleted', $2, jsonb_build_object('version', number), $5, $6
from v`

func (s *Server) deleteVersion(ctx context.Context, in *VersionPath) (*struct{}, error) {
	return nil, s.changeVersion(ctx, *in, nil, func(tx *tenant.Tx, v lockedVersion) error {
		switch {
		case v.Active:
			return refuse("version_active", "")
		case v.Deleted:
			return nil
		}
		_, err := tx.Last().Exec(ctx, updateVersionDeleted, recorded(ctx, in.OrgID, in.DatasetID, in.Version)...)
		return err
	})
}

const updateVersionRestored = `
with v as (
  update app.dataset_versions set deleted_at = null where org_id = $1 and dataset_id = $2 and number = $3 returning number)
insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, after, request_id, address)
select $1, $4, app.user_id(), app.subject()::uuid, 'dataset.version_restored', $2, jsonb_build_object('version', number), $5, $6
from v`

func (s *Server) restoreVersion(ctx context.Context, in *VersionPath) (*struct{ Body VersionDetail }, error) {
	out := &struct{ Body VersionDetail }{}
	return out, s.changeVersion(ctx, *in, nil, func(tx *tenant.Tx, v lockedVersion) error {
		if !v.Deleted {
			return refuse("version_not_deleted", "")
		}
		_, err := tx.Exec(ctx, updateVersionRestored, recorded(ctx, in.OrgID, in.DatasetID, in.Version)...)
		if err == nil {
			out.Body, err = tenant.TxRow[VersionDetail](ctx, tx.Last(), selectVersionDetail, in.OrgID, in.DatasetID, in.Version)
		}
		return err
	})
}

// PurgedVersion is what the purge of a version has freed.
type PurgedVersion struct {
	Rows   int64 `json:"rows" doc:"That no other version has"`
	Chunks int64 `json:"chunks" doc:"A chunk holds up to 16,384 values of one column"`
	Bytes  int64 `json:"bytes" doc:"How much less stored_bytes is"`
}

const (
	// A version's byte_count stands for those of its chunks that no older version has. What others have of them is handed on to
	// the oldest, by what they take: else who purges what an append was made of would have its rows stored and not counted.
	handOnBytes = `
with v as (
  select segment_ids, byte_count from app.dataset_versions where org_id = $1 and dataset_id = $2 and number = $3),
holders as (
  select s.id, o.column_no, min(w.number) as oldest, min(w.number) filter (where w.number > $3) as heir
  from v, app.dataset_versions w cross join unnest(w.segment_ids) s(id) join app.dataset_columns o on o.org_id = $1 and o.dataset_id = $2 and o.version = w.number
  where w.org_id = $1 and w.dataset_id = $2 and s.id = any (v.segment_ids) group by s.id, o.column_no),
own as (
  select h.heir, coalesce(pg_column_size(k.texts), pg_column_size(k.codes), pg_column_size(k.ints), pg_column_size(k.int4s), pg_column_size(k.int2s),
    pg_column_size(k.floats)) as size
  from holders h join app.dataset_chunks k on k.org_id = $1 and k.segment_id = h.id and k.column_no = h.column_no
  where h.oldest = $3
  union all
  select h.heir, pg_column_size(w.words)
  from (select column_no, min(oldest) as oldest, min(heir) as heir from holders group by column_no) h
    join app.dataset_words w on w.org_id = $1 and w.dataset_id = $2 and w.column_no = h.column_no
  where h.oldest = $3),
handed as (
  select heir, ((select byte_count from v) * sum(size) / (select sum(size) from own))::bigint as bytes
  from own where heir is not null group by heir)
update app.dataset_versions w set byte_count = w.byte_count + handed.bytes
from handed where w.org_id = $1 and w.dataset_id = $2 and w.number = handed.heir
returning handed.bytes`
	// A chunk is of no use where no other version has both its segment and its column.
	deleteChunks = `
with v as (
  select segment_ids from app.dataset_versions where org_id = $1 and dataset_id = $2 and number = $3),
unused as (
  select s.id, c.column_no
  from v cross join unnest(v.segment_ids) s(id) join app.dataset_columns c on c.org_id = $1 and c.dataset_id = $2 and c.version = $3
  where not exists (
    select from app.dataset_versions w join app.dataset_columns o on o.org_id = $1 and o.dataset_id = $2 and o.version = w.number
    where w.org_id = $1 and w.dataset_id = $2 and w.number <> $3 and s.id = any (w.segment_ids) and o.column_no = c.column_no))
delete from app.dataset_chunks k using unused u where k.org_id = $1 and k.segment_id = u.id and k.column_no = u.column_no`
	deleteSegments = `
delete from app.dataset_segments s using app.dataset_versions v
where s.org_id = $1 and v.org_id = $1 and v.dataset_id = $2 and v.number = $3 and s.id = any (v.segment_ids)
  and not exists (select from app.dataset_versions w where w.org_id = $1 and w.dataset_id = $2 and w.number <> $3 and s.id = any (w.segment_ids))
returning s.row_count`
	deleteWords = `
delete from app.dataset_words d using app.dataset_columns c
where d.org_id = $1 and d.dataset_id = $2 and c.org_id = $1 and c.dataset_id = $2 and c.version = $3 and c.column_no = d.column_no
  and not exists (select from app.dataset_columns o where o.org_id = $1 and o.dataset_id = $2 and o.version <> $3 and o.column_no = d.column_no)`
	// Columns, file, pieces and profiles go with it.
	deletePurgedVersion = `
with v as (
  delete from app.dataset_versions where org_id = $1 and dataset_id = $2 and number = $3 returning number, row_count)
insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, request_id, address)
select $1, $4, app.user_id(), app.subject()::uuid, 'dataset.version_purged', $2, jsonb_build_object('version', number, 'row_count', row_count), $5, $6
from v`
)

func (s *Server) purgeVersion(ctx context.Context, in *VersionPath) (*struct{ Body PurgedVersion }, error) {
	out := &struct{ Body PurgedVersion }{}
	return out, s.changeVersion(ctx, *in, nil, func(tx *tenant.Tx, v lockedVersion) (err error) {
		if !v.Deleted {
			return refuse("version_not_deleted", "")
		}
		out.Body, err = in.purge(ctx, tx)
		if err == nil {
			_, err = tx.Last().Exec(ctx, deletePurgedVersion, recorded(ctx, in.OrgID, in.DatasetID, in.Version)...)
		}
		return err
	})
}

// purge frees what only this version has, but the version itself.
func (in VersionPath) purge(ctx context.Context, tx *tenant.Tx) (p PurgedVersion, err error) {
	ids := []any{in.OrgID, in.DatasetID, in.Version}
	if p.Bytes, err = in.freedBytes(ctx, tx, ids); err != nil {
		return p, err
	}
	if p.Chunks, err = tx.Exec(ctx, deleteChunks, ids...); err != nil {
		return p, err
	}
	segments, err := tenant.TxRows[struct{ RowCount int64 }](ctx, tx, deleteSegments, ids...)
	if err != nil {
		return p, err
	}
	for _, segment := range segments {
		p.Rows += segment.RowCount
	}
	_, err = tx.Exec(ctx, deleteWords, ids...)
	return p, err
}

const selectVersionBytes = `
select v.byte_count + v.kept_bytes as bytes
from app.dataset_versions v where v.org_id = $1 and v.dataset_id = $2 and v.number = $3`

type byteCount struct{ Bytes int64 }

// freedBytes hands on what stays, and is the rest.
func (in VersionPath) freedBytes(ctx context.Context, tx *tenant.Tx, ids []any) (int64, error) {
	all, err := tenant.TxRow[byteCount](ctx, tx, selectVersionBytes, ids...)
	if err != nil {
		return 0, err
	}
	handed, err := tenant.TxRows[byteCount](ctx, tx, handOnBytes, ids...)
	for _, h := range handed {
		all.Bytes -= h.Bytes
	}
	return all.Bytes, err
}
