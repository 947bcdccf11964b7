package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/ingest"
	"github.com/insightforge/insightforge/api/memory"
	"github.com/insightforge/insightforge/api/tenant"
	"github.com/insightforge/insightforge/api/transcode"
)

func (s *Server) registerUploads() {
	operation(s, audited("dataset.created", huma.Operation{OperationID: "create-dataset", Method: http.MethodPost, Path: datasetsPath, Tags: []string{"datasets"},
		Summary: "Upload a table", DefaultStatus: http.StatusCreated, Errors: []int{408, 409, 413, 415}, BodyReadTimeout: streamed,
		Description: "OWNER, ADMIN, ANALYST. The body is a file, raw or as the part file of a multipart form: CSV, TSV, JSON (an array of objects, or of arrays " +
			"under a header), NDJSON, Parquet or XLSX, also compressed by gzip or zstd. What it is, its content says; a media type, a file name and the " +
			"parameters must agree. It is streamed; the type of each column is inferred over the whole file, unless columns or the format says it; the " +
			"dataset is there, whole, once the answer is.",
		RequestBody: fileBody()}), s.createDataset)
	s.describeFile(datasetsPath)
}

// fileSchema is a new one each time: huma writes into it.
func fileSchema() *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "binary", Description: "CSV, TSV, JSON, NDJSON, Parquet or XLSX; each also compressed by gzip or zstd"}
}

func fileBody() *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"text/csv": {Schema: fileSchema()}}}
}

// describeFile describes the form, and the JSON in the parameter columns, of an operation that is registered: one with a schema
// for a form would have its body read and checked by huma.
func (s *Server) describeFile(path string) {
	form := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"file": fileSchema()}, Required: []string{"file"}}
	s.api.OpenAPI().Paths[path].Post.RequestBody.Content["multipart/form-data"] = &huma.MediaType{Schema: form}
	for _, p := range s.api.OpenAPI().Paths[path].Post.Parameters {
		if p.Name == "columns" {
			p.Schema.Extensions = map[string]any{ // contentSchema is not of OpenAPI 3.0
				"x-content-schema": s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[[]UploadColumn](), true, "")}
		}
	}
}

// upload.store has made it.
const recordDataset = `
with event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, after, request_id, address)
  select $1, $3, app.user_id(), app.subject()::uuid, 'dataset.created', id, jsonb_build_object('name', name), $4, $5
  from app.datasets where org_id = $1 and id = $2)` + selectDataset

// uploaded is [made] by an upload.
type uploaded[T any] struct {
	Location string    `header:"Location"`
	ETag     string    `header:"ETag"`
	Replayed string    `header:"Idempotent-Replayed" doc:"true: an earlier request with this Idempotency-Key made it"`
	ImportID uuid.UUID `header:"Import-Id" doc:"Of the import, which has the progress of the upload and its end"`
	Body     T
}

func (s *Server) createDataset(ctx context.Context, in *uploadInput) (out *uploaded[UploadedDataset], err error) {
	id := newID()
	if in.Name != "" { // it is refused before the file, and its name, are read
		asks(ctx, DatasetName{in.Name})
	}
	if err := s.mayCreateDataset(ctx, id, in); err != nil {
		return nil, err
	}
	body, err := in.open(s.maxUpload)
	if err != nil {
		return nil, err
	}
	u := &upload{org: in.OrgID, dataset: id, mode: "create", body: body}
	err = s.receive(ctx, &in.FileInput, u, func(ctx context.Context) (err error) {
		out, err = s.storeDataset(ctx, in, u)
		return err
	})
	return out, err
}

// storeDataset makes the dataset, or finds what an earlier request has made.
func (s *Server) storeDataset(ctx context.Context, in *uploadInput, u *upload) (*uploaded[UploadedDataset], error) {
	release, err := s.slots.take(ctx, in.OrgID, uploadWait)
	if err != nil {
		return nil, err
	}
	defer release()
	u.importing.storing()
	caller := member(ctx, in.OrgID)
	out, err := create(ctx, s, creation[UploadedDataset]{
		id: u.dataset, caller: caller, path: inOrganization(in.OrgID) + "/datasets", key: in.IdempotencyKey,
		request: []any{u.body.name, u.source.sha256, in.UploadOptions, in.columns},
		insert: func(tx *tenant.Tx) (d UploadedDataset, err error) {
			if err := u.store(ctx, tx, session(ctx).User); err != nil {
				return d, err
			}
			if err := withinQuotas(ctx, tx, in.OrgID, oneDataset(u.source.bytes+u.source.keptBytes())); err != nil {
				return d, err
			}
			if err := u.importing.succeed(ctx, tx, u.dataset, 1); err != nil {
				return d, err
			}
			d.DatasetDetail, err = tenant.TxRow[DatasetDetail](ctx, tx.Last(), recordDataset, recorded(ctx, in.OrgID, u.dataset)...)
			return d, err
		},
		get: func(id uuid.UUID) (d UploadedDataset, err error) {
			d.DatasetDetail, err = tenant.Row[DatasetDetail](ctx, s.db, caller, selectDataset, in.OrgID, id)
			if err == nil {
				err = u.importing.repeated(ctx, id, 1)
			}
			return d, err
		},
	})
	if err != nil {
		return nil, err
	}
	out.Body.FileReport = *u.source.report
	s.profiles.publish(caller, in.OrgID, out.Body.ID, out.Body.Version.Number)
	return &uploaded[UploadedDataset]{out.Location, etag(out.Body.Revision), out.Replayed, u.importing.id, out.Body}, nil
}

// receive reads the file to its end, and has store store it. What it has taken for that is given back, and the import ended.
func (s *Server) receive(ctx context.Context, in *FileInput, u *upload, store func(context.Context) error) (err error) {
	if u.source, err = in.keep(s.tempDir, &u.body); err != nil {
		return err
	}
	defer u.source.Close()
	ctx, u.importing, err = s.beginImport(ctx, in, u)
	if err != nil {
		return err
	}
	defer func() { err = u.importing.end(ctx, err) }()
	held := &memory.File{Bytes: ingest.Memory}
	defer held.Close()
	if err := s.spool(ctx, in, u, held); err != nil {
		return err
	}
	defer u.file.Close()
	u.describe()
	return store(ctx)
}

// spool reads the file to its end, through held. The table is closed then: it tells what was read.
func (s *Server) spool(ctx context.Context, in *FileInput, u *upload, held *memory.File) (err error) {
	opt := in.transcode(s.tempDir, s.maxUpload)
	opt.MediaType, opt.FileName = u.body.mediaType, u.body.fileName
	if u.table, err = transcode.Open(ctx, u.importing.reading(u.body.file), opt); err != nil {
		return uploadProblem(err)
	}
	defer u.table.Close()
	if !isCSV(u.table) || u.table.Compression != transcode.None {
		defer memory.Reserve(transcode.Memory)()
	}
	how, err := in.ingest(s.tempDir, in.columns, u.table)
	if err != nil {
		return err
	}
	held.Reader = u.table
	if u.file, err = ingest.Spool(ctx, held, how); err != nil {
		return uploadProblem(err)
	}
	u.importing.waiting(u.file.Rows, len(u.file.Columns))
	return nil
}

// probe tries something in a transaction that is rolled back: neither what it has made nor a row that it has locked is written to disk.
func (s *Server) probe(ctx context.Context, caller tenant.Caller, try func(*tenant.Tx) error) error {
	errProbe := errors.New("probe")
	err := s.db.Tx(ctx, caller, func(tx *tenant.Tx) error {
		if err := try(tx); err != nil {
			return err
		}
		return errProbe
	})
	if errors.Is(err, errProbe) {
		return nil
	}
	return err
}

// mayCreateDataset lets the policy refuse before the body is read, and the quotas as far as they can: it tries the insert and
// rolls it back. A request with an Idempotency-Key may be one that has made its dataset already, which the body tells.
func (s *Server) mayCreateDataset(ctx context.Context, id uuid.UUID, in *uploadInput) error {
	return s.probe(ctx, member(ctx, in.OrgID), func(tx *tenant.Tx) error {
		_, err := tx.Exec(ctx, insertDataset, in.OrgID, id, "probe", session(ctx).User, 0)
		if err != nil || in.Key != "" {
			return err
		}
		return wouldBeWithinQuotas(ctx, tx, in.OrgID, oneDataset(in.storedBytes()))
	})
}

// oneDataset is what a file adds to the usage.
func oneDataset(bytes int64) Usage {
	return Usage{Datasets: Quota{Used: 1}, StoredBytes: Quota{Used: bytes}}
}
