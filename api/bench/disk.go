package bench

import (
	"context"
	"fmt"
)

const diskName = "disk"

// disk compares what a dataset takes on disk, its dictionaries and the indexes of both included, with the typed table.
func (b *bench) disk(ctx context.Context, s *subject) error {
	file, err := b.file()
	if err != nil {
		return err
	}
	if err := s.signIn(ctx); err != nil {
		return err
	}
	// Room that deleted datasets left would be used again, and what is stored there not be seen.
	if _, err := s.admin.Exec(ctx, "vacuum full app.dataset_chunks, app.dataset_words"); err != nil {
		return err
	}
	before, err := s.stored(ctx)
	if err != nil {
		return err
	}
	id, _, err := s.timedUpload(ctx, file, b.rows, "")
	if err != nil {
		return err
	}
	after, err := s.stored(ctx)
	if err != nil {
		return err
	}
	if _, err := s.timedCopy(ctx, file); err != nil {
		return err
	}
	var table int64
	if err := s.admin.QueryRow(ctx, "select pg_total_relation_size('bench.rows')").Scan(&table); err != nil {
		return err
	}
	note := fmt.Sprintf("%s : %s MB, without an index of the table", number(float64(after-before)/(1<<20)), number(float64(table)/(1<<20)))
	b.add(figure(diskName, float64(after-before)/float64(table), "of the table", goal{"≤", 0.26}, note))
	if _, err := s.admin.Exec(ctx, "drop table bench.rows"); err != nil {
		return err
	}
	return s.delete(ctx, id)
}

// stored is what the datasets of everybody take on disk, in bytes.
func (s *subject) stored(ctx context.Context) (bytes int64, err error) {
	err = s.admin.QueryRow(ctx, "select (pg_total_relation_size('app.dataset_chunks') + pg_total_relation_size('app.dataset_words'))::bigint").Scan(&bytes)
	return bytes, err
}
