package api

import (
	"context"
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/ingest"
	"github.com/insightforge/insightforge/api/tenant"
	"github.com/insightforge/insightforge/api/transcode"
)

// upload is a file on its way into a dataset.
type upload struct {
	org, dataset uuid.UUID
	mode         string // create, append or replace
	body         uploadBody
	source       source
	importing    *importing
	table        *transcode.Table // closed: it tells what was read
	file         *ingest.File
}

// describe notes what was read, and how.
func (u *upload) describe() {
	report := reportOf(u.table, u.file, u.importing.id)
	u.source.report = &report
	u.source.sha256, u.source.bytes = u.table.SHA256()
}

const insertDataset = `
insert into app.datasets (org_id, id, name, created_by, last_column_no) values ($1, $2, $3, $4, $5)`

// store writes a new dataset: version 1, one segment. Nothing of it is visible before tx commits.
func (u *upload) store(ctx context.Context, tx *tenant.Tx, user uuid.UUID) error {
	p := publication{owned: owned{u.org, u.dataset, user}, number: 1, mode: u.mode, rows: u.file.Rows, bytes: u.source.bytes, source: u.source,
		segments: []uuid.UUID{newID()}}
	for i, c := range u.file.Columns {
		p.columns = append(p.columns, newColumn(c, i+1, i+1))
	}
	if _, err := tx.Exec(ctx, insertDataset, u.org, u.dataset, u.body.name, user, len(p.columns)); err != nil {
		return err
	}
	if err := p.storeSegment(ctx, tx, p.segments[0], u.file, p.columns, nil, u.importing); err != nil {
		return err
	}
	return p.store(ctx, tx, user)
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
