package api

import (
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/ingest"
	"github.com/insightforge/insightforge/api/transcode"
)

// UploadOptions say how to read a file. What they leave open is found in the file.
type UploadOptions struct {
	Format      string       `query:"format" enum:"csv,tsv,json,ndjson,parquet,xlsx" doc:"The content has to agree" json:"format,omitempty"`
	Compression string       `query:"compression" enum:"none,gzip,zstd" doc:"The content has to agree" json:"compression,omitempty"`
	Encoding    string       `query:"encoding" enum:"utf-8,utf-16le,utf-16be,windows-1252" doc:"Of a text" json:"encoding,omitempty"`
	Sheet       string       `query:"sheet" maxLength:"200" doc:"Of a workbook; without it the first one that is not hidden" json:"sheet,omitempty"`
	Delimiter   string       `query:"delimiter" pattern:"^[\\x01-\\t\\x0b\\x0c\\x0e-!#-\\[\\]-\\x7f]$" doc:"Of CSV and TSV: one ASCII character" example:";" json:"delimiter,omitempty"`
	Quotes      string       `query:"quotes" enum:"doubled,backslash,none" doc:"Of CSV and TSV: a quote inside quotes is written twice, or with a backslash before it; none: quotes are text" json:"quotes,omitempty"`
	Header      string       `query:"header" enum:"present,absent" doc:"Of CSV and TSV: whether the first record names the columns" json:"header,omitempty"`
	Comment     string       `query:"comment" pattern:"^[\\x01-\\t\\x0b\\x0c\\x0e-!#-\\x7f]{1,8}$" doc:"Of CSV and TSV: what lines begin with that are skipped; none: there are no such lines" example:"#" json:"comment,omitempty"`
	Nulls       []string     `query:"nulls" maxItems:"100" doc:"Words that are null, in any case, in columns of text too; without it NA, NULL, - and the like, in columns that are not text. An empty field always is" example:"NA,unknown" json:"nulls,omitempty"`
	Numbers     NumberFormat `query:"numbers" doc:"How numbers are written, in the columns that it fits" json:"numbers,omitempty"`
	Dates       string       `query:"dates" enum:"month_first,day_first" doc:"How to read 01/02/2006, in the columns that it fits" json:"dates,omitempty"`
	OnReject    string       `query:"on_reject" enum:"refuse,null,skip" default:"refuse" doc:"What becomes of values that do not fit the type given for their column, and of rows with too many fields: the file is refused, the values are null (such rows are skipped), the rows are skipped" json:"on_reject,omitempty"`
	KeepSource  bool         `query:"keep_source" doc:"Keep the file as it was sent, so that it can be downloaded; it counts in stored_bytes once more" json:"keep_source,omitempty"`
}

// UploadColumn says what a column of a file is to be: the one that the header calls name, or that of a number.
type UploadColumn struct {
	Name    string       `json:"name,omitempty" minLength:"1" maxLength:"200" doc:"As the header has it" example:"Price"`
	Column  int          `json:"column,omitempty" minimum:"1" maximum:"1000" doc:"Its number, instead of the name"`
	As      string       `json:"as,omitempty" minLength:"1" maxLength:"200" doc:"What to call it" example:"price"`
	Type    column.Type  `json:"type,omitempty" enum:"integer,decimal,float,boolean,date,timestamp,text" doc:"Values that do not fit are rejected: see on_reject"`
	Scale   int          `json:"scale,omitempty" minimum:"0" maximum:"17" doc:"Of a decimal: digits after the point"`
	Numbers NumberFormat `json:"numbers,omitempty" doc:"How all of its numbers are written"`
	Dates   string       `json:"dates,omitempty" enum:"month_first,day_first" doc:"How to read all of its dates"`
}

// NumberFormat is an [ingest.NumberFormat].
type NumberFormat string

// Schema lists the formats: a tag cannot, since they have commas.
func (NumberFormat) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: "1,234.56 stands for all numbers with groups of three between commas and a point before the fraction", Enum: []any{
		string(ingest.PlainNumbers), string(ingest.CommaPoint), string(ingest.SpacePoint), string(ingest.ApostrophePoint),
		string(ingest.IndianNumbers), string(ingest.PointComma), string(ingest.SpaceComma), string(ingest.ApostropheComma)}}
}

// uploadColumns are read from a query parameter. URLs are short, so there are fewer of them than a table may have columns.
var uploadColumns = newListParameter[UploadColumn]("columns")

// parseColumns reads the parameter as strictly as a body.
func parseColumns(text string) (columns []UploadColumn, errs []error) {
	columns, errs = uploadColumns.parse(text)
	place := huma.NewPathBuffer([]byte(uploadColumns.location), len(uploadColumns.location))
	for i, c := range columns {
		at := place.WithIndex(i)
		switch {
		case (c.Name == "") == (c.Column == 0):
			errs = append(errs, &huma.ErrorDetail{Location: at, Message: "either name or column says which one it is"})
		case c.Scale > 0 && c.Type != column.Decimal:
			errs = append(errs, &huma.ErrorDetail{Location: at + ".scale", Message: "only a decimal has a scale"})
		}
	}
	return columns, errs
}

func (o *UploadOptions) transcode(dir string, maxBytes int64) transcode.Options {
	return transcode.Options{Format: transcode.Format(o.Format), Compression: transcode.Compression(o.Compression),
		Encoding: transcode.Encoding(o.Encoding), Sheet: o.Sheet, Dir: dir, MaxBytes: maxBytes}
}

// ingest is how to read the CSV of a table. Of what was made CSV nothing is left to find but the types that its format
// does not know.
func (o *UploadOptions) ingest(dir string, columns []UploadColumn, table *transcode.Table) (ingest.Options, error) {
	opt := ingest.Options{Dir: dir, Nulls: o.Nulls, Numbers: ingest.NumberFormat(o.Numbers), Dates: ingest.DateOrder(o.Dates),
		Reject: ingest.Reject(o.OnReject), Dialect: ingest.Dialect{Delimiter: o.Delimiter, Quotes: ingest.Quotes(o.Quotes),
			Header: ingest.Header(o.Header), Comment: o.Comment}}
	for _, c := range columns {
		opt.Columns = append(opt.Columns, ingest.ColumnOptions{No: c.Column, Header: c.Name, Name: c.As, Type: c.Type, Scale: c.Scale,
			Numbers: ingest.NumberFormat(c.Numbers), Dates: ingest.DateOrder(c.Dates)})
	}
	switch {
	case isCSV(table):
		if table.Format == transcode.TSV && opt.Dialect.Delimiter == "" {
			opt.Dialect.Delimiter = "\t"
		}
		return opt, nil
	case opt.Dialect != ingest.Dialect{}:
		return opt, o.notOf(table)
	}
	opt.Dialect = ingest.Dialect{Delimiter: ",", Quotes: ingest.DoubledQuotes, Header: ingest.HeaderPresent, Comment: ingest.NoComments}
	opt.Records = true
	for _, c := range table.Columns {
		known := ingest.Known{Type: c.Type, Scale: c.Scale}
		if c.Type == column.Decimal && c.Scale > 17 {
			known = ingest.Known{} // for inference, which makes a float of what has too many digits
		}
		opt.Known = append(opt.Known, known)
	}
	return opt, nil
}

func isCSV(table *transcode.Table) bool {
	return table.Format == transcode.CSV || table.Format == transcode.TSV
}

// notOf refuses what only CSV has.
func (o *UploadOptions) notOf(table *transcode.Table) *Problem {
	var faults []Fault
	for _, one := range []struct{ name, value string }{{"delimiter", o.Delimiter}, {"quotes", o.Quotes}, {"header", o.Header}, {"comment", o.Comment}} {
		if one.value != "" {
			faults = append(faults, Fault{Location: "query." + one.name, Message: "only CSV and TSV have it"})
		}
	}
	return refuse("invalid", "the file is "+strings.ToUpper(string(table.Format)), faults...)
}

// uploadTypes are the media types of a file that is not in a form.
var uploadTypes = []string{
	"text/csv", "application/csv", "text/tab-separated-values", "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl",
	"application/vnd.apache.parquet", "application/x-parquet", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"application/gzip", "application/x-gzip", "application/zstd", "application/octet-stream",
}

func isUploadType(mediaType string) bool { return slices.Contains(uploadTypes, mediaType) }
