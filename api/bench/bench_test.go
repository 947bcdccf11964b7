package bench

import (
	"bytes"
	stdcsv "encoding/csv"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const log = `2026-11-23 14:00:00.000 UTC [7] LOG:  statement: select pg_reload_conf()
2026-11-23 14:00:00.001 UTC [8] LOG:  execute stmtcache_1: begin
2026-11-23 14:00:00.001 UTC [8] LOG:  execute stmtcache_2: select app.begin_request($1, $2)
2026-11-23 14:00:00.001 UTC [8] DETAIL:  parameters: $1 = '0a', $2 = 'it''s'
2026-11-23 14:00:00.002 UTC [8] LOG:  execute stmtcache_3: 
	select a::text
	from app.datasets where org_id = $1 and b = $2 and c = $1
2026-11-23 14:00:00.002 UTC [8] DETAIL:  parameters: $1 = '0a', $2 = NULL
2026-11-23 14:00:00.003 UTC [8] LOG:  execute stmtcache_4: commit
`

func TestATransactionIsReadFromTheDatabasesLog(t *testing.T) {
	t.Parallel()
	found := transaction(statements(log))
	require.Equal(t, []statement{
		{sql: "begin"},
		{sql: "select app.begin_request($1, $2)", args: []*string{new("0a"), new("it's")}},
		{sql: "\nselect a::text\nfrom app.datasets where org_id = $1 and b = $2 and c = $1", args: []*string{new("0a"), nil}},
		{sql: "commit"},
	}, found)
}

func TestATransactionThatIsNotWholeIsNone(t *testing.T) {
	t.Parallel()
	whole := statements(log)
	require.Nil(t, transaction(whole[1:]))
	require.Nil(t, transaction(whole[:len(whole)-1]))
}

func TestPgbenchRunsATransactionInOnePipeline(t *testing.T) {
	t.Parallel()
	text, define, err := script([]statement{{sql: "begin"}, {sql: "\nselect $2::int, $1", args: []*string{new("a"), new("1")}}, {sql: "commit"}})
	require.NoError(t, err)
	require.Equal(t, "\\startpipeline\nbegin;\nselect :p1_2::int, :p1_1;\ncommit;\n\\endpipeline\n", text)
	require.Equal(t, []string{"-D", "p1_1=a", "-D", "p1_2=1"}, define)
}

func TestGeneratedRowsAreTheSameAtEveryRun(t *testing.T) {
	t.Parallel()
	first, err := io.ReadAll(csvOfRows(2_000))
	require.NoError(t, err)
	again, err := io.ReadAll(csvOfRows(2_000))
	require.NoError(t, err)
	require.Equal(t, first, again)

	records, err := stdcsv.NewReader(bytes.NewReader(first)).ReadAll()
	require.NoError(t, err)
	require.Len(t, records, 2_001)
	require.Equal(t, strings.TrimSpace(header), strings.Join(records[0], ","))
	regions := map[string]bool{}
	for _, r := range records[1:] {
		regions[r[9]] = true
	}
	require.Len(t, regions, 5)
}

func TestGeneratedBytesEndWithTheRowThatFillsThem(t *testing.T) {
	t.Parallel()
	text, err := io.ReadAll(csvOfBytes(300_000))
	require.NoError(t, err)
	require.Less(t, bytes.LastIndexByte(text[:len(text)-1], '\n'), 300_000)
	require.GreaterOrEqual(t, len(text), 300_000)
	require.True(t, bytes.HasSuffix(text, []byte("\n")))
}

func TestARatioIsTheMedianOfThePairsRatios(t *testing.T) {
	t.Parallel()
	measured := pairs{{1, 1}, {100, 10}, {3, 2}}
	require.InDelta(t, 1.5, measured.ratio(), 1e-12)
	require.Equal(t, "3.00 : 2.00 s, 3 pairs, 1.00–10.0", measured.note("s"))
	require.InDelta(t, 2.5, median([]float64{4, 1, 3, 2}), 1e-12)
	require.InDelta(t, 4, geometricMean([]float64{2, 8}), 1e-12)
}

func TestAGoalHoldsAtItsBound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		goal  goal
		value float64
		holds bool
	}{
		{goal{"≥", 0.3}, 0.3, true}, {goal{"≥", 0.3}, 0.299, false},
		{goal{"≤", 128}, 128, true}, {goal{"≤", 128}, 128.1, false},
	} {
		require.Equal(t, c.holds, *figure("f", c.value, "s", c.goal, "").Holds, "%v %v", c.value, c.goal)
	}
}

func TestAFigureThatIsNotMeasuredHoldsNothing(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, write(&out, "json", []Figure{notMeasured("memory", "MB", goal{"≤", 128}, "needs Linux")}))
	require.JSONEq(t, `[{"name": "memory", "value": null, "unit": "MB", "goal": "≤ 128", "holds": null, "note": "needs Linux"}]`, out.String())
}

func TestAnAnswerThatDiffersIsFound(t *testing.T) {
	t.Parallel()
	require.NoError(t, same([][]any{{"a", 1.5}}, [][]string{{"a", "1.50"}}))
	require.Error(t, same([][]any{{"a", 1.5}}, [][]string{{"a", "1.51"}}))
	require.Error(t, same([][]any{{"a", 1.5}}, [][]string{{"b", "1.5"}}))
	require.Error(t, same([][]any{{nil}}, [][]string{{"0"}}))
	require.Error(t, same([][]any{{"a"}, {"b"}}, [][]string{{"a"}}))
	require.Error(t, same([][]any{{"a"}}, [][]string{{"a", "b"}}))
}

func TestOnlyChoosesFiguresByAPartOfTheirName(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"--quick", "--only", "memory", "--format", "json"})
	require.NoError(t, err)
	b := &bench{options: o}
	require.True(t, b.wanted("first start", b.memoryName()))
	require.False(t, b.wanted(getDataset, queryMean))
	b.add(figure("first start", 1, "s", goal{"≤", 2}, ""))
	require.Empty(t, b.figures)
	b.add(figure(b.memoryName(), 100, "MB", goal{"≤", 128}, ""))
	require.Contains(t, b.figures[0].Note, "quick")

	_, err = parse([]string{"--format", "xml"})
	require.ErrorContains(t, err, "usage")
}
