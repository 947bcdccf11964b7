package profile

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
)

// statement collects parameters: $1 is the organization, $2 the segments, $3 the column's number, $4 the dataset.
type statement struct {
	*computation
	args []any
}

func (c *computation) statement() *statement {
	return &statement{c, []any{c.version.OrgID, c.version.Segments, c.column.No}}
}

func (s *statement) arg(value any, sqlType string) string {
	s.args = append(s.args, value)
	return fmt.Sprintf("$%d::%s", len(s.args), sqlType)
}

const chunks = "app.dataset_chunks c where c.org_id = $1 and c.segment_id = any($2) and c.column_no = $3"

// counts reads the rows of chunks, and how many distinct values the first chunk has: whether to sort or to hash all of them.
func (s *statement) counts() string {
	return fmt.Sprintf(`
with sample as (
  select count(distinct e.v%s) as distincts from (select %s as v from %s and c.segment_id = $2[1] and c.chunk_no = 0) e)
select json_build_object('count', coalesce(sum(c.row_count - c.null_count), 0), 'nulls', coalesce(sum(c.null_count), 0),
  'min', min(c.min_value), 'max', max(c.max_value), 'sample', (select distincts from sample))::text
from %s`, s.collation(), s.expanded(), chunks, chunks)
}

func (s *statement) collation() string {
	if s.column.Payload == column.Texts {
		return ` collate "C"` // by bytes, which is also the fastest order there is
	}
	return ""
}

// expanded are the values of a chunk. To add 0 to a float makes -0 into 0.
func (s *statement) expanded() string {
	values := fmt.Sprintf("%s(%s)", s.version.Expand, query.Array("c", s.column))
	switch {
	case s.column.Payload == column.Texts:
		return values
	case s.column.Payload == column.Floats:
		return values + " + 0::float8"
	case s.column.Type == column.Timestamp && s.column.Payload == column.Int4s: // seconds
		return values + " * 1000000::bigint"
	default:
		return values + "::bigint"
	}
}

// rows are the values v, without nulls.
func (s *statement) rows() string {
	return fmt.Sprintf("(select e.v%s as v from (select %s as v from %s) e where e.v is not null) x", s.collation(), s.expanded(), chunks)
}

// groups are the distinct values v, each with its count n. Values that hardly repeat are sorted first, as a hash table of them takes
// longer; the planner, who takes every array for the same, would not know.
func (s *statement) groups() string {
	rows := s.rows()
	if s.column.Payload == column.Texts || 4*s.sample > s.sampled() {
		rows = "(select x.v from " + rows + " order by x.v) x"
	}
	return "select x.v, count(*) as n from " + rows + " group by x.v"
}

// summary is what can be told without groups. Deviations are of values near to zero, where a float keeps more of them; very large
// floats are made smaller for it, which the database otherwise refuses as an overflow.
func (s *statement) summary(fractions []float64) string {
	fields := []string{"'min', min(x.v)", "'max', max(x.v)",
		fmt.Sprintf("'ranks', percentile_disc(%s) within group (order by x.v)", s.arg(fractions, "float8[]"))}
	if s.column.Type.IsNumber() {
		fields = append(fields, "'zeros', count(*) filter (where x.v = 0)", "'negatives', count(*) filter (where x.v < 0)")
	}
	switch {
	case s.column.Type == column.Float:
		fields = append(fields, "'broken', count(*) filter (where x.v <> trunc(x.v))",
			"'mean', avg(x.v) filter (where abs(x.v) < 1e140)", "'deviation', stddev_samp(x.v) filter (where abs(x.v) < 1e140)",
			"'small_mean', avg("+smaller+")", "'small_deviation', stddev_samp("+smaller+")")
	case s.column.Type.IsNumber():
		fields = append(fields, fmt.Sprintf("'broken', count(*) filter (where x.v %% %s <> 0)", s.arg(power(s.column.Scale).Num().Int64(), "bigint")),
			"'sum', sum(x.v)::text", fmt.Sprintf("'deviation', stddev_samp((x.v - %s)::float8)", s.arg(s.shift(), "bigint")))
	}
	return "select json_build_object(" + strings.Join(fields, ", ") + ")::text from " + s.rows()
}

const smaller = "case when abs(x.v) < 1e50 then 0 else x.v * 1e-180 end"

const topValues = `coalesce((select json_agg(json_build_array(t.v, t.n)) from (
  select d.v, d.n from d where d.n > 1 or (select count(*) from (select from d limit 11) f) <= 10 order by d.n desc, d.v limit 10) t), '[]')`

// grouped is what is told of numbers and times by their distinct values.
func (s *statement) grouped(edges []*big.Rat) string {
	number := "bigint"
	if s.column.Payload == column.Floats {
		number = "float8"
	}
	with := fmt.Sprintf(`
with d as materialized (%s),
bins as materialized (
  select width_bucket(d.v, %s) as bin, sum(d.n)::bigint as n, count(*) as distincts, sum(d.n) filter (where d.v < %s or d.v > %s)::bigint as outliers,
    sum(d.n) filter (where d.v = %s)::bigint as least, sum(d.n) filter (where d.v = %s)::bigint as greatest
  from d group by 1)`, s.groups(), s.arg(s.parameters(edges), number+"[]"), s.arg(s.parameter(s.low), number), s.arg(s.parameter(s.high), number),
		s.arg(s.parameter(s.min), number), s.arg(s.parameter(s.max), number))
	fields := fmt.Sprintf(`
  'distinct', (select sum(distincts) from bins), 'outliers', (select coalesce(sum(outliers), 0) from bins),
  'bins', (select json_agg(json_build_array(bin, n)) from bins), 'top', %s,
  'min_count', (select sum(least) from bins), 'max_count', (select sum(greatest) from bins)`, topValues)
	if s.column.Type.IsTime() {
		with, fields = with+s.days(), fields+s.dayFields()
	}
	return with + "select json_build_object(" + fields + ")::text"
}

func (s *statement) days() string {
	day := "d.v"
	if s.column.Type == column.Timestamp {
		day = "(d.v - ((d.v % 86400000000) + 86400000000) % 86400000000) / 86400000000" // division is towards zero
	}
	return fmt.Sprintf(`,
days as materialized (select %s as day, sum(d.n)::bigint as n from d group by 1),
months as materialized (
  select distinct extract(year from date '1970-01-01' + k.day::integer)::integer * 12 + extract(month from date '1970-01-01' + k.day::integer)::integer - 1 as month
  from days k)`, day)
}

func (s *statement) dayFields() string {
	return fmt.Sprintf(`,
  'days', (select count(*) from days),
  'future', (select coalesce(sum(k.n), 0) from days k where k.day > %s),
  'placeholders', (select json_agg(json_build_array(k.day, k.n) order by k.day) from days k where k.day = any(%s)),
  'gaps', (select json_agg(json_build_array(g.day, g.next) order by g.next - g.day desc, g.day) from (
    select g.day, g.next from (select k.day, lead(k.day) over (order by k.day) as next from days k) g
    where g.next - g.day > 1 order by g.next - g.day desc, g.day limit 5) g),
  'month_count', (select count(*) from months),
  'months', (select json_agg(m.month order by m.month) from (select m.month from months m order by m.month limit %d) m)`,
		s.arg(s.published.Unix()/86400, "bigint"), s.arg(placeholderDays, "bigint[]"), maxMonths)
}

// maxMonths are read to find the missing ones among them.
const maxMonths = 2_400

// booleans are the distinct values of a boolean column.
func (s *statement) booleans() string {
	return "select json_agg(json_build_array(d.v, d.n) order by d.n desc, d.v)::text from (" + s.groups() + ") d"
}

const (
	// Patterns of what is trimmed. Leading zeros are of codes, not of numbers.
	numberPattern = `^[-+]?[$]?(0|[1-9][0-9]*|[1-9][0-9]{0,2}([ ,.''][0-9]{3})+)([.,][0-9]+)?([eE][-+]?[0-9]+)? ?%?$`
	datePattern   = `^([0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.]([0-9]{2}|[0-9]{4}))([ T][0-9].*)?$`
	whiteSpace    = " \t\n\v\f\r\u00a0\u2002\u2003\u2009\u3000\ufeff"

	maxShown    = 200     // characters of a text in a profile
	maxVariants = 100_000 // distinct texts among which case variants are looked for
)

// missingWords stand for a missing value where they are text. All other texts are longer or mean something.
var missingWords = []string{"na", "n/a", "#n/a", "<na>", "n.a.", "nan", "null", "(null)", "none", "nil", "-", "--", "---", "–", "—", ".", "?", "??",
	"unknown", "undefined", "missing", "tbd", "not available", "not applicable"}

// texts is all that is told of texts. What reads as a number or a date begins with a character before the colon.
func (s *statement) texts() string {
	d := s.groups()
	if s.column.IsCoded() {
		d = fmt.Sprintf(`
select w.word collate "C" as v, g.n from (%s) g join (
  select p.page_no * 1024 + generate_subscripts(p.words, 1) - 1 as code, %s(p.words) as word
  from app.dataset_words p where p.org_id = $1 and p.dataset_id = %s and p.column_no = $3) w on w.code = g.v`,
			d, s.version.Expand, s.arg(s.version.DatasetID, "uuid"))
	}
	space, words := s.arg(whiteSpace, "text"), s.arg(missingWords, "text[]")
	like := func(pattern string) string {
		return fmt.Sprintf("(t.v < ':' and t.v ~ %s)", s.arg(pattern, "text"))
	}
	number, date := like(numberPattern), like(datePattern)
	return fmt.Sprintf(`
with d as materialized (%[1]s),
t as not materialized (select btrim(d.v, %[2]s) as v, d.v as untrimmed, char_length(d.v) as length, d.n from d),
sums as materialized (
  select count(*) as distincts, min(t.untrimmed) as min, max(t.untrimmed) as max, min(t.length) as shortest, max(t.length) as longest,
    sum(t.length * t.n) as characters, coalesce(sum(t.n) filter (where t.length = 0), 0) as empty,
    coalesce(sum(t.n) filter (where t.v <> t.untrimmed), 0) as edges,
    coalesce(sum(t.n) filter (where %[4]s), 0) as numbers, coalesce(sum(t.n) filter (where %[5]s), 0) as dates, sum(t.n) as n
  from t),
variants as materialized (
  select g.words, g.n, g.most, g.examples from (
    select count(*) as words, sum(t.n) as n, max(t.n) as most, (array_agg(t.untrimmed order by t.n desc, t.untrimmed))[1:2] as examples
    from t where (select distincts from sums) <= %[6]d group by lower(t.v collate "default")) g
  where g.words > 1)
select json_build_object('distinct', s.distincts, 'min', left(s.min, %[7]d), 'max', left(s.max, %[7]d), 'min_length', s.shortest, 'max_length', s.longest,
  'characters', s.characters, 'empty', s.empty, 'edges', s.edges, 'numbers', s.numbers, 'dates', s.dates,
  'others', case when greatest(s.numbers, s.dates) * 2 >= s.n then (select json_agg(left(o.v, %[7]d)) from (
    select t.v from t where t.v <> '' and not case when s.numbers >= s.dates then %[4]s else %[5]s end order by t.n desc, t.v limit 3) o) end,
  'missing', (select json_agg(json_build_array(t.v, t.n) order by t.n desc, t.untrimmed) from t where t.length <= 20 and lower(t.v) = any(%[3]s)),
  'variants', (select coalesce(sum(v.words - 1), 0) from variants v), 'variant_rows', (select coalesce(sum(v.n - v.most), 0) from variants v),
  'variant_examples', (select array[left(v.examples[1], %[7]d), left(v.examples[2], %[7]d)] from variants v order by v.n - v.most desc, v.examples[1] limit 1),
  'top', (select coalesce(json_agg(json_build_array(left(t.v, %[7]d), t.n)), '[]') from (
    select d.v, d.n from d where d.n > 1 or s.distincts <= 10 order by d.n desc, d.v limit 10) t))::text
from sums s`, d, space, words, number, date, maxVariants, maxShown+1)
}
