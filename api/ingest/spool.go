// Package ingest turns a CSV stream into typed columns in two passes with bounded memory. [Spool] copies the stream to
// a temporary file while it infers the columns over every row; [File.Chunks] then reads that file and hands out the
// columns in chunks, as arrays in PostgreSQL's binary format. It knows neither HTTP nor the database.
//
// The types, narrowest first, of which a column gets the first that every value fits (surrounding spaces aside):
//
//   - boolean: true or false in any case
//   - integer: 64 bits, without plus sign or leading zeros
//   - decimal: digits, a point and digits (.5 also, 5. not), mixed with integers, at most 18 digits in all
//   - float: decimals that need more digits, or with an exponent; nothing that overflows
//   - date: one layout for the whole column, see layouts; 01/02/2006 only if some day is past the 12th
//   - timestamp: ISO dates with a time, see parseTimestamp; also mixed with ISO dates
//   - text: all else, kept as it is
//
// An empty field is null. In columns that are not text so are the words of isNull.
package ingest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/insightforge/insightforge/api/column"
)

// Memory is what reading a file takes at most, with what waits to be collected, in bytes.
const Memory = 56 << 20

// Options of [Spool].
type Options struct {
	Dir string // of the temporary file; os.TempDir() if empty
}

// Column is what the whole file says of a column.
type Column struct {
	column.Column
	NullCount     int64
	DistinctCount int64 // of text with codes; 0 for others
}

// File is a CSV file on disk, read once. Close it to free the disk.
type File struct {
	Columns  []Column
	Rows     int64 // without the header
	Bytes    int64
	SHA256   [sha256.Size]byte
	Warnings []Warning

	file     *os.File
	escapes  bool
	profiles []profile
	words    []*dictionary
}

// Spool copies r, a CSV file, to an unlinked temporary file, hashes it and infers its columns. What is wrong with the
// file comes back as an [*Error]; errors of r and of the disk come back wrapped.
func Spool(ctx context.Context, r io.Reader, opt Options) (*File, error) {
	file, err := createUnlinked(opt.Dir)
	if err != nil {
		return nil, fmt.Errorf("create the temporary file of an upload: %w", err)
	}
	f := &File{file: file}
	if err := f.spool(ctx, r); err != nil {
		file.Close()
		return nil, err
	}
	return f, nil
}

// Close frees the file's disk space.
func (f *File) Close() error { return f.file.Close() }

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

type inferred struct {
	*inference
	err error
}

func (f *File) spool(ctx context.Context, r io.Reader) error {
	pipe, copied := io.Pipe()
	first := make(chan inferred, 1)
	go func() { first <- inferStream(pipe) }()
	err := f.copy(contextReader{ctx, r}, copied)
	copied.CloseWithError(err)
	result := <-first
	if err != nil && !errors.Is(err, errStopped) {
		return fmt.Errorf("spool a CSV file: %w", err)
	}
	if needsEscapes(result.err) {
		result = f.inferEscaped(ctx, result.err)
	}
	if result.err != nil {
		return result.err
	}
	return f.finish(ctx, result.inference)
}

var errStopped = errors.New("nobody reads on")

// doubtful wraps an error in a file that would read differently if backslashes escaped quotes.
type doubtful struct{ error }

func (d doubtful) Unwrap() error { return d.error }

func needsEscapes(err error) bool {
	return errors.Is(err, errBackslash) || errors.As(err, &doubtful{})
}

// inferStream infers while the copy goes on. It stops the copy at an error, unless the file is to be read once more.
func inferStream(pipe *io.PipeReader) inferred {
	s := newScanner(pipe, false)
	f, err := infer(s)
	if err != nil && s.doubtful {
		err = doubtful{err}
	}
	if needsEscapes(err) {
		_, _ = io.Copy(io.Discard, pipe) // fails only as the copy does
	}
	pipe.CloseWithError(errStopped)
	return inferred{f, err}
}

// inferEscaped reads the file again with backslashes as escapes. If that fails too, and nothing but doubt led to it,
// the first error is the one to tell.
func (f *File) inferEscaped(ctx context.Context, first error) inferred {
	f.escapes = true
	again, err := infer(f.scanner(ctx))
	if err != nil && !errors.Is(first, errBackslash) {
		err = errors.Unwrap(first)
	}
	return inferred{again, err}
}

// copy hashes r and writes it to the file and to parser, one block after the other.
func (f *File) copy(r io.Reader, parser io.Writer) error {
	hash := sha256.New()
	w := io.MultiWriter(hash, f.file, parser)
	block := make([]byte, blockSize)
	for {
		n, err := readBlock(r, block)
		if _, err := w.Write(block[:n]); err != nil {
			return err
		}
		f.Bytes += int64(n)
		if err == io.EOF {
			hash.Sum(f.SHA256[:0])
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (f *File) finish(ctx context.Context, result *inference) error {
	if result.uncounted() {
		if err := result.recount(f.scanner(ctx)); err != nil {
			return fmt.Errorf("read a spooled CSV file again: %w", err)
		}
	}
	f.Rows, f.Columns, f.Warnings = result.rows, result.columns(), result.warnings()
	f.profiles = result.profiles
	return nil
}

// scanner reads the file from its beginning.
func (f *File) scanner(ctx context.Context) *scanner {
	return newScanner(contextReader{ctx, io.NewSectionReader(f.file, 0, f.Bytes)}, f.escapes)
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
