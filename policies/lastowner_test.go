package policies

import (
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// The two statements of api/members.go and the one of api/ownership.go, as the server sends them.

func demote(t *testing.T) func(conn *pgx.Conn, by, whom string) (int64, error) {
	sql := statement(t, "updateMember")
	return func(conn *pgx.Conn, by, whom string) (int64, error) {
		return inTransaction(t, conn, by, sql, organization("acme"), user(whom), "VIEWER", nil, uuid.New(), "", "")
	}
}

func remove(t *testing.T) func(conn *pgx.Conn, by, whom string) (int64, error) {
	sql := statement(t, "deleteMember")
	return func(conn *pgx.Conn, by, whom string) (int64, error) {
		return inTransaction(t, conn, by, sql, organization("acme"), user(whom), uuid.New(), "", "")
	}
}

func transfer(t *testing.T) func(conn *pgx.Conn, by, whom string) (int64, error) {
	sql := statement(t, "transferOwnership")
	return func(conn *pgx.Conn, by, whom string) (int64, error) {
		return inTransaction(t, conn, by, sql, organization("acme"), user(whom), "VIEWER", uuid.New(), "", "")
	}
}

func inTransaction(t *testing.T, conn *pgx.Conn, person, sql string, args ...any) (touched int64, err error) {
	err = pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), "select app.begin_request($1, $2)", user(person), organization("acme")); err != nil {
			return err
		}
		tag, err := tx.Exec(t.Context(), sql, args...)
		touched = tag.RowsAffected()
		return err
	})
	return touched, err
}

const owners = "select count(*) from app.memberships where org_id = $1 and role = 'OWNER'"

func TestAttack_058_TheLastOwnerStays(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn, admin := connect(t, db, login), connect(t, db, superuser)
	demote, remove := demote(t), remove(t)
	touched, err := demote(conn, "olga", "otto")
	require.NoError(t, err)
	require.Equal(t, int64(1), touched, "one of two")
	for _, act := range []func(*pgx.Conn, string, string) (int64, error){demote, remove} {
		touched, err := act(conn, "olga", "olga")
		require.NoError(t, err)
		require.Zero(t, touched)
	}
	require.Equal(t, int64(1), value[int64](t, admin, owners, organization("acme")))
}

// TestAttack_059_TwoOwnersEndEachOther at once, 50 times, by every pair of the two statements, or by giving the ownership to each
// other or to adam: one of the three is always an OWNER.
func TestAttack_059_TwoOwnersEndEachOther(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	one, other, admin := connect(t, db, login), connect(t, db, login), connect(t, db, superuser)
	demote, remove, transfer := demote(t), remove(t), transfer(t)
	type act = func(*pgx.Conn, string, string) (int64, error)
	pairs := []struct {
		first, second act
		firstOn       string // olga acts on otto or on herself
		secondOn      string // otto acts on olga or on himself
	}{
		{demote, demote, "otto", "olga"}, {remove, remove, "otto", "olga"}, {demote, remove, "otto", "olga"},
		{remove, remove, "olga", "otto"}, {demote, demote, "olga", "otto"}, {remove, demote, "olga", "otto"},
		{transfer, transfer, "otto", "olga"}, {transfer, remove, "otto", "olga"}, {transfer, demote, "adam", "olga"}, {transfer, remove, "adam", "otto"},
	}
	for i := range 50 {
		pair := pairs[i%len(pairs)]
		var together sync.WaitGroup
		var errs [2]error
		together.Go(func() { _, errs[0] = pair.first(one, "olga", pair.firstOn) })
		together.Go(func() { _, errs[1] = pair.second(other, "otto", pair.secondOn) })
		together.Wait()
		for _, err := range errs {
			if err != nil { // the other was faster: not a member any more
				require.ErrorContains(t, err, "P0002")
			}
		}
		left := value[int64](t, admin, owners, organization("acme"))
		if pair.firstOn == "adam" { // he may be one beside otto
			left = min(left, 1)
		}
		require.Equal(t, int64(1), left, "pair %d", i%len(pairs))
		restoreOwners(t, admin)
	}
}

// TestAnOwnerOfTheMomentDoesNotLeaveAsAnAdmin: adam begins to leave as an ADMIN; before his statement runs olga makes him an
// OWNER and leaves. He is the last one then.
func TestAnOwnerOfTheMomentDoesNotLeaveAsAnAdmin(t *testing.T) {
	t.Parallel()
	for _, person := range []string{"adam", "anna", "vera"} {
		db := postgrestest.Database(t)
		leaving, conn, admin := connect(t, db, login), connect(t, db, login), connect(t, db, superuser)
		_, err := remove(t)(conn, "olga", "otto")
		require.NoError(t, err)
		err = pgx.BeginFunc(t.Context(), leaving, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "select app.begin_request($1, $2)", user(person), organization("acme"))
			require.NoError(t, err)
			_, err = inTransaction(t, conn, "olga", statement(t, "updateMember"), organization("acme"), user(person), "OWNER", nil, uuid.New(), "", "")
			require.NoError(t, err)
			_, err = remove(t)(conn, "olga", "olga")
			require.NoError(t, err)
			touched, err := tx.Exec(t.Context(), statement(t, "deleteMember"), organization("acme"), user(person), uuid.New(), "", "")
			require.NoError(t, err)
			require.Zero(t, touched.RowsAffected(), person)
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, int64(1), value[int64](t, admin, owners, organization("acme")), person)
	}
}

func restoreOwners(t *testing.T, admin *pgx.Conn) {
	t.Helper()
	run(t, admin, "update app.memberships set role = 'ADMIN' where user_id = "+quoted("adam")+" and org_id = "+sqlOrganization("acme"))
	_, err := admin.Exec(t.Context(), `insert into app.memberships (org_id, user_id, role, full_name)
		select $1, unnest($2::uuid[]), 'OWNER', 'n' on conflict (org_id, user_id) do update set role = 'OWNER'`,
		organization("acme"), []uuid.UUID{user("olga"), user("otto")})
	require.NoError(t, err)
}
