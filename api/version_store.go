package api

import (
	"cmp"
	"context"

	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/ingest"
	"github.com/insightforge/insightforge/api/tenant"
)

const (
	insertSegment = `
insert into app.dataset_segments (org_id, id, dataset_id, created_by, row_count) values ($1, $2, $3, $4, $5)`
	insertChunk = `
insert into app.dataset_chunks (org_id, segment_id, column_no, chunk_no, created_by, vis, first_row, row_count, null_count,
  min_value, max_value, int2s, int4s, ints, floats, codes, texts)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`
	// A dictionary that goes on has words on its last page already.
	insertWords = `
insert into app.dataset_words (org_id, dataset_id, column_no, page_no, created_by, vis, words) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (org_id, dataset_id, column_no, page_no) do update set words = excluded.words`
	insertVersion = `
insert into app.dataset_versions (org_id, dataset_id, number, created_by, published_by, mode, base, row_count, column_count, byte_count, kept_bytes,
  segment_ids)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
	insertColumns = `
insert into app.dataset_columns (org_id, dataset_id, version, column_no, created_by, column_id, position, name, header, description, unit,
  semantic, vis, type, scale, payload, null_count)
select d.org_id, d.id, $3, c.column_no, d.created_by, c.column_id, c.position, c.name, c.header, c.description, c.unit, c.semantic, c.vis,
  c.type, c.scale, c.payload, c.null_count
from app.datasets d, json_to_recordset($4) c(column_no integer, column_id integer, position integer, name text, header text,
  description text, unit text, semantic text, vis smallint, type text, scale integer, payload text, null_count bigint)
where d.org_id = $1 and d.id = $2`
)

// Who sees a column, as vis in the database.
const everyone, analysts, admins int16 = 0, 1, 2

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

// newColumn is a column that a file brings.
func newColumn(c ingest.Column, no, position int) storedColumn {
	return storedColumn{ColumnNo: no, ColumnID: no, Position: position, Name: c.Name, Header: c.Header, Unit: c.Unit, Semantic: string(c.Semantic.Kind),
		Vis: everyone, Type: c.Type, Scale: c.Scale, Payload: c.Payload, NullCount: c.NullCount}
}

// place says where in a version c is, and where its values are.
func (c *storedColumn) place(no, position int) {
	c.ColumnNo, c.ColumnID, c.Position = no, cmp.Or(c.ColumnID, no), position
}

// column is what its values are read by.
func (c storedColumn) column() column.Column {
	return column.Column{No: c.ColumnNo, ID: c.ColumnID, Name: c.Name, Type: c.Type, Scale: c.Scale, Payload: c.Payload}
}

// owned is what every row of a dataset's data says.
type owned struct {
	org, dataset uuid.UUID
	creator      uuid.UUID // of the dataset
}

// publication is a version with its columns, and the file that it was made of.
type publication struct {
	owned
	number   int
	mode     string
	base     *int // the version that it was made of
	rows     int64
	bytes    int64 // of the file, and of values that are stored anew
	segments []uuid.UUID
	columns  []storedColumn
	source   source
}

// store writes the version, its file and its columns. Its data is there already.
func (p publication) store(ctx context.Context, tx *tenant.Tx, user uuid.UUID) error {
	if _, err := tx.Exec(ctx, insertVersion, p.org, p.dataset, p.number, p.creator, user, p.mode, p.base, p.rows, len(p.columns), p.bytes,
		p.source.keptBytes(), p.segments); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, insertColumns, p.org, p.dataset, p.number, p.columns); err != nil || p.source.report == nil {
		return err
	}
	return p.storeSource(ctx, tx)
}

// highest is who sees all of the columns.
func highest(columns []storedColumn) (vis int16) {
	for _, c := range columns {
		vis = max(vis, c.Vis)
	}
	return vis
}

// stretch is the rows of a chunk.
type stretch struct {
	SegmentID uuid.UUID
	ChunkNo   int
	FirstRow  int64
	RowCount  int
}

// inSegment puts the chunks of a file into a new segment, and counts them.
func inSegment(id uuid.UUID, importing *importing) func(ingest.Chunk) stretch {
	return func(c ingest.Chunk) stretch {
		importing.stored(c.Rows)
		return stretch{id, c.ChunkNo, c.FirstRow, c.Rows}
	}
}

// storeSegment stores a file as a new segment: its columns as to says, and nulls in the columns that it lacks.
func (o owned) storeSegment(ctx context.Context, tx *tenant.Tx, id uuid.UUID, file *ingest.File, to, lacking []storedColumn, importing *importing) error {
	if _, err := tx.Exec(ctx, insertSegment, o.org, id, o.dataset, o.creator, file.Rows); err != nil {
		return err
	}
	return o.storeFile(ctx, tx, file, to, lacking, inSegment(id, importing))
}

// storeFile stores the columns of a file, and the words that are new in its dictionaries.
func (o owned) storeFile(ctx context.Context, tx *tenant.Tx, file *ingest.File, to, lacking []storedColumn, place func(ingest.Chunk) stretch) error {
	if err := o.storeChunks(ctx, tx, file, to, lacking, place); err != nil {
		return err
	}
	return o.storeWords(ctx, tx, file, to)
}

func (o owned) storeChunks(ctx context.Context, tx *tenant.Tx, file *ingest.File, to, lacking []storedColumn, place func(ingest.Chunk) stretch) (err error) {
	loader, err := tx.Load(ctx, insertChunk)
	if err != nil {
		return err
	}
	defer closeLoader(loader, &err)
	return file.Chunks(ctx, func(c ingest.Chunk) error {
		at := place(c)
		if err := o.storeChunk(loader, at, to[c.ColumnNo-1], c); err != nil || c.ColumnNo < len(to) {
			return err
		}
		return o.storeNulls(loader, at, lacking)
	})
}

func (o owned) storeChunk(loader *tenant.Loader, at stretch, to storedColumn, c ingest.Chunk) error {
	arrays := map[column.Payload][]byte{c.Payload: c.Array}
	return loader.Row(o.org[:], at.SegmentID[:], integer(to.ColumnNo), integer(at.ChunkNo), o.creator[:], smallint(to.Vis), bigint(at.FirstRow),
		integer(c.Rows), integer(c.Nulls), optionalBigint(c.Min), optionalBigint(c.Max), arrays[column.Int2s], arrays[column.Int4s],
		arrays[column.Ints], arrays[column.Floats], arrays[column.Codes], arrays[column.Texts])
}

// storeNulls stores a chunk of nulls for each of the columns.
func (o owned) storeNulls(loader *tenant.Loader, at stretch, columns []storedColumn) error {
	for _, c := range columns {
		nulls := ingest.Chunk{Rows: at.RowCount, Nulls: at.RowCount, Payload: c.Payload, Array: ingest.Nulls(c.Payload, at.RowCount)}
		if err := o.storeChunk(loader, at, c, nulls); err != nil {
			return err
		}
	}
	return nil
}

// storeAllNulls gives the columns chunks in segments that were there before them.
func (o owned) storeAllNulls(ctx context.Context, tx *tenant.Tx, columns []storedColumn, stretches []stretch) (err error) {
	loader, err := tx.Load(ctx, insertChunk)
	if err != nil {
		return err
	}
	defer closeLoader(loader, &err)
	for _, at := range stretches {
		if err := o.storeNulls(loader, at, columns); err != nil {
			return err
		}
	}
	return nil
}

func (o owned) storeWords(ctx context.Context, tx *tenant.Tx, file *ingest.File, to []storedColumn) (err error) {
	loader, err := tx.Load(ctx, insertWords)
	if err != nil {
		return err
	}
	defer closeLoader(loader, &err)
	for i, c := range to {
		first, pages := file.Words(i + 1)
		for page, words := range pages {
			if err := loader.Row(o.org[:], o.dataset[:], integer(c.ColumnNo), integer(first+page), o.creator[:], smallint(c.Vis), words); err != nil {
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
