package api

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerVersionSources() {
	const path = versionPath + "/source"
	tags := []string{"versions"}
	operation(s, huma.Operation{OperationID: "get-version-source", Method: http.MethodGet, Path: path, Tags: tags,
		Summary: "Download the file that a version was made from", BodyReadTimeout: streamed,
		Description: "As it was sent, if it was uploaded with keep_source. Who does not see all of its columns gets the 404 of one that was not kept. " +
			"A client that reads less than 256 KiB a second is let go.",
		Responses: map[string]*huma.Response{"200": {
			Description: "The file, of the media type that it came with. Where it cannot be finished the connection is closed before its end.",
			Headers: map[string]*huma.Param{
				"ETag":                {Schema: &huma.Schema{Type: huma.TypeString}, Description: "The SHA-256 of the file"},
				"Content-Disposition": {Schema: &huma.Schema{Type: huma.TypeString}, Description: "attachment, with the name that the file came with"}},
			Content: map[string]*huma.MediaType{"*/*": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
		}}}, s.getVersionSource)
	operation(s, audited("dataset.source_deleted", huma.Operation{OperationID: "delete-version-source", Method: http.MethodDelete, Path: path, Tags: tags,
		Summary: "Delete the file that a version was made from", Description: "OWNER, ADMIN: any. ANALYST: of own datasets of which they see all columns. The version stays as it is.",
		DefaultStatus: http.StatusNoContent}), s.deleteVersionSource)
}

// keptSource is a file that was kept, and the first piece of it.
type keptSource struct {
	Name, MediaType, SHA256 string
	ByteCount               int64
	Piece                   []byte
}

const (
	selectSource = `
select f.name, f.media_type, encode(f.sha256, 'hex') as sha256, p.bytes as piece,
  (select sum(octet_length(a.bytes)) from app.dataset_pieces a where a.org_id = $1 and a.dataset_id = $2 and a.version = $3) as byte_count
from app.dataset_versions v
  join app.dataset_files f on f.org_id = $1 and f.dataset_id = $2 and f.version = $3
  join app.dataset_pieces p on p.org_id = $1 and p.dataset_id = $2 and p.version = $3 and p.piece_no = 0
where v.org_id = $1 and v.dataset_id = $2 and v.number = $3 and v.deleted_at is null`
	selectPiece = `
select p.bytes as piece
from app.dataset_versions v join app.dataset_pieces p on p.org_id = $1 and p.dataset_id = $2 and p.version = $3 and p.piece_no = $4
where v.org_id = $1 and v.dataset_id = $2 and v.number = $3 and v.deleted_at is null`
)

func (s *Server) getVersionSource(ctx context.Context, in *VersionPath) (*huma.StreamResponse, error) {
	caller := member(ctx, in.OrgID)
	file, err := tenant.Row[keptSource](ctx, s.db, caller, selectSource, in.OrgID, in.DatasetID, in.Version)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(out huma.Context) {
		_, w := humago.Unwrap(out)
		out.SetHeader("Content-Type", cmp.Or(file.MediaType, "application/octet-stream"))
		out.SetHeader("Content-Disposition", attachment(cmp.Or(file.Name, fmt.Sprint("version-", in.Version)), ""))
		out.SetHeader("Content-Length", strconv.FormatInt(file.ByteCount, 10))
		out.SetHeader("ETag", `"`+file.SHA256+`"`)
		if err := s.sendSource(ctx, caller, *in, newPatientWriter(w, downloadRate), file); err != nil {
			slog.WarnContext(ctx, "source not sent to its end", "error", err, "request_id", requestID(ctx))
			panic(http.ErrAbortHandler)
		}
	}}, nil
}

// sendSource reads each piece in a transaction of its own: a client that reads slowly keeps no connection of the database, and
// one that may not read on any more gets no more.
func (s *Server) sendSource(ctx context.Context, caller tenant.Caller, in VersionPath, w *patientWriter, file keptSource) error {
	for no := 1; ; no++ {
		if _, err := w.Write(file.Piece); err != nil || w.bytes >= file.ByteCount {
			return err
		}
		next, err := tenant.Row[struct{ Piece []byte }](ctx, s.db, caller, selectPiece, in.OrgID, in.DatasetID, in.Version, no)
		if err != nil {
			return err
		}
		file.Piece = next.Piece
	}
}

const deletePieces = `
with gone as (
  delete from app.dataset_pieces where org_id = $1 and dataset_id = $2 and version = $3 returning octet_length(bytes) as bytes),
v as (
  update app.dataset_versions set kept_bytes = 0 where org_id = $1 and dataset_id = $2 and number = $3)
insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, request_id, address)
select $1, $4, app.user_id(), app.subject()::uuid, 'dataset.source_deleted', $2, jsonb_build_object('version', $3::integer, 'bytes', sum(bytes)), $5, $6
from gone having count(*) > 0`

func (s *Server) deleteVersionSource(ctx context.Context, in *VersionPath) (*struct{}, error) {
	return nil, s.changeVersion(ctx, *in, nil, func(tx *tenant.Tx, _ lockedVersion) error {
		touched, err := tx.Last().Exec(ctx, deletePieces, recorded(ctx, in.OrgID, in.DatasetID, in.Version)...)
		if err == nil && touched == 0 { // not kept
			err = refuse("not_found", "")
		}
		return err
	})
}
