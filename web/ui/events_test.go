package ui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mana/ledger"
	"mana/web/page"
)

// TestEventTexts finds events of the security log that have no words, in the code that writes them, and words of events
// that nobody writes.
func TestEventTexts(t *testing.T) {
	t.Parallel()
	written := make(map[string]bool)
	for _, room := range rooms(t) {
		maps.Copy(written, room.events(t))
	}
	if len(written) < 50 {
		t.Errorf("got %d kinds of events in the code: how are they written now?", len(written))
	}
	for _, kind := range slices.Sorted(maps.Keys(written)) {
		if _, ok := eventTexts[kind]; !ok {
			t.Errorf("no words for the event %q", kind)
		}
	}
	for kind := range eventTexts {
		if !written[kind] {
			t.Errorf("nobody writes the event %q", kind)
		}
	}
}

// TestDetails reads what events hold, and why an event of a payment waits, in German.
func TestDetails(t *testing.T) {
	t.Parallel()
	german := page.InLanguage(t.Context(), page.German)
	got := Details(german, map[string]string{"actor": "system", "requestId": "r", "after": "true", "before": "false", "amount": "7.5", "later": "x"})
	if want := "Vorher: nein, Nachher: ja, Betrag: 7.5, later: x"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, reason := range []ledger.Reason{
		ledger.ReasonUnknown, ledger.ReasonAmount, ledger.ReasonCurrency, ledger.ReasonLivemode, ledger.ReasonAccount,
		ledger.ReasonPayment, ledger.ReasonClosed, ledger.ReasonLimit, ledger.ReasonUnreadable,
	} {
		if QuarantineText(german, string(reason)) == string(reason) {
			t.Errorf("no German for the reason %q", reason)
		}
	}
	kinds := EventKinds(german)
	place := func(text string) int {
		return slices.IndexFunc(kinds, func(o Option) bool { return strings.HasPrefix(o.Text, text) })
	}
	if change, register := place("Änderung"), place("Konto"); change < 0 || change > register {
		t.Errorf("got %q at %d, after %q at %d", "Änderung", change, "Konto", register)
	}
}

// room is a package as its code is.
type room struct {
	files     []*ast.File
	constants map[string]string // of all packages
}

// rooms reads the packages that write events.
func rooms(t *testing.T) []room {
	t.Helper()
	of, constants := make(map[string][]*ast.File), make(map[string]string)
	err := fs.WalkDir(os.DirFS("../.."), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "storagetest" || entry.Name() == "ui" || entry.Name() == "deploy" || strings.HasPrefix(entry.Name(), ".") && path != "."):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("../..", path), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		of[filepath.Dir(path)] = append(of[filepath.Dir(path)], file)
		for _, part := range file.Decls {
			if group, ok := part.(*ast.GenDecl); ok && group.Tok == token.CONST {
				for _, spec := range group.Specs {
					values := spec.(*ast.ValueSpec)
					for i, value := range values.Values {
						constants[values.Names[i].Name] = literal(value)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []room
	for _, files := range of {
		all = append(all, room{files, constants})
	}
	return all
}

// events are the kinds of events that a package writes: in Event{Type: kind}, and event.Type = kind.
func (r room) events(t *testing.T) map[string]bool {
	found := make(map[string]bool)
	for _, file := range r.files {
		var within []ast.Node
		ast.Inspect(file, func(n ast.Node) bool {
			if n == nil {
				within = within[:len(within)-1]
				return true
			}
			within = append(within, n)
			for _, kind := range kindsIn(n) {
				values := r.values(kind, within, 3)
				if len(values) == 0 {
					t.Errorf("%s: what kind of event is this? %#v", file.Name, kind)
				}
				for _, value := range values {
					found[value] = true
				}
			}
			return true
		})
	}
	return found
}

// kindsIn are the expressions that a node makes the kind of an event.
func kindsIn(n ast.Node) (kinds []ast.Expr) {
	switch n := n.(type) {
	case *ast.CompositeLit:
		if nameOf(n.Type) != "Event" {
			return nil
		}
		for _, element := range n.Elts {
			if field, ok := element.(*ast.KeyValueExpr); ok && nameOf(field.Key) == "Type" {
				kinds = append(kinds, field.Value)
			}
		}
	case *ast.AssignStmt:
		for i, to := range n.Lhs {
			field, ok := to.(*ast.SelectorExpr)
			if ok && field.Sel.Name == "Type" && len(n.Rhs) == len(n.Lhs) && literal(n.Rhs[i]) != "" {
				kinds = append(kinds, n.Rhs[i])
			}
		}
	}
	return kinds
}

// values are the texts that an expression can have: of a variable, what is assigned to it in the functions around it, and
// what these are called with where it is a parameter.
func (r room) values(e ast.Expr, within []ast.Node, depth int) (values []string) {
	name := nameOf(e)
	if text := literal(e); text != "" {
		return []string{text}
	}
	if text := r.constants[name]; text != "" {
		return []string{text}
	}
	if name == "" || depth == 0 {
		return nil
	}
	for _, around := range within {
		called, function := functionOf(around)
		if function == nil {
			continue
		}
		ast.Inspect(around, func(n ast.Node) bool {
			assigned, ok := n.(*ast.AssignStmt)
			for i := 0; ok && i < len(assigned.Rhs) && len(assigned.Rhs) == len(assigned.Lhs); i++ {
				if nameOf(assigned.Lhs[i]) == name {
					values = append(values, r.values(assigned.Rhs[i], within, depth-1)...)
				}
			}
			return true
		})
		at := parameter(function, name)
		for _, file := range r.files {
			values = append(values, r.passed(file, called, at, depth)...)
		}
	}
	return values
}

// passed are the texts that calls of a function have at a place of the parameters; below 0: none.
func (r room) passed(file *ast.File, called string, at, depth int) (values []string) {
	var within []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			within = within[:len(within)-1]
			return true
		}
		within = append(within, n)
		if call, ok := n.(*ast.CallExpr); ok && at >= 0 && at < len(call.Args) && nameOf(call.Fun) == called {
			values = append(values, r.values(call.Args[at], within, depth-1)...)
		}
		return true
	})
	return values
}

// functionOf is the function that a node declares, or names, with its name.
func functionOf(n ast.Node) (string, *ast.FuncType) {
	switch n := n.(type) {
	case *ast.FuncDecl:
		return n.Name.Name, n.Type
	case *ast.AssignStmt:
		if function, ok := n.Rhs[0].(*ast.FuncLit); ok {
			return nameOf(n.Lhs[0]), function.Type
		}
	}
	return "", nil
}

// parameter is the place of a parameter, below 0 if there is none of this name.
func parameter(function *ast.FuncType, name string) int {
	at := 0
	for _, field := range function.Params.List {
		for _, one := range field.Names {
			if one.Name == name {
				return at
			}
			at++
		}
	}
	return -1
}

// nameOf is the last part of a name, empty of what is none.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
