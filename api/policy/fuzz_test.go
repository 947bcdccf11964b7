package policy_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/policy"
)

// FuzzParse: whatever the text is, nothing panics, and what is not one node is an error.
func FuzzParse(f *testing.F) {
	names := policy.Names{
		Functions: map[uint32]string{1: "app.org_id()", 2: "app.org_as(text[])", 3: "app.role()", 4: `"a(`},
		Operators: map[uint32]string{1: "pg_catalog.=(uuid,uuid)", 2: "pg_catalog.=(text,text)", 3: "x"},
		Columns:   map[int16]string{1: "org_id"},
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
		e, err := policy.Parse(tree, names)
		policy.Ask(e)
		if err == nil {
			require.True(t, strings.HasPrefix(strings.TrimSpace(tree), "{"))
		}
	})
}
