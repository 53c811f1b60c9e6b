package ui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mana/web/page"
)

// TestPhrases finds faults of fields, descriptions of entries and packages without German, phrases that nobody writes, and German with other placeholders.
func TestPhrases(t *testing.T) {
	t.Parallel()
	wanted := make(map[string]bool)
	written := make(map[string]bool)
	for _, file := range slices.Concat(glob(t, "../../provider/*.go"), glob(t, "../../ledger/*.go"), glob(t, "../../*.go")) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if text := literal(n); text != "" {
				written[text] = true
			}
			switch filepath.Base(filepath.Dir(file)) {
			case "provider":
				maps.Copy(wanted, faultsOf(n))
			case "ledger":
				maps.Copy(wanted, descriptionsOf(n))
			}
			return true
		})
	}
	for _, text := range packagesOf(t) {
		wanted[text] = true
	}
	if len(wanted) < 20 {
		t.Errorf("got %d phrases in the code: how are they written now?", len(wanted))
	}
	for phrase := range wanted {
		if phrases[phrase] == "" {
			t.Errorf("no German for %q", phrase)
		}
	}
	for english, german := range phrases {
		if !wanted[english] && !written[english] {
			t.Errorf("nobody writes %q", english)
		}
		if got, want := strings.Count(german, "%"), strings.Count(english, "%"); got != want {
			t.Errorf("got %d placeholders in %q, want %d", got, german, want)
		}
	}
	german := page.InLanguage(t.Context(), page.German)
	if got := Phrase(german, "must be 1 to %d printable characters", 60); got != "muss aus 1 bis 60 druckbaren Zeichen bestehen" {
		t.Errorf("got %q", got)
	}
	if got := Phrase(t.Context(), "must be 1 to %d printable characters", 60); got != "must be 1 to 60 printable characters" {
		t.Errorf("got %q", got)
	}
}

// faultsOf are the formats that a node adds as faults of a field: of faults.Add, and what CheckRedirectURI returns.
func faultsOf(n ast.Node) map[string]bool {
	found := make(map[string]bool)
	switch n := n.(type) {
	case *ast.CallExpr:
		called, ok := n.Fun.(*ast.SelectorExpr)
		if ok && called.Sel.Name == "Add" && len(n.Args) > 1 {
			if of, ok := called.X.(*ast.Ident); ok && of.Name == "faults" && literal(n.Args[1]) != "" {
				found[literal(n.Args[1])] = true
			}
		}
	case *ast.FuncDecl:
		if n.Name.Name != "CheckRedirectURI" {
			break
		}
		ast.Inspect(n, func(n ast.Node) bool {
			if returned, ok := n.(*ast.ReturnStmt); ok && literal(returned.Results[0]) != "" {
				found["%q "+literal(returned.Results[0])] = true
			}
			return true
		})
	}
	return found
}

// descriptionsOf are those that the ledger itself gives to transactions.
func descriptionsOf(n ast.Node) map[string]bool {
	found := make(map[string]bool)
	switch n := n.(type) {
	case *ast.CompositeLit:
		if nameOf(n.Type) == "bonus" {
			found[literal(n.Elts[2])] = true
		}
	case *ast.KeyValueExpr:
		if nameOf(n.Key) == "Description" && literal(n.Value) != "" {
			found[literal(n.Value)] = true
		}
	case *ast.AssignStmt:
		for i, to := range n.Lhs {
			if to, ok := to.(*ast.SelectorExpr); ok && to.Sel.Name == "Description" && len(n.Rhs) == len(n.Lhs) {
				if call, ok := n.Rhs[i].(*ast.CallExpr); ok && nameOf(call.Fun) == "Sprintf" {
					found[literal(call.Args[0])] = true
				}
			}
		}
	}
	return found
}

// packagesOf are the descriptions of the packages of a new installation.
func packagesOf(t *testing.T) (texts []string) {
	t.Helper()
	made, err := os.ReadFile("../../migrations/sqlite/0002_credits.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range regexp.MustCompile(`\('[0-9a-f-]{36}', '[^']+', '([^']+)'`).FindAllSubmatch(made, -1) {
		texts = append(texts, string(row[1]))
	}
	if len(texts) != 4 {
		t.Errorf("got %d packages, want 4", len(texts))
	}
	return texts
}

// literal is the text of a string in the code, empty for anything else.
func literal(n ast.Node) string {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return text
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files of %s, %v", len(files), pattern, err)
	}
	return files
}
