package api

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// readPause is how long an upload may send nothing before it is given up.
const readPause = 30 * time.Second

// uploadInput keeps the request, so that the handler can stream its body.
type uploadInput struct {
	InOrganization
	IdempotencyKey
	Name string `query:"name" maxLength:"200" doc:"Name of the dataset; without it the file name of the multipart body" example:"Seattle weather"`

	ctx huma.Context
}

// Resolve keeps the request.
func (in *uploadInput) Resolve(ctx huma.Context) []error {
	in.ctx = ctx
	return nil
}

// open returns the file in the body, limited to maxBytes, and the name to give the dataset.
func (in *uploadInput) open(maxBytes int64) (io.Reader, string, error) {
	if encoding := in.ctx.Header("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, "", refuse("unsupported_media_type", "")
	}
	r, w := humago.Unwrap(in.ctx)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a long upload may take longer than an answer
	body := io.Reader(&patientReader{http.MaxBytesReader(w, r.Body, maxBytes), in.ctx})
	mediaType, params, err := mime.ParseMediaType(in.ctx.Header("Content-Type"))
	name := in.Name
	switch {
	case err == nil && mediaType == "multipart/form-data":
		var fileName string
		if body, fileName, err = filePart(body, params["boundary"]); err != nil {
			return nil, "", err
		}
		if name == "" {
			name = strings.TrimSuffix(path.Base(fileName), path.Ext(fileName))
		}
	case err == nil && (mediaType == "text/csv" || mediaType == "application/csv"):
	default:
		return nil, "", refuse("unsupported_media_type", "")
	}
	if n := utf8.RuneCountInString(name); n == 0 || n > 200 || strings.TrimSpace(name) == "" {
		return nil, "", refuse("upload_no_name", "")
	}
	return body, name, nil
}

// filePart reads up to the part named file; nothing of it is kept on disk or in memory.
func filePart(body io.Reader, boundary string) (io.Reader, string, error) {
	form := multipart.NewReader(body, boundary)
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, "", refuse("upload_no_file", "")
		}
		if err != nil {
			return nil, "", formProblem(err)
		}
		if part.FormName() == "file" {
			return part, part.FileName(), nil
		}
	}
}

// formProblem: what is not the body's end or size is a form that cannot be read.
func formProblem(err error) error {
	err = uploadProblem(err)
	var known *Problem
	var network net.Error
	if errors.As(err, &known) || errors.As(err, &network) {
		return err
	}
	return refuse("bad_request", "the body is not a multipart form")
}

// patientReader gives each read of the body its own deadline: a slow upload goes on, a stalled one ends.
type patientReader struct {
	body io.Reader
	ctx  huma.Context
}

func (r *patientReader) Read(p []byte) (int, error) {
	_ = r.ctx.SetReadDeadline(time.Now().Add(readPause))
	return r.body.Read(p)
}
