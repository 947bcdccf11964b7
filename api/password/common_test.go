package password

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommonPasswordsAreKnownHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	require.Zero(t, len(common)%prefixLen)
	require.GreaterOrEqual(t, len(common)/prefixLen, 10_000)
	for _, p := range []string{
		"password", "12345678", "dimazarya", // the first and the last of the list
		"PassWord", "ＰＡＳＳＷＯＲＤ", "password1", "Password2026", "baseball000000", "1234567890", "trustno1", "p@ssw0rd",
	} {
		require.True(t, Common(p), p)
	}
	for _, p := range []string{"correct horse battery", "пароль на завтра", "", "2026", "my password", "passwort-von-ada", "k3v9-2m4x-7q8z"} {
		require.False(t, Common(p), p)
	}
}

func TestTheListIsSorted(t *testing.T) {
	t.Parallel()
	for i := prefixLen; i < len(common); i += prefixLen {
		require.Less(t, common[i-prefixLen:i], common[i:i+prefixLen])
	}
}

func BenchmarkCommon(b *testing.B) {
	for b.Loop() {
		Common("correct horse battery")
	}
}
