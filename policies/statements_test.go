package policies

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// statement is the SQL of a constant of package api: what the server sends, not a copy of it.
func statement(t testing.TB, name string) string {
	t.Helper()
	constants, err := constants()
	require.NoError(t, err)
	require.Contains(t, constants, name, "package api has no such constant")
	return evaluate(t, constants, constants[name])
}

// constants are those of package api.
var constants = sync.OnceValues(func() (map[string]ast.Expr, error) {
	paths, err := filepath.Glob("../api/*.go")
	constants := map[string]ast.Expr{}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		collect(file, constants)
	}
	return constants, err
})

func collect(file *ast.File, constants map[string]ast.Expr) {
	for _, d := range file.Decls {
		if group, ok := d.(*ast.GenDecl); ok && group.Tok == token.CONST {
			for _, spec := range group.Specs {
				value := spec.(*ast.ValueSpec)
				for i, v := range value.Values {
					constants[value.Names[i].Name] = v
				}
			}
		}
	}
}

// evaluate joins string literals and named constants.
func evaluate(t testing.TB, constants map[string]ast.Expr, expr ast.Expr) string {
	t.Helper()
	switch e := expr.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		require.NoError(t, err)
		return strings.TrimSpace(text) + " "
	case *ast.BinaryExpr:
		return evaluate(t, constants, e.X) + evaluate(t, constants, e.Y)
	case *ast.Ident:
		return evaluate(t, constants, constants[e.Name])
	}
	require.Fail(t, "not a constant string", "%T", expr)
	return ""
}
