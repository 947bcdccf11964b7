package bench

import (
	"context"
	"fmt"
	"time"
)

const deleteDataset = "delete"

// deletes measures how long it takes to delete a dataset: its chunks, and what is stored of them out of line, go in the same
// transaction.
func (b *bench) deletes(ctx context.Context, s *subject) error {
	file, err := b.file()
	if err != nil {
		return err
	}
	if err := s.signIn(ctx); err != nil {
		return err
	}
	var samples []float64
	for range b.samples {
		id, _, err := s.timedUpload(ctx, file, b.rows, "")
		if err != nil {
			return err
		}
		if err := s.settle(ctx); err != nil {
			return err
		}
		begun := time.Now()
		if err := s.delete(ctx, id); err != nil {
			return err
		}
		samples = append(samples, milliseconds(time.Since(begun)))
		say("%s: %s ms", deleteDataset, number(samples[len(samples)-1]))
	}
	b.add(figure(deleteDataset, median(samples), "ms", goal{"≤", 100}, fmt.Sprintf("a dataset of %d rows of 12 columns, median of %d", b.rows, b.samples)))
	return nil
}
