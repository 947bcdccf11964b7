//go:build race

package tenant

// transactions of a [crowd]. Under the race detector each takes several times as long.
const transactions = 5_000
