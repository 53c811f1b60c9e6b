package ui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mana/web/page"
)

// TestPhrases finds faults of fields without German, phrases that nobody writes, and German with other placeholders.
func TestPhrases(t *testing.T) {
	t.Parallel()
	wanted := make(map[string]bool)
	written := make(map[string]bool)
	for _, file := range slices.Concat(glob(t, "../../provider/*.go"), glob(t, "../../*.go")) {
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
			if filepath.Base(filepath.Dir(file)) == "provider" {
				maps.Copy(wanted, faultsOf(n))
			}
			return true
		})
	}
	if len(wanted) < 20 {
		t.Errorf("got %d faults in the code: how are they written now?", len(wanted))
	}
	for phrase := range wanted {
		if phrases[phrase] == "" {
			t.Errorf("no German for the fault %q", phrase)
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
