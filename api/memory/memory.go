// Package memory tells Go's collector how much the server needs at the moment, so that requests are not slowed down by
// collecting a small heap over and over, and yet what an upload or a password hash leaves behind does not add up.
package memory

import (
	"io"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
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

// A file that is small leaves little behind, and to collect that again and again, in the heap that may grow by half only, took a
// quarter of the time of its upload. Where more than a few are read at once it adds up.
const (
	small = 4 << 20
	few   = 3
)

// files are those that are read.
var files atomic.Int32

// File is a file that is read. So many Bytes are reserved for what is made of it, unless it and what is read beside it is little.
type File struct {
	io.Reader
	Bytes int64

	read    int64
	counted bool
	many    bool   // others are read
	release func() // nil: nothing is reserved
}

// Read implements io.Reader.
func (f *File) Read(b []byte) (int, error) {
	if !f.counted {
		f.counted, f.many = true, files.Add(1) > few
	}
	n, err := f.Reader.Read(b)
	if f.read += int64(n); f.release == nil && (f.many || f.read > small) {
		f.release = Reserve(f.Bytes)
	}
	return n, err
}

// Close gives back what is reserved: what was made of the file is gone.
func (f *File) Close() {
	if f.counted {
		files.Add(-1)
	}
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
