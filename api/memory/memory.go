// Package memory tells Go's collector how much the server needs at the moment, so that requests are not slowed down by
// collecting a small heap over and over, and yet what an upload or a password hash leaves behind does not add up.
package memory

import (
	"io"
	"os"
	"runtime/debug"
	"sync"
)

// The heap may grow to five times what lives, as long as everything together stays under idle plus what is reserved.
// While something is reserved, more lives, and it may grow by half.
const (
	growth         = 400
	growthReserved = 50
	idle           = 40 << 20
)

var (
	mu       sync.Mutex
	reserved int64
	managed  bool
)

// Manage begins to set the collector's limits, unless GOGC or GOMEMLIMIT do.
func Manage() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	mu.Lock()
	defer mu.Unlock()
	managed = true
	set()
}

// Reserve raises the limit by so many bytes until release is called: with a fixed limit, several uploads at once would
// live above it, and collect without end.
func Reserve(bytes int64) (release func()) {
	add(bytes)
	return func() { add(-bytes) }
}

// small is how much of a file is read before anything is reserved for it: it leaves little behind, and to collect that again and
// again, in the heap that may grow by half only, took a quarter of the time of its upload.
const small = 4 << 20

// File is a file that is read, for which memory is reserved once it is not small.
type File struct {
	r       io.Reader
	bytes   int64
	read    int64
	release func() // nil: nothing is reserved
}

// ForFile has r reserve so many bytes. Close it when what was made of the file is gone.
func ForFile(r io.Reader, bytes int64) *File { return &File{r: r, bytes: bytes} }

// Read implements io.Reader.
func (f *File) Read(b []byte) (int, error) {
	n, err := f.r.Read(b)
	if f.read += int64(n); f.read > small && f.release == nil {
		f.release = Reserve(f.bytes)
	}
	return n, err
}

// Close gives back what is reserved.
func (f *File) Close() {
	if f.release != nil {
		f.release()
	}
}

func add(bytes int64) {
	mu.Lock()
	defer mu.Unlock()
	reserved += bytes
	if managed {
		set()
	}
}

func set() {
	percent := growth
	if reserved > 0 {
		percent = growthReserved
	}
	debug.SetGCPercent(percent)
	debug.SetMemoryLimit(idle + reserved)
}
