package postgres

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

const (
	port          = "5432" // only a part of the socket's name
	maxLog        = 10 << 20
	maxSocketPath = 103 // macOS; 107 on Linux
)

// initialize makes the cluster unless there is one. It is built under another name and renamed when whole, so that an
// interrupted initdb is never taken for a cluster.
func (s *Server) initialize(ctx context.Context) (bool, error) {
	if _, err := os.Stat(s.data); !os.IsNotExist(err) {
		return false, err
	}
	building := s.data + ".new"
	if err := os.RemoveAll(building); err != nil {
		return false, err
	}
	if err := s.account.mkdir(building); err != nil {
		return false, err
	}
	output, err := s.initdb(ctx, building, "C.UTF-8")
	if err != nil && strings.Contains(output, "invalid locale name") {
		output, err = s.initdb(ctx, building, "C") // older macOS has no C.UTF-8
	}
	if err != nil {
		return false, fmt.Errorf("initdb in %s: %w: %s", building, err, output)
	}
	if err := s.compressWAL(ctx, building); err != nil {
		return false, err
	}
	if err := os.Rename(building, s.data); err != nil {
		return false, err
	}
	return true, syncPath(s.dir)
}

func (s *Server) initdb(ctx context.Context, data, locale string) (output string, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	args := []string{"-D", data, "-E", "UTF8", "--locale=" + locale, "-A", "trust", "-U", "postgres", "--no-instructions"}
	if s.options.Throwaway {
		args = append(args, "--no-sync")
	}
	cmd := s.account.command(ctx, s.dir, s.binary.path("initdb"), args...)
	dieWithThread(cmd.SysProcAttr, syscall.SIGTERM)
	out, err := cmd.CombinedOutput()
	return string(bytes.TrimSpace(out)), err
}

// compressWAL writes lz4 into the cluster's settings when the binaries were built with it, which they tell by
// accepting the setting.
func (s *Server) compressWAL(ctx context.Context, data string) error {
	const setting = "wal_compression=lz4"
	probe := s.account.command(ctx, s.dir, s.binary.path("postgres"), "-C", "wal_compression", "-c", setting, "-D", data)
	if probe.Run() != nil {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteString(setting + "\n"); err != nil {
		return err
	}
	return f.Sync()
}

// settings go on the command line, so that a new release of ours changes them in old clusters too.
func (s *Server) settings() []string {
	settings := []string{
		"listen_addresses=",
		"unix_socket_directories=" + s.socket,
		"port=" + port,
		"shared_buffers=128MB",
		"max_connections=100",
		"max_wal_size=2GB",
		"logging_collector=off",
		"log_error_verbosity=terse", // DETAIL and CONTEXT hold tenants' values
		"log_min_messages=log",      // not every refused request: the API says and logs those
	}
	if s.options.Throwaway {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off",
			"wal_level=minimal", "max_wal_senders=0", "max_wal_size=128MB")
	}
	return settings
}

// makeSocketDir makes dir/socket anew, or a directory with a short name when that path is too long for a socket.
func (s *Server) makeSocketDir() (string, error) {
	path := filepath.Join(s.dir, "socket")
	if err := os.RemoveAll(path); err != nil {
		return "", err
	}
	if len(path)+len("/.s.PGSQL."+port) <= maxSocketPath {
		return path, s.account.mkdir(path)
	}
	path, err := os.MkdirTemp("", "insightforge-")
	if err != nil {
		return "", err
	}
	return path, os.Chown(path, s.account.uid, s.account.gid)
}

// openLog opens postgres's log for appending, and empties it first when it has grown too long.
func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Truncate(path, 0); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
