package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/ingest"
	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerNewVersions() {
	operation(s, audited("dataset.appended", huma.Operation{OperationID: "create-version", Method: http.MethodPost, Path: versionsPath, Tags: []string{"versions"},
		Summary: "Append a file to a dataset, or replace its rows by it", DefaultStatus: http.StatusCreated, Errors: []int{408, 409, 412, 413, 415}, BodyReadTimeout: streamed,
		Description: "OWNER, ADMIN: any dataset. ANALYST: own. The body is a file as for a new dataset. It becomes a version, which is the active one once the answer is; " +
			"earlier ones stay. A column of the file goes on the one of the dataset that has the name which the file gives it, or which it has now; one that " +
			"replaces another keeps that one's name, description and visibility. An append keeps the columns' types, but numbers become decimals or floats, and " +
			"dates timestamps, where the file's values need it and those before stay exact; other values that do not fit are rejected (on_reject). A type in columns is " +
			"what the column becomes, text for example; its values before have to fit. Who does not see all columns may do neither.",
		RequestBody: fileBody()}), s.createVersion)
	s.describeFile(versionsPath)
	operation(s, audited("dataset.types_changed", huma.Operation{OperationID: "change-types", Method: http.MethodPost, Path: datasetPath + "/types", Tags: []string{"versions"},
		Summary: "Give columns of a dataset other types", DefaultStatus: http.StatusCreated, Errors: []int{409, 412}, MaxBodyBytes: 1 << 20,
		Description: "OWNER, ADMIN: any dataset. ANALYST: own. The stored values are read again, as if they were in a file with the types given; nothing else of the dataset " +
			"changes. The outcome is a version, which is the active one once the answer is. Who does not see all columns may not."}), s.changeTypes)
}

// versionInput is a file for a dataset that there is.
type versionInput struct {
	DatasetPath
	IfMatch
	FileInput
	Mode string `query:"mode" required:"true" enum:"append,replace" doc:"Whether its rows come behind those of the active version or instead of them"`
}

// NewVersion is a dataset after a file was appended or has replaced its rows, and how the file was read.
type NewVersion struct {
	UploadedDataset
	Append *AppendedColumns `json:"append,omitempty" doc:"Of an append that is not the answer to a repeated request"`
}

func (s *Server) createVersion(ctx context.Context, in *versionInput) (*uploaded[NewVersion], error) {
	action := map[string]string{"append": "dataset.appended", "replace": "dataset.replaced"}[in.Mode]
	acts(ctx, action)
	change := dataChange{DatasetPath: in.DatasetPath, key: in.IdempotencyKey, want: in.revision()}
	if err := s.mayChangeData(ctx, change, in.storedBytes()); err != nil {
		return nil, err
	}
	body, err := in.open(s.maxUpload)
	if err != nil {
		return nil, err
	}
	u := &upload{org: in.OrgID, dataset: in.DatasetID, mode: in.Mode, body: body}
	var out *made[NewVersion]
	err = s.receive(ctx, &in.FileInput, u, func(ctx context.Context) (err error) {
		change.request = []any{in.Mode, in.DatasetID, u.source.sha256, in.UploadOptions, in.columns}
		out, err = makeVersion(ctx, s, change, func(b *base) (NewVersion, error) {
			return b.renew(ctx, u, action, s.tempDir)
		}, func(d DatasetDetail) (NewVersion, error) {
			return NewVersion{UploadedDataset: UploadedDataset{DatasetDetail: d}}, u.importing.repeated(ctx, d.ID, d.Version.Number)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	out.Body.FileReport = *u.source.report
	s.profiles.publish(member(ctx, in.OrgID), in.OrgID, in.DatasetID, out.Body.Version.Number)
	return &uploaded[NewVersion]{out.Location, etag(out.Body.Revision), out.Replayed, u.importing.id, out.Body}, nil
}

// renew publishes a version with the rows of u behind those of the base, or instead of them.
func (b *base) renew(ctx context.Context, u *upload, action, dir string) (v NewVersion, err error) {
	b.importing = u.importing
	u.importing.storing()
	var p publication
	var unit *UploadWarning
	if u.mode == "append" {
		p, v.Append, unit, err = b.append(ctx, u.file, dir)
	} else {
		p, err = b.replace(ctx, u.file)
	}
	if err != nil {
		return v, err
	}
	u.describe() // an append may have read it again, for other types
	if unit != nil {
		u.source.report.Warnings = append(u.source.report.Warnings, *unit)
	}
	p.source, p.bytes = u.source, p.bytes+u.source.bytes
	v.DatasetDetail, err = b.publish(ctx, p, session(ctx).User, action)
	return v, err
}

// dataChange is a change of a dataset's data: a version to be made once.
type dataChange struct {
	DatasetPath
	key     IdempotencyKey
	want    *int32 // the revision to change; nil: any
	request any    // what the client asked for
}

// mayChangeData refuses, before a body is read, who may not change the dataset's data, and what the quotas do not allow. A
// request with an Idempotency-Key may be one that has made its version already.
func (s *Server) mayChangeData(ctx context.Context, c dataChange, bytes int64) error {
	caller := member(ctx, c.OrgID)
	if c.key.Key != "" {
		c.want = nil
	}
	err := s.probe(ctx, caller, func(tx *tenant.Tx) error {
		if err := lockForChange(ctx, tx, findOwnDataset, c.OrgID, c.DatasetID, c.want); err != nil || c.key.Key != "" {
			return err
		}
		return wouldBeWithinQuotas(ctx, tx, c.OrgID, Usage{StoredBytes: Quota{Used: bytes}})
	})
	return s.untold(ctx, err, c)
}

// makeVersion has make publish a version of the dataset, which is locked; again is the answer to a repeated request.
func makeVersion[T any](ctx context.Context, s *Server, c dataChange, make func(*base) (T, error), again func(DatasetDetail) (T, error)) (*made[T], error) {
	release, err := s.slots.take(ctx, c.OrgID, uploadWait)
	if err != nil {
		return nil, err
	}
	defer release()
	caller := member(ctx, c.OrgID)
	out, err := create(ctx, s, creation[T]{
		id: c.DatasetID, caller: caller, path: inOrganization(c.OrgID) + "/datasets", key: c.key, request: c.request,
		insert: func(tx *tenant.Tx) (made T, err error) {
			b, err := owned{org: c.OrgID, dataset: c.DatasetID}.base(ctx, tx, c.want)
			if err != nil {
				return made, err
			}
			return make(b)
		},
		get: func(id uuid.UUID) (made T, err error) {
			d, err := tenant.Row[DatasetDetail](ctx, s.db, caller, selectDataset, c.OrgID, id)
			if err != nil {
				return made, err
			}
			return again(d)
		},
	})
	return out, s.untold(ctx, err, c)
}

// untold turns errNotLocked into what the caller is told.
func (s *Server) untold(ctx context.Context, err error, c dataChange) error {
	if errors.Is(err, errNotLocked) {
		return s.untouched(ctx, member(ctx, c.OrgID), publishVersion, nil, selectDatasetRevision, c.OrgID, c.DatasetID)
	}
	return err
}

// replace stores the file as the only segment of a version. What a column means stays with the one that goes on it.
func (b *base) replace(ctx context.Context, file *ingest.File) (publication, error) {
	p := b.next("replace")
	p.columns = nil
	names, matched := map[string]bool{}, match(b.Columns, file.Columns)
	for _, j := range matched {
		if j >= 0 {
			names[b.Columns[j].Name] = true
		}
	}
	entered := b.enter(file.Columns, matched, names)
	for i, f := range file.Columns {
		var c storedColumn
		if j := matched[i]; j >= 0 {
			c = newColumn(f, 0, 0)
			c.goOn(b.Columns[j])
		} else {
			c, entered = entered[0], entered[1:]
		}
		c.place(b.newColumnNo(), i+1)
		p.columns = append(p.columns, c)
	}
	segment := newID()
	p.rows, p.segments = file.Rows, []uuid.UUID{segment}
	return p, b.storeSegment(ctx, b.tx, segment, file, p.columns, nil, b.importing)
}

// goOn makes c the same column as before, with other values. What a unit and a meaning were set to is not what the file says.
func (c *storedColumn) goOn(before storedColumn) {
	c.ColumnID, c.Name, c.Description, c.Vis = before.ColumnID, before.Name, before.Description, before.Vis
	if before.Unit != "" {
		c.Unit = before.Unit
	}
	if before.Semantic != "" {
		c.Semantic = before.Semantic
	}
}
