package postgres

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

// namespaces lets root run postgres as itself under another number: a user namespace in which our uid 0 is an
// ordinary user's.
func namespaces() []account {
	for _, name := range []string{"daemon", "nobody"} { // initdb wants a uid that has a name
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		a := account{name: "user namespace"}
		a.attr.Cloneflags = syscall.CLONE_NEWUSER
		a.attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: 0, Size: 1}}
		a.attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: 0, Size: 1}}
		return []account{a}
	}
	return nil
}

// dieWithThread has the kernel signal the child when the thread that starts it ends, whatever ends it.
func dieWithThread(attr *syscall.SysProcAttr, signal syscall.Signal) { attr.Pdeathsig = signal }

// runsIn says whether a process is a postgres of the cluster in data: every one has it as its working directory.
func runsIn(pid int, data string) bool {
	proc := fmt.Sprintf("/proc/%d/", pid)
	comm, err := os.ReadFile(proc + "comm")
	if err != nil || !strings.HasPrefix(string(comm), "postgres") {
		return false
	}
	cwd, err := os.Stat(proc + "cwd")
	if err != nil {
		return false
	}
	info, err := os.Stat(data)
	return err == nil && os.SameFile(cwd, info)
}

// endOrphans asks what a killed postmaster left running in data to end; transactions in progress are rolled back.
func endOrphans(data string) {
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil && runsIn(pid, data) {
			syscall.Kill(pid, syscall.SIGTERM)
		}
	}
}
