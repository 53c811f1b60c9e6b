package main

import (
	"net/http"
	"os"
	"strings"
	"testing"
)

// TestDocsInBrowser looks at the reference of the API.
func TestDocsInBrowser(t *testing.T) {
	t.Parallel()
	s := start(t)
	ctx, complaints := chromium(t)
	dir := screenshots(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, ctx: ctx, shots: shots{dir, t}}
	w.open(s.issuer+"/docs", ".calls", "80-docs")
	w.open(s.issuer+"/docs/credits", "#use", "81-docs-credits")
	w.open(s.issuer+"/docs/refusals", "table", "82-docs-refusals")
	quiet(t, complaints())
}

// TestDocs reads every page of the reference as it comes, without a script: it names each operation of the document.
func TestDocs(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	overview := b.get("/docs")
	all := overview.body
	for _, part := range strings.Split(overview.body, `href="/docs/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if !strings.Contains(name, "#") {
			all += b.get("/docs/" + name).body
		}
	}
	for path, methods := range s.openAPI(t).Paths {
		for _, o := range methods {
			if !strings.Contains(all, path) || !strings.Contains(all, `id="`+o.OperationID+`"`) {
				t.Errorf("got no %s at %s", o.OperationID, path)
			}
		}
	}
	if got := b.get("/docs/nothing"); got.StatusCode != http.StatusNotFound {
		t.Errorf("got %d for a part that is not there", got.StatusCode)
	}
}
