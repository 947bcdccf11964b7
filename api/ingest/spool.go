// Package ingest turns a CSV stream into typed columns in two passes with bounded memory. [Spool] copies the stream to
// a temporary file while it infers the columns over every row; [File.Chunks] then hands out the columns
// in chunks, as arrays in PostgreSQL's binary format: from the values that were read, which lie in a second file (see
// stash), or where these are not what is stored, from the first file. It knows neither HTTP nor the database.
//
// # Records
//
// The text is UTF-8. The delimiter is the one of , ; TAB | that the first record has and the next have as often; a line
// sep=; before it says so too. Quotes are doubled inside quotes; where that cannot be read, a backslash before them
// escapes them, and in files with tabs they may be text. Lines that begin as those at the top, with # or //, are
// comments; but a line like #chrom,start above chr1,100 is the header. Comments and blank lines are skipped and
// counted. The missing fields of short rows are null; rows with too many, not all empty, are rejected. What is found is
// in [File.Dialect], and can be given in [Options].
//
// The first record names the columns, unless some of its values fit the types of what is below, where these are not
// text, and none does not; but years in turn (1990, 2000), or above other numbers, are names. Without names the columns
// are column_1 and so on. Names are NFC, unique and at most 200 characters.
//
// # Types
//
// The types, narrowest first, of which a column gets the first that every value fits (surrounding spaces aside):
//
//   - boolean: true and false in any case; yes and no, y and n, t and f where both of a pair are there. 0 and 1 are integers
//   - integer: 64 bits, without leading zeros
//   - decimal: digits, a point and digits (.5 also, 5. not), mixed with integers, at most 18 digits in all, exact
//   - float: decimals that need more digits (decimal_as_float), or with an exponent; nothing that overflows
//   - date: one layout for the whole column, see layouts; 01/02/2006 and 01-02-2006 only if some day is past the 12th
//   - timestamp: dates with a time, of 24 or 12 hours, with a zone or without one (UTC), see parseTimestamp; also mixed with dates
//   - text: all else, kept as it is: 007, 1e400, 20060102 (an integer), two-digit years, 2006-01 and Jan 2006 too
//
// Integers of which one has more than 64 bits stay text (integers_too_long): a float would lose digits of what may be an
// identifier. Seconds since 1970 stay integers.
//
// Numbers may have a sign before or after them, or parentheses, which are a minus; thousands grouped as in one of the
// formats of [NumberFormat]; and a currency or %, then the same at every value (else mixed_units, text). 12.5% is stored
// as 12.5 with the unit percent. 1.234 is a decimal unless other values say otherwise. Where a comma can separate
// thousands or begin the fraction in every value (1,234), the other columns decide, since a file has one way to write
// numbers: 2.5 or 1,234,567 among them says thousands, 2,5 or 1.234.567 says the fraction. Where they say nothing and
// commas delimit the fields (of two columns or more), it is thousands (thousands_presumed): programs that write fractions with a comma delimit
// otherwise, by semicolons or tabs, and 1,234 alone is 1234 to nearly everybody; but not where the column has numbers
// such as 21982 too, which would have a comma. Else, and where more values can be thousands than can only be fractions,
// the column stays text (ambiguous_numbers) until the options say which. Numbers that are all in parentheses, or all whole, long and with a plus
// sign, stay text: they are notes and telephone numbers.
//
// An empty field is null. In columns that are not text so are the words of isNull, or of the list that the options give,
// which are then null in columns of text too.
//
// # Types that are given
//
// A column whose type is given is written as most of its values are; where two ways fit as many (01/02/2006) the
// file is refused until the options say which. A decimal has the scale that is given. A boolean can be 0 and 1, a date
// 2006-01 or Jan 2006, its first day. What does not fit is rejected, and so are rows that are too long: see [Rejections].
// [Options.Reject] says whether the file is refused, the cells are null or the rows are skipped. Rows that are skipped
// count for nothing, not for the other columns' types either.
//
// # Files that go on a table
//
// Before [File.Chunks], [File.Reread] reads the spooled file again with other types, and [File.GoOn] tells a column of text of
// a stored dictionary that it goes on. Integers and codes are in the narrowest array that holds those of the whole file; a
// wider one can be asked for in [Column].Payload.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/insightforge/insightforge/api/column"
)

// Memory is what reading a file takes at most, with what waits to be collected, in bytes.
const Memory = 56 << 20

// Column is what the whole file says of a column.
type Column struct {
	column.Column
	Header        string // its name in the file, unique too
	Asked         bool   // the options give its type
	Digits        int    // of integers and decimals: before the point, at most
	NullCount     int64
	NullWords     int64    // of NullCount: words such as NA
	Rejected      int64    // of NullCount: values that do not fit the given type
	DistinctCount int64    // of text with codes, with the words that its dictionary begins with; 0 for others
	WordBytes     int      // of those words, with what each costs in memory
	Format        string   // how numbers, dates and timestamps are written, as an example; empty for plain and ISO ones
	Readings      []string // the formats between which the file does not decide: then the column is text
	Unit          string   // percent, an ISO code of a currency, or its symbol where that is of several countries
	Zones         Zones    // of timestamps
	Semantic      Semantic
}

// File is a CSV file on disk, read once. Close it to free the disk.
type File struct {
	Columns      []Column
	Rows         int64 // without the header
	Warnings     []Warning
	Dialect      Dialect // as given or found
	CommentLines int64   // skipped
	BlankLines   int64   // skipped
	Rejected     Rejections
	ChunkRows    []int // what [File.Chunks] cuts the rows into, all of them; nil: into as many as fit a chunk

	file      *os.File
	opt       Options
	size      int64
	body      int64      // where the first row is
	decided   []*encoder // of the columns whose types are given
	readings  []reading
	assigned  []ColumnOptions // of each column
	stash     *stash          // nil: pass two reads all of the text
	counted   *vocabulary     // the words of every column of text with codes
	continued []continuation  // nil: no dictionary goes on a stored one
}

// Spool copies r, a CSV file, to an unlinked temporary file and infers its columns. What is wrong with the
// file comes back as an [*Error]; errors of r and of the disk come back wrapped.
func Spool(ctx context.Context, r io.Reader, opt Options) (*File, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	file, err := createUnlinked(opt.Dir)
	if err != nil {
		return nil, fmt.Errorf("create the temporary file of an upload: %w", err)
	}
	f := &File{file: file, opt: opt, stash: &stash{dir: opt.Dir}}
	if err := f.spool(ctx, r); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Close frees the file's disk space.
func (f *File) Close() error {
	f.stash.close()
	f.stash = nil
	return f.file.Close()
}

func createUnlinked(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, "ingest-*.csv")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// attempt is a reading of the file with one kind of quotes.
type attempt struct {
	*inference
	*scanner
	quotes Quotes
	err    error
}

func (f *File) spool(ctx context.Context, r io.Reader) error {
	blocks := newPipe()
	first := make(chan attempt, 1)
	go func() { first <- f.inferStream(blocks) }()
	err := f.copy(contextReader{ctx, r}, blocks)
	blocks.end(err)
	result := <-first
	if err != nil && !errors.Is(err, errStopped) {
		return fmt.Errorf("spool a CSV file: %w", err)
	}
	if result.mayBackslash(&f.opt.Dialect) {
		result = f.again(ctx, BackslashQuotes, result)
	}
	if result.mayNotQuote(&f.opt.Dialect) {
		result = f.again(ctx, NoQuotes, result)
	}
	if result.err != nil {
		return result.err
	}
	return f.finish(ctx, result)
}

var errStopped = errors.New("nobody reads on")

// mayBackslash tells whether the file would read differently, and perhaps rightly, if backslashes escaped quotes.
func (a *attempt) mayBackslash(d *Dialect) bool {
	if d.Quotes != "" || a.quotes != DoubledQuotes {
		return false
	}
	return errors.Is(a.err, errBackslash) || a.doubtful && (a.err != nil || a.inference.rejected.Rows > 0)
}

// mayNotQuote tells whether the quotes of the file may be text: files with tabs are often written so.
func (a *attempt) mayNotQuote(d *Dialect) bool {
	var fault *Error
	return d.Quotes == "" && a.quotes != NoQuotes && a.delimiter == '\t' && errors.As(a.err, &fault) &&
		(fault.Code == CodeStrayQuote || fault.Code == CodeUnclosedQuote || fault.Code == CodeRowTooLong)
}

// inferStream infers while the copy goes on. It stops the copy at an error, unless the file is to be read once more.
func (f *File) inferStream(blocks *pipe) attempt {
	a := attempt{quotes: f.opt.Dialect.Quotes}
	if a.quotes == "" {
		a.quotes = DoubledQuotes
	}
	a.scanner = newScanner(blocks, a.quotes)
	a.inference, a.err = infer(a.scanner, &f.opt, nil, f.stash)
	if a.err != nil && (a.mayBackslash(&f.opt.Dialect) || a.mayNotQuote(&f.opt.Dialect)) {
		_, _ = io.Copy(io.Discard, blocks) // fails only as the copy does
	}
	blocks.stop()
	return a
}

// again reads the file with other quotes. If that is no better, the first error is the one to tell; but a backslash
// that must be an escape is none that can be told.
func (f *File) again(ctx context.Context, quotes Quotes, first attempt) attempt {
	a := attempt{quotes: quotes, scanner: newScanner(f.read(ctx, 0), quotes)}
	a.inference, a.err = infer(a.scanner, &f.opt, nil, nil)
	switch {
	case errors.Is(first.err, errBackslash):
	case a.err != nil, first.err == nil && a.inference.rejected.Rows >= first.inference.rejected.Rows:
		return first
	}
	return a
}

// copy reads r and writes it to the file and to parser, one block after the other.
func (f *File) copy(r io.Reader, parser *pipe) error {
	for {
		block, err := parser.empty()
		if err != nil {
			return err
		}
		n, err := readBlock(r, block)
		if _, err := f.file.Write(block[:n]); err != nil {
			return err
		}
		parser.full <- block[:n]
		f.size += int64(n)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (f *File) finish(ctx context.Context, a attempt) error {
	f.Dialect = Dialect{Delimiter: string(a.delimiter), Quotes: a.quotes, Header: a.inference.header.kind, Comment: NoComments}
	if a.comment != nil {
		f.Dialect.Comment = string(a.comment)
	}
	f.CommentLines, f.BlankLines, f.body = a.comments, a.blank, a.inference.header.body()
	return f.conclude(ctx, a.inference)
}

// conclude describes the file as the inference has found it.
func (f *File) conclude(ctx context.Context, result *inference) error {
	decided, misfits, err := result.decide()
	if err == nil && misfits {
		result, err = f.review(ctx, decided)
	}
	if err != nil {
		return err
	}
	f.decided, f.readings = decided, result.close(&f.Dialect)
	if result.stash == nil {
		f.stash.close()
	}
	f.stash, f.counted = result.stash, result.words
	if result.uncounted() {
		if err := result.recount(f.rows(ctx, decided)); err != nil {
			return fmt.Errorf("read a spooled CSV file again: %w", err)
		}
	}
	f.Rows, f.Rejected, f.assigned = result.rows, result.rejected, result.header.columns
	f.Columns, f.Warnings = result.columns(f.readings), result.warnings(f)
	f.continued = nil
	return nil
}

// review reads the file once more, to reject what does not fit the types that are given.
func (f *File) review(ctx context.Context, decided []*encoder) (*inference, error) {
	opt := f.opt
	opt.Dialect.Header = f.Dialect.Header
	return infer(newScanner(f.read(ctx, 0), f.Dialect.Quotes), &opt, decided, nil)
}

// read reads the file from an offset.
func (f *File) read(ctx context.Context, offset int64) io.Reader {
	return contextReader{ctx, io.NewSectionReader(f.file, offset, f.size-offset)}
}

// rows reads the rows of the file that pass one took.
type rows struct {
	*scanner
	strict []*encoder // of the columns with cells that reject a row
}

func (f *File) rows(ctx context.Context, decided []*encoder) *rows {
	r := &rows{scanner: newScanner(f.read(ctx, f.body), f.Dialect.Quotes)}
	r.delimiter, r.fields = f.Dialect.Delimiter[0], r.fields[:len(f.readings)]
	if f.Dialect.Comment != NoComments {
		r.comment = []byte(f.Dialect.Comment)
	}
	if f.opt.Reject == RejectRow {
		r.strict = decided
	}
	return r
}

func (r *rows) next() error {
	for {
		if err := r.scanner.next(); err != nil || r.extra == 0 && (r.strict == nil || r.keeps()) {
			return err
		}
	}
}

func (r *rows) keeps() bool {
	for i, e := range r.strict {
		if e != nil && !e.keeps(r.field(i)) {
			return false
		}
	}
	return true
}

// contextReader stops reading when ctx ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(b []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}
