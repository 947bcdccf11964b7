package policy

// Ask is for the tests outside, which migrate a database: package migrate needs this one.
var Ask = ask
