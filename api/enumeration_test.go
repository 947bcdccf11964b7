package api_test

import (
	"flag"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/mail"
)

var enumerations = flag.Int("enumerations", 0, "how many requests TestNoTimeTellsOfAnAddress compares")

// TestNoTimeTellsOfAnAddress: how long answers take that could tell whether there is a user with an address. On a machine that is
// busy it tells nothing, so it is run by hand; what it said is in docs/decisions:
//
//	go test ./api -run TestNoTimeTellsOfAnAddress -v -enumerations 400
func TestNoTimeTellsOfAnAddress(t *testing.T) {
	if *enumerations == 0 {
		t.Skip("for -enumerations=400")
	}
	for name, ask := range map[string]func(m mailing, caller person, from, email string) answer{
		"login": func(m mailing, _ person, from, email string) answer {
			return m.loginFrom(from, email, "wrong horse battery")
		},
		"register": func(m mailing, _ person, from, email string) answer {
			return m.nobody().post(auth+"register", signUp(email, theirPassword), "X-Forwarded-For", from)
		},
		"password-reset": func(m mailing, _ person, from, email string) answer {
			return m.nobody().post(resetBegin, object{"email": email}, "X-Forwarded-For", from)
		},
		"change-email": func(_ mailing, caller person, from, email string) answer {
			return caller.post(myEmail, object{"new_email": email, "current_password": theirPassword}, "X-Forwarded-For", from)
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, n := newMailingOf(t, mail.Options{Places: 1 << 20}), 0
			go m.smtp.Discard()
			timed := func(known bool) time.Duration {
				n++
				caller, email := m.newPerson("Ada"), newEmail()
				if caller.setPassword(); known {
					bob := m.newPerson("Bob")
					bob.setPassword()
					email = bob.email
				}
				begun := time.Now()
				a := ask(m, caller, fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255), email)
				took := time.Since(begun)
				require.Contains(t, []int{http.StatusAccepted, http.StatusUnauthorized}, a.status, "%s", a.body)
				return took
			}
			var inTurn, inRows [2][]time.Duration // unknown, known
			for range *enumerations / 2 {
				inTurn[0], inTurn[1] = append(inTurn[0], timed(false)), append(inTurn[1], timed(true))
			}
			for known := range 2 { // what goes on behind the answers has its effect on those of the same kind
				m.queue.Wait()
				for range *enumerations / 2 {
					inRows[known] = append(inRows[known], timed(known == 1))
				}
			}
			for how, times := range map[string][2][]time.Duration{"in turn": inTurn, "in rows": inRows} {
				unknown, known := median(times[0]), median(times[1])
				t.Logf("%-15s %s: unknown %.2f ms, known %.2f ms, ratio %.2f", name, how, unknown, known, known/unknown)
				require.InDelta(t, 1, known/unknown, 0.2)
			}
		})
	}
}

func median(times []time.Duration) float64 {
	slices.Sort(times)
	return float64(times[len(times)/2]) / float64(time.Millisecond)
}
