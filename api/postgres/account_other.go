//go:build !linux

package postgres

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// namespaces exist on Linux only.
func namespaces() []account { return nil }

// dieWithThread needs Linux; elsewhere the next Start stops what a killed process left behind.
func dieWithThread(*syscall.SysProcAttr, syscall.Signal) {}

// runsIn says whether a process is the postmaster of the cluster in data, which its command line names.
func runsIn(pid int, data string) bool {
	out, err := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), "postgres -D "+data+" ")
}

// endOrphans needs Linux; elsewhere orphans end by themselves.
func endOrphans(string) {}
