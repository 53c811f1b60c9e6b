package provider

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// source is this package as it is compiled.
func source(t *testing.T) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]*ast.File)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = file
	}
	if len(files) == 0 {
		t.Fatal(fs.ErrNotExist)
	}
	return files
}

// TestLibrary is AR1, AR2 and T20: the library serves by its open side, routes what meets our promises, and none of its
// process-wide defaults is touched.
func TestLibrary(t *testing.T) {
	t.Parallel()
	forbidden := []string{
		"Storage", "Provider", "OpenIDProvider", "LegacyServer", "NewProvider", "NewOpenIDProvider", "NewLegacyServer", "NewForwardedOpenIDProvider",
		"DefaultEndpoints", "NewServerClient",
	}
	var routed []string
	for name, file := range source(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				library, ok := n.X.(*ast.Ident)
				if ok && library.Name == "op" && (slices.Contains(forbidden, n.Sel.Name) || strings.HasPrefix(n.Sel.Name, "WithCustom")) {
					t.Errorf("%s: got op.%s", name, n.Sel.Name)
				}
			case *ast.AssignStmt:
				for _, left := range n.Lhs {
					if s, ok := left.(*ast.SelectorExpr); ok {
						if library, ok := s.X.(*ast.Ident); ok && (library.Name == "op" || library.Name == "oidc") {
							t.Errorf("%s: got an assignment to %s.%s", name, library.Name, s.Sel.Name)
						}
					}
				}
			case *ast.CompositeLit:
				if s, ok := n.Type.(*ast.SelectorExpr); ok && s.Sel.Name == "Endpoints" {
					for _, e := range n.Elts {
						routed = append(routed, e.(*ast.KeyValueExpr).Key.(*ast.Ident).Name)
					}
				}
			}
			return true
		})
	}
	if slices.Sort(routed); !slices.Equal(routed, []string{"EndSession", "Userinfo"}) {
		t.Errorf("got %v routed by the library", routed)
	}
}

// TestProvenRedirects is AR8: only the check makes a proven address, and redirects are written in few places.
func TestProvenRedirects(t *testing.T) {
	t.Parallel()
	made, sent := make(map[string]bool), make(map[string]bool)
	for _, file := range source(t) {
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(function, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CompositeLit:
					if literal, ok := n.Type.(*ast.Ident); ok && literal.Name == "ProvenRedirect" && len(n.Elts) > 0 {
						made[function.Name.Name] = true
					}
				case *ast.CallExpr:
					if called, ok := n.Fun.(*ast.Ident); ok && called.Name == "seeOther" {
						sent[function.Name.Name] = true
					}
					if called, ok := n.Fun.(*ast.SelectorExpr); ok && (called.Sel.Name == "Redirect" || called.Sel.Name == "RedirectHandler") {
						if of, ok := called.X.(*ast.Ident); ok && of.Name == "http" {
							t.Errorf("%s: got http.%s", function.Name.Name, called.Sel.Name)
						}
					}
				case *ast.BasicLit:
					if n.Value == `"Location"` && function.Name.Name != "seeOther" {
						t.Errorf("%s: got a redirect of its own", function.Name.Name)
					}
				}
				return true
			})
		}
	}
	if len(made) != 1 || !made["Prove"] {
		t.Errorf("got addresses proven by %v, want Prove alone", made)
	}
	// respond takes a ProvenRedirect; the others go to our own pages.
	if want := map[string]bool{"respond": true, "toPage": true, "serveEndSession": true}; len(sent) != len(want) || !sent["respond"] || !sent["toPage"] || !sent["serveEndSession"] {
		t.Errorf("got redirects written by %v, want %v", sent, want)
	}
}
