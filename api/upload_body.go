package api

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"
)

// An upload is given up when it sends nothing for readPause, or after that on average less than leastRate bytes a second.
const (
	readPause = 30 * time.Second
	leastRate = 1 << 10
)

// FileInput keeps the request, so that the handler can stream its body.
type FileInput struct {
	IdempotencyKey
	UploadOptions
	ImportID uuid.UUID `query:"import_id" format:"uuid" doc:"Id to give the import, which can be watched then while the body is sent; without it a new one"`
	Columns  string    `query:"columns" maxLength:"12000" doc:"Names and types of columns: a JSON array of UploadColumn. Columns that it leaves out are as the file has them" example:"[{\"name\": \"Price\", \"as\": \"price\", \"type\": \"decimal\", \"scale\": 2}]"`

	columns []UploadColumn
	ctx     huma.Context
}

// uploadInput is a file for a new dataset.
type uploadInput struct {
	InOrganization
	FileInput
	Name string `query:"name" maxLength:"200" doc:"Name of the dataset; without it the file name of the multipart body" example:"Seattle weather"`
}

// Resolve keeps the request and reads the columns.
func (in *FileInput) Resolve(ctx huma.Context) (errs []error) {
	in.ctx = ctx
	in.columns, errs = parseColumns(in.Columns)
	return errs
}

// fileBytes is how large the file is, as far as the headers tell: a form is larger than the file in it.
func (in *FileInput) fileBytes() int64 {
	r, _ := humago.Unwrap(in.ctx)
	if strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "multipart/") {
		return 0
	}
	return max(0, r.ContentLength)
}

// uploadBody is the file in a body, what the client says of it, and the name to give the dataset.
type uploadBody struct {
	whole                     *patientReader
	file                      io.Reader
	name, fileName, mediaType string
}

// storedBytes is what the file adds to stored_bytes, as far as the headers tell.
func (in *FileInput) storedBytes() int64 {
	if in.KeepSource {
		return 2 * in.fileBytes()
	}
	return in.fileBytes()
}

// open returns the file in the body, limited to maxBytes, of a dataset that has a name.
func (in *uploadInput) open(maxBytes int64) (uploadBody, error) {
	body, err := in.FileInput.open(maxBytes)
	if err != nil {
		return body, err
	}
	if in.Name != "" {
		body.name = in.Name
	}
	if n := utf8.RuneCountInString(body.name); n == 0 || n > 200 || strings.Trim(body.name, "./ ") == "" {
		return body, refuse("upload_no_name", "")
	}
	return body, nil
}

// open returns the file in the body, limited to maxBytes.
func (in *FileInput) open(maxBytes int64) (uploadBody, error) {
	r, w := humago.Unwrap(in.ctx)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a long upload may take longer than an answer
	whole := &patientReader{body: http.MaxBytesReader(w, r.Body, maxBytes), connection: in.ctx, begun: time.Now()}
	body := uploadBody{whole: whole, file: whole}
	mediaType, params, err := mime.ParseMediaType(in.ctx.Header("Content-Type"))
	switch {
	case err == nil && mediaType == "multipart/form-data":
		part, err := filePart(whole, params["boundary"])
		if err != nil {
			return body, err
		}
		body.file, body.fileName, body.mediaType = part, part.FileName(), part.Header.Get("Content-Type")
		if body.fileName != "" {
			body.name = nameOf(body.fileName)
		}
	case err == nil && isUploadType(mediaType):
		body.mediaType = mediaType
	default:
		return body, refuse("unsupported_media_type", "")
	}
	return body, nil
}

// nameOf is a file's name without its ending, and without that of its compression.
func nameOf(fileName string) string {
	name := path.Base(fileName)
	for _, ending := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, ending)
	}
	return strings.TrimSuffix(name, path.Ext(name))
}

// filePart reads up to the part named file; nothing of it is kept on disk or in memory.
func filePart(body *patientReader, boundary string) (*multipart.Part, error) {
	form := multipart.NewReader(body, boundary)
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil, refuse("upload_no_file", "")
		case err != nil && body.err != nil: // the form is cut off where the body ends
			return nil, uploadProblem(body.err)
		case err != nil:
			return nil, refuse("bad_request", "the body is not a multipart form")
		case part.FormName() == "file":
			return part, nil
		}
	}
}

// patientReader gives each read of the body its own deadline: a slow upload goes on, one that stalls, or trickles at
// less than leastRate, ends.
type patientReader struct {
	body       io.Reader
	connection interface{ SetReadDeadline(time.Time) error }
	begun      time.Time
	bytes      int64
	err        error // what ended the body, io.EOF included

	mu      sync.Mutex // of the deadline
	over    bool       // the body has ended: the server reads on, and would take a deadline for the client's leaving
	givenUp bool
}

// bodyError is what went wrong with a body on its way, as opposed to what went wrong with storing it.
type bodyError struct{ error }

func (e *bodyError) Unwrap() error { return e.error }

func (r *patientReader) Read(p []byte) (n int, err error) {
	if !r.begin() {
		return 0, &bodyError{os.ErrDeadlineExceeded}
	}
	n, err = r.body.Read(p)
	r.bytes += int64(n)
	if err != nil {
		r.mu.Lock()
		r.over = true
		r.mu.Unlock()
	}
	if err != nil && err != io.EOF {
		err = &bodyError{err}
	}
	r.err = err
	return n, err
}

// begin sets the deadline of a read; false: nobody wants the body any more.
func (r *patientReader) begin() bool {
	deadline := time.Now().Add(readPause)
	if least := r.begun.Add(readPause + time.Duration(r.bytes/leastRate)*time.Second); least.Before(deadline) {
		deadline = least
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.givenUp && !r.over {
		_ = r.connection.SetReadDeadline(deadline)
	}
	return !r.givenUp
}

// giveUp ends the read under way, and those to come.
func (r *patientReader) giveUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.givenUp = true
	if !r.over {
		_ = r.connection.SetReadDeadline(time.Now())
	}
}
