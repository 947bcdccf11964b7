package api

import (
	"context"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/archive"
	"github.com/insightforge/insightforge/api/tenant"
)

const (
	selectDatasetIDs = `
select id from app.datasets where org_id = $1 order by id`
	exportDataset = `
select row_to_json(t) as line from (
  select d.*, (select json_agg(v) from (
    select v.number, v.published_by, v.published_at, v.row_count, v.byte_count, v.mode, v.base, v.deleted_at,
      (select row_to_json(f) from (
        select encode(f.sha256, 'hex') as sha256, f.media_type, f.name, f.report,
          exists (select from app.dataset_pieces p where p.org_id = $1 and p.dataset_id = $2 and p.version = v.number) as kept
        from app.dataset_files f where f.org_id = $1 and f.dataset_id = $2 and f.version = v.number) f) as file, v.segment_ids,
      (select json_agg(c) from (
        select c.column_no, c.column_id, c.position, c.name, c.header, c.description, c.unit, c.semantic, c.vis, c.type, c.scale, c.payload, c.null_count,
          (select p.profile from app.dataset_profiles p where p.org_id = $1 and p.dataset_id = $2 and p.version = v.number and p.column_no = c.column_no) as profile
        from app.dataset_columns c where c.org_id = $1 and c.dataset_id = $2 and c.version = v.number order by c.position) c) as columns
    from app.dataset_versions v where v.org_id = $1 and v.dataset_id = $2 order by v.number) v) as versions
  from app.datasets d where d.org_id = $1 and d.id = $2) t`
	selectVersions = `
select v.dataset_id as id, v.org_id, v.number, v.row_count, v.segment_ids,
  (select coalesce(json_agg(json_build_object('No', c.column_no, 'Name', c.name, 'Type', c.type, 'Scale', c.scale, 'Payload', c.payload)
     order by c.position), '[]')
   from app.dataset_columns c where c.org_id = $1 and c.dataset_id = $2 and c.version = v.number) as columns,
  exists (select from app.dataset_pieces p where p.org_id = $1 and p.dataset_id = $2 and p.version = v.number) as kept
from app.dataset_versions v where v.org_id = $1 and v.dataset_id = $2 order by v.number`
)

// exportedVersion is a version, and whether the file that it was made from is kept.
type exportedVersion struct {
	version
	Kept bool
}

// datasets writes each with its versions. A version is a whole table: when versions share segments, their rows are in the files
// of all of them.
func (e *export) datasets(ctx context.Context) error {
	ids, err := tenant.TxRows[struct{ ID uuid.UUID }](ctx, e.tx, selectDatasetIDs, e.org)
	if err != nil {
		return err
	}
	for _, dataset := range ids {
		if err := e.dataset(ctx, dataset.ID); err != nil {
			return err
		}
	}
	return nil
}

func (e *export) dataset(ctx context.Context, id uuid.UUID) error {
	path := "datasets/" + id.String()
	if err := e.rows(ctx, path+"/dataset.json", exportDataset, e.org, id); err != nil {
		return err
	}
	versions, err := tenant.TxRows[exportedVersion](ctx, e.tx, selectVersions, e.org, id)
	if err != nil {
		return err
	}
	for _, v := range versions {
		err := e.archive.Create(fmt.Sprintf("%s/%d.csv", path, v.Number), func(w io.Writer) (int64, error) { return e.table(ctx, w, v.version) })
		if err != nil {
			return err
		}
		if !v.Kept {
			continue
		}
		err = e.archive.Create(fmt.Sprintf("%s/%d.source", path, v.Number), func(w io.Writer) (int64, error) { return e.source(ctx, w, id, v.Number) })
		if err != nil {
			return err
		}
	}
	return nil
}

const selectPieces = `
select bytes from app.dataset_pieces where org_id = $1 and dataset_id = $2 and version = $3 order by piece_no`

// source writes the file that a version was made from. It has no records.
func (e *export) source(ctx context.Context, w io.Writer, dataset uuid.UUID, version int) (int64, error) {
	return 0, tenant.TxEach(ctx, e.tx, func(piece struct{ Bytes []byte }) error {
		_, err := w.Write(piece.Bytes)
		return err
	}, selectPieces, e.org, dataset, version)
}

// table writes the rows of a version in their order.
func (e *export) table(ctx context.Context, w io.Writer, v version) (rows int64, err error) {
	_, numbers, _, _ := placed(v.Columns)
	words, err := readWords(ctx, e.tx, e.org, v.ID, numbers) // those of all versions may be more than fits memory
	if err != nil {
		return 0, err
	}
	table, err := archive.NewTable(w, v.Columns, archive.CSV{})
	if err != nil {
		return 0, err
	}
	parts, err := v.parts(ctx, e.tx, v.Columns)
	if err != nil {
		return 0, err
	}
	for _, p := range parts {
		values, err := readPart(ctx, e.tx, e.org, p, v.Columns, words)
		if err != nil {
			return 0, err
		}
		written, err := table.Write(values)
		if err != nil {
			return 0, err
		}
		rows += written
	}
	return rows, nil
}
