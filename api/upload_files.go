package api

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// uploadFiles are the names of the temporary files of uploads, which have them only for the moment until they are unlinked.
var uploadFiles = []string{"ingest-*.csv", "transcode-*"}

// RemoveUploadFiles removes the temporary files that a crash in that moment has left in dir: those last written before a time, since
// another server may be just there. It returns how many they were.
func RemoveUploadFiles(dir string, before time.Time) (removed int, err error) {
	for _, pattern := range uploadFiles {
		names, _ := filepath.Glob(filepath.Join(dir, pattern)) // the patterns are well-formed
		for _, name := range names {
			if info, statErr := os.Lstat(name); statErr != nil || !info.Mode().IsRegular() || !info.ModTime().Before(before) {
				continue
			}
			switch removeErr := os.Remove(name); {
			case removeErr == nil:
				removed++
			case !errors.Is(removeErr, fs.ErrNotExist):
				err = errors.Join(err, removeErr)
			}
		}
	}
	return removed, err
}
