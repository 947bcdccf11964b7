package query_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
)

var benchColumns = []column.Column{
	{No: 1, Name: "id", Type: column.Integer, Payload: column.Ints},
	{No: 2, Name: "quantity", Type: column.Integer, Payload: column.Ints},
	{No: 3, Name: "price", Type: column.Decimal, Scale: 2, Payload: column.Ints},
	{No: 4, Name: "amount", Type: column.Decimal, Scale: 2, Payload: column.Ints},
	{No: 5, Name: "discount", Type: column.Decimal, Scale: 2, Payload: column.Ints},
	{No: 6, Name: "active", Type: column.Boolean, Payload: column.Ints},
	{No: 7, Name: "ordered", Type: column.Date, Payload: column.Ints},
	{No: 8, Name: "created", Type: column.Timestamp, Payload: column.Ints},
	{No: 9, Name: "region", Type: column.Text, Payload: column.Codes},
	{No: 10, Name: "product", Type: column.Text, Payload: column.Codes},
	{No: 11, Name: "customer", Type: column.Text, Payload: column.Codes},
	{No: 12, Name: "note", Type: column.Text, Payload: column.Texts},
}

const typedTable = `
create table typed as
select i::bigint as id, (1 + i % 20)::bigint as quantity, (random() * 1000)::numeric(12,2) as price,
  (random() * random() * 100000)::numeric(12,2) as amount, case when random() > 0.02 then (random() * 100)::numeric(12,2) end as discount,
  random() < 0.3 as active, date '2020-01-01' + (random() * 1500)::int as ordered, timestamp '2020-01-01' + random() * interval '1500 days' as created,
  'region ' || floor(random() * 5)::int as region, 'product ' || floor(random() * 1000)::int as product,
  'customer ' || floor(random() * 50000)::int as customer, md5(i::text) as note
from generate_series(0, 999999) i`

// stored is how each column is kept in a chunk; its words are numbered as their names say.
var stored = []string{"id", "quantity", "(price * 100)::bigint", "(amount * 100)::bigint", "(discount * 100)::bigint", "active::int::bigint",
	"(ordered - date '1970-01-01')::bigint", "(extract(epoch from created) * 1000000)::bigint",
	"substr(region, 8)::int", "substr(product, 9)::int", "substr(customer, 10)::int", "note"}

var questions = []struct {
	name  string
	spec  query.Specification
	plain string
}{
	{"count", query.Specification{Measures: []query.Measure{{Op: query.Count}}},
		"select count(*) from typed"},
	{"group by text", query.Specification{Measures: []query.Measure{{Op: query.Count}, {Op: query.Sum, Column: "amount"}}, Dimensions: []query.Dimension{{Column: "region"}}},
		"select region, count(*), sum(amount) from typed group by 1 order by 1"},
	{"month series", query.Specification{Measures: []query.Measure{{Op: query.Sum, Column: "amount"}}, Dimensions: []query.Dimension{{Column: "ordered", Grain: query.Month}}},
		"select date_trunc('month', ordered)::date, sum(amount) from typed group by 1 order by 1"},
	{"month and region", query.Specification{Measures: []query.Measure{{Op: query.Sum, Column: "amount"}}, Dimensions: []query.Dimension{{Column: "ordered", Grain: query.Month}, {Column: "region"}}},
		"select date_trunc('month', ordered)::date, region, sum(amount) from typed group by 1, 2 order by 1, 2"},
	{"two filters, group", query.Specification{Measures: []query.Measure{{Op: query.Sum, Column: "amount"}}, Dimensions: []query.Dimension{{Column: "product"}},
		Filters: []query.Filter{{Column: "region", Op: query.Equal, Value: []byte(`"region 3"`)}, {Column: "quantity", Op: query.Greater, Value: []byte("15")}}},
		"select product, sum(amount) from typed where region = 'region 3' and quantity > 15 group by 1 order by 1"},
	{"filter by number", query.Specification{Measures: []query.Measure{{Op: query.Count}}, Filters: []query.Filter{{Column: "amount", Op: query.GreaterOrEqual, Value: []byte("50000")}}},
		"select count(*) from typed where amount >= 50000"},
	{"contains", query.Specification{Measures: []query.Measure{{Op: query.Count}}, Filters: []query.Filter{{Column: "customer", Op: query.Contains, Value: []byte(`"R 77"`)}}},
		"select count(*) from typed where customer ilike '%R 77%'"},
	{"median", query.Specification{Measures: []query.Measure{{Op: query.Median, Column: "amount"}}},
		"select percentile_cont(0.5) within group (order by amount) from typed"},
	{"median by region", query.Specification{Measures: []query.Measure{{Op: query.Median, Column: "amount"}}, Dimensions: []query.Dimension{{Column: "region"}}},
		"select region, percentile_cont(0.5) within group (order by amount) from typed group by 1 order by 1"},
	{"distinct text", query.Specification{Measures: []query.Measure{{Op: query.CountDistinct, Column: "customer"}}},
		"select count(distinct customer) from typed"},
	{"distinct integer", query.Specification{Measures: []query.Measure{{Op: query.CountDistinct, Column: "id"}}},
		"select count(distinct id) from typed"},
	{"distinct by region", query.Specification{Measures: []query.Measure{{Op: query.CountDistinct, Column: "customer"}}, Dimensions: []query.Dimension{{Column: "region"}}},
		"select region, count(distinct customer) from typed group by 1 order by 1"},
	{"max of text by region", query.Specification{Measures: []query.Measure{{Op: query.Max, Column: "customer"}}, Dimensions: []query.Dimension{{Column: "region"}}},
		"select region, max(customer) from typed group by 1 order by 1"},
}

// BenchmarkAgainstATypedTable asks a million rows of 12 columns and the same rows in a plain table. "ratio" is the
// fastest answer of the one over the fastest of the other. With -benchtime=2x it takes about a minute on an idle machine.
func BenchmarkAgainstATypedTable(b *testing.B) {
	conn := connect(b)
	version := loadMillion(b, conn)
	logs, n := 0.0, 0
	for _, q := range questions {
		b.Run(q.name, func(b *testing.B) {
			statement, err := query.Compile(q.spec, version)
			require.NoError(b, err)
			ours, plain := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
			for b.Loop() {
				ours = min(ours, timed(b, conn, statement.SQL, statement.Args...))
				plain = min(plain, timed(b, conn, q.plain))
			}
			ratio := float64(ours) / float64(plain)
			logs, n = logs+math.Log(ratio), n+1
			b.ReportMetric(float64(ours.Microseconds())/1000, "ms")
			b.ReportMetric(float64(plain.Microseconds())/1000, "plain-ms")
			b.ReportMetric(ratio, "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
	b.Logf("geometric mean of the ratios: %.2f", math.Exp(logs/float64(n)))
}

func timed(b *testing.B, conn *pgx.Conn, sql string, args ...any) time.Duration {
	start := time.Now()
	rows, err := conn.Query(b.Context(), sql, args...)
	require.NoError(b, err)
	rows.Close()
	require.NoError(b, rows.Err())
	return time.Since(start)
}

func loadMillion(b *testing.B, conn *pgx.Conn) query.Version {
	version := query.Version{OrgID: uuid.New(), DatasetID: uuid.New(), Segments: []uuid.UUID{uuid.New()}, Columns: benchColumns, Expand: "app.expand"}
	exec := func(sql string, args ...any) {
		_, err := conn.Exec(b.Context(), sql, args...)
		require.NoError(b, err, sql)
	}
	exec(typedTable)
	exec("insert into app.dataset_segments values ($1, $2, $3, $1, 1000000)", version.OrgID, version.Segments[0], version.DatasetID)
	for i, col := range benchColumns {
		extremes := "min(value), max(value)"
		if col.Payload == column.Texts {
			extremes = "null, null"
		}
		exec(fmt.Sprintf(`insert into app.dataset_chunks (org_id, segment_id, column_no, chunk_no, created_by, first_row, row_count, null_count, min_value, max_value, %s)
			select $1::uuid, $2::uuid, $3, chunk, $1, chunk * 16384, count(*), count(*) - count(value), %s, array_agg(value order by id)
			from (select id, (id / 16384)::int as chunk, %s as value from typed) t group by chunk`, col.Payload, extremes, stored[i]),
			version.OrgID, version.Segments[0], col.No)
	}
	for no, words := range map[int]int{9: 5, 10: 1000, 11: 50000} {
		exec(`insert into app.dataset_words select $1::uuid, $2::uuid, $3, code / 1024, $1, array_agg($4 || code order by code)
			from generate_series(0, $5 - 1) code group by code / 1024`, version.OrgID, version.DatasetID, no, benchColumns[no-1].Name+" ", words)
	}
	exec("vacuum analyze")
	return version
}
