package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
)

func (b *bench) memoryName() string { return fmt.Sprintf("server memory, %s upload", size(b.large)) }

func size(bytes int64) string {
	if bytes >= 1<<30 {
		return fmt.Sprintf("%d GB", bytes>>30)
	}
	return fmt.Sprintf("%d MB", bytes>>20)
}

// memory is the peak of a server that signs a person in, whose password takes 46 MiB to check, and then takes a large file
// that is generated while it is sent.
func (b *bench) memory(ctx context.Context, s *subject) error {
	limit := goal{"≤", 64}
	if _, err := s.peakMemory(); errors.Is(err, os.ErrNotExist) {
		b.add(notMeasured(b.memoryName(), "MB", limit, "needs Linux's /proc"))
		return nil
	}
	if err := s.restart(ctx); err != nil {
		return err
	}
	if err := s.signIn(ctx); err != nil {
		return err
	}
	say("uploading %s", size(b.large))
	id, rows, err := s.upload(ctx, csvOfBytes(b.large), "")
	if err != nil {
		return err
	}
	peak, err := s.peakMemory()
	if err != nil {
		return err
	}
	b.add(figure(b.memoryName(), float64(peak)/(1<<20), "MB", limit, fmt.Sprintf("VmHWM of the server's process, RssAnon of those that hash passwords, %d rows", rows)))
	return s.delete(ctx, id)
}
