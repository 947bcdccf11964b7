package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"

	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/tenant"
)

// IdempotencyKey makes a creation safe to repeat.
type IdempotencyKey struct {
	Key string `header:"Idempotency-Key" maxLength:"100" doc:"Repeat a request with the same key and get what the first one made; kept for at least 24 hours"`
}

// creation is one object to be made once.
type creation[T any] struct {
	id      uuid.UUID
	caller  tenant.Caller
	path    string // of the collection
	key     IdempotencyKey
	request any                         // what the client asked for
	insert  func(*tenant.Tx) (T, error) // makes it; its last statement may be tx.Last()
	get     func(uuid.UUID) (T, error)  // reads what an earlier request with the key made
}

// errReplay rolls back a creation whose key was used before.
var errReplay = errors.New("idempotency key used before")

// create makes the object, or finds what an earlier request with the same key made.
func create[T any](ctx context.Context, s *Server, c creation[T]) (*made[T], error) {
	out := &made[T]{}
	err := s.db.Tx(ctx, c.caller, func(tx *tenant.Tx) (err error) {
		if err := c.claim(ctx, tx); err != nil {
			return err
		}
		out.Body, err = c.insert(tx)
		return err
	})
	if errors.Is(err, errReplay) {
		out.Replayed = "true"
		if c.id, err = c.earlier(ctx, s.db); err == nil {
			out.Body, err = c.get(c.id)
		}
	}
	out.Location = c.path + "/" + c.id.String()
	return out, err
}

// A second request with the key waits here until the first has ended, and inserts nothing if that one committed.
const insertIdempotencyKey = `
with expired as (
  delete from app.idempotency_keys where user_id = $1 and key <> $2 and created_at < now() - interval '24 hours')
insert into app.idempotency_keys (user_id, key, fingerprint, object_id) values ($1, $2, $3, $4)
on conflict do nothing`

// claim notes in tx that the key makes this object; errReplay if it has made something before.
func (c creation[T]) claim(ctx context.Context, tx *tenant.Tx) error {
	if c.key.Key == "" {
		return nil
	}
	touched, err := tx.Exec(ctx, insertIdempotencyKey, session(ctx).User, c.key.of(ctx), c.fingerprint(), c.id)
	if err == nil && touched == 0 {
		err = errReplay
	}
	return err
}

const selectIdempotencyKey = `
select fingerprint, object_id from app.idempotency_keys where user_id = $1 and key = $2`

// earlier is the object that the key has made, for the same request only.
func (c creation[T]) earlier(ctx context.Context, db *tenant.DB) (uuid.UUID, error) {
	row, err := tenant.Row[struct {
		Fingerprint []byte
		ObjectID    uuid.UUID
	}](ctx, db, idempotent(ctx, c.caller), selectIdempotencyKey, session(ctx).User, c.key.of(ctx))
	if err == nil && !bytes.Equal(row.Fingerprint, c.fingerprint()) {
		err = refuse("idempotency_key_reused", "")
	}
	return row.ObjectID, err
}

// idempotent reads what keys have made: a person in no organization, since a key is not of one. An API key's are its own.
func idempotent(ctx context.Context, caller tenant.Caller) tenant.Caller {
	if _, ok := apiKey(ctx); ok {
		return caller
	}
	return person(ctx)
}

// of is the key as it is stored: one that a program with an API key has chosen is not its user's own.
func (k IdempotencyKey) of(ctx context.Context) string {
	if key, ok := apiKey(ctx); ok {
		return key.ID.String() + " " + k.Key
	}
	return k.Key
}

func (c creation[T]) fingerprint() []byte {
	text, err := json.Marshal([]any{c.path, c.request})
	if err != nil {
		panic(err) // request was read from JSON
	}
	sum := sha256.Sum256(text)
	return sum[:]
}
