package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// queryMean is the geometric mean of the queries' ratios.
const queryMean = "query geometric mean"

// comparison is a query as a client asks it and as SQL on the typed table, with cells as text.
type comparison struct{ name, spec, sql string }

var comparisons = []comparison{
	{"query count", `{"measures": [{"op": "count"}]}`,
		`select count(*)::text from bench.rows`},
	{"query group by text", `{"measures": [{"op": "count"}, {"op": "sum", "column": "price"}], "dimensions": [{"column": "product"}]}`,
		`select g.k, g.n::text, trim_scale(g.s)::text
from (select product as k, count(*) as n, sum(price) as s from bench.rows group by 1) g order by g.k`},
	{"query month series", `{"measures": [{"op": "count"}, {"op": "sum", "column": "price"}], "dimensions": [{"column": "at", "grain": "month"}]}`,
		`select g.k::date::text, g.n::text, trim_scale(g.s)::text
from (select date_trunc('month', at) as k, count(*) as n, sum(price) as s from bench.rows group by 1) g order by g.k`},
	{"query filter and group", `{"measures": [{"op": "count"}, {"op": "sum", "column": "price"}], "dimensions": [{"column": "region"}],
  "filters": [{"column": "day", "op": "between", "value": ["2016-01-01", "2017-12-31"]}, {"column": "quantity", "op": "ge", "value": 50}]}`,
		`select g.k, g.n::text, trim_scale(g.s)::text
from (select region as k, count(*) as n, sum(price) as s from bench.rows
  where day between '2016-01-01' and '2017-12-31' and quantity >= 50 group by 1) g order by g.k`},
	// Random in both filters, so that no chunk is left out: what it costs to look at every row.
	{"query filter every chunk", `{"measures": [{"op": "count"}, {"op": "sum", "column": "price"}], "dimensions": [{"column": "region"}],
  "filters": [{"column": "rate", "op": "lt", "value": 0.2}, {"column": "quantity", "op": "ge", "value": 50}]}`,
		`select g.k, g.n::text, trim_scale(g.s)::text
from (select region as k, count(*) as n, sum(price) as s from bench.rows where rate < 0.2 and quantity >= 50 group by 1) g order by g.k`},
	{"query median", `{"measures": [{"op": "median", "column": "price"}]}`,
		`select percentile_cont(0.5) within group (order by price)::text from bench.rows`},
	{"query distinct", `{"measures": [{"op": "count_distinct", "column": "customer"}]}`,
		`select count(distinct customer)::text from bench.rows`},
}

func queryNames() []string {
	names := []string{queryMean}
	for _, c := range comparisons {
		names = append(names, c.name)
	}
	return names
}

// queries compares queries of a dataset with the same SQL on a typed table without row-level security.
func (b *bench) queries(ctx context.Context, s *subject) error {
	file, err := b.file()
	if err != nil {
		return err
	}
	if err := s.signIn(ctx); err != nil {
		return err
	}
	say("loading %d rows twice", b.rows)
	dataset, _, err := s.timedUpload(ctx, file, b.rows, "")
	if err != nil {
		return err
	}
	if _, err := s.timedCopy(ctx, file); err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	settings, err := s.settings(ctx, dataset)
	if err != nil {
		return err
	}
	var ratios []float64
	for _, c := range comparisons {
		if !b.wanted(c.name, queryMean) {
			continue
		}
		measured, err := b.query(ctx, s, dataset, settings, c)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		ratios = append(ratios, measured.ratio())
		b.add(figure(c.name, measured.ratio(), "of SQL's time", goal{"≤", 1.2}, measured.note("ms")))
	}
	if b.wanted(queryMean) {
		note := fmt.Sprintf("%s without %s, which reads no rows", number(geometricMean(ratios[1:])), comparisons[0].name)
		b.add(figure(queryMean, geometricMean(ratios), "of SQL's time", goal{"≤", 0.9}, note))
	}
	return nil
}

// settings are those that the server gives the transaction of a query.
func (s *subject) settings(ctx context.Context, dataset string) ([]string, error) {
	transaction, err := s.captured(ctx, func() error { return s.ask(ctx, dataset, comparisons[0].spec, nil) })
	var settings []string
	for _, statement := range transaction {
		if strings.HasPrefix(statement.sql, "set local ") {
			settings = append(settings, statement.sql)
		}
	}
	return settings, err
}

func (s *subject) ask(ctx context.Context, dataset, spec string, answer any) error {
	return s.send(ctx, http.MethodPost, s.datasets(dataset, "query"), json.RawMessage(spec), answer)
}

// timedAsk returns the milliseconds until the answer was read.
func (s *subject) timedAsk(ctx context.Context, dataset, spec string) (float64, error) {
	var raw []byte
	begun := time.Now()
	err := s.ask(ctx, dataset, spec, &raw)
	return milliseconds(time.Since(begun)), err
}

// query measures one comparison, after both sides have given the same answer.
func (b *bench) query(ctx context.Context, s *subject, dataset string, settings []string, c comparison) (pairs, error) {
	var answer struct{ Rows [][]any }
	if err := s.ask(ctx, dataset, c.spec, &answer); err != nil {
		return nil, err
	}
	rows, _, err := s.direct(ctx, settings, c.sql)
	if err != nil {
		return nil, err
	}
	if err := same(answer.Rows, rows); err != nil {
		return nil, err
	}
	return b.pairs(ctx, c.name, "ms", 2*b.samples-1,
		func() (float64, error) { return s.timedAsk(ctx, dataset, c.spec) },
		func() (float64, error) {
			_, took, err := s.direct(ctx, settings, c.sql)
			return milliseconds(took), err
		})
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// direct runs sql with the settings; only sql itself is timed.
func (s *subject) direct(ctx context.Context, settings []string, sql string) (rows [][]string, took time.Duration, err error) {
	tx, err := s.admin.Begin(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	for _, setting := range settings {
		if _, err := tx.Exec(ctx, setting); err != nil {
			return nil, 0, err
		}
	}
	begun := time.Now()
	result, _ := tx.Query(ctx, sql) // its error is the rows' error
	rows, err = pgx.CollectRows(result, texts)
	return rows, time.Since(begun), err
}

func texts(row pgx.CollectableRow) ([]string, error) {
	cells := make([]string, len(row.FieldDescriptions()))
	places := make([]any, len(cells))
	for i := range cells {
		places[i] = &cells[i]
	}
	return cells, row.Scan(places...)
}

// same says where an answer differs from the one in SQL. Numbers may differ as floating point does.
func same(ours [][]any, theirs [][]string) error {
	if len(ours) != len(theirs) {
		return fmt.Errorf("the API answered %d rows, SQL %d", len(ours), len(theirs))
	}
	for i, row := range ours {
		if len(row) != len(theirs[i]) {
			return fmt.Errorf("the API answered %d columns, SQL %d", len(row), len(theirs[i]))
		}
		for j, cell := range row {
			if !equal(cell, theirs[i][j]) {
				return fmt.Errorf("row %d: the API answered %v, SQL %s", i+1, cell, theirs[i][j])
			}
		}
	}
	return nil
}

func equal(ours any, theirs string) bool {
	if number, ok := ours.(float64); ok {
		other, err := strconv.ParseFloat(theirs, 64)
		return err == nil && math.Abs(number-other) <= 1e-9*math.Abs(other)
	}
	return ours == any(theirs)
}
