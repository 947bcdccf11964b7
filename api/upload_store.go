package api

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/ingest"
	"github.com/insightforge/insightforge/api/tenant"
)

// upload is a file on its way into a new dataset: version 1, one segment.
type upload struct {
	org, dataset, segment, user uuid.UUID
	name                        string
	file                        *ingest.File
	sha256                      [sha256.Size]byte // of what was sent
	bytes                       int64
	importing                   *importing
}

const (
	insertDataset = `
insert into app.datasets (org_id, id, name, created_by, last_column_no) values ($1, $2, $3, $4, $5)`
	insertSegment = `
insert into app.dataset_segments (org_id, id, dataset_id, created_by, row_count) values ($1, $2, $3, $4, $5)`
	insertChunk = `
insert into app.dataset_chunks (org_id, segment_id, column_no, chunk_no, created_by, vis, first_row, row_count, null_count,
  min_value, max_value, int2s, int4s, ints, floats, codes, texts)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`
	insertWords = `
insert into app.dataset_words (org_id, dataset_id, column_no, page_no, created_by, vis, words) values ($1, $2, $3, $4, $5, $6, $7)`
	insertVersion = `
insert into app.dataset_versions (org_id, dataset_id, number, created_by, published_by, mode, base, row_count, column_count, byte_count, segment_ids)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
	insertFile = `
insert into app.dataset_files (org_id, dataset_id, version, created_by, vis, sha256, media_type, name, report, kept)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	insertColumns = `
insert into app.dataset_columns (org_id, dataset_id, version, column_no, created_by, column_id, position, name, header, description, unit,
  semantic, vis, type, scale, payload, null_count)
select d.org_id, d.id, $3, c.column_no, d.created_by, c.column_id, c.position, c.name, c.header, c.description, c.unit, c.semantic, c.vis,
  c.type, c.scale, c.payload, c.null_count
from app.datasets d, json_to_recordset($4) c(column_no integer, column_id integer, position integer, name text, header text,
  description text, unit text, semantic text, vis smallint, type text, scale integer, payload text, null_count bigint)
where d.org_id = $1 and d.id = $2`
)

// storedColumn is a row of app.dataset_columns.
type storedColumn struct {
	ColumnNo    int            `json:"column_no"`
	ColumnID    int            `json:"column_id"`
	Position    int            `json:"position"`
	Name        string         `json:"name"`
	Header      string         `json:"header"`
	Description string         `json:"description"`
	Unit        string         `json:"unit"`
	Semantic    string         `json:"semantic"`
	Vis         int16          `json:"vis"`
	Type        column.Type    `json:"type"`
	Scale       int            `json:"scale"`
	Payload     column.Payload `json:"payload"`
	NullCount   int64          `json:"null_count"`
}

// store writes the dataset; nothing of it is visible before tx commits.
func (u upload) store(ctx context.Context, tx *tenant.Tx) error {
	if _, err := tx.Exec(ctx, insertDataset, u.org, u.dataset, u.name, u.user, len(u.file.Columns)); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, insertSegment, u.org, u.segment, u.dataset, u.user, u.file.Rows); err != nil {
		return err
	}
	if err := u.storeChunks(ctx, tx); err != nil {
		return err
	}
	if err := u.storeWords(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, insertVersion, u.org, u.dataset, 1, u.user, u.user, "create", nil, u.file.Rows, len(u.file.Columns), u.bytes,
		[]uuid.UUID{u.segment}); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, insertFile, u.org, u.dataset, 1, u.user, everyone, u.sha256[:], "", "", nil, false); err != nil {
		return err
	}
	return u.storeColumns(ctx, tx)
}

func (u upload) storeChunks(ctx context.Context, tx *tenant.Tx) (err error) {
	loader, err := tx.Load(ctx, insertChunk)
	if err != nil {
		return err
	}
	defer closeLoader(loader, &err)
	return u.file.Chunks(ctx, func(c ingest.Chunk) error {
		u.importing.stored(c.Rows)
		arrays := map[column.Payload][]byte{c.Payload: c.Array}
		return loader.Row(u.org[:], u.segment[:], integer(c.ColumnNo), integer(c.ChunkNo), u.user[:], smallint(everyone), bigint(c.FirstRow), integer(c.Rows), integer(c.Nulls),
			optionalBigint(c.Min), optionalBigint(c.Max), nil, nil, arrays[column.Ints], arrays[column.Floats], arrays[column.Codes], arrays[column.Texts])
	})
}

func (u upload) storeWords(ctx context.Context, tx *tenant.Tx) (err error) {
	loader, err := tx.Load(ctx, insertWords)
	if err != nil {
		return err
	}
	defer closeLoader(loader, &err)
	for _, c := range u.file.Columns {
		for page, words := range u.file.Words(c.No) {
			if err := loader.Row(u.org[:], u.dataset[:], integer(c.No), integer(page), u.user[:], smallint(everyone), words); err != nil {
				return err
			}
		}
	}
	return nil
}

func closeLoader(loader *tenant.Loader, err *error) {
	if closeErr := loader.Close(); *err == nil {
		*err = closeErr
	}
}

func (u upload) storeColumns(ctx context.Context, tx *tenant.Tx) error {
	columns := make([]storedColumn, len(u.file.Columns))
	for i, c := range u.file.Columns {
		columns[i] = storedColumn{ColumnNo: c.No, ColumnID: c.No, Position: c.No, Name: c.Name, Header: c.Name, Unit: c.Unit, Semantic: string(c.Semantic.Kind),
			Vis: everyone, Type: c.Type, Scale: c.Scale, Payload: c.Payload, NullCount: c.NullCount}
	}
	_, err := tx.Exec(ctx, insertColumns, u.org, u.dataset, 1, columns)
	return err
}

// Who sees a column, as vis in the database.
const everyone, analysts, admins int16 = 0, 1, 2

// PostgreSQL's binary format of integers.
func smallint(v int16) []byte { return binary.BigEndian.AppendUint16(nil, uint16(v)) }
func integer(v int) []byte    { return binary.BigEndian.AppendUint32(nil, uint32(v)) }
func bigint(v int64) []byte   { return binary.BigEndian.AppendUint64(nil, uint64(v)) }

func optionalBigint(v *int64) []byte {
	if v == nil {
		return nil
	}
	return bigint(*v)
}
