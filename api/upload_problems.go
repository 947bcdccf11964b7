package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/insightforge/insightforge/api/ingest"
	"github.com/insightforge/insightforge/api/transcode"
)

// uploadProblem maps what ends a body: a fault of the file, of its size, or of the connection.
func uploadProblem(err error) error {
	var table *transcode.Error
	var file *ingest.Error
	var large *http.MaxBytesError
	var broken *bodyError
	switch {
	case errors.As(err, &large): // before the faults: what is cut off looks damaged
		return refuse("payload_too_large", "")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refuse("request_timeout", "")
	case errors.As(err, &table):
		return refuse(table.Code, table.Message, faultAt(table.Line, table.Record, table.Column, table.Code, table.Message)...)
	case errors.As(err, &file):
		return refuse(file.Code, file.Message, fileFaults(file)...)
	case errors.As(err, &broken), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return refuse("upload_incomplete", "")
	default:
		return err
	}
}

// fileFaults are the place of an error, or what was rejected, at most 1,000.
func fileFaults(err *ingest.Error) (faults []Fault) {
	if err.Rejected == nil {
		return faultAt(err.Line, err.Record, err.Column, err.Code, err.Message)
	}
	for _, r := range err.Rejected.First {
		faults = append(faults, faultAt(r.Line, r.Record, r.Column, r.Code, r.Message)...)
	}
	return faults
}

// faultAt is a fault at a place such as line 3 column 2; none where no place is known.
func faultAt(line, record int64, column int, code, message string) []Fault {
	var place []string
	if line > 0 {
		place = append(place, fmt.Sprintf("line %d", line))
	}
	if record > 0 {
		place = append(place, fmt.Sprintf("record %d", record))
	}
	if column > 0 {
		place = append(place, fmt.Sprintf("column %d", column))
	}
	if len(place) == 0 {
		return nil
	}
	return []Fault{{Location: strings.Join(place, " "), Code: code, Message: message}}
}
