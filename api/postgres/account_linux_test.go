package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPostgresEndsWithOurProcess(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{"reachable": reachable(t), "private": private(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holder, postmaster := startHolder(t, dir)
			data := dir + "/postgres"
			require.True(t, runsIn(postmaster, data))
			require.NoError(t, holder.Process.Kill())
			require.Eventually(t, func() bool { return !runsIn(postmaster, data) }, patience, poll)
		})
	}
}
