package ingest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sample is a CSV file of 12 columns: 4 integers, 2 decimals, a boolean, a date, a timestamp, and 3 texts of 5, 1,000
// and 20,000 distinct values.
func sample(rows int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	b.WriteString("id,quantity,age,code,price,rate,active,day,at,region,product,customer\n")
	start := time.Date(2014, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range rows {
		at := start.Add(time.Duration(r.IntN(300_000_000)) * time.Second)
		fmt.Fprintf(&b, "%d,%d,%d,%d,%.2f,%.4f,%t,%s,%s,region %d,product %d,customer-%d\n",
			i+1, r.IntN(100), r.IntN(80), r.IntN(1_000_000)-500_000, r.Float64()*1000, r.Float64(), r.IntN(2) == 0,
			at.Format(time.DateOnly), at.Format("2006-01-02T15:04:05Z"), r.IntN(5), r.IntN(1000), r.IntN(20_000))
	}
	return b.Bytes()
}

func BenchmarkSpool(b *testing.B) {
	csv := sample(100_000)
	b.SetBytes(int64(len(csv)))
	b.ReportAllocs()
	for b.Loop() {
		f, err := Spool(context.Background(), bytes.NewReader(csv), Options{})
		require.NoError(b, err)
		f.Close()
	}
}

// BenchmarkSpoolGiven: the same with the type of every column given.
func BenchmarkSpoolGiven(b *testing.B) {
	csv := sample(100_000)
	opt := Options{Columns: ofTypes("integer", "integer", "integer", "integer", "decimal", "float", "boolean", "date", "timestamp", "text", "text", "text")}
	b.SetBytes(int64(len(csv)))
	b.ReportAllocs()
	for b.Loop() {
		f, err := Spool(context.Background(), bytes.NewReader(csv), opt)
		require.NoError(b, err)
		f.Close()
	}
}

// BenchmarkSpoolOdd: numbers, dates and words that are not plain.
func BenchmarkSpoolOdd(b *testing.B) {
	csv := bytes.Repeat([]byte("$1,234.50;(1.000,00 €);12,5 %;22.05.2006;May 22, 2006 3:04 PM;yes\n$7.25;3,00 €;7 %;1.1.2007;May 2, 2006 3:04 AM;no\n"), 20_000)
	b.SetBytes(int64(len(csv)))
	b.ReportAllocs()
	for b.Loop() {
		f, err := Spool(context.Background(), bytes.NewReader(csv), Options{})
		require.NoError(b, err)
		f.Close()
	}
}

func BenchmarkChunks(b *testing.B) {
	csv := sample(100_000)
	f, err := Spool(context.Background(), bytes.NewReader(csv), Options{})
	require.NoError(b, err)
	defer f.Close()
	b.SetBytes(int64(len(csv)))
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, f.Chunks(context.Background(), func(Chunk) error { return nil }))
	}
}
