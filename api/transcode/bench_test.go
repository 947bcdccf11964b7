package transcode

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

// Each benchmark says MB/s of what is sent, MB/s of the CSV that comes out, and the peak of the heap. The files have
// about 10 and 200 MB of CSV:
//
//	go test ./api/transcode -run xxx -bench . -benchtime 1x

var sizes = []int{10, 200}

const rowsPerMB = 12_000

// line i of the table of which all benchmark files are made.
func line(i int) (id int, price float64, city, note string, at time.Time) {
	return i, float64(i%100_000) / 100, fmt.Sprint("city ", i%1000), fmt.Sprint("some text of row number ", i), time.Unix(int64(1.4e9+i), 0).UTC()
}

func csvFile(rows int, w io.Writer) error {
	fmt.Fprintln(w, "id,price,city,note,at")
	for i := range rows {
		id, price, city, note, at := line(i)
		fmt.Fprintf(w, "%d,%.2f,%s,%s,%s\n", id, price, city, note, at.Format(time.RFC3339))
	}
	return nil
}

func jsonFile(rows int, w io.Writer) error {
	for i := range rows {
		id, price, city, note, at := line(i)
		fmt.Fprintf(w, `{"id":%d,"price":%.2f,"place":{"city":"%s"},"note":"%s","at":"%s"}`+"\n", id, price, city, note, at.Format(time.RFC3339))
	}
	return nil
}

type record struct {
	ID    int64     `parquet:"id"`
	Price float64   `parquet:"price"`
	City  string    `parquet:"city,dict"`
	Note  string    `parquet:"note"`
	At    time.Time `parquet:"at,timestamp(microsecond)"`
}

func parquetFile(rows int, w io.Writer) error {
	p := parquet.NewGenericWriter[record](w, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(500_000))
	for i := range rows {
		id, price, city, note, at := line(i)
		if _, err := p.Write([]record{{int64(id), price, city, note, at}}); err != nil {
			return err
		}
	}
	return p.Close()
}

func xlsxFile(rows int, w io.Writer) error {
	f := excelize.NewFile()
	s, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	_ = s.SetRow("A1", []any{"id", "price", "city", "note", "at"})
	for i := range min(rows, excelize.TotalRows-1) {
		id, price, city, note, at := line(i)
		if err := s.SetRow(fmt.Sprint("A", i+2), []any{id, price, city, note, at}); err != nil {
			return err
		}
	}
	if err := s.Flush(); err != nil {
		return err
	}
	return f.Write(w)
}

func compressed(file func(int, io.Writer) error, c Compression) func(int, io.Writer) error {
	return func(rows int, w io.Writer) error {
		if c == Gzip {
			var b bytes.Buffer
			if err := file(rows, &b); err != nil {
				return err
			}
			_, err := io.WriteString(w, gzipped(b.String()))
			return err
		}
		z, err := zstd.NewWriter(w)
		if err != nil {
			return err
		}
		if err := file(rows, z); err != nil {
			return err
		}
		return z.Close()
	}
}

func windows(rows int, w io.Writer) error {
	if _, err := io.WriteString(w, "\xe4"); err != nil {
		return err
	}
	return csvFile(rows, w)
}

func BenchmarkTable(b *testing.B) {
	for _, c := range []struct {
		name string
		file func(int, io.Writer) error
	}{
		{"csv", csvFile}, {"csv.gz", compressed(csvFile, Gzip)}, {"csv.zst", compressed(csvFile, Zstd)}, {"csv.1252", windows},
		{"ndjson", jsonFile}, {"parquet", parquetFile}, {"xlsx", xlsxFile},
	} {
		for _, size := range sizes {
			b.Run(fmt.Sprintf("%s/%d", c.name, size), func(b *testing.B) {
				path := b.TempDir() + "/file"
				f, err := os.Create(path)
				require.NoError(b, err)
				require.NoError(b, c.file(size*rowsPerMB, f))
				require.NoError(b, f.Close())
				measure(b, path)
			})
		}
	}
}

func measure(b *testing.B, path string) {
	info, err := os.Stat(path)
	require.NoError(b, err)
	b.SetBytes(info.Size())
	stop := watchHeap(b)
	out := int64(0)
	for b.Loop() {
		f, err := os.Open(path)
		require.NoError(b, err)
		table, err := Open(context.Background(), f, Options{})
		require.NoError(b, err)
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{table}, make([]byte, 256<<10))
		require.NoError(b, err)
		out += n
		require.NoError(b, table.Close())
		require.NoError(b, f.Close())
	}
	b.ReportMetric(float64(out)/1e6/b.Elapsed().Seconds(), "csv-MB/s")
	b.ReportMetric(float64(stop())/(1<<20), "peak-MiB")
}

// watchHeap returns a function that stops it and returns the highest number of bytes in use above those at its start.
func watchHeap(b *testing.B) func() uint64 {
	for range 3 {
		runtime.GC() // also what finalizers held
	}
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak atomic.Uint64
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapInuse-min(m.HeapInuse, before.HeapInuse)))
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() uint64 {
		close(done)
		<-stopped
		return peak.Load()
	}
}

// BenchmarkBombs says what refusing each costs.
func BenchmarkBombs(b *testing.B) {
	for name, bomb := range map[string]string{
		"gzip": gzipped(strings.Repeat("\n", 1<<30)), "zstd": zstded(strings.Repeat("\n", 1<<30)),
		"wide.json":  "[" + wide(maxColumns) + strings.Repeat(",{}", 1<<20) + "]",
		"quote.json": `[{"a":"` + strings.Repeat("x", 1<<28),
		"deep.json":  strings.Repeat("[", 1<<28),
		"xlsx":       zipped(sheetOf("<row/>" + strings.Repeat(" <!-- x -->", 1<<25))),
		"texts.xlsx": zipped(sheetOf(""), "xl/t.xml", "<sst>"+strings.Repeat("<si><t>x</t></si>", 1<<24)+"</sst>"),
	} {
		b.Run(name, func(b *testing.B) {
			stop := watchHeap(b)
			for b.Loop() {
				table, err := Open(context.Background(), strings.NewReader(bomb), Options{})
				if err == nil {
					_, err = io.Copy(io.Discard, table)
					require.NoError(b, table.Close())
				}
				require.True(b, isFault(err), "%v", err)
			}
			b.ReportMetric(float64(stop())/(1<<20), "peak-MiB")
		})
	}
}
