package api

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestASourceIsCutIntoPieces(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, pieceSize - 1, pieceSize, pieceSize + 1, 2*pieceSize + pieceSize/2} {
		text := bytes.Repeat([]byte("0123456"), size/7+1)[:size]
		path := filepath.Join(t.TempDir(), "source")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		file, err := os.Open(path)
		require.NoError(t, err)
		t.Cleanup(func() { file.Close() })
		var all []byte
		require.NoError(t, source{file: file}.pieces(func(no int, piece []byte) error {
			require.Equal(t, len(all), no*pieceSize)
			all = append(all, piece...)
			return nil
		}))
		require.True(t, bytes.Equal(text, all))
	}
}

func TestAFileNameIsNoPath(t *testing.T) {
	t.Parallel()
	for path, name := range map[string]string{
		"a.csv": "a.csv", "/etc/passwd": "passwd", `C:\x\a.csv`: "a.csv", "..": "", "": "", "a\r\nb\x00.csv": "ab.csv", "\xff.csv": "csv", "a/": "",
		strings.Repeat("ü", 400): strings.Repeat("ü", 300), ".hidden": "hidden", "für.csv": "für.csv",
	} {
		require.Equal(t, name, lastName(path), path)
	}
}
