package api

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatACrashLeftOfUploadsIsRemoved(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	old := now.Add(-2 * time.Hour)
	for name, at := range map[string]time.Time{
		"ingest-1.csv": old, "transcode-2": old, "ingest-3.csv": now, "transcode-4": now,
		"keys.json": old, "ingest.csv": old, "my-ingest-5.csv": old,
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Chtimes(path, at, at))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "transcode-folder"), 0o700))
	require.NoError(t, os.Chtimes(filepath.Join(dir, "transcode-folder"), old, old))
	removed, err := RemoveUploadFiles(dir, now.Add(-time.Hour))
	require.NoError(t, err)
	require.Equal(t, 2, removed)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, file := range left {
		names = append(names, file.Name())
	}
	require.Equal(t, []string{"ingest-3.csv", "ingest.csv", "keys.json", "my-ingest-5.csv", "transcode-4", "transcode-folder"}, names)
}
