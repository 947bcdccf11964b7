package api

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// deadlines keeps the last one.
type deadlines struct{ last time.Time }

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.last = t
	return nil
}

func TestAnUploadThatTricklesEnds(t *testing.T) {
	t.Parallel()
	for _, upload := range []struct {
		seconds, bytes int64
		ended          bool
	}{
		{0, 0, false}, {29, 0, false}, {31, 1000, true},
		{3600, 3600 << 10, false}, {3600, 3500 << 10, true},
	} {
		var d deadlines
		r := &patientReader{body: strings.NewReader("x"), connection: &d, begun: time.Now().Add(-time.Duration(upload.seconds) * time.Second), bytes: upload.bytes}
		_, err := r.Read(make([]byte, 1))
		require.NoError(t, err)
		require.Equal(t, upload.ended, d.last.Before(time.Now()), "%+v", upload)
		require.WithinRange(t, d.last, time.Time{}, time.Now().Add(readPause), "silence ends it too")
	}
}

func TestABodyThatHasEndedHasNoDeadline(t *testing.T) {
	t.Parallel()
	var d deadlines
	r := &patientReader{body: strings.NewReader("x"), connection: &d, begun: time.Now()}
	_, err := io.ReadAll(r)
	require.NoError(t, err)
	d.last = time.Time{}
	_, err = r.Read(make([]byte, 1))
	require.Equal(t, io.EOF, err)
	r.giveUp()
	require.Zero(t, d.last, "the server reads on, and the connection is for the next request")
}

func TestABodyThatIsGivenUpIsNotReadOn(t *testing.T) {
	t.Parallel()
	d := deadlines{}
	r := &patientReader{body: strings.NewReader("x"), connection: &d, begun: time.Now()}
	r.giveUp()
	require.WithinRange(t, d.last, time.Now().Add(-time.Minute), time.Now(), "the read under way ends")
	_, err := r.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.WithinRange(t, d.last, time.Now().Add(-time.Minute), time.Now())
}
