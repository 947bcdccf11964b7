package api

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/tenant"
)

const (
	beatEvery    = time.Second     // how often an upload says how far it is, and asks whether it is to go on
	importWrites = 5 * time.Second // for writing that, and how it has ended
)

// importing is an upload while it runs here: a row of app.dataset_imports, which is written in transactions of its own.
type importing struct {
	s       *Server
	caller  tenant.Caller
	org, id uuid.UUID
	body    *patientReader
	stop    context.CancelCauseFunc
	ended   chan struct{} // closed once its end is written

	mu sync.Mutex
	progress
}

// progress is how far an upload is.
type progress struct {
	stage     string
	bytesRead int64
	rowCount  *int64 // nil: not known before the file is read
	cells     int64  // stored
	columns   int64
}

func (p progress) rowsStored() int64 { return p.cells / max(1, p.columns) }

const (
	insertImport = `
insert into app.dataset_imports (org_id, id, created_by, dataset_id, mode, byte_count) values ($1, $2, $3, $4, $5, $6)`

	// A request with an Idempotency-Key that is repeated goes on with the import that it named, unless that is under way.
	repeatImport = `
update app.dataset_imports set dataset_id = $4, state = 'running', stage = 'reading', bytes_read = 0, row_count = null, rows_stored = 0, version = null,
  problem = null, cancel_asked = false, updated_at = now(), finished_at = null
where org_id = $1 and id = $2 and created_by = $3 and mode = $5 and (state <> 'running' or updated_at < now() - interval '30 seconds')`
)

// beginImport notes that an upload has begun. The context that it returns ends when the upload is cancelled. The caller ends it.
func (s *Server) beginImport(ctx context.Context, in *FileInput, u *upload) (context.Context, *importing, error) {
	i := &importing{s: s, caller: member(ctx, u.org), org: u.org, id: cmp.Or(in.ImportID, newID()), body: u.body.whole, ended: make(chan struct{}), progress: progress{stage: "reading"}}
	_, err := tenant.Exec(ctx, s.db, i.caller, insertImport, i.org, i.id, session(ctx).User, u.dataset, u.mode, given(in.fileBytes()))
	if isSQLState(err, "23505") {
		err = i.repeat(ctx, in.Key, u.dataset, u.mode)
	}
	if err != nil {
		return nil, nil, err
	}
	in.ctx.SetHeader("Import-Id", i.id.String()) // of a refusal, too
	ctx, i.stop = context.WithCancelCause(ctx)
	s.imports.add(i)
	go i.beat(context.WithoutCancel(ctx))
	return ctx, i, nil
}

func (i *importing) repeat(ctx context.Context, key string, dataset uuid.UUID, mode string) error {
	if key == "" {
		return refuse("import_exists", "")
	}
	touched, err := tenant.Exec(ctx, i.s.db, i.caller, repeatImport, i.org, i.id, session(ctx).User, dataset, mode)
	if err == nil && touched == 0 {
		err = refuse("import_exists", "")
	}
	return err
}

// reading counts what is read of the file.
func (i *importing) reading(file io.Reader) io.Reader { return &countedReader{file, i} }

type countedReader struct {
	io.Reader
	of *importing
}

func (r *countedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.of.change(func(p *progress) { p.bytesRead += int64(n) })
	return n, err
}

// waiting: the file has been read and is not stored yet, for want of a slot or since another change of the dataset is under way.
func (i *importing) waiting(rows int64, columns int) {
	i.change(func(p *progress) { p.stage, p.rowCount, p.columns = "waiting", &rows, int64(columns) })
}

// storing: from now on stored counts.
func (i *importing) storing() { i.change(func(p *progress) { p.stage = "storing" }) }

// stored counts the values of one column in so many rows.
func (i *importing) stored(rows int) { i.change(func(p *progress) { p.cells += int64(rows) }) }

func (i *importing) change(do func(*progress)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	do(&i.progress)
}

func (i *importing) now() progress {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.progress
}

// written are the arguments of a statement that says how far the import is; its own follow.
func (i *importing) written(args ...any) []any {
	p := i.now()
	return append([]any{i.org, i.id, p.stage, p.bytesRead, p.rowCount, p.rowsStored()}, args...)
}

const (
	setImport  = "stage = $3, bytes_read = $4, row_count = $5, rows_stored = $6, updated_at = now()"
	beatImport = `
update app.dataset_imports set ` + setImport + `
where org_id = $1 and id = $2 and state = 'running' returning cancel_asked`
	succeedImport = `
update app.dataset_imports set ` + setImport + `, state = 'succeeded', finished_at = now(), dataset_id = $7, version = $8
where org_id = $1 and id = $2 and state = 'running' and not cancel_asked`
	endImport = `
update app.dataset_imports set ` + setImport + `, state = $7, problem = $8, finished_at = now()
where org_id = $1 and id = $2 and state = 'running'`
)

// beat writes how far the import is until it has ended. Nothing waits for it, and what it cannot write it writes the next time.
func (i *importing) beat(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for failed := false; ; {
		select {
		case <-i.ended:
			return
		case <-tick.C:
		}
		asked, err := i.writeBeat(ctx)
		switch {
		case asked:
			i.cancel()
		case err != nil && !failed:
			slog.WarnContext(ctx, "the progress of an import could not be written", "import_id", i.id, "error", err, "request_id", requestID(ctx))
			failed = true
		}
	}
}

func (i *importing) writeBeat(ctx context.Context) (cancelAsked bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, importWrites)
	defer cancel()
	row, err := tenant.Row[struct{ CancelAsked bool }](ctx, i.s.db, i.caller, beatImport, i.written()...)
	if errors.Is(err, pgx.ErrNoRows) { // it has ended meanwhile, or was given up for interrupted; the publication knows
		err = nil
	}
	return row.CancelAsked, err
}

// errCancelled is why the context of an import ends that is cancelled.
var errCancelled = errors.New("import cancelled")

// cancel has the upload end as soon as it can, whatever it is waiting for.
func (i *importing) cancel() {
	i.stop(errCancelled)
	i.body.giveUp()
}

// succeed is part of the transaction that publishes. Whoever has asked to cancel before has it rolled back.
func (i *importing) succeed(ctx context.Context, tx *tenant.Tx, dataset uuid.UUID, version int) error {
	touched, err := tx.Exec(ctx, succeedImport, i.written(dataset, version)...)
	if err == nil && touched == 0 {
		err = refuse("import_cancelled", "")
	}
	return err
}

// repeated: an earlier request with the same Idempotency-Key has made the dataset, so this import has succeeded as well.
func (i *importing) repeated(ctx context.Context, dataset uuid.UUID, version int) error {
	return i.s.db.Tx(ctx, i.caller, func(tx *tenant.Tx) error { return i.succeed(ctx, tx.Last(), dataset, version) })
}

// end notes how the import has ended, unless it has succeeded, and returns the answer to err. Of a publication whose COMMIT was
// not answered the row knows whether it succeeded.
func (i *importing) end(ctx context.Context, err error) error {
	defer i.s.imports.remove(i)
	defer close(i.ended)
	defer i.stop(nil)
	if err == nil {
		return nil
	}
	if context.Cause(ctx) == errCancelled {
		err = refuse("import_cancelled", "")
	}
	problem := i.s.problem(ctx, err)
	state, told := "failed", keptProblem(problem)
	if problem.Code == "import_cancelled" {
		state, told = "cancelled", nil
	}
	writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), importWrites)
	defer cancel()
	if _, err := tenant.Exec(writing, i.s.db, i.caller, endImport, i.written(state, told)...); err != nil {
		slog.WarnContext(ctx, "the end of an import could not be written", "import_id", i.id, "error", err, "request_id", requestID(ctx))
	}
	return errors.Join(problem, err)
}

// keptErrors is how many errors of a problem an import keeps; the answer to its request has all of them.
const keptErrors = 20

func keptProblem(p *Problem) *Problem {
	kept := *p
	kept.Errors = kept.Errors[:min(len(kept.Errors), keptErrors)]
	return &kept
}

// over is closed once the end of the import is written; of none here it is nil.
func (i *importing) over() <-chan struct{} {
	if i == nil {
		return nil
	}
	return i.ended
}

// imports are those that run here.
type imports struct {
	mu   sync.Mutex
	here map[importKey]*importing
}

type importKey struct{ org, id uuid.UUID }

func newImports() *imports { return &imports{here: map[importKey]*importing{}} }

func (m *imports) add(i *importing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.here[importKey{i.org, i.id}] = i
}

// remove leaves one alone that has taken the place of i.
func (m *imports) remove(i *importing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.here[importKey{i.org, i.id}] == i {
		delete(m.here, importKey{i.org, i.id})
	}
}

// find is nil for one that does not run here.
func (m *imports) find(org, id uuid.UUID) *importing {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.here[importKey{org, id}]
}
