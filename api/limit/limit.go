// Package limit counts failures, lets who has few of them pass at once, and has others wait: twice as long after each
// further one. Failures are forgotten with time.
//
// It is not golang.org/x/time/rate, which has no back-off, and whose limiters somebody has to keep in a map and throw away:
// there an attacker with many names either fills the memory, or pushes out the one that was counted.
package limit

import (
	"hash/maphash"
	"math"
	"sync"
	"time"
)

// Policy is what is allowed.
type Policy struct {
	Name    string        // in the RateLimit header
	Free    int           // failures before there is a wait
	Forget  time.Duration // so often one is forgotten
	First   time.Duration // the wait after the last free one; each further one doubles it
	Longest time.Duration // the longest wait
}

// Window is how long it takes until the free failures are free again, if all of them were used.
func (p Policy) Window() time.Duration { return time.Duration(p.Free) * p.Forget }

// wait is how long after the last failure the next try may come.
func (p Policy) wait(failures float64) time.Duration {
	over := math.Ceil(failures) - float64(p.Free)
	if over < 0 {
		return 0
	}
	return time.Duration(min(float64(p.First)*math.Exp2(over), float64(p.Longest)))
}

// A table has a fixed size. A name can be in one set only, by its hash, and takes there the place of whoever will be
// forgotten first. So many names of one failure each do not push out the one that has many, and nobody is ever held
// responsible for another's failures.
const (
	sets = 1 << 12
	ways = 8
)

// Table counts failures by name. It takes 768 KiB, however many names there are.
type Table struct {
	Policy
	seed maphash.Seed // secret: nobody can choose names that meet

	mu   sync.Mutex
	sets *[sets][ways]count
}

type count struct {
	name     uint64  // hash
	failures float64 // at the time of last
	last     int64   // ns
}

// New returns an empty table.
func New(p Policy) *Table {
	return &Table{Policy: p, seed: maphash.MakeSeed(), sets: new([sets][ways]count)}
}

// State is how a name stands.
type State struct {
	Remaining int           // failures that are still free
	Wait      time.Duration // until the next try may come; 0: now
	Next      time.Duration // until one failure more is forgotten; 0: there is none
}

// Take counts a failure in advance: what is tried at the same time does not pass uncounted. Where the name has to wait it
// counts nothing, and says how long. GiveBack is for what then did not fail.
func (t *Table) Take(name string, now time.Time) State {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.place(maphash.String(t.seed, name), now)
	now = time.Unix(0, max(now.UnixNano(), c.last)) // of two at once the first here may have read the clock last
	if wait := time.Duration(c.last-now.UnixNano()) + t.wait(c.failures); wait > 0 {
		return State{Wait: wait, Next: wait}
	}
	c.failures, c.last = t.left(c, now)+1, now.UnixNano()
	fraction := c.failures - math.Ceil(c.failures) + 1
	return State{
		Remaining: max(0, t.Free-int(math.Ceil(c.failures))),
		Next:      max(time.Duration(fraction*float64(t.Forget)), t.wait(c.failures)),
	}
}

// GiveBack takes back so much of the failure that Take has counted.
func (t *Table) GiveBack(name string, failures float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	hash := maphash.String(t.seed, name)
	for i := range ways {
		if c := &t.set(hash)[i]; c.name == hash {
			c.failures = max(0, c.failures-failures)
		}
	}
}

// Mark remembers a name, and Marked says whether it is remembered: as long as a failure is.
func (t *Table) Mark(name string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.place(maphash.String(t.seed, name), now)
	c.failures, c.last = 1, now.UnixNano()
}

// Marked: see Mark.
func (t *Table) Marked(name string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	hash := maphash.String(t.seed, name)
	for _, c := range t.set(hash) {
		if c.name == hash {
			return t.left(&c, now) > 0
		}
	}
	return false
}

func (t *Table) set(hash uint64) *[ways]count { return &t.sets[hash%sets] }

// place is the name's, or that of whoever will be forgotten first.
func (t *Table) place(hash uint64, now time.Time) *count {
	set := t.set(hash)
	first := &set[0]
	for i := range set {
		if set[i].name == hash {
			return &set[i]
		}
		if t.left(&set[i], now) < t.left(first, now) {
			first = &set[i]
		}
	}
	*first = count{name: hash, last: math.MinInt64 / 2}
	return first
}

// left is how many failures are not forgotten.
func (t *Table) left(c *count, now time.Time) float64 {
	return max(0, c.failures-float64(now.UnixNano()-c.last)/float64(t.Forget))
}
