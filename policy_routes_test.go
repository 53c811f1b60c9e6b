//go:build !bench

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// waysToToken are the routes that answer tokens or start sessions, each with the rows of [TestPolicyMatrix], or the
// tests, that hold the states of a person against it.
var waysToToken = map[string][]string{
	"GET /authorize":                         {"prompt none"},
	"POST /authorize":                        {"prompt none"},
	"/token":                                 {"code", "code, offline", "refresh", "refresh, offline"},
	"POST /login":                            {"hosted login"},
	"POST /mfa":                              {"TestSecondFactor"},
	"GET /login/with/{name}/callback":        {"upstream", "TestUpstreamSignIn"},
	"POST /login/with/{name}/callback":       {"TestUpstreamSignIn"},
	"POST /login/passkey":                    {"passkey", "TestBrowserPasskey"},
	"POST /reset":                            {"reset link"},  // gives a password, not a session
	"POST /login/select":                     {"prompt none"}, // goes on with the session at hand
	"POST /consent":                          {"prompt none"}, // likewise
	"POST /signup":                           {"TestVerification"},
	"POST /setup":                            {"TestSetup"},
	"POST /api/v1/auth/login":                {"REST login"},
	"POST /api/v1/auth/refresh":              {"REST refresh"},
	"POST /account/security/totp":            {"TestEnableSecondFactor"}, // a new cookie for the session at hand
	"POST /account/security/totp/remove":     {"TestEnableSecondFactor"},
	"POST /account/security/passkeys/remove": {"TestBrowserPasskey"},
}

// tokenless are the routes that change or tell something and give nobody a token, by the beginning of their path.
var tokenless = []string{
	"/userinfo", "/introspect", "/revoke", "/end_session", "/logout", "/forgot", "/verify-email", "/change-email", "/undo-email",
	"/login/with/{name}/link", "/login/passkey/options", "/signup/work", "/account", "/dev/demo", "/api/v1/auth/register",
	"/api/v1/auth/logout", "/api/v1/auth/validate", "/api/v1/auth/profile", "/api/v1/auth/account", "/api/v1/auth/session",
	"/api/v1/auth/forgot-password", "/api/v1/auth/reset-password", "/api/v1/auth/resend-verification",
	"/api/v1/auth/verify-email", "/api/v1/auth/change-password", "/api/v1/credits/", "/api/v1/admin/", "/api/v1/webhooks/", "/withdraw", "/dev/checkout", "/internal/", "/api/v1/internal/",
}

// TestPolicyRoutes: a route that could give tokens has rows in the matrix, or is known to give none. A new one fails
// until somebody has thought about it.
func TestPolicyRoutes(t *testing.T) {
	t.Parallel()
	rows, tests := matrixNames(t)
	routes := changingRoutes(t)
	for _, route := range routes {
		_, path, _ := strings.Cut(route, "/")
		none := slices.ContainsFunc(tokenless, func(begin string) bool { return strings.HasPrefix("/"+path, begin) })
		if waysToToken[route] == nil && !none {
			t.Errorf("%s is in no row: add it to waysToToken with what tests it, or to tokenless", route)
		}
	}
	for route, names := range waysToToken {
		if !slices.Contains(routes, route) {
			t.Errorf("%s is no route", route)
		}
		for _, name := range names {
			if !slices.Contains(rows, name) && !slices.Contains(tests, name) {
				t.Errorf("%s: %q is neither a row of the matrix nor a test", route, name)
			}
		}
	}
}

// changingRoutes are all routes of the table but documents and pages that are only looked at, with one exception: the
// way back from another provider.
func changingRoutes(t *testing.T) (routes []string) {
	t.Helper()
	files, err := filepath.Glob("web/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			line, ok := n.(*ast.CompositeLit)
			if !ok || len(line.Elts) != 4 {
				return true
			}
			method, isMethod := line.Elts[0].(*ast.BasicLit)
			kind, isKind := line.Elts[2].(*ast.Ident)
			if !isMethod || !isKind || !strings.HasPrefix(kind.Name, "kind") || kind.Name == "kindDocument" {
				return true
			}
			verb, path := strings.Trim(method.Value, `"`), routePath(t, line.Elts[1])
			looks := verb == "GET" && kind.Name != "kindBrowser" && !strings.HasSuffix(path, "/callback")
			if !looks {
				routes = append(routes, strings.TrimSpace(verb+" "+path))
			}
			return true
		})
	}
	if len(routes) < 50 {
		t.Errorf("got %d routes: the table is not read as it is written", len(routes))
	}
	return routes
}

// routePath is the path of a route; those of services begin with a name that their function declares.
func routePath(t *testing.T, e ast.Expr) string {
	t.Helper()
	if sum, ok := e.(*ast.BinaryExpr); ok {
		if begin, ok := sum.X.(*ast.Ident); ok && begin.Obj != nil && begin.Obj.Kind == ast.Con {
			value, err := constant("web", begin.Obj.Decl.(*ast.ValueSpec).Values[slices.IndexFunc(begin.Obj.Decl.(*ast.ValueSpec).Names,
				func(name *ast.Ident) bool { return name.Name == begin.Name })])
			if err != nil {
				t.Fatal(err)
			}
			rest, err := constant("web", sum.Y)
			if err != nil {
				t.Fatal(err)
			}
			return value + rest
		}
	}
	path, err := constant("web", e)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// matrixNames are the texts in the file of the matrix, among them its rows, and the names of all tests.
func matrixNames(t *testing.T) (rows, tests []string) {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range file.Decls {
			if function, ok := part.(*ast.FuncDecl); ok && strings.HasPrefix(function.Name.Name, "Test") {
				tests = append(tests, function.Name.Name)
			}
		}
		if name != "policy_test.go" {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if pair, ok := n.(*ast.KeyValueExpr); ok {
				if key, ok := pair.Key.(*ast.BasicLit); ok {
					rows = append(rows, strings.Trim(key.Value, `"`))
				}
			}
			return true
		})
	}
	return rows, tests
}
