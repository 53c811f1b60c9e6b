//go:build !bench

package main

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"html/template"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mana/web/admin"
)

// notShown are the pages of the route table that never show anything of their own in a browser.
var notShown = map[string]string{
	"/{$}":                                  "redirects",
	"/language":                             "redirects",
	"/.well-known/change-password":          "redirects",
	"/admin/audit/export":                   "is a file",
	"/account/credits/export":               "is a file",
	"/dev/demo/callback":                    "redirects",
	"/account/credits/receipts/{id}/stripe": "redirects",
	"/dev/mail/{id}/html":                   "is in a frame of /dev/mail/{id}",
}

// TestMain finds, after all tests, pages of the route table that none of them showed, and makes the gallery of what
// they showed.
func TestMain(m *testing.M) {
	flag.Parse()
	waitTogether()
	code := m.Run()
	all := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.list").Value.String() == ""
	dir := os.Getenv("SCREENSHOTS")
	if code == 0 && axeSource() != "" && (all || dir != "") {
		for _, missed := range missedPages() {
			fmt.Fprintf(os.Stderr, "no test shows the page %s in a browser: pages_test.go\n", missed)
			code = 1
		}
	}
	if dir != "" {
		if err := writeGallery(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func missedPages() (missed []string) {
	paths, err := pagePaths()
	if err != nil {
		return []string{err.Error()}
	}
	for _, path := range paths {
		pattern := regexp.MustCompile("^" + regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "$")
		shown := notShown[path] != ""
		seenPages.Range(func(seen, _ any) bool {
			shown = shown || pattern.MatchString(seen.(string))
			return !shown
		})
		if !shown {
			missed = append(missed, path)
		}
	}
	return missed
}

// TestPagePaths: the table is read as it is written.
func TestPagePaths(t *testing.T) {
	t.Parallel()
	paths, err := pagePaths()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/login", "/login/select", "/consent", "/account", "/dev/demo", "/dev/demo/callback", "/admin/users/{id}"} {
		if !slices.Contains(paths, want) {
			t.Errorf("got %v without %s", paths, want)
		}
	}
}

// pagePaths are the paths of all pages, read from the route table: {"GET", path, kindPage, handler}.
func pagePaths() (paths []string, err error) {
	files, err := filepath.Glob("web/*.go")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, parseErr := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if parseErr != nil {
			return nil, parseErr
		}
		ast.Inspect(file, func(n ast.Node) bool {
			line, ok := n.(*ast.CompositeLit)
			if !ok || len(line.Elts) != 4 || !isText(line.Elts[0], "GET") {
				return true
			}
			if kind, ok := line.Elts[2].(*ast.Ident); !ok || kind.Name != "kindPage" {
				return true
			}
			path, valueErr := constant("web", line.Elts[1])
			if valueErr != nil {
				err = valueErr
			}
			paths = append(paths, path)
			return true
		})
	}
	for _, line := range admin.Routes() {
		if line.Method == http.MethodGet {
			paths = append(paths, line.Path)
		}
	}
	return paths, err
}

func isText(e ast.Expr, want string) bool {
	literal, ok := e.(*ast.BasicLit)
	return ok && literal.Value == strconv.Quote(want)
}

// constant is the value of an expression of texts, names and sums of them in a package.
func constant(folder string, e ast.Expr) (string, error) {
	switch e := e.(type) {
	case *ast.BasicLit:
		return strconv.Unquote(e.Value)
	case *ast.BinaryExpr:
		left, err := constant(folder, e.X)
		if err != nil {
			return "", err
		}
		right, err := constant(folder, e.Y)
		return left + right, err
	case *ast.Ident:
		return declared(folder, e.Name)
	case *ast.SelectorExpr:
		if room, ok := e.X.(*ast.Ident); ok {
			for _, folder := range []string{room.Name, "web/" + room.Name} {
				if value, err := declared(folder, e.Sel.Name); err == nil {
					return value, nil
				}
			}
		}
	}
	return "", fmt.Errorf("pages_test.go cannot read a path of the route table: %#v", e)
}

// declared finds a constant of a package.
func declared(folder, name string) (string, error) {
	files, _ := filepath.Glob(folder + "/*.go")
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return "", err
		}
		for _, part := range tree.Decls {
			group, ok := part.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			for _, spec := range group.Specs {
				values := spec.(*ast.ValueSpec)
				at := slices.IndexFunc(values.Names, func(n *ast.Ident) bool { return n.Name == name })
				if at >= 0 && at < len(values.Values) {
					return constant(folder, values.Values[at])
				}
			}
		}
	}
	return "", fmt.Errorf("no constant %s in %s", name, folder)
}

// writeGallery makes one page of all pictures in a folder.
func writeGallery(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*-light-1280.png"))
	if err != nil {
		return err
	}
	type shown struct{ Name, Title string }
	var pages []shown
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), "-light-1280.png")
		pages = append(pages, shown{name, strings.ReplaceAll(name, "-", " ")})
	}
	out, err := os.Create(filepath.Join(dir, "index.html"))
	if err != nil {
		return err
	}
	defer out.Close()
	return gallery.Execute(out, pages)
}

var gallery = template.Must(template.New("gallery").Parse(`<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Every page</title>
<style>
body { font: 1rem/1.5 system-ui; margin: 2rem; background: #e8eaee; color: #171a1f; }
nav { columns: 16rem; } section { margin-top: 3rem; }
div { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
img { max-width: 100%; border: 1px solid #c4c9d2; border-radius: 8px; } .wide { width: 560px; } .slim { width: 200px; }
</style>
<h1>Every page</h1>
<nav>{{range .}}<a href="#{{.Name}}">{{.Title}}</a><br>{{end}}</nav>
{{range .}}<section id="{{.Name}}"><h2>{{.Title}}</h2><div>
<img loading="lazy" class="wide" src="{{.Name}}-light-1280.png" alt="light, wide"><img loading="lazy" class="slim" src="{{.Name}}-light-360.png" alt="light, narrow">
<img loading="lazy" class="wide" src="{{.Name}}-dark-1280.png" alt="dark, wide"><img loading="lazy" class="slim" src="{{.Name}}-dark-360.png" alt="dark, narrow">
</div></section>{{end}}
</html>
`))

// waitTogether runs more tests at once than there are processors, unless a number is given: most of them wait for a
// program, a server or a browser.
func waitTogether() {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0)))
	}
}
