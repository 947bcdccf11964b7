package policy

import "slices"

// As is what is left of the expression for a caller whose app.role() is role: comparisons with it are decided, and so
// is whether app.org_as(…) is the organization or null, and which number app.clearance() is.
func (e Expr) As(role string) Expr { return e.with(admitting(e.decided(&e.root, role))) }

// Beyond is what is left to ask of a row whose column is known to have the function's value, as the expression implies.
func (e Expr) Beyond(function string) Expr {
	known := slices.DeleteFunc(e.Implied(), func(q Equality) bool { return q.Function != function })
	return e.with(admitting(e.assuming(&e.root, known)))
}

// Given is what is left to ask of a row for which a condition, as it is shown, is known to be true.
func (e Expr) Given(condition string) Expr {
	return e.with(admitting(e.given(&e.root, condition)))
}

func (e Expr) given(n *node, condition string) *node {
	if e.text(n) == condition {
		return constant(isTrue)
	}
	if op := n.get("boolop").word; op == "and" || op == "or" {
		return decidedLogic(n.rewritten(func(child *node) *node { return e.given(child, condition) }))
	}
	return n
}

// Never: it admits no row.
func (e Expr) Never() bool { t := e.root.truth(); return t == isFalse || t == isNull }

// Always: it admits every row.
func (e Expr) Always() bool { return e.root.truth() == isTrue }

func (e Expr) with(root *node) Expr { return Expr{*root, e.names} }

// decided is exact: true, false and null stay apart. Subqueries are left as they are.
func (e Expr) decided(n *node, role string) *node {
	if n.kind == "SUBLINK" {
		return n
	}
	n = n.rewritten(func(child *node) *node { return e.decided(child, role) })
	switch n.kind {
	case "FUNCEXPR":
		return e.decidedFunction(n, role)
	case "OPEXPR", "SCALARARRAYOPEXPR":
		return e.decidedComparison(n, role)
	case "NULLTEST":
		if e.isRole(n.argument()) {
			return constant(map[int64]truth{0: isFalse, 1: isTrue}[n.number("nulltesttype")])
		}
	case "BOOLEXPR":
		return decidedLogic(n)
	}
	return n
}

// clearances are what app.clearance() is.
var clearances = map[string]string{"OWNER": "2", "ADMIN": "2", "ANALYST": "1", "VIEWER": "0"}

// decidedFunction: app.org_as(…) is app.org_id() or null, app.clearance() a number.
func (e Expr) decidedFunction(n *node, role string) *node {
	args := n.args("args")
	if number, known := clearances[role]; known && e.context(n) == clearance {
		return &node{kind: "CONST", fields: []field{{"literal", value{word: number}}}}
	}
	if e.function(n) != orgAs || len(args) != 1 {
		return n
	}
	roles, ok := texts(args[0])
	switch {
	case !ok:
		return n
	case slices.Contains(roles, role):
		return &node{kind: "FUNCEXPR", fields: []field{{"signature", value{word: orgID}}}}
	default:
		return constant(isNull)
	}
}

// decidedComparison of app.role() with constants, or of anything with null.
func (e Expr) decidedComparison(n *node, role string) *node {
	args, equal := n.args("args"), e.isEquals(n)
	if len(args) != 2 || !equal && !(e.operator(n) == "pg_catalog.<>(text,text)" && deterministic(n)) {
		return n
	}
	left, right := args[0], args[1]
	switch {
	case n.kind == "OPEXPR" && (left.truth() == isNull || right.truth() == isNull):
		return constant(isNull)
	case n.kind == "OPEXPR" && e.isRole(right):
		left, right = right, left
	case n.kind == "SCALARARRAYOPEXPR" && equal != n.is("useOr"): // = all, <> any
		return n
	}
	if roles, ok := texts(right); ok && e.isRole(left) {
		return constant(truthOf(slices.Contains(roles, role) == equal))
	}
	return n
}

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

// isRole: a call of app.role().
func (e Expr) isRole(n *node) bool { return e.context(n) == appRole }

// texts of a constant, or of an array of constants; false when there is anything else in it.
func texts(n *node) ([]string, bool) {
	items := []*node{n}
	if n.kind == "ARRAYEXPR" {
		items = n.args("elements")
	}
	all := make([]string, len(items))
	for i, item := range items {
		text, ok := item.text()
		if !ok {
			return nil, false
		}
		all[i] = text
	}
	return all, true
}

// decidedLogic is three-valued AND, OR and NOT.
func decidedLogic(n *node) *node {
	args := n.args("args")
	switch op := n.get("boolop").word; {
	case op == "and":
		return junction(op, isTrue, isFalse, args)
	case op == "or":
		return junction(op, isFalse, isTrue, args)
	case op == "not" && len(args) == 1 && args[0].truth() != unknown:
		return constant(map[truth]truth{isTrue: isFalse, isFalse: isTrue, isNull: isNull}[args[0].truth()])
	}
	return n
}

// junction of args: neutral ones go, one that decides is all that is left, nulls are one null.
func junction(op string, neutral, decides truth, args []*node) *node {
	var left []*node
	null := false
	for _, arg := range args {
		switch t := arg.truth(); {
		case t == decides:
			return arg
		case t == neutral, t == isNull && null:
		default:
			null = null || t == isNull
			left = append(left, arg)
		}
	}
	switch len(left) {
	case 0:
		return constant(neutral)
	case 1:
		return left[0]
	}
	items := make([]value, len(left))
	for i, n := range left {
		items[i].node = n
	}
	return &node{kind: "BOOLEXPR", fields: []field{{"boolop", value{word: op}}, {"args", value{list: items}}}}
}

// admitting is the same where only true matters: null is false, up to the first NOT.
func admitting(n *node) *node {
	switch op := n.get("boolop").word; {
	case n.truth() == isNull:
		return constant(isFalse)
	case n.kind == "BOOLEXPR" && op != "not":
		return decidedLogic(n.rewritten(admitting))
	}
	return n
}

// assuming replaces equalities that hold by true, where only true matters.
func (e Expr) assuming(n *node, known []Equality) *node {
	if q, ok := e.equality(n); ok && slices.Contains(known, q) {
		return constant(isTrue)
	}
	if op := n.get("boolop").word; op == "and" || op == "or" {
		return decidedLogic(n.rewritten(func(child *node) *node { return e.assuming(child, known) }))
	}
	return n
}
