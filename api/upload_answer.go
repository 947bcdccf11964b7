package api

import (
	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/ingest"
	"github.com/insightforge/insightforge/api/transcode"
)

// UploadedDataset is a new dataset, and how its file was read.
type UploadedDataset struct {
	DatasetDetail
	FileReport
}

// FileReport is how a file was read, and what was read otherwise than one may expect.
type FileReport struct {
	File       UploadedFile     `json:"file"`
	Warnings   []UploadWarning  `json:"warnings" nullable:"false"`
	Rejections UploadRejections `json:"rejections"`
}

// UploadedFile is how a file was read: as the options say, or as it was found.
type UploadedFile struct {
	ImportID      uuid.UUID             `json:"import_id" format:"uuid"`
	Format        transcode.Format      `json:"format" enum:"csv,tsv,json,ndjson,parquet,xlsx"`
	Compression   transcode.Compression `json:"compression" enum:"none,gzip,zstd"`
	Encoding      transcode.Encoding    `json:"encoding" enum:"utf-8,utf-16le,utf-16be,windows-1252"`
	ByteOrderMark bool                  `json:"byte_order_mark"`
	Sheet         string                `json:"sheet,omitempty" doc:"Of a workbook: the one that was read"`
	Sheets        []string              `json:"sheets,omitempty" nullable:"false" doc:"Of a workbook: those that there are"`
	Dialect       *UploadedDialect      `json:"dialect,omitempty" doc:"Of CSV and TSV"`
	Columns       []UploadedColumn      `json:"columns" nullable:"false" doc:"In the order of the file's"`
}

// UploadedDialect is how a CSV file is cut into records.
type UploadedDialect struct {
	Delimiter    string        `json:"delimiter" example:","`
	Quotes       ingest.Quotes `json:"quotes" enum:"doubled,backslash,none"`
	Header       ingest.Header `json:"header" enum:"present,absent"`
	Comment      string        `json:"comment" example:"#" doc:"What lines begin with that are skipped; none: there are no such lines"`
	CommentLines int64         `json:"comment_lines" doc:"Skipped"`
	BlankLines   int64         `json:"blank_lines" doc:"Skipped"`
}

// UploadedColumn is what the file says of a column beside its type.
type UploadedColumn struct {
	Name          string              `json:"name"`
	Semantic      ingest.SemanticKind `json:"semantic,omitempty" example:"percent" doc:"A hint what the column is about: identifier, category, measure, currency, percent, country, year, quarter, month, weekday, email, url, latitude, longitude, postal_code, time or text"`
	SemanticShare float64             `json:"semantic_share,omitempty" doc:"Of the values looked at, those that fit the hint; missing where the type, the unit or the name says it"`
	Unit          string              `json:"unit,omitempty" example:"EUR" doc:"percent, an ISO code of a currency, or its symbol where that is of several countries"`
	Zones         ingest.Zones        `json:"zones,omitempty" enum:"none,all,mixed" doc:"Of timestamps: whether they have a zone; those without are taken as UTC"`
	Format        string              `json:"format,omitempty" example:"1,234.56" doc:"How numbers, dates and timestamps are written, as an example; missing for plain and ISO ones"`
	Readings      []string            `json:"readings,omitempty" nullable:"false" doc:"The formats between which the file does not decide: the column is text until dates or numbers say which"`
	NullWords     int64               `json:"null_words,omitempty" doc:"Nulls that are written as a word, such as NA"`
	Rejected      int64               `json:"rejected,omitempty" doc:"Nulls that were values that do not fit the type given"`
}

// UploadWarning says what was read otherwise than one may expect.
type UploadWarning struct {
	Code    string `json:"code" example:"ambiguous_dates"`
	Message string `json:"message"`
	Count   int64  `json:"count" doc:"Of rows, values or columns"`
	Line    int64  `json:"line,omitempty" doc:"The first one; of a worksheet the row"`
	Columns []int  `json:"columns,omitempty" nullable:"false" doc:"Their numbers, from 1"`
}

// UploadRejections are what was not stored, since on_reject is null or skip.
type UploadRejections struct {
	CellCount int64             `json:"cell_count" doc:"Values that do not fit the type given for their column"`
	RowCount  int64             `json:"row_count" doc:"Rows with too many fields; with on_reject=skip also those of the cells"`
	First     []UploadRejection `json:"first" nullable:"false" doc:"At most 1,000"`
}

// UploadRejection is a value or a row that was rejected.
type UploadRejection struct {
	Line    int64  `json:"line,omitempty" doc:"Of CSV and TSV"`
	Record  int64  `json:"record,omitempty" doc:"Of other formats, from 1, below the header"`
	Column  int    `json:"column" doc:"From 1; of a row its first field too many"`
	Code    string `json:"code" example:"cell_not_integer"`
	Message string `json:"message"`
}

// reportOf tells how a file was read. A request that is repeated brings the file along, so its answer has it, too.
func reportOf(table *transcode.Table, file *ingest.File, importID uuid.UUID) FileReport {
	r := FileReport{Warnings: []UploadWarning{}, File: UploadedFile{ImportID: importID, Format: table.Format, Compression: table.Compression,
		Encoding: table.Encoding, ByteOrderMark: table.BOM, Sheet: table.Sheet, Sheets: table.Sheets}}
	if isCSV(table) {
		r.File.Dialect = &UploadedDialect{file.Dialect.Delimiter, file.Dialect.Quotes, file.Dialect.Header, file.Dialect.Comment,
			file.CommentLines, file.BlankLines}
	}
	for _, c := range file.Columns {
		r.File.Columns = append(r.File.Columns, UploadedColumn{c.Name, c.Semantic.Kind, c.Semantic.Share, c.Unit, c.Zones, c.Format, c.Readings,
			c.NullWords, c.Rejected})
	}
	for _, w := range table.Warnings() {
		r.Warnings = append(r.Warnings, UploadWarning(w))
	}
	for _, w := range file.Warnings {
		r.Warnings = append(r.Warnings, UploadWarning(w))
	}
	r.Rejections = UploadRejections{file.Rejected.Cells, file.Rejected.Rows, []UploadRejection{}}
	for _, rejected := range file.Rejected.First {
		r.Rejections.First = append(r.Rejections.First, UploadRejection(rejected))
	}
	return r
}
