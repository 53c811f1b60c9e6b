package ui

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mana/ledger"
	"mana/web/page"
)

// TestCatalogue finds keys without texts, texts without use, areas that are not listed, and placeholders and forms that
// only one language has.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	var messages, code strings.Builder
	err := fs.WalkDir(os.DirFS("../.."), ".", func(file string, entry fs.DirEntry, err error) error {
		text := strings.HasSuffix(file, ".go") || strings.HasSuffix(file, ".templ")
		if err != nil || entry.IsDir() || !text || strings.HasSuffix(file, "_templ.go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		content, err := os.ReadFile("../../" + file)
		if strings.HasPrefix(entry.Name(), "messages_") {
			messages.Write(content)
		} else {
			code.Write(content)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^\s(?:const )?(\w+)\s+Key = "([^"]+)"`).FindAllStringSubmatch(messages.String(), -1)
	used := make(map[string]bool)
	for _, word := range regexp.MustCompile(`\w+`).FindAllString(code.String(), -1) {
		used[word] = true
	}
	if len(declared) == 0 || len(declared) != len(catalogue) {
		t.Errorf("got %d keys and %d pairs of texts: are all areas listed in messages.go?", len(declared), len(catalogue))
	}
	for _, match := range declared {
		if _, ok := catalogue[Key(match[2])]; !ok {
			t.Errorf("the key %s has no texts", match[1])
		}
		if !used[match[1]] {
			t.Errorf("the text %s is not used", match[1])
		}
	}
	for key, text := range catalogue {
		if marks(text.en) != marks(text.de) {
			t.Errorf("%s: got %q and %q, want the same placeholders and forms", key, text.en, text.de)
		}
		for _, text := range []string{text.en, text.de} {
			if text == "" || strings.Contains(text, "!") || strings.TrimSpace(text) != text {
				t.Errorf("got %q for %s", text, key)
			}
		}
	}
}

// marks are the placeholders of a text by name, and how many forms it has.
func marks(text string) string {
	found := regexp.MustCompile(`\{\w*\}`).FindAllString(text, -1)
	slices.Sort(found)
	return fmt.Sprint(slices.Compact(found), strings.Count(text, "|"))
}

// TestWords is how both languages write what is counted, measured and dated.
func TestWords(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 5, 23, 7, 0, 0, time.UTC)
	for language, want := range map[page.Language][]string{
		page.English: {
			"You return to {app}", "1\u00a0second", "120\u00a0seconds", "3\u00a0minutes", "1,234.5", "−1", "+1,000,000", "€1,234.50", "−$0.05",
			"5.00\u00a0CHF", "5 Mar 2026, 23:07\u00a0UTC", "5 Mar 2026",
		},
		page.German: {
			"Sie kehren zurück zu {app}", "1\u00a0Sekunde", "120\u00a0Sekunden", "3\u00a0Minuten", "1.234,5", "−1", "+1.000.000", "1.234,50\u00a0€",
			"−0,05\u00a0$", "5,00\u00a0CHF", "5. März 2026, 23:07\u00a0UTC", "5. März 2026",
		},
	} {
		ctx := page.InLanguage(t.Context(), language)
		got := []string{
			T(ctx, LoginReturns, "host", "{app}"), Span(ctx, time.Second), Span(ctx, 2*time.Minute), Span(ctx, 2*time.Minute+1),
			Credits(ctx, 1_234_500_000), Number(ctx, -1), Signed(ctx, 1_000_000*ledger.Credit), Money(ctx, 123450, "eur"), Money(ctx, -5, "USD"),
			Money(ctx, 500, "chf"), When(ctx, at), Day(ctx, at),
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %q\nwant %q", language, got, want)
		}
	}
	if got := T(t.Context(), LoginTitle); got != "Sign in" {
		t.Errorf("got %q of a context without a request", got)
	}
}

// TestContrast computes every pair of colours that carries text or the border of a control.
func TestContrast(t *testing.T) {
	t.Parallel()
	css, err := assetFiles.ReadFile("assets/app.css")
	if err != nil {
		t.Fatal(err)
	}
	tokens := make(map[string][2]string)
	for _, m := range regexp.MustCompile(`--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)`).FindAllStringSubmatch(string(css), -1) {
		tokens[m[1]] = [2]string{m[2], m[3]}
	}
	for _, pair := range []struct {
		on, ground string
		least      float64
	}{
		{"text", "bg", 4.5},
		{"text", "surface", 4.5},
		{"muted", "bg", 4.5},
		{"muted", "surface", 4.5},
		{"muted", "tint", 4.5},
		{"accent", "bg", 4.5},
		{"accent", "surface", 4.5},
		{"accent", "tint", 4.5},
		{"on-accent", "accent", 4.5},
		{"danger", "surface", 4.5},
		{"ok", "surface", 4.5},
		{"warn", "surface", 4.5},
		{"field", "surface", 3},
		{"field", "bg", 3},
	} {
		for i, mode := range []string{"light", "dark"} {
			if got := contrast(colour(tokens[pair.on][i]), colour(tokens[pair.ground][i])); got < pair.least {
				t.Errorf("%s on %s, %s: got %.2f:1, want %.1f:1", pair.on, pair.ground, mode, got, pair.least)
			}
		}
	}
}

func TestAssetBudget(t *testing.T) {
	t.Parallel()
	assets, err := NewAssets(Theme{})
	if err != nil {
		t.Fatal(err)
	}
	if size := len(assets.byName["app.css"].zipped()); size > 10<<10 {
		t.Errorf("got %d bytes of CSS compressed, want at most 10 KiB", size)
	}
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	name := `<script>alert(1)</script>"'` + strings.Repeat("x", 100)
	if err := AppHead(name, "line").Render(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "<script") || strings.Contains(out.String(), strings.Repeat("x", 60)) || !strings.Contains(out.String(), "<bdi>") {
		t.Errorf("got %s", fmt.Sprint(out.String()))
	}
}
