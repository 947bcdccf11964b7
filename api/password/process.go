package password

import (
	"encoding/gob"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"
)

// process is this program once more, with nothing to do but hash, and with a lower priority. Go's scheduler knows no
// priorities: on two cores, two hashes in the server's own process made reads take 40 times as long (p99), as they had to
// wait until one gave way. A thread of a lower priority is not enough: argon2 hashes in goroutines of its own.
type process struct {
	cmd      *exec.Cmd
	requests *gob.Encoder
	keys     *gob.Decoder
}

type request struct{ Password, Salt []byte }

// derive has p, which is started if it is nil, derive a key, and returns the process for the next one.
func (p *process) derive(password string, salt []byte) (_ *process, key []byte, err error) {
	if p == nil {
		if p, err = startProcess(); err != nil {
			return nil, nil, err
		}
	}
	if err := p.requests.Encode(request{[]byte(password), salt}); err != nil {
		return nil, nil, err
	}
	if err := p.keys.Decode(&key); err != nil {
		return nil, nil, err
	}
	return p, key, nil
}

// inProcess in the environment makes this program such a process; its value is the niceness.
const inProcess = "INSIGHTFORGE_HASH_PASSWORDS"

var niceness = 0

// GiveWay has what is hashed from now on take a tenth of the processor's time that others get, for a server whose other
// requests are not to wait. With the lowest priority, 19, logins stood still on a busy machine. Call it before the first.
func GiveWay() { niceness = 10 }

func startProcess() (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program)
	cmd.Args = []string{"insightforge: passwords"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Env = []string{inProcess + "=" + strconv.Itoa(niceness), "GOMAXPROCS=1"}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = cmd.Wait() }() // whenever it ends: derive finds out by itself
	return &process{cmd, gob.NewEncoder(in), gob.NewDecoder(out)}, nil
}

// Before main, whichever program this is part of: the server, or a test. It ends when the server closes the pipe, or does.
func init() {
	nice := os.Getenv(inProcess)
	if nice == "" {
		return
	}
	niceness, _ = strconv.Atoi(nice)
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, niceness)
	_ = os.WriteFile("/proc/self/autogroup", []byte(nice), 0) // Linux shares time among sessions first
	requests, keys := gob.NewDecoder(os.Stdin), gob.NewEncoder(os.Stdout)
	idle := time.AfterFunc(time.Hour, debug.FreeOSMemory)
	for {
		var r request
		if requests.Decode(&r) != nil || keys.Encode(argon(string(r.Password), r.Salt)) != nil {
			os.Exit(0)
		}
		runtime.GC()            // the next hash takes this one's memory, not as much again
		idle.Reset(time.Second) // returns it to the system; not after each hash, which would have to ask for it anew
	}
}
