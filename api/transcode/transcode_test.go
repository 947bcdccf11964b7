package transcode

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
)

// samples are a small file of each kind.
func samples(t testing.TB) map[string]string {
	return map[string]string{
		"CSV":          "a,b\n1,2\n",
		"Windows-1252": "a\n\xe4\n",
		"UTF-16":       "\xff\xfea\x00\n\x001\x00",
		"gzip":         gzipped("a,b\n1,2\n"),
		"zstd":         zstded("a,b\n1,2\n"),
		"JSON":         `[{"a":1},{"a":2}]`,
		"Parquet":      parquetOf(t, someSales(3), parquet.Compression(&parquet.Zstd)),
		"XLSX":         zipped(sheetOf(`<row><c t="s"><v>0</v></c></row>`), "xl/t.xml", `<sst><si><t>x</t></si></sst>`),
	}
}

func TestNoFileIsLeftBehind(t *testing.T) {
	t.Parallel()
	for name, content := range samples(t) {
		dir := t.TempDir()
		table, err := Open(context.Background(), strings.NewReader(content), Options{Dir: dir})
		require.NoError(t, err, name)
		defer table.Close()
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, entries, name)
	}
	_, err := Open(context.Background(), strings.NewReader("{\"a\":1}"), Options{Dir: t.TempDir() + "/missing"})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestClosingATableClosesItsFiles(t *testing.T) {
	t.Parallel()
	for name, content := range samples(t) {
		table, err := Open(context.Background(), strings.NewReader(content), Options{Dir: t.TempDir()})
		require.NoError(t, err, name)
		closers := table.closers
		require.NoError(t, table.Close())
		for _, c := range closers {
			if file, ok := c.(*os.File); ok {
				require.ErrorIs(t, file.Close(), os.ErrClosed, name)
			}
		}
		require.NoError(t, table.Close())
	}
}

func TestAnUploadThatBreaksOffIsNotAFile(t *testing.T) {
	t.Parallel()
	for name, content := range samples(t) {
		for _, broken := range []error{io.ErrUnexpectedEOF, errors.New("connection reset")} {
			for _, n := range []int{0, 1, len(content) / 2, len(content) - 1, len(content)} {
				r := io.MultiReader(strings.NewReader(content[:n]), iotest.ErrReader(broken))
				table, err := Open(context.Background(), r, Options{})
				if err == nil {
					_, err = io.Copy(io.Discard, table)
					require.NoError(t, table.Close())
				}
				require.ErrorIs(t, err, broken, "%s after %d bytes", name, n)
				require.False(t, isFault(err), name)
			}
		}
	}
}

func TestReadingStopsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, content := range samples(t) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := Open(ctx, strings.NewReader(content), Options{})
		require.ErrorIs(t, err, context.Canceled, name)
	}
	for name, content := range map[string]string{"JSON": strings.Repeat(`{"a":1}`, 100_000), "Parquet": parquetOf(t, someSales(10_000)),
		"gzip": gzipped(strings.Repeat("1,2\n", 1<<20))} {
		ctx, cancel := context.WithCancel(context.Background())
		table, err := Open(ctx, strings.NewReader(content), Options{})
		require.NoError(t, err, name)
		defer table.Close()
		cancel()
		_, err = io.Copy(io.Discard, table)
		require.ErrorIs(t, err, context.Canceled, name)
	}
}

func TestCSVPassesAsItIs(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"a;b\r\n\"1\\\"\";2", "a\tb\n", "# note\na,b\n1\n", "é\x00", "a\n" + strings.Repeat("x", 1<<20) + "é\n\xff", strings.Repeat("é,\n", 100_000)} {
		got := read(t, content, Options{})
		require.Equal(t, content, got.csv)
		require.Nil(t, got.Columns)
		requireSource(t, content, got)
	}
}

func TestMessagesHoldNoValues(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for _, content := range []string{
		`{"` + secret + `":1,"` + secret + `":2}`, `{"a":` + secret + `}`, `{"a":"` + secret + "\xff\"}", `["` + secret + `"]`, "a\n" + secret + "\xe4\x81",
		zipped(sheetOf(`<row><c><v>` + secret + `</v></c></row>`)), oneColumn(t, parquet.String(), parquet.ByteArrayValue([]byte(secret+"\xff"))),
	} {
		if _, err := tryRead(content, Options{}); err != nil {
			require.NotContains(t, err.Error(), secret)
		}
	}
}
