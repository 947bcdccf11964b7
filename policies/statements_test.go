package policies

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// statement is the SQL of a constant of package api: what the server sends, not a copy of it.
func statement(t testing.TB, name string) string {
	t.Helper()
	paths, err := filepath.Glob("../api/*.go")
	require.NoError(t, err)
	constants := map[string]ast.Expr{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.SkipObjectResolution)
		require.NoError(t, err)
		collect(file, constants)
	}
	require.Contains(t, constants, name, "package api has no such constant")
	return evaluate(t, constants, constants[name])
}

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
