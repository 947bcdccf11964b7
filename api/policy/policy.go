// Package policy reads the expression of a row-level-security policy as PostgreSQL has parsed it and says what holds for
// every row that it admits. Functions and operators are told by their numbers in the catalog, never by the text that
// somebody wrote: an operator = of another schema is another operator.
package policy

import "slices"

// Names say what the numbers in one policy's expressions stand for. Functions and operators are signatures, always with
// their schema: app.org_as(text[]), pg_catalog.=(uuid,uuid). Types of pg_catalog are bare: uuid, text[].
type Names struct {
	Functions map[uint32]string `json:"functions"`
	Operators map[uint32]string `json:"operators"`
	Types     map[uint32]string `json:"types"`
	Columns   map[int16]string  `json:"columns"`
}

// typeName is SQL: the name of the type x.type, whatever search_path is.
const typeName = `(select case when t.typnamespace <> 'pg_catalog'::regnamespace then t.typnamespace::regnamespace || '.' || quote_ident(coalesce(e.typname, t.typname))
        else coalesce(e.typname, t.typname) end || case when e.oid is null then '' else '[]' end
      from pg_catalog.pg_type t left join pg_catalog.pg_type e on e.oid = t.typelem and e.typarray = t.oid where t.oid = x.type)`

// NamesOf is SQL, one value: the [Names], as jsonb, of a row p of pg_policy. Any role may read what it reads. Each name
// is looked up by its number: joined as sets, the catalogs are read whole for each policy.
//
//	select p.polname, p.polqual::text, p.polwithcheck::text, ` + policy.NamesOf + ` as names from pg_policy p
const NamesOf = `(
  select jsonb_build_object(
    'columns', (select jsonb_object_agg(attnum, attname) from pg_catalog.pg_attribute where attrelid = p.polrelid and not attisdropped),
    'types', (select jsonb_object_agg(x.type, ` + typeName + `) from unnest(types) x(type)),
    'operators', (select jsonb_object_agg(id, (
        select format('%s.%s(%s,%s)', o.oprnamespace::regnamespace, o.oprname,
          (select coalesce(` + typeName + `, 'NONE') from (select o.oprleft) x(type)), (select ` + typeName + ` from (select o.oprright) x(type)))
        from pg_catalog.pg_operator o where o.oid = id)) from unnest(operators) id),
    'functions', (select jsonb_object_agg(id, (
        select format('%s.%I(%s)', f.pronamespace::regnamespace, f.proname,
          (select string_agg(` + typeName + `, ',' order by x.place) from unnest(f.proargtypes) with ordinality x(type, place)))
        from pg_catalog.pg_proc f where f.oid = id)) from unnest(functions) id))
  from (select array_agg(distinct m[2]::oid) filter (where m[1] = 'opno') as operators,
      array_agg(distinct m[2]::oid) filter (where m[1] in ('funcid', 'aggfnoid', 'winfnoid')) as functions,
      array_agg(distinct m[2]::oid) filter (where m[1] ~ 'type$') as types
    from regexp_matches(concat(p.polqual, ' ', p.polwithcheck), ':(opno|funcid|aggfnoid|winfnoid|consttype|resulttype|funcresulttype) (\d+)', 'g') m) mentioned)`

// Expr is the expression of a policy: its USING or its WITH CHECK. A policy admits a row when the expression is true for
// it; not when it is null.
//
// The zero Expr is one that is not known: it proves nothing.
type Expr struct {
	root  node
	names Names
}

// Parse reads pg_policy.polqual::text or polwithcheck::text. What it does not know is kept and proves nothing; only text
// that is no expression is an error.
func Parse(tree string, names Names) (Expr, error) {
	root, err := read(tree)
	return Expr{root, names}, err
}

// HasSubquery reports whether other rows than the policy's own are read.
func (e Expr) HasSubquery() (has bool) {
	e.root.walk(func(n *node, _ int) { has = has || n.kind == "SUBLINK" || n.kind == "QUERY" || n.kind == "SUBPLAN" })
	return has
}

// Calls are the signatures of the functions called, each once, sorted; those behind operators are not among them.
func (e Expr) Calls() []string {
	var calls []string
	e.root.walk(func(n *node, _ int) {
		switch n.kind {
		case "FUNCEXPR", "AGGREF", "WINDOWFUNC":
			calls = append(calls, e.function(n))
		}
	})
	return set(calls)
}

// Columns are the columns of the policy's own table that are read, each once, sorted; * is the whole row.
func (e Expr) Columns() []string {
	var columns []string
	e.root.walk(func(n *node, depth int) {
		if n.kind == "VAR" && n.number("varlevelsup") == int64(depth) && n.number("varno") == 1 {
			columns = append(columns, e.column(n))
		}
	})
	return set(columns)
}

func set(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}
