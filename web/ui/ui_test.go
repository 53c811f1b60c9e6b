package ui

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mana/ledger"
)

// TestCatalogue finds keys without text, texts without use, and placeholders that nobody fills.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("messages_en.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^\t(\w+)\s+Key = "`).FindAllStringSubmatch(string(source), -1)
	var code strings.Builder
	for _, pattern := range []string{"*.templ", "../*/*.templ", "../*/*.go", "*.go", "../../*.go"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if strings.HasSuffix(file, "_templ.go") || strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "messages_en.go") {
				continue
			}
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			code.Write(content)
		}
	}
	if len(declared) != len(englishTexts) {
		t.Errorf("got %d keys and %d texts", len(declared), len(englishTexts))
	}
	for _, match := range declared {
		if !regexp.MustCompile(`\b` + match[1] + `\b`).MatchString(code.String()) {
			t.Errorf("the text %s is not used", match[1])
		}
	}
	for key, text := range englishTexts {
		if text == "" || strings.HasSuffix(text, "!") {
			t.Errorf("got %q for %s", text, key)
		}
	}
	if got := T(LoginReturns, "host", "{app}"); got != "You return to {app}" {
		t.Errorf("got %q", got)
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
			if got := contrast(t, tokens[pair.on][i], tokens[pair.ground][i]); got < pair.least {
				t.Errorf("%s on %s, %s: got %.2f:1, want %.1f:1", pair.on, pair.ground, mode, got, pair.least)
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// luminance is that of WCAG 2.2.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	if len(colour) != 7 {
		t.Fatalf("got no colour %q", colour)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func TestAssetBudget(t *testing.T) {
	t.Parallel()
	assets, err := NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	if size := len(assets.byName["app.css"].zipped); size > 10<<10 {
		t.Errorf("got %d bytes of CSS compressed, want at most 10 KiB", size)
	}
}

func TestNumbersForPeople(t *testing.T) {
	t.Parallel()
	for amount, want := range map[ledger.Amount]string{
		1_234_500_000: "1,234.5", -ledger.Credit: "−1", 0: "0", 999 * ledger.Credit: "999", 1_000_000 * ledger.Credit: "1,000,000",
	} {
		if got := Credits(amount); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := Signed(5 * ledger.Credit); got != "+5" {
		t.Errorf("got %s", got)
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
