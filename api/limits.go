package api

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/insightforge/insightforge/api/limit"
)

// limits are how often somebody may fail to show who they are. They are this process's own: docs/decisions/0012 has what
// that costs.
type limits struct {
	now       func() time.Time
	trusted   proxies
	passwords *limit.Table // by client address
	tokens    *limit.Table // by client address
	accounts  *limit.Table // by the address of the account that is named, be there one or not
	pairs     *limit.Table // accounts that have signed in from a client address

	recipients *limit.Table // mails, by the address that they go to
	senders    *limit.Table // mails, by the user who has them sent to others
}

// The policies. Of 24 hours of guessing one account's password gets about 110 tries, whatever the number of client
// addresses, and one client address gets about 1,500, whatever the number of accounts.
//
// A wait on an account keeps its owner out as well, so it is bounded, and where the owner has signed in from before they
// have a count of their own, which strangers cannot raise. What remains: while an attack lasts, an owner at a new client
// address may have to try more than once, a quarter of an hour apart. Signed-in sessions are not touched.
//
// Of 24 hours an address gets about 80 mails, whoever asks for them and for what. A wait for one more is shorter than the 30
// minutes that a reset's token serves: who keeps others from being mailed a token keeps their mailbox full of good ones. The
// mails bound the one-time tokens of an address as well.
//
// Refresh and invitation tokens have too many bits to be guessed. Their limit keeps the database from being asked in
// vain; it is wide, as hundreds of people may share an address.
func newLimits(trusted proxies) *limits {
	return &limits{
		now: time.Now, trusted: trusted,
		passwords: limit.New(limit.Policy{Name: "address", Free: 20, Forget: time.Minute, First: time.Second, Longest: 5 * time.Minute}),
		tokens:    limit.New(limit.Policy{Name: "address", Free: 100, Forget: 6 * time.Second, First: time.Second, Longest: time.Minute}),
		accounts:  limit.New(limit.Policy{Name: "account", Free: 5, Forget: 15 * time.Minute, First: time.Second, Longest: 15 * time.Minute}),
		pairs:     limit.New(limit.Policy{Forget: 90 * 24 * time.Hour}),

		recipients: limit.New(limit.Policy{Free: 5, Forget: time.Hour, First: time.Minute, Longest: 20 * time.Minute}),
		senders:    limit.New(limit.Policy{Name: "sender", Free: 100, Forget: time.Minute, First: time.Second, Longest: 20 * time.Minute}),
	}
}

// successCost is how much of a failure a sign-in or sign-up counts as that succeeds: it takes a hash as well.
const successCost = 1.0 / 8

// limited is op with a limit by client address. It is counted before anything is read, and given back if the request
// then did not fail at showing who it is from. nil: only what the handler counts, of who is signed in.
func (s *Server) limited(addresses *limit.Table, op huma.Operation) huma.Operation {
	op.Errors = append(op.Errors, http.StatusTooManyRequests)
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		request, w := humago.Unwrap(ctx)
		a := &attempt{limits: s.limits, header: ctx, operation: op.OperationID, address: network(request.Context().Value(addressKey{}).(netip.Addr))}
		if addresses != nil && !a.take(addresses, a.operation+" "+a.address) {
			_ = huma.WriteErr(s.api, ctx, http.StatusTooManyRequests, "")
			return
		}
		next(huma.WithValue(ctx, attemptKey{}, a))
		a.settle(w.(*answer).status) // not ctx's: the contexts that follow are copies
	})
	return op
}

type attemptKey struct{}

// attempt is one request of a limited operation.
type attempt struct {
	*limits
	header          huma.Context // of the answer
	operation       string
	address         string
	account         string // as it is stored; empty where none is named
	policies, state string // headers so far
	taken           []taken
	mailed          bool // a mail goes out
}

type taken struct {
	from *limit.Table
	name string
}

// ofAccount limits the attempt by the account that it names as well.
func ofAccount(ctx context.Context, email string) error {
	a := ctx.Value(attemptKey{}).(*attempt)
	a.account = email
	name := a.operation + " " + email
	if a.pairs.Marked(a.pair(), a.now()) {
		name += " " + a.address
	}
	if !a.take(a.accounts, name) {
		return refuse("rate_limited", "")
	}
	return nil
}

// ofRecipient limits the mails that an address gets. Nobody has a count of their own: a mailbox has none either.
func ofRecipient(ctx context.Context, email string) error {
	a := ctx.Value(attemptKey{}).(*attempt)
	if !a.take(a.recipients, email) {
		return refuse("rate_limited", "")
	}
	return nil
}

// ofSender limits the mails that the caller has sent to others.
func ofSender(ctx context.Context) error {
	a := ctx.Value(attemptKey{}).(*attempt)
	if !a.take(a.senders, session(ctx).User.String()) {
		return refuse("rate_limited", "")
	}
	return nil
}

func (a *attempt) pair() string { return a.account + " " + a.address }

// take counts a failure and says in the answer's headers how much is left; false: the caller has to wait.
func (a *attempt) take(from *limit.Table, name string) bool {
	state := from.Take(name, a.now())
	a.tell(from.Policy, state)
	if state.Wait > 0 {
		a.header.SetHeader("Retry-After", seconds(state.Wait))
		return false
	}
	a.taken = append(a.taken, taken{from, name})
	return true
}

// tell is draft-ietf-httpapi-ratelimit-headers-10: what is allowed, what is left of it, and when there will be more.
//
// A limit without a name is not told: of how many mails a stranger has got.
func (a *attempt) tell(p limit.Policy, state limit.State) {
	if p.Name == "" {
		return
	}
	separator := ""
	if a.policies != "" {
		separator = ", "
	}
	a.policies += separator + fmt.Sprintf("%q;q=%d;w=%s", p.Name, p.Free, seconds(p.Window()))
	a.state += separator + fmt.Sprintf("%q;r=%d;t=%s", p.Name, state.Remaining, seconds(state.Next))
	a.header.SetHeader("RateLimit-Policy", a.policies)
	a.header.SetHeader("RateLimit", a.state)
}

// tooSoon is the refusal of what may be done again after a wait.
func tooSoon(wait time.Duration) *Problem {
	p := refuse("rate_limited", "")
	p.retryAfter = seconds(wait)
	return p
}

// seconds are rounded up: who comes back then is not too early.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

// settle gives back what was counted. A refusal keeps it: a wrong password, a taken address, a token that serves no more.
// So does waiting for an account, at the client address. A mail is kept if it goes out; who asks for one has shown nothing.
func (a *attempt) settle(status int) {
	for _, t := range a.taken {
		t.from.GiveBack(t.name, 1-a.cost(t.from, status))
	}
	if a.account != "" && status < http.StatusBadRequest && status != http.StatusAccepted {
		a.pairs.Mark(a.pair(), a.now())
	}
}

// cost is how much of a failure an attempt counts as.
func (a *attempt) cost(from *limit.Table, status int) float64 {
	switch mails := from == a.recipients || from == a.senders; {
	case mails && a.mailed:
		return 1
	case mails:
		return 0
	case slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusGone, http.StatusTooManyRequests}, status):
		return 1
	case from == a.passwords && status == http.StatusAccepted:
		return 1
	case from == a.passwords && status < http.StatusBadRequest:
		return successCost
	}
	return 0
}
