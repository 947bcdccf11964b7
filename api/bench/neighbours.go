package bench

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
)

// crowds are how many times as much as the dataset that is queried other organizations have.
var crowds = []int{1, 10, 100}

func besideOthers(times int) string { return fmt.Sprintf("query beside %d times others' data", times) }

func neighbourNames() (names []string) {
	for _, times := range crowds {
		names = append(names, besideOthers(times))
	}
	return names
}

// neighbours compares queries on a server where other organizations have data in the same tables with the same queries on one
// where they have none. Both run all the time, so that what else the machine does slows both.
func (b *bench) neighbours(ctx context.Context, s *subject) error {
	file := b.path("tenth.csv")
	if err := writeRows(file, b.rows/10); err != nil {
		return err
	}
	alone, err := newSubject(ctx, b.path("alone"))
	if err != nil {
		return err
	}
	defer alone.close()
	if err := s.signIn(ctx); err != nil {
		return err
	}
	var datasets [2]string
	for i, side := range []*subject{s, alone} {
		if datasets[i], _, err = side.timedUpload(ctx, file, b.rows/10, ""); err != nil {
			return err
		}
	}
	others := 0
	for _, times := range crowds {
		if !b.wanted(besideOthers(times)) {
			continue
		}
		say("uploading %d rows for others, up to %d times", b.rows/10, times)
		for ; others < times; others++ {
			if err := another(ctx, s.client.addr, file); err != nil {
				return err
			}
		}
		if err := b.beside(ctx, besideOthers(times), [2]*subject{s, alone}, datasets); err != nil {
			return err
		}
	}
	return s.delete(ctx, datasets[0])
}

// another signs an organization up that has the file as a dataset, and waits for its profile, which would be computed beside
// the samples.
func another(ctx context.Context, addr, file string) error {
	other, err := register(ctx, addr)
	if err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	id, _, err := other.upload(ctx, f, "")
	if err != nil {
		return err
	}
	return other.send(ctx, http.MethodGet, other.datasets(id, "profile"), nil, nil)
}

// beside adds the mean of the queries' ratios, crowded by alone.
func (b *bench) beside(ctx context.Context, name string, sides [2]*subject, datasets [2]string) error {
	for _, side := range sides {
		if err := side.signIn(ctx); err != nil {
			return err
		}
		if err := side.settle(ctx); err != nil {
			return err
		}
	}
	var ratios []float64
	for _, c := range comparisons {
		measured, err := b.pairs(ctx, name+", "+c.name, "ms", 4*b.samples+1,
			func() (float64, error) { return sides[0].timedAsk(ctx, datasets[0], c.spec) },
			func() (float64, error) { return sides[1].timedAsk(ctx, datasets[1], c.spec) })
		if err != nil {
			return err
		}
		ratios = append(ratios, measured.ratio())
	}
	note := fmt.Sprintf("mean of %d queries of %d rows, %s–%s", len(ratios), b.rows/10, number(slices.Min(ratios)), number(slices.Max(ratios)))
	b.add(figure(name, geometricMean(ratios), "of the time alone", goal{"≤", 1.1}, note))
	return nil
}
