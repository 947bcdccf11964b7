// Package profile tells what a column of a version holds: counts, quantiles, a histogram, frequent values, and what of it an
// analyst would doubt. The database computes it, in two or three statements a column.
//
// As in api/query every identifier in the SQL is one of ours, and each table reference names its organization.
package profile

import (
	"context"
	"encoding/json"
	"time"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
)

// Profile is what one column of a version holds. Values are JSON as in a query's result; a text of more than 200 characters is cut
// and ends in …
type Profile struct {
	Count             int64           `json:"count" doc:"Values, without the nulls"`
	NullCount         int64           `json:"null_count"`
	DistinctCount     int64           `json:"distinct_count" doc:"Exact"`
	Min               json.RawMessage `json:"min,omitempty" doc:"Texts are compared by their bytes"`
	Max               json.RawMessage `json:"max,omitempty" doc:"Of a text, as of min and top_values, the first 200 characters and …, where it is longer"`
	Mean              json.RawMessage `json:"mean,omitempty" doc:"Of integers and decimals rounded to 12 digits after the point, or 6 more than the column has"`
	StandardDeviation *float64        `json:"standard_deviation,omitempty" doc:"Of the sample (n - 1)"`
	Quantiles         *Quantiles      `json:"quantiles,omitempty" doc:"Numbers are interpolated between the two nearest; of dates and timestamps the earlier one is taken"`
	Histogram         *Histogram      `json:"histogram,omitempty"`
	TopValues         []TopValue      `json:"top_values" nullable:"false" doc:"The 10 most frequent, those that occur twice or more; any, where there are no more than 10"`
	Numbers           *Numbers        `json:"numbers,omitempty" doc:"Of integers, decimals and floats"`
	Times             *Times          `json:"times,omitempty" doc:"Of dates and timestamps"`
	Booleans          *Booleans       `json:"booleans,omitempty"`
	Texts             *Texts          `json:"texts,omitempty"`
	Quality           Quality         `json:"quality"`
}

// Quantiles of a column: p25 is the value that a quarter of the values do not exceed.
type Quantiles struct {
	P1  json.RawMessage `json:"p1"`
	P5  json.RawMessage `json:"p5"`
	P25 json.RawMessage `json:"p25"`
	P50 json.RawMessage `json:"p50"`
	P75 json.RawMessage `json:"p75"`
	P95 json.RawMessage `json:"p95"`
	P99 json.RawMessage `json:"p99"`
}

// Histogram counts values between round edges, in at most 20 bins.
type Histogram struct {
	Edges  []json.RawMessage `json:"edges" nullable:"false" doc:"One more than there are bins; a bin has the values from its edge up to, and without, the next one"`
	Counts []int64           `json:"counts" nullable:"false"`
	Below  int64             `json:"below" doc:"Values before the first edge. The bins leave out what is far from the bulk of the values and would squeeze it into a few of them"`
	Above  int64             `json:"above" doc:"Values after the last edge"`
}

// TopValue is a frequent value.
type TopValue struct {
	Value json.RawMessage `json:"value"`
	Count int64           `json:"count"`
}

// Numbers is what is told of numbers only.
type Numbers struct {
	ZeroCount     int64 `json:"zero_count"`
	NegativeCount int64 `json:"negative_count"`
	IntegersOnly  bool  `json:"integers_only"`
	OutlierCount  int64 `json:"outlier_count" doc:"Values more than 3 interquartile ranges below the first quartile or above the third; 0 where the two are equal"`
}

// Times is what is told of dates and timestamps only.
type Times struct {
	SpanDays          int64    `json:"span_days" doc:"From the first day to the last one; the same day: 0"`
	DistinctDays      int64    `json:"distinct_days"`
	LargestGaps       []Gap    `json:"largest_gaps" nullable:"false" doc:"The 5 longest, between consecutive days that have values"`
	MissingMonthCount int64    `json:"missing_month_count" doc:"Months between the first and the last one that have no values"`
	MissingMonths     []string `json:"missing_months" nullable:"false" doc:"The first 24 of them" example:"[\"2014-03\"]"`
}

// Gap is days without values.
type Gap struct {
	After  string `json:"after" doc:"The last day before the gap" example:"2014-03-01"`
	Before string `json:"before" doc:"The first day after it" example:"2014-03-09"`
	Days   int64  `json:"days" doc:"From one to the other" example:"8"`
}

// Booleans is what is told of booleans only.
type Booleans struct {
	TrueCount  int64 `json:"true_count"`
	FalseCount int64 `json:"false_count"`
}

// Texts is what is told of texts only. Lengths are in characters.
type Texts struct {
	MinLength        int64   `json:"min_length"`
	MeanLength       float64 `json:"mean_length"`
	MaxLength        int64   `json:"max_length"`
	EmptyCount       int64   `json:"empty_count"`
	EdgeSpaceCount   int64   `json:"edge_space_count" doc:"Values that begin or end in white space"`
	NumberLikeCount  int64   `json:"number_like_count" doc:"Values that read as numbers without a leading zero"`
	DateLikeCount    int64   `json:"date_like_count" doc:"Values that read as dates"`
	CaseVariantCount int64   `json:"case_variant_count" doc:"Distinct values that differ from a more frequent one in case or outer white space only; not looked for among more than 100,000"`
}

// Run runs an analytical statement and returns its single column.
type Run func(ctx context.Context, sql string, args ...any) ([][]byte, error)

// Compute profiles a column. Times after the day of published are in the future. It takes from version all but the columns.
func Compute(ctx context.Context, run Run, version query.Version, of column.Column, published time.Time) (Profile, error) {
	c := &computation{ctx: ctx, run: run, version: version, column: of, published: published}
	c.profile.TopValues = []TopValue{}
	if err := c.counts(); err != nil {
		return Profile{}, err
	}
	if c.profile.Count > 0 {
		if err := c.values(); err != nil {
			return Profile{}, err
		}
	}
	c.profile.Quality = c.judge()
	return c.profile, nil
}
