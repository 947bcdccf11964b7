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
