package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"strings"

	"github.com/insightforge/insightforge/api/tenant"
)

// source is a file as it was sent: what the client says of it, what is known once it was read and, if it is to be kept, its bytes.
type source struct {
	name, mediaType string
	file            *os.File // nil: not kept
	sha256          [sha256.Size]byte
	bytes           int64
	report          *FileReport // nil: there is no file
}

// keep has body copied to an unlinked temporary file while it is read, if the source is to be kept. The caller closes the source.
func (o *UploadOptions) keep(dir string, body *uploadBody) (source, error) {
	s := source{name: lastName(body.fileName), mediaType: mediaTypeOf(body.mediaType)}
	if !o.KeepSource {
		return s, nil
	}
	file, err := os.CreateTemp(dir, "source-*")
	if err != nil {
		return s, fmt.Errorf("create the temporary file of a source: %w", err)
	}
	s.file, body.file = file, io.TeeReader(body.file, file)
	if err := os.Remove(file.Name()); err != nil {
		return s, errors.Join(err, file.Close())
	}
	return s, nil
}

// Close frees the disk.
func (s source) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// keptBytes is how large its pieces will be.
func (s source) keptBytes() int64 {
	if s.file == nil {
		return 0
	}
	return s.bytes
}

// lastName is the last part of a path, of any system's, without what no file name has, and at most 300 characters.
func lastName(path string) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(path[strings.LastIndexAny(path, `/\`)+1:], ""))
	if runes := []rune(name); len(runes) > 300 {
		name = string(runes[:300])
	}
	return strings.Trim(name, ". ")
}

// mediaTypeOf is a media type that a table can have; what else a client says is not repeated to those who download.
func mediaTypeOf(header string) string {
	name, params, err := mime.ParseMediaType(header)
	formatted := mime.FormatMediaType(name, params)
	if err != nil || !isUploadType(name) || len(formatted) > 200 {
		return ""
	}
	return formatted
}

const (
	insertFile = `
insert into app.dataset_files (org_id, dataset_id, version, created_by, vis, sha256, media_type, name, report)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	insertPiece = `
insert into app.dataset_pieces (org_id, dataset_id, version, piece_no, created_by, vis, bytes) values ($1, $2, $3, $4, $5, $6, $7)`
)

// storeSource writes what the version was made from, and its bytes if they are kept.
func (p publication) storeSource(ctx context.Context, tx *tenant.Tx) (err error) {
	s, vis := p.source, highest(p.columns)
	if _, err := tx.Exec(ctx, insertFile, p.org, p.dataset, p.number, p.creator, vis, s.sha256[:], s.mediaType, s.name, s.report); err != nil || s.file == nil {
		return err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	loader, err := tx.Load(ctx, insertPiece)
	if err != nil {
		return err
	}
	defer closeLoader(loader, &err)
	return s.pieces(func(no int, bytes []byte) error {
		return loader.Row(p.org[:], p.dataset[:], integer(p.number), integer(no), p.creator[:], smallint(vis), bytes)
	})
}

const pieceSize = 1 << 20

// pieces cuts the file. do may not keep the bytes.
func (s source) pieces(do func(no int, bytes []byte) error) error {
	piece := make([]byte, pieceSize)
	for no := 0; ; no++ {
		n, err := io.ReadFull(s.file, piece)
		if err == io.EOF {
			return nil
		}
		if err != nil && err != io.ErrUnexpectedEOF {
			return err
		}
		if err := do(no, piece[:n]); err != nil {
			return err
		}
	}
}
