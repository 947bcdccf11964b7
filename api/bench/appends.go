package bench

import (
	"context"
	"fmt"
	"net/http"
	"os"
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
	measured, err := b.pairs(ctx, appendRows, "s", b.samples,
		func() (float64, error) { return s.timedVersion(ctx, id, "append", part) },
		func() (float64, error) { return s.timedVersion(ctx, id, "replace", file) })
	if err != nil {
		return err
	}
	b.add(figure(appendRows, measured.ratio(), "of a replace", goal{"≤", 0.03}, measured.note("s")))
	return s.delete(ctx, id)
}

// timedVersion sends a file for a dataset and returns the seconds that it took.
func (s *subject) timedVersion(ctx context.Context, id, mode, file string) (float64, error) {
	if err := s.do(ctx, http.MethodGet, s.datasets(id)+"/profile", "", nil, nil); err != nil { // else it is computed beside
		return 0, err
	}
	if err := s.settle(ctx); err != nil {
		return 0, err
	}
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	begun := time.Now()
	err = s.do(ctx, http.MethodPost, s.datasets(id)+"/versions?mode="+mode, "text/csv", f, nil)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", mode, err)
	}
	return time.Since(begun).Seconds(), nil
}
