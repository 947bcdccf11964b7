package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

const (
	ingestGiven    = "ingest, types given"
	ingestInferred = "ingest, types inferred"
)

// ingest compares an upload with psql's \copy of the same file into a table whose types are known.
func (b *bench) ingest(ctx context.Context, s *subject) error {
	if b.wanted(ingestGiven) {
		if err := b.ingestAs(ctx, s, ingestGiven, columnTypes, goal{"≥", 2}); err != nil {
			return err
		}
	}
	if b.wanted(ingestInferred) {
		return b.ingestAs(ctx, s, ingestInferred, "", goal{"≥", 1.5})
	}
	return nil
}

func (b *bench) ingestAs(ctx context.Context, s *subject, name, columns string, least goal) error {
	file, err := b.file()
	if err != nil {
		return err
	}
	if err := s.signIn(ctx); err != nil {
		return err
	}
	measured, err := b.pairs(ctx, name, "rows/s", b.samples,
		func() (float64, error) {
			id, took, err := s.timedUpload(ctx, file, b.rows, columns)
			if err != nil {
				return 0, err
			}
			return float64(b.rows) / took.Seconds(), s.delete(ctx, id)
		},
		func() (float64, error) {
			took, err := s.timedCopy(ctx, file)
			if err != nil {
				return 0, err
			}
			_, err = s.admin.Exec(ctx, "drop table bench.rows")
			return float64(b.rows) / took.Seconds(), err
		})
	if err != nil {
		return err
	}
	b.add(figure(name, measured.ratio(), `of \copy`, least, measured.note("rows/s")))
	return nil
}

// file is the CSV file of b.rows rows, written on first use.
func (b *bench) file() (path string, err error) {
	path = b.path("rows.csv")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	say("generating %d rows of 12 columns", b.rows)
	return path, writeRows(path, b.rows)
}

// writeRows writes a CSV file.
func writeRows(path string, rows int) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err = io.Copy(f, csvOfRows(rows)); err != nil {
		return err
	}
	return f.Sync() // not while a sample is taken
}

// timedUpload makes a dataset of the file. The caller deletes it.
func (s *subject) timedUpload(ctx context.Context, file string, rows int, columns string) (id string, took time.Duration, err error) {
	if err := s.settle(ctx); err != nil {
		return "", 0, err
	}
	f, err := os.Open(file)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	begun := time.Now()
	id, stored, err := s.upload(ctx, f, columns)
	took = time.Since(begun)
	if err == nil && stored != int64(rows) {
		err = fmt.Errorf("%d rows of %d were stored", stored, rows)
	}
	return id, took, err
}

// timedCopy makes the table bench.rows of the file. The caller drops it.
func (s *subject) timedCopy(ctx context.Context, file string) (time.Duration, error) {
	if _, err := s.admin.Exec(ctx, typedTable); err != nil {
		return 0, err
	}
	if err := s.settle(ctx); err != nil {
		return 0, err
	}
	begun := time.Now()
	_, err := s.tool(ctx, "postgres", "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1",
		"-c", `\copy bench.rows from '`+file+`' with (format csv, header)`)
	return time.Since(begun), err
}
