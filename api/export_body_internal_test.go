package api

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// deadlined remembers the deadline of the last write.
type deadlined struct {
	*httptest.ResponseRecorder
	deadline time.Time
}

func (d *deadlined) SetWriteDeadline(t time.Time) error {
	d.deadline = t
	return nil
}

// TestAReaderHasAsLongAsItReads: what it has waited for the database does not count.
func TestAReaderHasAsLongAsItReads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		bytes  int64
		waited time.Duration
		left   time.Duration
	}{
		{0, 0, 30 * time.Second},
		{0, 20 * time.Second, 10 * time.Second},
		{0, time.Minute, -30 * time.Second},
		{256 << 20, time.Minute, 30*time.Second + 1024*time.Second - time.Minute},
		{1 << 50, 0, 30*time.Second + time.Duration(1<<32)*time.Second},
	} {
		w := &deadlined{ResponseRecorder: httptest.NewRecorder()}
		p := newPatientWriter(w, exportRate)
		p.bytes, p.waited = c.bytes, c.waited
		_, err := p.Write([]byte("x"))
		require.NoError(t, err)
		require.WithinDuration(t, time.Now().Add(c.left), w.deadline, 5*time.Second)
		require.Equal(t, c.bytes+1, p.bytes)
	}
}
