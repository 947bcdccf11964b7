package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

const auditName = "audit"

// audit measures an audit of the served database, as its administrator waits for it: the whole process. The bench's own
// tables are findings of it, so that a status of 1 is expected as well as 0.
func (b *bench) audit(ctx context.Context, s *subject) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	var samples []float64
	for range b.samples {
		cmd := exec.CommandContext(ctx, program, "audit", "--output", b.path("audit.txt"))
		cmd.Env = append(os.Environ(), "DATABASE_URL=", "DATA_DIR="+s.dataDir)
		begun := time.Now()
		out, err := cmd.CombinedOutput()
		if findings := (*exec.ExitError)(nil); err != nil && !(errors.As(err, &findings) && findings.ExitCode() == 1) {
			return fmt.Errorf("audit: %w: %s", err, out)
		}
		samples = append(samples, time.Since(begun).Seconds())
	}
	b.add(figure(auditName, median(samples), "s", goal{"≤", 5}, fmt.Sprintf("median of %d, the server running", b.samples)))
	return nil
}
