package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestApplyPackages applies the packages of the document: what differs changes, credits stay, and a second run changes
// nothing.
func TestApplyPackages(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, rest, _ := strings.Cut(readText(t, "deploy/docs/apply.md"), "```yaml\npackages:")
	example, _, closed := strings.Cut(rest, "```")
	if !closed {
		t.Fatal("got no example in the document")
	}
	example = "packages:" + example
	path := applyFolder(t, example)
	want := "created package Studio\nupdated package Ultra: active\n"
	for _, args := range [][]string{{"--dry-run"}, nil} {
		if got := s.command(t, append([]string{"apply", "-f", path}, args...)...); got != want {
			t.Errorf("got %s of %v, want %s", got, args, want)
		}
	}
	if got := s.command(t, "apply", "-f", path); got != "unchanged package Studio\nunchanged package Ultra\n" {
		t.Errorf("got %s the second time", got)
	}
	response, err := http.Get(s.issuer + "/api/v1/credits/packages")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var sold []struct {
		Name           string
		Credits        json.Number
		PriceEuroCents int64
	}
	if err := json.NewDecoder(response.Body).Decode(&sold); err != nil {
		t.Fatal(err)
	}
	names := ""
	for _, p := range sold {
		names += p.Name + " "
		if p.Name == "Studio" && (p.Credits != "12000" || p.PriceEuroCents != 12000) {
			t.Errorf("got %+v", p)
		}
	}
	if names != "Starter Basic Pro Studio " {
		t.Errorf("got %s, want those that are on, in their places", names)
	}
	table := s.command(t, "credits", "packages")
	for _, line := range strings.Split(strings.TrimSpace(s.command(t, "credits", "packages", "--json")), "\n") {
		var p shownPackage
		if err := json.Unmarshal([]byte(line), &p); err != nil || p.ID == "" || !strings.Contains(table, p.ID+"  "+p.Name) {
			t.Errorf("got %s, %v, want a package of\n%s", line, err, table)
		}
		if p.Active != strings.Contains(names, p.Name) {
			t.Errorf("got %s, want it on as it is sold", line)
		}
	}
	s.fails(t, 5, "apply", "-f", applyFolder(t, strings.Replace(example, "credits: 12000", "credits: 13000", 1)))
	for fault, says := range map[string]string{
		"credits: 1.5":             "line 4",
		"credits: 0":               "packages[0].credits: must be a whole number",
		"credits: 9000000":         "packages[0].credits: must be a whole number",
		"credits: 1\n    place: -": "line",
	} {
		got := s.fails(t, 3, "apply", "-f", applyFolder(t, strings.Replace(example, "credits: 12000", fault, 1)))
		if !strings.Contains(got, says) {
			t.Errorf("%s: got %s, want %s", fault, got, says)
		}
	}
}
