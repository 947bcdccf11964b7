package api

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/insightforge/insightforge/api/archive"
	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
	"github.com/insightforge/insightforge/api/tenant"
)

// maxDownloads run at once; half of them of one organization. Each has the dictionaries of its columns in memory.
const maxDownloads = 16

// downloadTypes are the media types of a download's formats.
var downloadTypes = map[string]string{
	"csv": "text/csv; charset=utf-8; header=present", "ndjson": "application/x-ndjson", "parquet": "application/vnd.apache.parquet",
}

func (s *Server) registerDownloads() {
	content := map[string]*huma.MediaType{}
	for _, mediaType := range downloadTypes {
		mediaType, _, _ = strings.Cut(mediaType, ";")
		content[mediaType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	content["text/csv"].Schema = &huma.Schema{Type: huma.TypeString} // generated clients give it as a text
	operation(s, huma.Operation{OperationID: "download-dataset", Method: http.MethodGet, Path: datasetPath + "/download", Tags: []string{"datasets"},
		Summary: "Download the rows as a file", BodyReadTimeout: streamed,
		Description: "Every member may; the file has the columns that the caller may see. It is streamed, in the order of the rows: to sort a table of any size " +
			"would take memory of any size. CSV is RFC 4180 in UTF-8 with a header; a missing value is an empty field. NDJSON has an object for each row. Parquet has " +
			"the types of the columns. CSV and NDJSON are compressed for a client that accepts gzip. A client that reads less than 32 KiB a second is let go.",
		Responses: map[string]*huma.Response{"200": {
			Description: "The file. Where it cannot be finished the connection is closed before its end.", Content: content,
		}}}, s.downloadDataset)
}

type downloadInput struct {
	DatasetPath
	VersionParameter
	ColumnsParameter
	FiltersParameter
	Format         string `query:"format" enum:"csv,ndjson,parquet" default:"csv"`
	BOM            bool   `query:"bom" doc:"Begin CSV with a byte order mark, by which some spreadsheets know UTF-8"`
	Formulas       string `query:"formulas" enum:"escaped,plain" default:"escaped" doc:"escaped: a text of CSV that a spreadsheet would take for a formula, or that begins with an apostrophe, has an apostrophe before it. plain is for programs"`
	AcceptEncoding string `header:"Accept-Encoding"`
}

// Resolve reads what is JSON.
func (in *downloadInput) Resolve(huma.Context) []error { return in.parse() }

func (s *Server) downloadDataset(ctx context.Context, in *downloadInput) (*huma.StreamResponse, error) {
	release, err := s.downloads.take(ctx, in.OrgID, queryWait)
	if err != nil {
		return nil, err
	}
	d := &download{server: s, in: in, caller: member(ctx, in.OrgID)}
	if err := d.prepare(ctx); err != nil {
		release()
		return nil, err
	}
	return &huma.StreamResponse{Body: func(out huma.Context) {
		defer release()
		_, w := humago.Unwrap(out)
		body := newPatientWriter(w, downloadRate)
		d.setHeaders(w.Header())
		s.endStream(ctx, w, body, d.write(ctx, body))
	}}, nil
}

// download is one that is under way. It reads a part at a time, each in a transaction of its own, since a version does not
// change: while the client reads, no connection waits for it. Who may not see a column any more gets no more of it.
type download struct {
	server  *Server
	in      *downloadInput
	caller  tenant.Caller
	version version
	name    string
	columns []column.Column
	words   map[int][]string
	parts   []part
}

const selectDatasetName = `
select name from app.datasets where org_id = $1 and id = $2`

// prepare reads what the chunks are read with, and refuses what cannot be downloaded.
func (d *download) prepare(ctx context.Context) error {
	release, err := d.server.slots.take(ctx, d.in.OrgID, queryWait)
	if err != nil {
		return err
	}
	defer release()
	return d.server.db.Snapshot(ctx, d.caller, func(tx *tenant.Tx) (err error) {
		if d.version, err = selectVersion(ctx, tx, d.in.OrgID, d.in.DatasetID, d.in.Version); err != nil {
			return err
		}
		if d.columns, err = d.version.named(d.in.ColumnsParameter); err != nil {
			return err
		}
		if len(d.columns) == 0 {
			return refuse("table_empty", "You see none of its columns.")
		}
		if err := d.checkFilters(); err != nil {
			return err
		}
		dataset, err := tenant.TxRow[struct{ Name string }](ctx, tx, selectDatasetName, d.in.OrgID, d.in.DatasetID)
		if err != nil {
			return err
		}
		d.name = dataset.Name
		_, _, coded, _ := placed(d.columns)
		if d.words, err = readWords(ctx, tx, d.in.OrgID, d.in.DatasetID, coded); err != nil {
			return err
		}
		d.parts, err = d.version.parts(ctx, tx.Last(), d.columns)
		return finished(err, d.checkParts)
	})
}

// checkParts: what is missing would else be left out.
func (d *download) checkParts() error {
	rows := int64(0)
	for _, p := range d.parts {
		if p.Start != rows {
			break
		}
		rows += int64(p.RowCount)
	}
	if rows != d.version.RowCount {
		return fmt.Errorf("chunks for %d of %d rows", rows, d.version.RowCount)
	}
	return nil
}

func (d *download) checkFilters() error {
	if len(d.in.filters) == 0 {
		return nil
	}
	_, err := query.CompileRows(query.Selection{Filters: d.in.filters}, d.version.of(d.server.expand))
	return queryProblem("query.", err)
}

func (d *download) setHeaders(h http.Header) {
	h.Set("Content-Type", downloadTypes[d.in.Format])
	h.Set("Content-Disposition", attachment(d.name, "."+d.in.Format))
	if d.in.Format != "parquet" {
		h.Set("Vary", "Accept-Encoding")
	}
	if d.gzips() {
		h.Set("Content-Encoding", "gzip")
	}
}

func (d *download) gzips() bool { return d.in.Format != "parquet" && acceptsGzip(d.in.AcceptEncoding) }

func acceptsGzip(header string) bool {
	for coding := range strings.SplitSeq(header, ",") {
		name, parameter, _ := strings.Cut(coding, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(parameter), "q="), 64)
			return err != nil || q > 0
		}
	}
	return false
}

// rowWriter writes a table in a format.
type rowWriter interface {
	Write(values []archive.Values) (rows int64, err error)
	Close() error
}

func (d *download) format(w io.Writer) (rowWriter, error) {
	switch d.in.Format {
	case "ndjson":
		return archive.NewNDJSON(w, d.columns), nil
	case "parquet":
		return archive.NewParquet(w, d.columns), nil
	default:
		return archive.NewTable(w, d.columns, archive.CSV{BOM: d.in.BOM, Plain: d.in.Formulas == "plain", End: "\r\n"})
	}
}

// write writes the file.
func (d *download) write(ctx context.Context, body io.Writer) error {
	buffered := bufio.NewWriterSize(body, 64<<10)
	if !d.gzips() {
		return finished(d.writeRows(ctx, buffered), buffered.Flush)
	}
	z, err := gzip.NewWriterLevel(buffered, gzip.BestSpeed)
	if err != nil {
		return err
	}
	return finished(d.writeRows(ctx, z), z.Close, buffered.Flush)
}

// finished runs what comes at the end of something that went well.
func finished(err error, ends ...func() error) error {
	for _, end := range ends {
		if err != nil {
			return err
		}
		err = end()
	}
	return err
}

// filteredParts is in how many parts rows are looked for at once.
const filteredParts = 8

func (d *download) writeRows(ctx context.Context, w io.Writer) error {
	rows, err := d.format(w)
	if err != nil {
		return err
	}
	for parts := range slices.Chunk(d.parts, filteredParts) {
		if err := d.writeParts(ctx, rows, parts); err != nil {
			return err
		}
	}
	return rows.Close()
}

func (d *download) writeParts(ctx context.Context, rows rowWriter, parts []part) error {
	numbers, err := d.numbers(ctx, parts)
	if err != nil {
		return err
	}
	for _, p := range parts {
		var places []int
		for len(numbers) > 0 && numbers[0] <= p.Start+int64(p.RowCount) {
			places, numbers = append(places, int(numbers[0]-p.Start-1)), numbers[1:]
		}
		if len(d.in.filters) > 0 && len(places) == 0 {
			continue
		}
		values, err := d.values(ctx, p)
		if err != nil {
			return err
		}
		if len(d.in.filters) > 0 {
			for i, v := range values {
				values[i] = v.Only(places)
			}
		}
		if _, err := rows.Write(values); err != nil {
			return err
		}
	}
	return nil
}

// numbers finds the rows that pass the filters.
func (d *download) numbers(ctx context.Context, parts []part) (found []int64, err error) {
	if len(d.in.filters) == 0 {
		return nil, nil
	}
	first, last := parts[0], parts[len(parts)-1]
	sel := query.Selection{Filters: d.in.filters, After: first.Start, Until: last.Start + int64(last.RowCount)}
	sel.Limit = int(sel.Until - sel.After)
	err = d.transaction(ctx, func(tx *tenant.Tx) (err error) {
		if found, err = d.version.find(ctx, tx, d.server.expand, sel); err != nil {
			return err
		}
		return d.checkFilterColumns(ctx, tx.Last())
	})
	return found, err
}

// checkFilterColumns comes after rows were looked for: in what was purged, or is hidden meanwhile, there are none, and the file
// would look whole.
func (d *download) checkFilterColumns(ctx context.Context, tx *tenant.Tx) error {
	_, ids := d.version.used(query.Specification{Filters: d.in.filters}.ColumnNames())
	stamps, err := d.version.stamps(ctx, tx, ids)
	if err == nil && len(stamps) < len(ids) {
		err = fmt.Errorf("%d of %d columns of the filters are left: one was hidden", len(stamps), len(ids))
	}
	return err
}

// transaction is one of many. A client that has begun to read waits as long as it takes.
func (d *download) transaction(ctx context.Context, work func(*tenant.Tx) error) error {
	release, err := d.server.slots.take(ctx, d.in.OrgID, uploadWait)
	if err != nil {
		return err
	}
	defer release()
	return d.server.db.Tx(ctx, d.caller, work)
}

// values are those of each column in a part.
func (d *download) values(ctx context.Context, p part) (values []archive.Values, err error) {
	err = d.transaction(ctx, func(tx *tenant.Tx) (err error) {
		values, err = readPart(ctx, tx.Last(), d.in.OrgID, p, d.columns, d.words)
		return err
	})
	return values, err
}
