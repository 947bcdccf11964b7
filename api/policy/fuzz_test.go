package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ask calls everything there is on an expression.
func ask(e Expr) {
	for _, left := range []Expr{e, e.As("OWNER"), e.Beyond(orgID), e.As("VIEWER").Beyond(orgID)} {
		_ = left.String() + strings.Join(left.Calls(), "") + strings.Join(left.Columns(), "")
		_, _, _, _ = left.Implied(), left.HasSubquery(), left.Never(), left.Always()
	}
}

// FuzzParse: whatever the text is, nothing panics, and what is not one node is an error.
func FuzzParse(f *testing.F) {
	names := Names{
		Functions: map[uint32]string{1: orgID, 2: orgAs, 3: appRole, 4: `"a(`}, Operators: map[uint32]string{1: equals[0], 2: equals[1], 3: "x"},
		Columns: map[int16]string{1: "org_id"},
	}
	for _, p := range selectPolicies(f, connect(f)) {
		for _, tree := range []*string{p.Using, p.Check} {
			if tree != nil {
				f.Add(*tree)
			}
		}
	}
	f.Add("{OPEXPR :opno 1 :inputcollid 0 :args ({VAR :varno 1 :varattno 1 :varlevelsup 0} {FUNCEXPR :funcid 1})}")
	f.Add("{OPEXPR :opno 2 :inputcollid 0 :args ({FUNCEXPR :funcid 3} {CONST :consttype 25 :constvalue 5 [ 20 0 0 0 -1 ]})}")
	f.Add("{SUBLINK :subselect {QUERY :rtable ({ALIAS :aliasname :opno :colnames (\"a\\ b\" <>)}) :cols (b 8)}}")
	f.Fuzz(func(t *testing.T, tree string) {
		e, err := Parse(tree, names)
		ask(e)
		if err == nil {
			require.True(t, strings.HasPrefix(strings.TrimLeft(tree, space), "{"))
		}
	})
}

func TestTextThatIsNoExpressionIsAnError(t *testing.T) {
	t.Parallel()
	for _, tree := range []string{"", "<>", "x", "(", ")", "{", "}", "{}", "{{}}", "()", "({VAR})", "{VAR", "{VAR :a", "{VAR :a }", "{VAR a}", "{VAR :a (}", "{VAR} {VAR}", "{VAR}}",
		"{VAR :a 1 :b {}", "{VAR :a ({VAR})", "\\", "{\\"} {
		_, err := Parse(tree, Names{})
		require.Error(t, err, tree)
	}
	_, err := Parse(strings.Repeat("{A :a ", 1e6), Names{})
	require.ErrorContains(t, err, "nested too deeply")
}

// TestANameThatLooksLikeAFieldIsAName: PostgreSQL does not mark the colon of a name.
func TestANameThatLooksLikeAFieldIsAName(t *testing.T) {
	t.Parallel()
	n, err := read(`{ALIAS :aliasname :funcid :colnames ("a\ b" ":opno")}`)
	require.NoError(t, err)
	require.Equal(t, ":funcid", n.get("aliasname").word)
	require.Len(t, n.get("colnames").list, 2)
	require.Empty(t, n.get("funcid"))
}

func TestTheUnknownProvesNothing(t *testing.T) {
	t.Parallel()
	for _, e := range []Expr{{}, {root: node{kind: "NEWEXPR"}}} {
		ask(e)
		require.Empty(t, e.Implied())
		require.False(t, e.Never() || e.Always() || e.As("OWNER").Always() || e.As("OWNER").Never())
	}
	e, err := Parse("{NEWEXPR :arg {SUBLINK :subselect {QUERY :x {FUNCEXPR :funcid 7}}} :b {VAR :varno 1 :varattno 2 :varlevelsup 0}}",
		Names{Functions: map[uint32]string{7: "evil.f()"}, Columns: map[int16]string{2: "secret"}})
	require.NoError(t, err)
	require.True(t, e.HasSubquery())
	require.Equal(t, []string{"evil.f()"}, e.Calls())
	require.Equal(t, []string{"secret"}, e.Columns())
}
