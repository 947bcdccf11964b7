//go:build !race

package tenant

// transactions of a [crowd].
const transactions = 50_000
