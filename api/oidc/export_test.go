package oidc

import "time"

// Adjust is what i takes for the time, and how long it waits, before it is used.
func (i *Issuer) Adjust(now func() time.Time, timeout time.Duration) { i.now, i.timeout = now, timeout }
