package policies

import _ "embed"

// Three organizations with the same kinds of rows. acme is the one that the callers choose. They are members of beta
// too, with other roles, and no member of gamma; everybody has made a row of every kind in all three, so that neither
// "own" nor a role somewhere else opens what the organization closes.
//
//go:embed testdata/planted.sql
var planted string
