package api

import (
	"context"
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/ingest"
	"github.com/insightforge/insightforge/api/tenant"
)

// upload is a file on its way into a new dataset: version 1, one segment.
type upload struct {
	org, dataset, segment, user uuid.UUID
	name                        string
	file                        *ingest.File
	source                      source
	importing                   *importing
}

const insertDataset = `
insert into app.datasets (org_id, id, name, created_by, last_column_no) values ($1, $2, $3, $4, $5)`

// store writes the dataset; nothing of it is visible before tx commits.
func (u upload) store(ctx context.Context, tx *tenant.Tx) error {
	o := owned{u.org, u.dataset, u.user}
	columns := make([]storedColumn, len(u.file.Columns))
	for i, c := range u.file.Columns {
		columns[i] = newColumn(c, i+1, i+1)
	}
	if _, err := tx.Exec(ctx, insertDataset, u.org, u.dataset, u.name, u.user, len(columns)); err != nil {
		return err
	}
	if err := o.storeSegment(ctx, tx, u.segment, u.file, columns, nil, u.importing); err != nil {
		return err
	}
	p := publication{owned: o, number: 1, mode: "create", rows: u.file.Rows, bytes: u.source.bytes, segments: []uuid.UUID{u.segment}, columns: columns, source: u.source}
	return p.store(ctx, tx, u.user)
}

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
