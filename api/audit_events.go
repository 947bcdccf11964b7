package api

import "context"

// recorded are the arguments of a statement that writes an audit event of what it changes. The event's come last: its id,
// the request's and the client's address.
func recorded(ctx context.Context, args ...any) []any {
	return append(args, newID(), requestID(ctx), clientAddress(ctx))
}
