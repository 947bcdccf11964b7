package limit

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	policy = Policy{Name: "account", Free: 5, Forget: 15 * time.Minute, First: time.Second, Longest: 15 * time.Minute}
	begin  = time.Unix(1_700_000_000, 0)
)

// tries lets name try again and again, each time as soon as it may, for so long.
func tries(t *Table, name string, from time.Time, d time.Duration) (n int, waits []time.Duration) {
	for now := from; now.Before(from.Add(d)); {
		if s := t.Take(name, now); s.Wait > 0 {
			waits = append(waits, s.Wait)
			now = now.Add(s.Wait)
			continue
		}
		n++
	}
	return n, waits
}

func TestWaitsDoubleUpToABound(t *testing.T) {
	t.Parallel()
	n, waits := tries(New(policy), "ada", begin, 24*time.Hour)
	require.Equal(t, time.Second, waits[0])
	for i := 1; i < len(waits); i++ {
		require.Contains(t, []time.Duration{waits[i-1], min(2*waits[i-1], policy.Longest)}, waits[i]) // the same: one was forgotten
	}
	require.Equal(t, policy.Longest, waits[len(waits)-1])
	require.InDelta(t, 110, n, 5) // of guesses a day at one password
}

func TestWaitingCountsNothing(t *testing.T) {
	t.Parallel()
	table := New(policy)
	tries(table, "ada", begin, time.Hour)
	now := begin.Add(time.Hour)
	first := table.Take("ada", now).Wait
	for range 1000 {
		require.Equal(t, first, table.Take("ada", now).Wait)
	}
	require.Zero(t, table.Take("ada", now.Add(first)).Wait)
}

func TestFailuresAreForgotten(t *testing.T) {
	t.Parallel()
	table := New(policy)
	tries(table, "ada", begin, 24*time.Hour)
	after := func(d time.Duration) State { return table.Take("ada", begin.Add(d)) }
	require.Zero(t, after(24*time.Hour+policy.Longest).Wait)
	require.Equal(t, State{Remaining: 4, Next: policy.Forget}, after(48*time.Hour))
	require.Equal(t, 3, after(48*time.Hour+time.Second).Remaining)
	require.Equal(t, 3, after(48*time.Hour+policy.Forget+2*time.Second).Remaining)
}

func TestWhatDidNotFailIsGivenBack(t *testing.T) {
	t.Parallel()
	table := New(policy)
	for range 100 {
		require.Equal(t, State{Remaining: 4, Next: policy.Forget}, table.Take("ada", begin))
		table.GiveBack("ada", 1)
	}
	table.GiveBack("ada", 1) // twice: no failure fewer than none
	table.GiveBack("bob", 1)
	require.Equal(t, 4, table.Take("ada", begin).Remaining)
}

// TestOthersSuccessesTakeNothingBack: whoever fails and succeeds in turn, with a second account, waits as long.
func TestOthersSuccessesTakeNothingBack(t *testing.T) {
	t.Parallel()
	alone, mixed := New(policy), New(policy)
	for range 20 {
		now := begin
		mixed.Take("address", now)
		if s := mixed.Take("address", now); s.Wait == 0 {
			mixed.GiveBack("address", 1)
		}
		alone.Take("address", now)
	}
	require.Equal(t, alone.Take("address", begin).Wait, mixed.Take("address", begin).Wait)
}

func TestAtOncePassesWhatIsFree(t *testing.T) {
	t.Parallel()
	table := New(policy)
	passed := make(chan struct{}, 200)
	var wait sync.WaitGroup
	for range 200 {
		wait.Go(func() {
			if table.Take("ada", begin).Wait == 0 {
				passed <- struct{}{}
			}
		})
	}
	wait.Wait()
	require.Len(t, passed, policy.Free)
}

// TestWhoReadTheClockFirstAndComesSecondDoesNotWait: of requests at the same moment each has its own reading.
func TestWhoReadTheClockFirstAndComesSecondDoesNotWait(t *testing.T) {
	t.Parallel()
	table, later := New(policy), begin.Add(time.Millisecond)
	require.Equal(t, policy.Free-1, table.Take("ada", later).Remaining)
	second := table.Take("ada", begin)
	require.Zero(t, second.Wait)
	require.Equal(t, policy.Free-2, second.Remaining)
	table.GiveBack("ada", 2)
	require.Zero(t, table.Take("ada", begin).Wait)
	for range policy.Free - 1 {
		table.Take("ada", begin)
	}
	require.Equal(t, policy.First, table.Take("ada", begin).Wait, "a wait is as long for one as for the other")
}

func TestAWaitBeginsWhenNothingIsLeft(t *testing.T) {
	t.Parallel()
	table := New(policy)
	for i := range policy.Free {
		require.Equal(t, policy.Free-1-i, table.Take("ada", begin.Add(time.Duration(i)*time.Millisecond)).Remaining)
	}
	require.InDelta(t, time.Second, table.Take("ada", begin.Add(5*time.Millisecond)).Wait, float64(time.Millisecond))
}

// TestTenMillionNames take no memory, and do not make the one be forgotten that has failed often.
func TestTenMillionNames(t *testing.T) {
	table := New(policy)
	tries(table, "ada", begin, time.Hour)
	before := table.Take("ada", begin.Add(time.Hour)).Wait
	require.Positive(t, before)
	now := begin.Add(time.Hour)
	require.Zero(t, testing.AllocsPerRun(1, func() { table.Take("2001:db8:1:2::/64", now) }))
	n := 10_000_000
	if testing.Short() {
		n = 1_000_000
	}
	var name [20]byte
	for i := range n {
		table.Take(string(strconv.AppendInt(name[:0], int64(i), 10)), now)
	}
	require.Equal(t, before, table.Take("ada", now).Wait)
	refused := 0
	for i := range 1000 { // and nobody waits for what others did
		if table.Take("new"+strconv.Itoa(i), now).Wait > 0 {
			refused++
		}
	}
	require.Zero(t, refused)
}

func TestAMarkLastsAsLongAsAFailure(t *testing.T) {
	t.Parallel()
	table := New(Policy{Forget: 24 * time.Hour})
	require.False(t, table.Marked("ada", begin))
	table.Mark("ada", begin)
	table.Mark("ada", begin.Add(time.Hour))
	require.True(t, table.Marked("ada", begin.Add(24*time.Hour)))
	require.False(t, table.Marked("ada", begin.Add(25*time.Hour)))
	require.False(t, table.Marked("bob", begin))
}

func BenchmarkTake(b *testing.B) {
	table := New(policy)
	b.RunParallel(func(pb *testing.PB) {
		var name [20]byte
		for i := int64(0); pb.Next(); i++ {
			table.Take(string(strconv.AppendInt(name[:0], i, 10)), begin)
		}
	})
}
