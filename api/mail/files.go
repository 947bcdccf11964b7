package mail

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Files is where mail goes while there is no SMTP server: into a directory, for programs of this machine, and to Log, for who
// looks at it. It is for development: whoever reads either can prove any address.
type Files struct {
	Dir string
	Log io.Writer
}

// Send writes <time>-<address>.txt. Such a name appears only when the file is whole.
func (f Files) Send(_ context.Context, m Message) error {
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return err
	}
	text := m.readable()
	_, _ = io.WriteString(f.Log, "---- mail, which is not sent: there is no SMTP_URL ----\n"+text+"----\n")
	file, err := os.CreateTemp(f.Dir, ".mail-") // mode 0600
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(f.Dir, time.Now().UTC().Format("20060102T150405.000000000Z")+"-"+FileName(m.To)+".txt"))
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

// FileName is an address as a part of a file's name.
func FileName(address string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("@.+-_", r) {
			return r
		}
		return '_'
	}, address)
	return name[:min(len(name), 200)]
}
