package ingest

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// stored is all that [File.Chunks] and [File.Words] give.
func stored(t require.TestingT, f *File) (all []string) {
	require.NoError(t, f.Chunks(context.Background(), func(c Chunk) error {
		all = append(all, fmt.Sprint(c.ColumnNo, c.ChunkNo, c.FirstRow, c.Rows, c.Nulls, pointed(c.Min), pointed(c.Max), c.Payload), string(c.Array))
		return nil
	}))
	for _, c := range f.Columns {
		all = append(all, string(bytes.Join(dictionaryOf(f, c.No), nil)))
	}
	return all
}

// requireSame compares what comes of the stash with what comes of the text.
func requireSame(t require.TestingT, f *File) {
	fromStash, s := stored(t, f), f.stash
	f.stash = nil
	fromText := stored(t, f)
	f.stash = s
	require.True(t, slices.Equal(fromText, fromStash), "the stash differs from the text")
}

func pointed(v *int64) any {
	if v == nil {
		return nil
	}
	return *v
}

// requireStashed does so for a file, and tells which columns were stashed.
func requireStashed(t *testing.T, csv string, opt Options) (columns []bool) {
	t.Helper()
	opt.Dir = t.TempDir()
	f, err := Spool(t.Context(), strings.NewReader(csv), opt)
	require.NoError(t, err)
	defer f.Close()
	for i := range f.Columns {
		columns = append(columns, f.isStashed(i))
	}
	requireSame(t, f)
	return columns
}

func TestTheStashHasWhatTheTextHas(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		csv     string
		opt     Options
		stashed []bool
	}{
		"plain":                       {"a,b,c,d,e\n1,1.5,true,2024-01-02,2024-01-02T03:04:05Z\n", Options{}, all(5, true)},
		"nulls":                       {"a,b,c,d,e\n,,,,\n1,1.5,true,2024-01-02,x\nNA,-,null,,\n", Options{}, all(5, true)},
		"nothing but nulls":           {"a,b\n,\n,\n", Options{}, all(2, true)},
		"words for null in a text":    {"a,b\nNA,1\nx,2\n", Options{}, []bool{false, true}},
		"listed words for null":       {"a,b\nNA,1\nx,2\n", Options{Nulls: []string{"NA"}}, all(2, true)},
		"numbers, then text":          {"a,b\n1,1\nx,2\n", Options{}, []bool{false, true}},
		"dates, then instants":        {"a,b\n2024-01-02,1\n2024-01-02 10:00,2\n", Options{}, []bool{false, true}},
		"instants, then dates":        {"a,b\n2024-01-02 10:00:00.5,1\n2024-01-02,2\n", Options{}, all(2, true)},
		"dates of another order":      {"a,b\n13/01/2024,1\n", Options{}, []bool{false, true}},
		"booleans that are none":      {"a,b\nn,1\nn,2\n", Options{}, []bool{false, true}},
		"scales that grow":            {"a,b\n1,1\n0.5,2\n-0.25,3\n7.1,4\n,5\n12345678.125,6\n", Options{}, all(2, true)},
		"a scale past 18 digits":      {"a,b\n123456789012345678,1\n0.5,2\n", Options{}, []bool{false, true}},
		"the least integer":           {"a,b\n-9223372036854775808,1\n", Options{}, []bool{false, true}},
		"other integers of 19 digits": {"a,b\n-9223372036854775807,1\n9223372036854775807,2\n", Options{}, all(2, true)},
		"the ends of narrow integers": {"a,b,c,d\n-32768,-32767,-2147483648,-2147483647\n32767,32767,2147483647,2147483647\n", Options{}, all(4, true)},
		"exponents":                   {"a,b\n1,1\n1e3,2\n", Options{}, []bool{false, true}},
		"units":                       {"a,b\n$1,1\n$2,2\n", Options{}, []bool{false, true}},
		"spaces":                      {"a,b\n 1 , x \n2,x\n", Options{}, all(2, true)},
		"no header":                   {"1,2\n3,4\n", Options{}, all(2, false)},
		"short rows":                  {"a,b\n1\n2,x\n", Options{}, all(2, true)},
		"rows that are skipped":       {"a,b\n1,x\n1,x,y\n2,z\n", Options{Reject: RejectRow}, all(2, true)},
		"given": {"a,b,c,d,e,f\n1,1.5,1,2024-01-02,2024-01-02T03:04:05Z,7\n", Options{Columns: ofTypes("integer", "decimal", "boolean", "date", "timestamp", "text")},
			all(6, true)},
		"given floats":                  {"a,b\n1.5,1\n", Options{Columns: ofTypes("float", "integer")}, []bool{false, true}},
		"given, in another format":      {"a;b\n1.000,5;02.01.2024\n7,5;03.01.2024\n", Options{Columns: ofTypes("decimal", "date")}, all(2, false)},
		"given, with cells that do not": {"a,b\n1,x\ny,z\n", Options{Columns: ofTypes("integer", "text"), Reject: RejectCell}, all(2, false)},
	} {
		require.Equal(t, c.stashed, requireStashed(t, c.csv, c.opt), name)
	}
}

func all(n int, stashed bool) []bool {
	columns := make([]bool, n)
	for i := range columns {
		columns[i] = stashed
	}
	return columns
}

// TestAStashOfManyBlocks: in its file and behind it, wide and narrow ones, with columns that are lost early and late.
func TestAStashOfManyBlocks(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	b.WriteString("a,b,c,d,e,f,g,h\n")
	for i := range 70_000 {
		fmt.Fprintf(&b, "%d,%s,%d,%.*f,w%d,%d,w%d,%t\n", i, empty(r, "x"), r.Int64()>>r.IntN(64), i/30_000, r.Float64(), r.IntN(40_000), i%7, i, r.IntN(2) == 0)
		if i == 50_000 {
			b.WriteString("1,,,,,late,,NA\n")
		}
	}
	columns := requireStashed(t, b.String(), Options{})
	require.Equal(t, []bool{true, true, true, true, true, false, false, true}, columns)
	require.Greater(t, b.Len(), 8*stashBuffer)

	wide := "a" + strings.Repeat(",a", 899) + "\n" + strings.Repeat("1"+strings.Repeat(",2.5,", 449)+",x\n", 400)
	require.Equal(t, all(900, true), requireStashed(t, wide, Options{}))
}

func empty(r *rand.Rand, word string) string {
	if r.IntN(3) == 0 {
		return ""
	}
	return word
}

// TestAStashIsBounded: nulls beside large numbers are read again.
func TestAStashIsBounded(t *testing.T) {
	t.Parallel()
	csv := "a,b,c,d,e,f,g\n" + strings.Repeat("1,1,1,1,1,1,1\n"+strings.Repeat(",,,,,,\n", 40)+strings.Repeat("10000000000,", 6)+"10000000000\n", 3000)
	require.Equal(t, all(7, false), requireStashed(t, csv, Options{}))
}

// TestAStashThatCannotBeWrittenIsNone: the text is there.
func TestAStashThatCannotBeWrittenIsNone(t *testing.T) {
	t.Parallel()
	s := &stash{dir: t.TempDir() + "/missing"}
	s.begin(newVocabulary(1), make([]clues, 1))
	for i := range 2 * stashBuffer {
		s.columns[0].put(s.block.rows, int64(i)<<40, 0)
		s.endRow(false, math.MaxInt32)
	}
	s.finish()
	require.True(t, s.columns[0].lost)
}
