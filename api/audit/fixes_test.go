package audit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAttack_061_AnOutdatedServerIsNamed(t *testing.T) {
	t.Parallel()
	for number, missing := range map[int]int{150002: 5, 150003: 4, 150013: 2, 150014: 1, 150018: 1, 150019: 0, 160004: 3, 160015: 0, 170000: 3, 180004: 1, 180005: 0, 190000: 0} {
		require.Len(t, missingFixes(number), missing, "%d", number)
	}
	require.Contains(t, missingFixes(150003)[0].Detail, "PostgreSQL 15.3 lacks the fix of CVE-2023-39418")
}
