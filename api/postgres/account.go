package postgres

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// account is as whom postgres and initdb run, because they refuse root.
type account struct {
	name     string
	uid, gid int // owner of the cluster's files, as we see them
	attr     syscall.SysProcAttr
}

// chooseAccount picks the account that owns the cluster in data, or for a new one the best that can work in dir.
func chooseAccount(dir, data string, binary install) (account, error) {
	owner, err := ownerOf(data)
	if err != nil {
		return account{}, err
	}
	self := account{name: "this account", uid: os.Geteuid(), gid: os.Getegid()}
	if self.uid != 0 {
		if owner >= 0 && owner != self.uid {
			return account{}, fmt.Errorf("%s belongs to user %d and this is user %d: run as that user or choose another DATA_DIR",
				data, owner, self.uid)
		}
		return self, nil
	}
	choices := rootAccounts()
	slices.SortStableFunc(choices, func(a, b account) int { return preferred(a, owner) - preferred(b, owner) })
	var refusals []string
	for _, a := range choices {
		if err := a.reach(dir, binary); err != nil {
			refusals = append(refusals, fmt.Sprintf("%s: %v", a.name, err))
			continue
		}
		return a, a.adopt(data, owner)
	}
	return account{}, fmt.Errorf("PostgreSQL does not run as root, and in %s it can run as nobody else (%s): run as another "+
		"user, or choose a DATA_DIR that the user postgres can reach", dir, strings.Join(refusals, "; "))
}

// preferred sorts the owner of an existing cluster first.
func preferred(a account, owner int) int {
	if a.uid == owner {
		return 0
	}
	return 1
}

// rootAccounts lists what root can become.
func rootAccounts() []account {
	var choices []account
	if u, err := user.Lookup("postgres"); err == nil {
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		a := account{name: "user postgres", uid: uid, gid: gid}
		a.attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		choices = append(choices, a)
	}
	return append(choices, namespaces()...)
}

// reach tests that the account can work in dir and run the binaries.
func (a account) reach(dir string, binary install) error {
	if err := a.openTo(dir); err != nil {
		return err
	}
	return a.command(context.Background(), dir, "test", "-x", binary.path("postgres")).Run()
}

// openTo lets the account's group pass through a directory that is closed to every group.
func (a account) openTo(dir string) error {
	if a.gid == 0 {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		return err
	}
	if err := os.Chown(dir, -1, a.gid); err != nil {
		return err
	}
	return os.Chmod(dir, info.Mode().Perm()|0o010)
}

// adopt gives a cluster that another account made to this one.
func (a account) adopt(data string, owner int) error {
	if owner < 0 || owner == a.uid {
		return nil
	}
	return filepath.WalkDir(data, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, a.uid, a.gid)
	})
}

// command prepares a child process in a process group of its own, so that a terminal's Ctrl-C reaches only us, and
// with none of our environment's secrets.
func (a account) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	attr := a.attr
	attr.Setpgid = true
	cmd.SysProcAttr = &attr
	cmd.Dir = dir
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC"}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "LOCALE_ARCHIVE"} {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	return cmd
}

// mkdir makes a directory that only the account can enter.
func (a account) mkdir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	return os.Chown(path, a.uid, a.gid)
}

// ownerOf is the user id that owns path, -1 when there is no such path.
func ownerOf(path string) (int, error) {
	info, err := os.Stat(path)
	if os.IsNotExist(err) {
		return -1, nil
	}
	if err != nil {
		return 0, err
	}
	return int(info.Sys().(*syscall.Stat_t).Uid), nil
}
