package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Attacks on versions, beyond the catalogue.

// TestAHiddenColumnThatComesBackIsHidden: a month without the column does not show that of the next one to everyone.
func TestAHiddenColumnThatComesBackIsHidden(t *testing.T) {
	t.Parallel()
	for name, comeBack := range map[string]func(h hiding) answer{
		"in a file":         func(h hiding) answer { return h.owner.renew(h.dataset, "replace", people) },
		"in rows of a file": func(h hiding) answer { return h.owner.renew(h.dataset, "append", people) },
		"under its new name": func(h hiding) answer {
			return h.owner.renew(h.dataset, "replace", strings.Replace(people, "salary", "pay", 1))
		},
		"beside a version that has it": func(h hiding) answer {
			h.owner.renew(h.dataset, "append", people).is(http.StatusCreated)
			h.owner.post(h.dataset+"/versions/2/activate", nil).is(http.StatusOK)
			return h.owner.renew(h.dataset, "append", people)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHiding(t)
			h.owner.patch(columnPath(h.dataset, "3"), object{"name": "pay"}).is(http.StatusOK)
			h.see("admins")
			h.owner.renew(h.dataset, "replace", "name,city\nAnn,Oslo\n").is(http.StatusCreated)
			comeBack(h).is(http.StatusCreated)
			require.Len(t, h.owner.get(h.dataset).is(http.StatusOK)["columns"], 5)
			for who, p := range h.blind {
				require.Len(t, p.get(h.dataset).is(http.StatusOK)["columns"], 2, who)
				require.NotContains(t, string(p.get(h.dataset+"/rows").body), "topmost", who)
			}
			// It is the same column: who sees one version of it sees the other.
			h.owner.patch(columnPath(h.dataset, "5"), object{"visibility": "everyone"}).is(http.StatusOK)
			require.Contains(t, string(h.viewer.get(h.dataset+"/rows").body), "topmost")
			require.Contains(t, string(h.viewer.get(h.dataset+"/rows?version=1").body), "topmost")
			h.owner.patch(columnPath(h.dataset, "5"), object{"visibility": "analysts"}).is(http.StatusOK)
			require.NotContains(t, string(h.viewer.get(h.dataset+"/rows?version=1").body), "topmost")
		})
	}
}
