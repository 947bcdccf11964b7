package password

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHashMatchesItsPasswordOnly(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	hash, err := Hash(ctx, "correct horse battery")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=47104,t=1,p=1$"), hash)

	for password, want := range map[string]bool{"correct horse battery": true, "correct horse batterz": false, "": false} {
		got, err := Matches(ctx, password, hash)
		require.NoError(t, err)
		require.Equal(t, want, got, password)
	}
}

func TestTwoHashesOfOnePasswordDiffer(t *testing.T) {
	t.Parallel()
	a, err := Hash(context.Background(), "same password")
	require.NoError(t, err)
	b, err := Hash(context.Background(), "same password")
	require.NoError(t, err)
	require.NotEqual(t, a, b)
}

func TestNoPasswordMatchesAnUnknownUser(t *testing.T) {
	t.Parallel()
	ok, err := Matches(context.Background(), "anything", "")
	require.NoError(t, err)
	require.False(t, ok)
}

func TestAHashOfOtherParametersIsAnError(t *testing.T) {
	t.Parallel()
	_, err := Matches(context.Background(), "x", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA")
	require.Error(t, err)
}

func TestWaitingForASlotEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	a, b := <-free, <-free
	defer func() { free <- a; free <- b }()
	cancel()
	_, err := Hash(ctx, "x")
	require.ErrorIs(t, err, context.Canceled)
}

func TestWhereTooManyWaitNobodyElseDoes(t *testing.T) {
	for range cap(queue) {
		queue <- struct{}{}
	}
	_, err := Hash(context.Background(), "x")
	for range cap(queue) {
		<-queue
	}
	require.ErrorIs(t, err, ErrBusy)
	_, err = Hash(context.Background(), "x")
	require.NoError(t, err)
}

func TestAPasswordIsHashedThoughItsProcessIsGone(t *testing.T) {
	salt := make([]byte, saltLen)
	var p *process
	p, key, err := p.derive("correct horse battery", salt)
	require.NoError(t, err)
	require.Equal(t, argon("correct horse battery", salt), key)
	require.NoError(t, p.cmd.Process.Kill())

	a, b := <-free, <-free
	free <- p
	again, err := derive(context.Background(), "correct horse battery", salt)
	require.NoError(t, err)
	require.Equal(t, key, again)
	require.Nil(t, <-free) // another is started for the next
	free <- a
	free <- b
}
