package policy

import (
	"strconv"
	"strings"
)

// String is the expression in SQL, for people: casts that nobody wrote are left out, ⟨…⟩ stands for what is not read.
func (e Expr) String() string { return e.text(&e.root) }

func (e Expr) text(n *node) string {
	args := n.args("args")
	switch n.kind {
	case "VAR":
		return e.column(n)
	case "CONST":
		if literal, ok := n.literal(); ok {
			return literal
		}
		return "⟨" + e.typeName(n, "consttype") + "⟩"
	case "OPEXPR":
		return e.infix(e.symbol(n), args)
	case "DISTINCTEXPR":
		return e.infix("is distinct from", args)
	case "SCALARARRAYOPEXPR":
		return e.arrayComparison(n, args)
	case "BOOLEXPR":
		return e.logic(n.get("boolop").word, args)
	case "FUNCEXPR", "AGGREF", "WINDOWFUNC":
		return e.call(n, args)
	case "NULLTEST":
		return e.operand(n.argument()) + choice(n, "nulltesttype", " is null", " is not null")
	case "BOOLEANTEST":
		return e.operand(n.argument()) + choice(n, "booltesttype", " is true", " is not true", " is false", " is not false", " is unknown", " is not unknown")
	case "COERCEVIAIO", "ARRAYCOERCEEXPR":
		return e.cast(n, n.argument(), "coerceformat", "resulttype")
	case "RELABELTYPE":
		return e.cast(n, n.argument(), "relabelformat", "resulttype")
	case "COERCETODOMAIN":
		return e.cast(n, n.argument(), "coercionformat", "resulttype")
	case "COLLATEEXPR":
		return e.operand(n.argument())
	case "ARRAYEXPR":
		return "array[" + e.joined(n.args("elements")) + "]"
	case "ROWEXPR":
		return "row(" + e.joined(args) + ")"
	case "COALESCEEXPR":
		return "coalesce(" + e.joined(args) + ")"
	case "NULLIFEXPR":
		return "nullif(" + e.joined(args) + ")"
	case "MINMAXEXPR":
		return choice(n, "op", "greatest(", "least(") + e.joined(args) + ")"
	case "CASEEXPR":
		return e.cases(n)
	case "SUBLINK":
		return subquery(n)
	case "SQLVALUEFUNCTION":
		return choice(n, "op", "current_date", "current_time", "current_time", "current_timestamp", "current_timestamp", "localtime", "localtime",
			"localtimestamp", "localtimestamp", "current_role", "current_user", "user", "session_user", "current_catalog", "current_schema")
	case "PARAM":
		return "$" + n.get("paramid").word
	}
	return "⟨" + strings.ToLower(n.kind) + "⟩"
}

// choice is what a number of PostgreSQL's stands for.
func choice(n *node, name string, texts ...string) string {
	if i := n.number(name); i >= 0 && i < int64(len(texts)) {
		return texts[i]
	}
	return "⟨" + strings.ToLower(n.kind) + "⟩"
}

func (e Expr) joined(args []*node) string {
	texts := make([]string, len(args))
	for i, arg := range args {
		texts[i] = e.text(arg)
	}
	return strings.Join(texts, ", ")
}

// operand is in parentheses when it is no single word or call.
func (e Expr) operand(n *node) string {
	switch text := e.text(n); n.kind {
	case "OPEXPR", "DISTINCTEXPR", "SCALARARRAYOPEXPR", "BOOLEXPR", "NULLTEST", "BOOLEANTEST":
		return "(" + text + ")"
	default:
		return text
	}
}

func (e Expr) infix(symbol string, args []*node) string {
	if len(args) == 1 {
		return symbol + " " + e.operand(args[0])
	}
	texts := make([]string, len(args))
	for i, arg := range args {
		texts[i] = e.operand(arg)
	}
	return strings.Join(texts, " "+symbol+" ")
}

func (e Expr) logic(op string, args []*node) string {
	texts := make([]string, len(args))
	for i, arg := range args {
		texts[i] = e.text(arg)
		if arg.kind == "BOOLEXPR" && arg.get("boolop").word != "not" {
			texts[i] = "(" + texts[i] + ")"
		}
	}
	if op == "not" && len(args) == 1 {
		return "not " + e.operand(args[0])
	}
	return strings.Join(texts, " "+op+" ")
}

func (e Expr) arrayComparison(n *node, args []*node) string {
	if len(args) != 2 {
		return "⟨" + strings.ToLower(n.kind) + "⟩"
	}
	symbol, left, right := e.symbol(n), e.operand(args[0]), e.text(args[1])
	switch list := args[1].kind == "ARRAYEXPR"; {
	case list && symbol == "=" && n.is("useOr"):
		return left + " in (" + e.joined(args[1].args("elements")) + ")"
	case list && symbol == "<>" && !n.is("useOr"):
		return left + " not in (" + e.joined(args[1].args("elements")) + ")"
	case n.is("useOr"):
		return left + " " + symbol + " any (" + right + ")"
	default:
		return left + " " + symbol + " all (" + right + ")"
	}
}

// call of a function; one that is a cast is shown as such, or not at all.
func (e Expr) call(n *node, args []*node) string {
	if format := n.number("funcformat"); format > 0 && format < 3 && len(args) > 0 {
		return e.cast(n, args[0], "funcformat", "funcresulttype")
	}
	if n.is("funcvariadic") && len(args) > 0 {
		if last := args[len(args)-1]; last.kind == "ARRAYEXPR" {
			args = append(args[:len(args)-1], last.args("elements")...)
		}
	}
	name := e.function(n)
	return strings.TrimPrefix(name[:nameEnd(name)], "pg_catalog.") + "(" + e.joined(args) + ")"
}

// cast is shown when somebody wrote it.
func (e Expr) cast(n, arg *node, format, to string) string {
	if n.number(format) == 2 { // COERCE_IMPLICIT_CAST
		return e.text(arg)
	}
	return e.operand(arg) + "::" + e.typeName(n, to)
}

func (e Expr) cases(n *node) string {
	var b strings.Builder
	b.WriteString("case")
	if arg := n.get("arg").node; arg != nil {
		b.WriteString(" " + e.text(arg))
	}
	for _, when := range n.args("args") {
		condition, result := when.get("expr").node, when.get("result").node
		if condition == nil || result == nil {
			continue
		}
		if args := condition.args("args"); n.get("arg").node != nil && len(args) == 2 { // arg = args[1]
			condition = args[1]
		}
		b.WriteString(" when " + e.text(condition) + " then " + e.text(result))
	}
	if other := n.get("defresult").node; other != nil {
		b.WriteString(" else " + e.text(other))
	}
	return b.String() + " end"
}

// subquery: a policy should have none, so what it selects is not worth reading.
func subquery(n *node) string {
	if n.number("subLinkType") == 0 {
		return "exists (select …)"
	}
	return "(select …)"
}

// column is the name of a VAR.
func (e Expr) column(n *node) string {
	no := n.number("varattno")
	switch name, ok := e.names.Columns[int16(no)]; {
	case ok && no == int64(int16(no)):
		return name
	case no == 0:
		return "*"
	default:
		return "⟨column " + strconv.FormatInt(no, 10) + "⟩"
	}
}

// function is the signature of what a node calls.
func (e Expr) function(n *node) string {
	if signature := n.get("signature").word; signature != "" {
		return signature
	}
	for _, name := range []string{"funcid", "aggfnoid", "winfnoid"} {
		if id := n.get(name).word; id != "" {
			return named(e.names.Functions, id, "function")
		}
	}
	return "⟨function⟩"
}

func (e Expr) operator(n *node) string {
	return named(e.names.Operators, n.get("opno").word, "operator")
}

func (e Expr) typeName(n *node, field string) string {
	return named(e.names.Types, n.get(field).word, "type")
}

func named(names map[uint32]string, id, what string) string {
	number, err := strconv.ParseUint(id, 10, 32)
	if name, ok := names[uint32(number)]; ok && err == nil {
		return name
	}
	return "⟨" + what + " " + id + "⟩"
}

// symbol of an operator; with its schema when that is not pg_catalog.
func (e Expr) symbol(n *node) string {
	signature := e.operator(n)
	if symbol, ok := strings.CutPrefix(signature, "pg_catalog."); ok {
		return symbol[:nameEnd(symbol)]
	}
	return "operator(" + signature[:nameEnd(signature)] + ")"
}

// nameEnd is where the arguments of a signature begin: at the first parenthesis outside double quotes.
func nameEnd(signature string) int {
	inside := false
	for i, c := range signature {
		switch {
		case c == '"':
			inside = !inside
		case c == '(' && !inside:
			return i
		}
	}
	return len(signature)
}
