package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

const appendRows = "append of 1 %"

// appends compares the append of a hundredth of a dataset's rows with sending all of them anew: its cost is of what is new.
func (b *bench) appends(ctx context.Context, s *subject) error {
	file, err := b.file()
	if err != nil {
		return err
	}
	part := b.path("part.csv")
	if err := writeRows(part, b.rows/100); err != nil {
		return err
	}
	if err := s.signIn(ctx); err != nil {
		return err
	}
	id, _, err := s.timedUpload(ctx, file, b.rows, "")
	if err != nil {
		return err
	}
	other, _, err := s.upload(ctx, strings.NewReader("word\na\n"), "")
	if err != nil {
		return err
	}
	measured, err := b.pairs(ctx, appendRows, "s", b.samples,
		func() (float64, error) { return s.timedVersion(ctx, id, other, "append", part) },
		func() (float64, error) { return s.timedVersion(ctx, id, other, "replace", file) })
	if err != nil {
		return err
	}
	b.add(figure(appendRows, measured.ratio(), "of a replace", goal{"≤", 0.03}, measured.note("s")))
	return errors.Join(s.delete(ctx, id), s.delete(ctx, other))
}

// timedVersion sends a file for a dataset and returns the seconds that it took. Another, small dataset is changed before.
func (s *subject) timedVersion(ctx context.Context, id, other, mode, file string) (float64, error) {
	if err := s.profiled(ctx, id); err != nil {
		return 0, err
	}
	if err := s.settle(ctx); err != nil {
		return 0, err
	}
	// The vacuum has taken away the plans of all statements, in each connection, and the checkpoint has the next change of a page log
	// all of it: what a running server rarely meets.
	for range 3 {
		if err := s.newVersion(ctx, other, mode, strings.NewReader("word\na\n")); err != nil {
			return 0, err
		}
		if err := s.profiled(ctx, other); err != nil {
			return 0, err
		}
	}
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	begun := time.Now()
	err = s.newVersion(ctx, id, mode, f)
	return time.Since(begun).Seconds(), err
}

// profiled waits for a dataset's profile, which is computed in the background else.
func (s *subject) profiled(ctx context.Context, id string) error {
	return s.do(ctx, http.MethodGet, s.datasets(id)+"/profile", "", nil, nil)
}

func (s *subject) newVersion(ctx context.Context, id, mode string, file io.Reader) error {
	if err := s.do(ctx, http.MethodPost, s.datasets(id)+"/versions?mode="+mode, "text/csv", file, nil); err != nil {
		return fmt.Errorf("%s: %w", mode, err)
	}
	return nil
}
