package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRows holds the list of rows against the tests: each is named in one, or the list of divergences says why it is
// not met.
func TestRows(t *testing.T) {
	t.Parallel()
	list, err := os.ReadFile("testdata/openid_rows.txt")
	if err != nil {
		t.Fatal(err)
	}
	divergences, err := os.ReadFile("deploy/docs/divergences.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := testSources(t)
	rows := 0
	for line := range strings.Lines(string(list)) {
		code, about, _ := strings.Cut(strings.TrimSpace(line), " ")
		if code == "" || code == "#" {
			continue
		}
		rows++
		proof, place := tests, "tests"
		if strings.HasPrefix(strings.TrimSpace(about), "not met:") {
			proof, place = string(divergences), "list of divergences"
		}
		if !named(proof, code) {
			t.Errorf("got no word on %s in the %s", code, place)
		}
	}
	if rows < 100 {
		t.Errorf("got %d rows, want all", rows)
	}
}

// named reports whether a code stands somewhere by itself.
func named(text, code string) bool {
	part := func(c byte) bool { return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' }
	for {
		before, after, found := strings.Cut(text, code)
		if !found {
			return false
		}
		if (before == "" || !part(before[len(before)-1])) && (after == "" || !part(after[0])) {
			return true
		}
		text = text[len(before)+1:]
	}
}

// testSources is the text of all tests, and of the tests that storage engines share.
func testSources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git" || entry.Name() == "venv") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") && filepath.Dir(path) != filepath.Join("storage", "storagetest") {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		all.Write(content)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
