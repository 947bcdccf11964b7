package policy

import (
	"slices"
	"strings"
)

// Equality is "column = function()": the column of every row that a policy admits has the value that the transaction's
// context has. For app.org_ids(), an array, it is one of its elements.
type Equality struct{ Column, Function string }

// equals are the operators that are true for the same value and for no other. Not =(box,box), which compares areas.
var equals = []string{"pg_catalog.=(uuid,uuid)", "pg_catalog.=(text,text)"}

// The functions of policies/context.sql that are more than a value to compare with.
const (
	orgAs     = "app.org_as(text[])" // app.org_id(), or null
	orgID     = "app.org_id()"
	appRole   = "app.role()"
	clearance = "app.clearance()" // a number for each role
)

// Implied are the equalities of a column with a context function (a function of schema app without arguments) that hold
// for every row the expression admits. Through NOT, CASE and what is not known nothing is taken.
func (e Expr) Implied() []Equality { return e.implied(&e.root) }

func (e Expr) implied(n *node) []Equality {
	switch n.kind {
	case "OPEXPR", "SCALARARRAYOPEXPR":
		if q, ok := e.equality(n); ok {
			return []Equality{q}
		}
	case "BOOLEXPR":
		switch n.get("boolop").word {
		case "and":
			return e.union(n.args("args"))
		case "or":
			return e.intersection(n.args("args"))
		}
	}
	return nil
}

func (e Expr) union(args []*node) (all []Equality) {
	for _, arg := range args {
		for _, q := range e.implied(arg) {
			if !slices.Contains(all, q) {
				all = append(all, q)
			}
		}
	}
	return all
}

// intersection leaves out what admits nothing.
func (e Expr) intersection(args []*node) (common []Equality) {
	first := true
	for _, arg := range args {
		if t := arg.truth(); t == isFalse || t == isNull {
			continue
		}
		implied := e.implied(arg)
		if first {
			common = implied
		}
		first = false
		common = slices.DeleteFunc(common, func(q Equality) bool { return !slices.Contains(implied, q) })
	}
	return common
}

// equality reads column = function(), function() = column, and column = any (function()).
func (e Expr) equality(n *node) (Equality, bool) {
	args := n.args("args")
	if n.kind != "OPEXPR" && (n.kind != "SCALARARRAYOPEXPR" || !n.is("useOr")) || !e.isEquals(n) || len(args) != 2 {
		return Equality{}, false // IS DISTINCT FROM and nullif have the same operator
	}
	column, function := args[0], args[1]
	if n.kind == "OPEXPR" && e.context(function) == "" {
		column, function = function, column
	}
	q := Equality{e.columnOf(column), e.context(function)}
	return q, q.Column != "" && q.Function != ""
}

// isEquals: an operator that is true for the same value only, and no collation that takes different texts for the same.
func (e Expr) isEquals(n *node) bool {
	return slices.Contains(equals, e.operator(n)) && deterministic(n)
}

// deterministic: no collation, the database's (which always is), C or POSIX.
func deterministic(n *node) bool {
	return slices.Contains([]int64{0, 100, 950, 951}, n.number("inputcollid"))
}

// columnOf is the column that has the value of n: itself, read as a type of the same representation, or a uuid's text.
func (e Expr) columnOf(n *node) string {
	switch {
	case n.kind == "RELABELTYPE":
		return e.columnOf(n.argument())
	case n.kind == "COERCEVIAIO" && n.number("resulttype") == typeText && n.argument().number("vartype") == typeUUID:
		return e.columnOf(n.argument())
	case n.kind == "VAR" && n.number("varlevelsup") == 0 && n.number("varno") == 1 && n.number("varattno") != 0:
		return e.column(n)
	}
	return ""
}

// argument is the only one of a coercion or a test.
func (n *node) argument() *node {
	if arg := n.get("arg").node; arg != nil {
		return arg
	}
	return &node{}
}

// context is the signature of a call of a context function; empty for anything else.
func (e Expr) context(n *node) string {
	if n.kind != "FUNCEXPR" {
		return ""
	}
	switch signature := e.function(n); {
	case signature == orgAs:
		return orgID
	case strings.HasPrefix(signature, "app.") && strings.HasSuffix(signature, "()"):
		return signature
	}
	return ""
}
