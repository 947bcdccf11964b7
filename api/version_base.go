package api

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"slices"

	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/archive"
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
	SegmentIDs   []uuid.UUID
	Columns      []storedColumn // those that the caller sees
	Former       []storedColumn // of other versions, as the newest has them, which this one lacks
}

const (
	// Changes of a dataset's data come one after the other; the statements after it see what the one before has made. Who may not
	// update the dataset locks no row. What names the dataset without changing its data, such as a new analysis, does not wait.
	lockData = `
select revision from app.datasets where org_id = $1 and id = $2 for no key update`
	// The policy lets who may change the dataset find it, without waiting for a change that is under way.
	findOwnDataset = `
select revision from app.datasets where org_id = $1 and id = $2 for key share`
	// Not in the statement that waits for the lock: what that one joins is from before.
	selectBase = `
select d.revision, d.created_by, v.number, d.last_version, d.last_column_no, v.row_count, v.segment_ids,
  (select coalesce(json_agg(row_to_json(c) order by c.position), '[]')
   from app.dataset_columns c where c.org_id = $1 and c.dataset_id = d.id and c.version = v.number) as columns,
  (select coalesce(json_agg(row_to_json(f) order by f.column_id), '[]')
   from (
     select distinct on (c.column_id) c.* from app.dataset_columns c
     where c.org_id = $1 and c.dataset_id = d.id and not exists (
       select from app.dataset_columns o where o.org_id = $1 and o.dataset_id = d.id and o.version = v.number and o.column_id = c.column_id)
     order by c.column_id, c.version desc) f) as former
from app.datasets d join app.dataset_versions v on v.org_id = $1 and v.dataset_id = d.id and v.number = d.version
where d.org_id = $1 and d.id = $2`
)

// base locks the dataset and reads its active version.
func (o owned) base(ctx context.Context, tx *tenant.Tx, want *int32) (*base, error) {
	if err := lockForChange(ctx, tx, lockData, o.org, o.dataset, want); err != nil {
		return nil, err
	}
	row, err := tenant.TxRow[baseRow](ctx, tx, selectBase, o.org, o.dataset)
	o.creator = row.CreatedBy
	return &base{owned: o, tx: tx, baseRow: row}, err
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

// enter makes columns of the file that go on none of the active version: each is one that another version has, as hidden as it
// is there, or a new one. names are those that are taken; numbers come later.
func (b *base) enter(file []ingest.Column, matched []int, names map[string]bool) (entered []storedColumn) {
	var rest []ingest.Column
	for i, f := range file {
		if matched[i] < 0 {
			rest = append(rest, f)
		}
	}
	for i, j := range match(b.Former, rest) {
		c := newColumn(rest[i], 0, 0)
		switch {
		case j >= 0 && !names[b.Former[j].Name]:
			c.goOn(b.Former[j])
		case j >= 0: // a column has one name in all versions
			c.Vis = b.Former[j].Vis
		}
		c.Name = ingest.UniqueName(c.Name, names)
		names[c.Name] = true
		entered = append(entered, c)
	}
	return entered
}

// maxVersionWords is how many bytes the dictionaries of a version take in memory, about: a download holds all of them. A file's
// take at most half of it.
const maxVersionWords = 20 << 20

const selectWordBytes = `
select coalesce(sum(octet_length(u.word) + $4::integer), 0)::bigint as bytes
from app.dataset_words w, unnest(w.words) u(word) where w.org_id = $1 and w.dataset_id = $2 and w.column_no = any ($3)`

// boundWords has the columns of a file with the largest dictionaries stored as texts, until those of the others fit beside the
// ones that are stored under the numbers in kept.
func (b *base) boundWords(ctx context.Context, kept []int, file *ingest.File) error {
	var coded []*ingest.Column
	total := 0
	for i := range file.Columns {
		if c := &file.Columns[i]; c.IsCoded() {
			coded, total = append(coded, c), total+c.WordBytes
		}
	}
	if coded == nil {
		return nil
	}
	if len(kept) > 0 {
		others, err := tenant.TxRow[struct{ Bytes int }](ctx, b.tx, selectWordBytes, b.org, b.dataset, kept, ingest.WordCost)
		if err != nil {
			return err
		}
		total += others.Bytes
	}
	slices.SortStableFunc(coded, func(c, d *ingest.Column) int { return cmp.Compare(d.WordBytes, c.WordBytes) })
	for _, c := range coded {
		if total <= maxVersionWords {
			break
		}
		c.Payload = column.Texts
		total -= c.WordBytes
	}
	return nil
}

const selectStretches = `
select k.segment_id, k.chunk_no, k.first_row, k.row_count
from unnest($2::uuid[]) with ordinality u(id, n) join app.dataset_chunks k on k.org_id = $1 and k.segment_id = u.id and k.column_no = $3
order by u.n, k.chunk_no`

// stretches are the chunks of every column, in the order of the rows.
func (b *base) stretches(ctx context.Context) ([]stretch, error) {
	return tenant.TxRows[stretch](ctx, b.tx, selectStretches, b.org, b.SegmentIDs, b.Columns[0].ColumnNo)
}

// storedValues reads columns of a version as CSV with a header. It never fails but for the database.
type storedValues struct {
	ctx     context.Context
	base    *base
	columns []column.Column
	words   map[int][]string
	rest    []part
	buf     bytes.Buffer
	table   *archive.Table // writes to buf
	bytes   int64          // so far
}

// values reads the columns over stretches that cover all rows.
func (b *base) values(ctx context.Context, columns []storedColumn, stretches []stretch) (v *storedValues, err error) {
	v = &storedValues{ctx: ctx, base: b}
	var chunks []part
	for _, at := range stretches {
		chunks = append(chunks, part{SegmentID: at.SegmentID, ChunkNo: at.ChunkNo, First: 1, RowCount: at.RowCount})
	}
	v.rest = parts(chunks, len(columns))
	var numbers []int
	for _, c := range columns {
		v.columns, numbers = append(v.columns, c.column()), append(numbers, c.ColumnNo)
	}
	if v.words, err = readWords(ctx, b.tx, b.org, b.dataset, numbers); err == nil {
		v.table, err = archive.NewTable(&v.buf, v.columns, archive.CSV{Plain: true, Reread: true})
	}
	return v, err
}

func (v *storedValues) Read(p []byte) (int, error) {
	for v.buf.Len() == 0 {
		if len(v.rest) == 0 {
			return 0, io.EOF
		}
		if err := v.fill(); err != nil {
			return 0, err
		}
	}
	n, err := v.buf.Read(p)
	v.bytes += int64(n)
	return n, err
}

// fill reads the next part of each column.
func (v *storedValues) fill() error {
	at := v.rest[0]
	v.rest = v.rest[1:]
	values, err := readPart(v.ctx, v.base.tx, v.base.org, at, v.columns, v.words)
	if err != nil {
		return err
	}
	_, err = v.table.Write(values)
	return err
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
