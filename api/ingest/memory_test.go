package ingest

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Not parallel: what others allocate would count.
func TestFaultsAndBombsCostBoundedMemory(t *testing.T) {
	const size = 16 << 20
	for name, c := range map[string]struct {
		begin, repeat string
		opt           Options
		code          string
	}{
		"a header of commas":      {"", ",", Options{}, CodeRowTooLong},
		"rows of commas":          {"a,b\n", strings.Repeat(",", maxRecord-1) + "\n", Options{}, ""},
		"an open quote":           {"a,b\n\"", "x\n", Options{}, CodeRowTooLong},
		"an open quote with tabs": {"a\tb\n\"", "x\n", Options{}, ""},
		"a long record":           {"a,b\n", "x", Options{}, CodeRowTooLong},
		"comments at the top":     {"#", "\n#", Options{Dialect: Dialect{Comment: "#"}}, CodeRowTooLong},
		"nothing but comments":    {"#", "\n#", Options{}, ""},
		"a long comment":          {"# x\na,b\n1,2\n#", "x", Options{}, CodeRowTooLong},
		"blank lines":             {"a,b\n", "\n", Options{}, ""},
		"wide rows, skipped":      {"a,b\n", "1,2,3\n", Options{Reject: RejectRow}, ""},
		"cells, nulled":           {"a,b\n", "x,y\n", Options{Reject: RejectCell, Columns: ofTypes("integer", "date")}, ""},
		"cells, skipped":          {"a,b\n", "1,x\n", Options{Reject: RejectRow, Columns: ofTypes("integer", "decimal")}, ""},
		"amounts":                 {"a;b\n", "$1,234.50;(1.000,00 €)\n", Options{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			allocated := allocatedBy(func() {
				r := io.MultiReader(strings.NewReader(c.begin), io.LimitReader(&repeating{text: c.repeat}, size))
				f, err := Spool(context.Background(), r, c.opt)
				var fault *Error
				if c.code != "" {
					require.ErrorAs(t, err, &fault)
					require.Equal(t, c.code, fault.Code)
					return
				}
				require.NoError(t, err)
				defer f.Close()
				require.NoError(t, f.Chunks(context.Background(), func(Chunk) error { return nil }))
			})
			require.Less(t, allocated, uint64(16<<20))
		})
	}
}

// allocatedBy is how many bytes f allocates in all, which is more than what lives at once.
func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// What reading allocates does not grow with the file: a file ten times as long allocates no more per row.
func TestOddValuesAllocateNothingForARow(t *testing.T) {
	for name, line := range map[string]string{
		"amounts":      "$1,234.50;(1.000,00 €);12,5 %\n",
		"dates":        "22.05.2006;May 22, 2006, 3:04 PM;22/05/2006 10:00\n",
		"words":        "yes;NA;n\nno;N/A;y\n",
		"given":        "x;$5.5;2006-01-02\n",
		"listed nulls": "1;missing;Missing\n",
		"ambiguous":    "1,234;01/02/2006;01/02/2006 10:00\n",
		"headerless":   "1;2;3\n",
	} {
		opt := Options{Reject: RejectCell}
		if name == "listed nulls" {
			opt.Nulls = []string{"missing"}
		}
		if name == "given" {
			opt.Columns = ofTypes("boolean", "decimal", "date")
		}
		allocated := func(lines int) float64 {
			csv := "a;b;c\n" + strings.Repeat(line, lines)
			return testing.AllocsPerRun(3, func() {
				f, err := Spool(context.Background(), strings.NewReader(csv), opt)
				if err != nil {
					panic(errors.New(name + err.Error()))
				}
				defer f.Close()
				if err := f.Chunks(context.Background(), func(Chunk) error { return nil }); err != nil {
					panic(err)
				}
			})
		}
		few, many := allocated(2000), allocated(12_000)
		require.Less(t, many-few, 200.0, name)
	}
}
