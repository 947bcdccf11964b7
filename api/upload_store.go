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
}

const (
	insertDataset = `
insert into app.datasets (org_id, id, name, created_by) values ($1, $2, $3, $4)`
	insertSegment = `
insert into app.dataset_segments (org_id, id, dataset_id, created_by, row_count) values ($1, $2, $3, $4, $5)`
	insertChunk = `
insert into app.dataset_chunks (org_id, segment_id, column_no, chunk_no, created_by, first_row, row_count, null_count,
  min_value, max_value, ints, int4s, int2s, floats, codes, texts)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`
	insertWords = `
insert into app.dataset_words (org_id, dataset_id, column_no, page_no, created_by, words) values ($1, $2, $3, $4, $5, $6)`
	insertVersion = `
insert into app.dataset_versions (org_id, dataset_id, number, created_by, published_by, row_count, byte_count, sha256, segment_ids)
values ($1, $2, 1, $3, $3, $4, $5, $6, array[$7::uuid])`
	insertColumns = `
insert into app.dataset_columns (org_id, dataset_id, version, column_no, created_by, name, type, scale, payload, null_count)
select d.org_id, d.id, 1, c.column_no, d.created_by, c.name, c.type, c.scale, c.payload, c.null_count
from app.datasets d, unnest($3::integer[], $4::text[], $5::text[], $6::integer[], $7::text[], $8::bigint[]) c(column_no, name, type, scale, payload, null_count)
where d.org_id = $1 and d.id = $2`
)

// store writes the dataset; nothing of it is visible before tx commits.
func (u upload) store(ctx context.Context, tx *tenant.Tx) error {
	if _, err := tx.Exec(ctx, insertDataset, u.org, u.dataset, u.name, u.user); err != nil {
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
	if _, err := tx.Exec(ctx, insertVersion, u.org, u.dataset, u.user, u.file.Rows, u.bytes, u.sha256[:], u.segment); err != nil {
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
		arrays := map[column.Payload][]byte{c.Payload: c.Array}
		return loader.Row(u.org[:], u.segment[:], integer(c.ColumnNo), integer(c.ChunkNo), u.user[:], bigint(c.FirstRow), integer(c.Rows), integer(c.Nulls),
			optionalBigint(c.Min), optionalBigint(c.Max), arrays[column.Ints], arrays[column.Int4s], arrays[column.Int2s],
			arrays[column.Floats], arrays[column.Codes], arrays[column.Texts])
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
			if err := loader.Row(u.org[:], u.dataset[:], integer(c.No), integer(page), u.user[:], words); err != nil {
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
	var numbers, scales []int
	var names, types, payloads []string
	var nulls []int64
	for _, c := range u.file.Columns {
		numbers, scales, nulls = append(numbers, c.No), append(scales, c.Scale), append(nulls, c.NullCount)
		names, types, payloads = append(names, c.Name), append(types, string(c.Type)), append(payloads, string(c.Payload))
	}
	_, err := tx.Exec(ctx, insertColumns, u.org, u.dataset, numbers, names, types, scales, payloads, nulls)
	return err
}

// PostgreSQL's binary format of integers.
func integer(v int) []byte  { return binary.BigEndian.AppendUint32(nil, uint32(v)) }
func bigint(v int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(v)) }

func optionalBigint(v *int64) []byte {
	if v == nil {
		return nil
	}
	return bigint(*v)
}
