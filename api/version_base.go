package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/ingest"
	"github.com/insightforge/insightforge/api/tenant"
)

// base is the active version, of which another one is made, with all of its columns.
type base struct {
	owned
	tx        *tenant.Tx
	importing *importing // nil: the version is made of no file
	baseRow
}

type baseRow struct {
	Revision     int32
	CreatedBy    uuid.UUID
	Number       int
	LastVersion  int
	LastColumnNo int
	RowCount     int64
	ColumnCount  int
	SegmentIDs   []uuid.UUID
	Columns      []storedColumn // those that the caller sees
}

const (
	// Changes of a dataset's data come one after the other. What names the dataset without changing its data, such as a new
	// analysis, does not wait.
	lockData = `
select from app.datasets where org_id = $1 and id = $2 for no key update`
	// The policy lets who may change the dataset find it, without waiting for a change that is under way.
	findOwnDataset = `
select from app.datasets where org_id = $1 and id = $2 for key share`
	// Not in the statement that waits for the lock: what that one joins is from before.
	selectBase = `
select d.revision, d.created_by, v.number, d.last_version, d.last_column_no, v.row_count, v.column_count, v.segment_ids,
  (select coalesce(json_agg(row_to_json(c) order by c.position), '[]')
   from app.dataset_columns c where c.org_id = $1 and c.dataset_id = d.id and c.version = v.number) as columns
from app.datasets d join app.dataset_versions v on v.org_id = $1 and v.dataset_id = d.id and v.number = d.version
where d.org_id = $1 and d.id = $2`
)

// base reads the active version after a statement that finds the dataset for who may change it: for others it is
// pgx.ErrNoRows. It refuses who does not see all columns, whatever they name, and another revision than the one wanted.
func (o owned) base(ctx context.Context, tx *tenant.Tx, find string, want *int32) (*base, error) {
	found, err := tx.Exec(ctx, find, o.org, o.dataset)
	if err == nil && found == 0 {
		err = pgx.ErrNoRows
	}
	if err != nil {
		return nil, err
	}
	row, err := tenant.TxRow[baseRow](ctx, tx, selectBase, o.org, o.dataset)
	switch {
	case err != nil:
		return nil, err
	case want != nil && *want != row.Revision:
		return nil, refuse("precondition_failed", "")
	case len(row.Columns) < row.ColumnCount:
		return nil, refuse("columns_hidden", "")
	}
	o.creator = row.CreatedBy
	return &base{owned: o, tx: tx, baseRow: row}, nil
}

// next is the version that follows, with the base's rows and columns.
func (b *base) next(mode string) publication {
	return publication{owned: b.owned, number: b.LastVersion + 1, mode: mode, base: &b.Number, rows: b.RowCount, segments: b.SegmentIDs, columns: b.Columns}
}

// newColumnNo is a number that no column has had.
func (b *base) newColumnNo() int {
	b.LastColumnNo++
	return b.LastColumnNo
}

// $5 to $7 are the event's: see recorded.
const publishVersion = `
with d as (
  update app.datasets set version = $3, last_version = $3, last_column_no = $4, updated_at = now(), revision = revision + 1
  where org_id = $1 and id = $2
  returning id, name, created_by, created_at, updated_at, revision, version),
event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, after, request_id, address)
  select $1, $7, app.user_id(), app.subject()::uuid, $5, id, jsonb_build_object('version', $6::integer), jsonb_build_object('version', version), $8, $9
  from d)
select ` + datasetFields + `, ` + datasetColumns + `
from d join app.dataset_versions v on v.org_id = $1 and v.dataset_id = d.id and v.number = d.version`

// publish makes p the active version. It is tx's last statement.
func (b *base) publish(ctx context.Context, p publication, user uuid.UUID, action string) (d DatasetDetail, err error) {
	if err := p.store(ctx, b.tx, user); err != nil {
		return d, err
	}
	if err := withinQuotas(ctx, b.tx, b.org, Usage{StoredBytes: Quota{Used: p.bytes + p.source.keptBytes()}}); err != nil {
		return d, err
	}
	if b.importing != nil {
		if err := b.importing.succeed(ctx, b.tx, b.dataset, p.number); err != nil {
			return d, err
		}
	}
	return tenant.TxRow[DatasetDetail](ctx, b.tx.Last(), publishVersion,
		recorded(ctx, b.org, b.dataset, p.number, b.LastColumnNo, action, b.Number)...)
}

const selectStretches = `
select k.segment_id, k.chunk_no, k.first_row, k.row_count
from unnest($2::uuid[]) with ordinality u(id, n) join app.dataset_chunks k on k.org_id = $1 and k.segment_id = u.id and k.column_no = $3
order by u.n, k.chunk_no`

// stretches are the chunks of every column, in the order of the rows.
func (b *base) stretches(ctx context.Context) ([]stretch, error) {
	return tenant.TxRows[stretch](ctx, b.tx, selectStretches, b.org, b.SegmentIDs, b.Columns[0].ColumnNo)
}

const selectDictionaries = `
select column_no, words from app.dataset_words where org_id = $1 and dataset_id = $2 and column_no = any ($3) order by column_no, page_no`

// words are the dictionaries of columns, by number.
func (b *base) words(ctx context.Context, columnNos []int) (map[int][]string, error) {
	pages, err := tenant.TxRows[struct {
		ColumnNo int
		Words    []string
	}](ctx, b.tx, selectDictionaries, b.org, b.dataset, columnNos)
	words := map[int][]string{}
	for _, p := range pages {
		words[p.ColumnNo] = append(words[p.ColumnNo], p.Words...)
	}
	return words, err
}

// A text that is stored as codes has integers too.
const selectStretch = `
select k.column_no, coalesce(k.ints, k.int4s::bigint[], k.int2s::bigint[], k.codes::bigint[]) as ints, k.floats, k.texts
from app.dataset_chunks k where k.org_id = $1 and k.segment_id = $2 and k.chunk_no = $3 and k.column_no = any ($4)
order by array_position($4, k.column_no)`

// storedValues reads columns of a version as CSV with a header: texts as they are, other values as a download has them.
type storedValues struct {
	ctx     context.Context
	base    *base
	columns []storedColumn
	numbers []int
	rest    []stretch
	words   map[int][]string
	buf     []byte
	read    int   // of buf
	bytes   int64 // so far
}

// values reads the columns over stretches that cover all rows.
func (b *base) values(ctx context.Context, columns []storedColumn, stretches []stretch) (*storedValues, error) {
	v := &storedValues{ctx: ctx, base: b, columns: columns, rest: stretches}
	for i, c := range columns {
		v.numbers = append(v.numbers, c.ColumnNo)
		if i > 0 {
			v.buf = append(v.buf, ',')
		}
		v.buf = appendQuoted(v.buf, c.Name)
	}
	v.buf = append(v.buf, '\n')
	var err error
	v.words, err = b.words(ctx, v.numbers)
	return v, err
}

// Read never fails but for the database.
func (v *storedValues) Read(p []byte) (int, error) {
	for v.read == len(v.buf) {
		if len(v.rest) == 0 {
			return 0, io.EOF
		}
		if err := v.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, v.buf[v.read:])
	v.read += n
	v.bytes += int64(n)
	return n, nil
}

type storedChunk struct {
	ColumnNo int
	Ints     []*int64
	Floats   []*float64
	Texts    []*string
}

// fill reads the next chunk of each column.
func (v *storedValues) fill() error {
	at := v.rest[0]
	chunks, err := tenant.TxRows[storedChunk](v.ctx, v.base.tx, selectStretch, v.base.org, at.SegmentID, at.ChunkNo, v.numbers)
	if err != nil {
		return err
	}
	if len(chunks) != len(v.columns) {
		return errors.New("a column without a chunk")
	}
	v.rest, v.buf, v.read = v.rest[1:], v.buf[:0], 0
	for row := range at.RowCount {
		for i, c := range v.columns {
			if i > 0 {
				v.buf = append(v.buf, ',')
			}
			before := len(v.buf)
			v.buf = chunks[i].append(v.buf, row, c, v.words[c.ColumnNo])
			if len(v.columns) == 1 && len(v.buf) == before {
				v.buf = append(v.buf, `""`...) // an empty line would be no row
			}
		}
		v.buf = append(v.buf, '\n')
	}
	return nil
}

// append writes the value of a row; nothing for null.
func (k *storedChunk) append(dst []byte, row int, c storedColumn, words []string) []byte {
	switch {
	case k.Ints != nil && k.Ints[row] != nil && c.Type == column.Text:
		return appendQuoted(dst, words[*k.Ints[row]])
	case k.Ints != nil && k.Ints[row] != nil && c.Type == column.Timestamp && c.Payload == column.Int4s: // seconds
		return appendJSON(dst, column.Column{Type: c.Type}.Cell(*k.Ints[row]*1_000_000))
	case k.Ints != nil && k.Ints[row] != nil:
		return appendJSON(dst, column.Column{Type: c.Type, Scale: c.Scale}.Cell(*k.Ints[row]))
	case k.Floats != nil && k.Floats[row] != nil:
		return appendJSON(dst, *k.Floats[row])
	case k.Texts != nil && k.Texts[row] != nil:
		return appendQuoted(dst, *k.Texts[row])
	}
	return dst
}

// appendJSON writes a number, true or false, or a day or instant without quotes.
func appendJSON(dst []byte, cell any) []byte {
	switch v := cell.(type) {
	case string:
		return append(dst, v...)
	case json.Number:
		return append(dst, v...)
	}
	text, err := json.Marshal(cell)
	if err != nil {
		panic(err) // neither NaN nor infinite is stored
	}
	return append(dst, text...)
}

func appendQuoted(dst []byte, text string) []byte {
	dst = append(dst, '"')
	for _, c := range []byte(text) {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

// parseAgain reads stored columns as a file of them would be, and returns that and its size.
func (b *base) parseAgain(ctx context.Context, columns []storedColumn, stretches []stretch, opt ingest.Options) (*ingest.File, int64, error) {
	values, err := b.values(ctx, columns, stretches)
	if err != nil {
		return nil, 0, err
	}
	opt.Records = true
	opt.Dialect = ingest.Dialect{Delimiter: ",", Quotes: ingest.DoubledQuotes, Header: ingest.HeaderPresent, Comment: ingest.NoComments}
	file, err := ingest.Spool(ctx, values, opt)
	if err != nil {
		return nil, 0, valuesProblem(err, columns)
	}
	for _, at := range stretches {
		file.ChunkRows = append(file.ChunkRows, at.RowCount)
	}
	return file, values.bytes, nil
}

// storeAgain puts what was parsed again where the rows are.
func (b *base) storeAgain(ctx context.Context, file *ingest.File, to []storedColumn, stretches []stretch) error {
	return b.storeFile(ctx, b.tx, file, to, nil, func(c ingest.Chunk) stretch { return stretches[c.ChunkNo] })
}
