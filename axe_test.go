package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// axeFolder is where npm puts axe-core, the rules of accessibility.
const axeFolder = "deploy/tools/axe"

// axeSource is the script of axe-core, empty if it is not installed.
var axeSource = sync.OnceValue(func() string {
	source, err := os.ReadFile(filepath.Join(axeFolder, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		return ""
	}
	return string(source)
})

// seenPages are the paths of pages that a browser showed while they were held against the rules.
var seenPages sync.Map

// TestAxe says that pages are not held against the rules, where axe-core is not installed, and that they are.
func TestAxe(t *testing.T) {
	t.Parallel()
	if axeSource() == "" {
		missing(t, "axe-core (npm ci in "+axeFolder+")")
	}
	ctx, _ := chromium(t)
	page := `data:text/html,<title>x</title><h1>x</h1><img src="data:,"><p style="color:silver">pale</p>`
	if err := chromedp.Do(ctx, chromedp.Navigate(page)); err != nil {
		t.Fatal(err)
	}
	found, err := violations(ctx)
	if err != nil || len(found) < 3 {
		t.Errorf("got %v, %v for a page without a language, with a picture without a text and with pale words", found, err)
	}
}

// violation is what axe-core finds.
type violation struct {
	ID, Help string
	Nodes    []string
}

// violations holds the page of a browser against every rule of axe-core.
func violations(ctx context.Context) (list []violation, err error) {
	if axeSource() == "" {
		return nil, nil // TestAxe says so
	}
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](axeSource()+";true")); err != nil {
		return nil, err
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"], rules: {"target-size": {enabled: true}}}).then(r =>
		JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => n.html + " " + n.failureSummary)}))))`,
		chromedp.EvalAwaitPromise))
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal([]byte(found), &list)
}
