package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerUsage() {
	operation(s, huma.Operation{OperationID: "get-usage", Method: http.MethodGet, Path: "/api/v1/organizations/{org_id}/usage", Tags: []string{"organizations"},
		Summary: "Get how much an organization has, and how much it may have", Description: "Every member may. Limits are set by whoever operates the server."}, s.getUsage)
}

// Usage is how much of each quota an organization has used.
type Usage struct {
	Members        Quota     `json:"members"`
	Datasets       Quota     `json:"datasets"`
	StoredBytes    Quota     `json:"stored_bytes" doc:"Of the uploaded files of all versions, also of deleted ones until they are purged; and once more of those that are kept. A version that shares rows with an older one counts only what it has added"`
	QuestionsToday Quota     `json:"questions_today" doc:"Asked since the day began, answered or not; of deleted datasets too"`
	DayEndsAt      time.Time `json:"day_ends_at" doc:"When questions are counted anew"`
}

// Quota is a limit and what is used of it.
type Quota struct {
	Used  int64 `json:"used"`
	Limit int64 `json:"limit" doc:"At most; what was there before a limit was lowered stays"`
}

// ExceededQuota is a quota that has no room for what was to be made. Used is what is there without it.
type ExceededQuota struct {
	Name  string `json:"name" enum:"members,datasets,stored_bytes,questions_today"`
	Used  *int64 `json:"used,omitempty" doc:"Of members as well as open invitations, where somebody was to be invited; not told to who is no member"`
	Limit *int64 `json:"limit,omitempty"`
}

// ScanNull makes a Quota a pgtype.CompositeIndexScanner.
func (q *Quota) ScanNull() error { return errors.New("a quota without a limit") }

// ScanIndex is where the fields of the records in selectUsage go.
func (q *Quota) ScanIndex(i int) any { return []any{&q.Used, &q.Limit}[i] }

// usageDay is the day that questions are counted in: of UTC, for the organization's time zone is its own to change, and a day
// begins somewhere every hour.
const usageDay = `
day as (
  select date_trunc('day', now(), 'UTC') as began, date_trunc('day', now(), 'UTC') + interval '1 day' as ends)`

// A key may not count the members, and nothing that it makes is one.
const (
	selectUsage = `
with` + usageDay + `
select row((select count(*) from app.memberships m where m.org_id = $1), q.members::bigint) as members` + usageOfThings
	selectUsageOfThings = `
with` + usageDay + `
select row(0::bigint, q.members::bigint) as members` + usageOfThings
	usageOfThings = `,
  row((select count(*) from app.datasets d where d.org_id = $1), q.datasets::bigint) as datasets,
  row((select coalesce(sum(v.byte_count + v.kept_bytes), 0)::bigint from app.dataset_versions v where v.org_id = $1), q.stored_bytes) as stored_bytes,
  row((select count(*) from app.questions_asked a where a.org_id = $1 and a.at >= day.began), q.questions_per_day::bigint) as questions_today,
  day.ends as day_ends_at
from app.quotas q, day where q.org_id = $1`
)

func (s *Server) getUsage(ctx context.Context, in *InOrganization) (*struct{ Body Usage }, error) {
	u, err := tenant.Row[Usage](ctx, s.db, member(ctx, in.OrgID), selectUsage, in.OrgID)
	return &struct{ Body Usage }{u}, err
}

// Whoever makes something at the same time waits here; the statement after it has a snapshot of its own and counts what
// they have made.
const lockQuotas = `
select org_id from app.quotas where org_id = $1 for update`

// withinQuotas refuses what tx has made if it is too much. made is that, so that it is not called used. It comes last, since
// the lock is held until tx ends, and tx has to be one that sees what others commit, not a Snapshot.
func withinQuotas(ctx context.Context, tx *tenant.Tx, org uuid.UUID, made Usage) error {
	if _, err := tx.Exec(ctx, lockQuotas, org); err != nil {
		return err
	}
	u, err := tenant.TxRow[Usage](ctx, tx, selectUsageOfThings, org)
	if err != nil {
		return err
	}
	return u.exceeded(made)
}

// wouldBeWithinQuotas refuses what a file of so many bytes would be too much for. All of made but its bytes is there already.
func wouldBeWithinQuotas(ctx context.Context, tx *tenant.Tx, org uuid.UUID, made Usage) error {
	u, err := tenant.TxRow[Usage](ctx, tx, selectUsageOfThings, org)
	if err != nil {
		return err
	}
	u.StoredBytes.Used += made.StoredBytes.Used
	return u.exceeded(made)
}

// exceeded names the first quota of which made, which u counts, was too much. What is over its limit already hinders nobody
// who adds nothing to it.
func (u Usage) exceeded(made Usage) error {
	for _, q := range []struct {
		name      string
		now, made Quota
	}{
		{"members", u.Members, made.Members}, {"datasets", u.Datasets, made.Datasets},
		{"stored_bytes", u.StoredBytes, made.StoredBytes}, {"questions_today", u.QuestionsToday, made.QuestionsToday},
	} {
		if q.made.Used == 0 || q.now.Used <= q.now.Limit {
			continue
		}
		p, used := refuse("quota_exceeded", ""), q.now.Used-q.made.Used
		p.Quota = &ExceededQuota{q.name, &used, &q.now.Limit}
		if q.name == "questions_today" {
			p.Status, p.retryAfter = http.StatusTooManyRequests, strconv.Itoa(int(time.Until(u.DayEndsAt).Seconds())+1)
		}
		return p
	}
	return nil
}
