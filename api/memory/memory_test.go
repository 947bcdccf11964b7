package memory

import (
	"io"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheLimitFollowsWhatIsReserved(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	early := Reserve(1 << 20)
	Manage()
	require.EqualValues(t, idle+1<<20, debug.SetMemoryLimit(-1))
	late := Reserve(2 << 20)
	early()
	require.EqualValues(t, idle+2<<20, debug.SetMemoryLimit(-1))
	late()
	require.EqualValues(t, idle, debug.SetMemoryLimit(-1))
}

func TestTheHeapGrowsLessWhileSomethingIsReserved(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	Manage()
	release := Reserve(1)
	require.Equal(t, growthReserved, debug.SetGCPercent(growth))
	release()
	require.Equal(t, growth, debug.SetGCPercent(growth))
}

func TestASmallFileReservesNothing(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	Manage()
	for size, reserved := range map[int64]int64{small: 0, small + 1: 7 << 20} {
		file := &File{Reader: io.LimitReader(zeros{}, size), Bytes: 7 << 20}
		n, err := io.Copy(io.Discard, file)
		require.NoError(t, err)
		require.Equal(t, size, n)
		require.EqualValues(t, idle+reserved, debug.SetMemoryLimit(-1))
		file.Close()
		require.EqualValues(t, idle, debug.SetMemoryLimit(-1))
	}
}

func TestManySmallFilesReserve(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	Manage()
	var open []*File
	for range few + 2 {
		file := &File{Reader: io.LimitReader(zeros{}, 1), Bytes: 7 << 20}
		_, err := io.Copy(io.Discard, file)
		require.NoError(t, err)
		open = append(open, file)
	}
	require.EqualValues(t, idle+2*7<<20, debug.SetMemoryLimit(-1))
	for _, file := range open {
		file.Close()
	}
	require.EqualValues(t, idle, debug.SetMemoryLimit(-1))
	require.Zero(t, files.Load())
	(&File{}).Close() // which was not read
	require.Zero(t, files.Load())
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

func TestTheEnvironmentHasItsWay(t *testing.T) {
	managed = false
	debug.SetMemoryLimit(123 << 20)
	t.Setenv("GOMEMLIMIT", "123MiB")
	Manage()
	Reserve(1 << 20)()
	require.EqualValues(t, 123<<20, debug.SetMemoryLimit(-1))
}
