// Package transcode turns an upload of any format that is read — CSV, TSV, JSON, NDJSON, Parquet, XLSX, each also in
// gzip or zstd — into the one that package ingest reads: a stream of CSV in UTF-8. What the format is, is decided by the
// bytes; what the client says of it must agree. Memory does not depend on the size of the file: CSV and TSV pass through,
// the others go by an unlinked temporary file. It knows neither HTTP nor the database.
//
// The CSV made of the other formats is that of RFC 4180 with commas and a header, every name of it in quotes. A missing
// value and an empty text are both an empty field.
package transcode

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/insightforge/insightforge/api/column"
)

// Format is what a table is written in.
type Format string

// The formats.
const (
	CSV     Format = "csv"
	TSV     Format = "tsv"
	JSON    Format = "json"   // an array of objects, or of arrays of which the first is the header
	NDJSON  Format = "ndjson" // objects, or arrays of which the first is the header, one after the other
	Parquet Format = "parquet"
	XLSX    Format = "xlsx"
)

// Compression is what a file is compressed with.
type Compression string

// The compressions.
const (
	None Compression = "none"
	Gzip Compression = "gzip"
	Zstd Compression = "zstd"
)

// Encoding is how a text is written in bytes.
type Encoding string

// The encodings. That of Parquet and XLSX is UTF-8.
const (
	UTF8        Encoding = "utf-8"
	UTF16LE     Encoding = "utf-16le"
	UTF16BE     Encoding = "utf-16be"
	Windows1252 Encoding = "windows-1252"
)

// Memory is what reading a table takes beside what reads it, in bytes. Files that are refused may take twice as much.
const Memory = 16 << 20

const (
	maxRecord  = 1 << 20
	maxColumns = 1000
	maxName    = 200      // characters
	maxRatio   = 100      // of bytes read to bytes sent
	slack      = 32 << 20 // bytes that may be read whatever the ratio
	maxBytes   = 64 << 30 // read, unless Options say otherwise
)

// Options of [Open]. What is empty is found out.
type Options struct {
	Format      Format
	Compression Compression
	Encoding    Encoding
	Sheet       string // of a workbook; the first visible one if empty
	MediaType   string // as the client says it; one that says nothing of tables is ignored
	FileName    string // as the client says it; only its ending is read
	Dir         string // of temporary files; os.TempDir() if empty
	MaxBytes    int64  // of the file, decompressed, and of the CSV made of it; 64 GiB if 0
}

// Column is what a file itself says of a column.
type Column struct {
	Name  string
	Type  column.Type // empty where the values decide
	Scale int         // of decimals
	Zoned bool        // timestamps are instants, not readings of a clock
}

// Table is a file as a stream of CSV. Read it to io.EOF; only then is it known to be whole. Close it in any case.
type Table struct {
	Format      Format
	Compression Compression
	Encoding    Encoding // final after io.EOF: CSV is UTF-8 until a byte says otherwise
	BOM         bool
	Sheet       string
	Sheets      []string
	Columns     []Column // nil where the format knows no types

	ctx      context.Context
	source   *source
	csv      io.Reader
	warnings func() []Warning
	closers  []io.Closer
}

// Open finds out what r is and makes it CSV. What is wrong with the file comes back as an [*Error], from Open or while
// the table is read; errors of r and of the disk come back wrapped.
func Open(ctx context.Context, r io.Reader, opt Options) (*Table, error) {
	if opt.MaxBytes == 0 {
		opt.MaxBytes = maxBytes
	}
	t := &Table{ctx: ctx, source: newSource(ctx, r), warnings: func() []Warning { return nil }}
	if err := t.open(opt); err != nil {
		return nil, errors.Join(t.wrap(err), t.Close())
	}
	return t, nil
}

// Read reads the CSV.
func (t *Table) Read(b []byte) (int, error) {
	n, err := t.csv.Read(b)
	if err != nil && err != io.EOF {
		err = t.wrap(err)
	}
	return n, err
}

// Close frees what the table holds.
func (t *Table) Close() (err error) {
	for _, c := range t.closers {
		err = errors.Join(err, c.Close())
	}
	t.closers = nil
	return err
}

// SHA256 is the hash of what was sent, and its length. They are known after io.EOF.
func (t *Table) SHA256() (sum [sha256.Size]byte, bytes int64) {
	t.source.hash.Sum(sum[:0])
	return sum, t.source.bytes
}

// Warnings are complete after io.EOF.
func (t *Table) Warnings() []Warning { return t.warnings() }

func (t *Table) wrap(err error) error {
	if isFault(err) {
		return err
	}
	return fmt.Errorf("read an upload: %w", err)
}

func (t *Table) open(opt Options) error {
	claim, err := opt.claim()
	if err != nil {
		return err
	}
	content, head, err := t.decompress(opt)
	if err != nil {
		return err
	}
	if t.Format, err = claim.formatOf(head); err != nil {
		return err
	}
	if err := opt.fit(t.Format); err != nil {
		return err
	}
	switch t.Format {
	case Parquet:
		return t.openParquet(content, opt)
	case XLSX:
		return t.openXLSX(content, opt)
	}
	text, err := t.decode(content, head, opt.Encoding)
	if err != nil {
		return err
	}
	if t.Format == JSON || t.Format == NDJSON {
		return t.openJSON(text, opt)
	}
	t.csv = text
	return nil
}
