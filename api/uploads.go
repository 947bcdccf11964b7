package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/ingest"
	"github.com/insightforge/insightforge/api/memory"
	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerUploads() {
	file := &huma.Schema{Type: huma.TypeString, Format: "binary", Description: "CSV: UTF-8, with a header"}
	operation(s, audited("dataset.created", huma.Operation{OperationID: "create-dataset", Method: http.MethodPost, Path: datasetsPath, Tags: []string{"datasets"},
		Summary: "Upload a table", DefaultStatus: http.StatusCreated, Errors: []int{408, 409, 413, 415}, BodyReadTimeout: streamed,
		Description: "OWNER, ADMIN, ANALYST. The body is a CSV file, raw or as the part file of a multipart form. It is streamed; the type of each " +
			"column is inferred over the whole file; the dataset is there, whole, once the answer is.",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"text/csv": {Schema: file}}}}), s.createDataset)
	// Described only now: an operation registered with a schema for a form has its body read and checked by huma.
	form := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"file": file}, Required: []string{"file"}}
	s.api.OpenAPI().Paths[datasetsPath].Post.RequestBody.Content["multipart/form-data"] = &huma.MediaType{Schema: form}
}

// UploadedDataset is a new dataset and what was read otherwise than one may expect.
type UploadedDataset struct {
	DatasetDetail
	Warnings []UploadWarning `json:"warnings" nullable:"false"`
}

// UploadWarning says what was read otherwise than one may expect.
type UploadWarning struct {
	Code    string `json:"code" example:"ambiguous_dates"`
	Message string `json:"message"`
	Count   int64  `json:"count" doc:"Of rows or columns"`
	Line    int64  `json:"line,omitempty" doc:"The first one"`
	Columns []int  `json:"columns,omitempty" nullable:"false" doc:"Their numbers, from 1"`
}

// upload.store has made it.
const recordDataset = `
with event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, after, request_id, address)
  select $1, $3, app.user_id(), app.subject()::uuid, 'dataset.created', id, jsonb_build_object('name', name), $4, $5
  from app.datasets where org_id = $1 and id = $2)` + selectDataset

func (s *Server) createDataset(ctx context.Context, in *uploadInput) (*made[UploadedDataset], error) {
	caller, id, user := member(ctx, in.OrgID), newID(), session(ctx).User
	if in.Name != "" { // it is refused before the file, and its name, are read
		asks(ctx, DatasetName{in.Name})
	}
	if err := s.mayCreateDataset(ctx, caller, id, user, in); err != nil {
		return nil, err
	}
	body, name, err := in.open(s.maxUpload)
	if err != nil {
		return nil, err
	}
	defer memory.Reserve(ingest.Memory)()
	file, err := ingest.Spool(ctx, body, ingest.Options{Dir: s.tempDir})
	if err != nil {
		return nil, uploadProblem(err)
	}
	defer file.Close()
	release, err := s.slots.take(ctx, in.OrgID, uploadWait)
	if err != nil {
		return nil, err
	}
	defer release()
	upload := upload{org: in.OrgID, dataset: id, segment: newID(), user: user, name: name, file: file}
	out, err := create(ctx, s, creation[UploadedDataset]{
		id: id, caller: caller, path: inOrganization(in.OrgID) + "/datasets", key: in.IdempotencyKey, request: []any{name, file.SHA256},
		insert: func(tx *tenant.Tx) (d UploadedDataset, err error) {
			if err := upload.store(ctx, tx); err != nil {
				return d, err
			}
			if err := withinQuotas(ctx, tx, in.OrgID, oneDataset(file.Bytes)); err != nil {
				return d, err
			}
			d.DatasetDetail, err = tenant.TxRow[DatasetDetail](ctx, tx.Last(), recordDataset, recorded(ctx, in.OrgID, id)...)
			return d, err
		},
		get: func(id uuid.UUID) (d UploadedDataset, err error) {
			d.DatasetDetail, err = tenant.Row[DatasetDetail](ctx, s.db, caller, selectDataset, in.OrgID, id)
			return d, err
		},
	})
	out.ETag, out.Body.Warnings = etag(out.Body.Revision), uploadWarnings(file.Warnings)
	return out, err
}

// errProbe rolls a probe back.
var errProbe = errors.New("probe")

// mayCreateDataset lets the policy refuse before the body is read, and the quotas as far as they can: it tries the insert and
// rolls it back. A request with an Idempotency-Key may be one that has made its dataset already, which the body tells.
func (s *Server) mayCreateDataset(ctx context.Context, caller tenant.Caller, id, user uuid.UUID, in *uploadInput) error {
	err := s.db.Tx(ctx, caller, func(tx *tenant.Tx) error {
		if _, err := tx.Exec(ctx, insertDataset, in.OrgID, id, "probe", user); err != nil {
			return err
		}
		if in.Key == "" {
			u, err := tenant.TxRow[Usage](ctx, tx, selectUsageOfThings, in.OrgID)
			if err != nil {
				return err
			}
			u.StoredBytes.Used += in.fileBytes()
			if err := u.exceeded(oneDataset(in.fileBytes())); err != nil {
				return err
			}
		}
		return errProbe
	})
	if errors.Is(err, errProbe) {
		return nil
	}
	return err
}

// oneDataset is what a file adds to the usage.
func oneDataset(bytes int64) Usage {
	return Usage{Datasets: Quota{Used: 1}, StoredBytes: Quota{Used: bytes}}
}

// uploadProblem maps what ends a body: a fault of the file, of its size, or of the connection.
func uploadProblem(err error) error {
	var file *ingest.Error
	var large *http.MaxBytesError
	var broken *bodyError
	switch {
	case errors.As(err, &file):
		return refuse(file.Code, file.Message)
	case errors.As(err, &large):
		return refuse("payload_too_large", "")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refuse("request_timeout", "")
	case errors.As(err, &broken), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return refuse("upload_incomplete", "")
	default:
		return err
	}
}

func uploadWarnings(warnings []ingest.Warning) []UploadWarning {
	out := []UploadWarning{}
	for _, w := range warnings {
		out = append(out, UploadWarning(w))
	}
	return out
}
