package bench

import (
	"context"
	"fmt"
	"os"
)

// starts measures the first start, in a directory that is not there yet, and a later one in the same directory.
func (b *bench) starts(ctx context.Context) error {
	var first, later []float64
	for i := range b.samples {
		dir := b.path(fmt.Sprintf("start-%d", i))
		for _, samples := range []*[]float64{&first, &later} {
			s, err := start(ctx, dir)
			if err != nil {
				return err
			}
			*samples = append(*samples, s.started.Seconds())
			if err := s.stop(); err != nil {
				return err
			}
		}
		say("start %d of %d: first %.2f s, later %.2f s", i+1, b.samples, first[i], later[i])
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	note := fmt.Sprintf("median of %d", b.samples)
	b.add(figure("first start", median(first), "s", goal{"≤", 2}, note))
	b.add(figure("later start", median(later), "s", goal{"≤", 0.3}, note))
	return nil
}
