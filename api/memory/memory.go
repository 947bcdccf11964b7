// Package memory tells Go's collector how much the server needs at the moment, so that requests are not slowed down by
// collecting a small heap over and over, and yet what an upload or a password hash leaves behind does not add up.
package memory

import (
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
