package identity

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// breachFile writes a list of the first n passwords "breached-0", "breached-1" and so on.
func breachFile(t *testing.T, n int, line func(hash string, i int) string) string {
	t.Helper()
	lines := make([]string, n)
	for i := range lines {
		lines[i] = line(fmt.Sprintf("%X", sha1.Sum(fmt.Appendf(nil, "breached-%d", i))), i)
	}
	slices.Sort(lines)
	return textFile(t, strings.Join(lines, ""))
}

func textFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBreaches(t *testing.T) {
	t.Parallel()
	const n = 20_000
	for name, path := range map[string]string{
		"counts":   breachFile(t, n, func(hash string, i int) string { return fmt.Sprintf("%s:%d\r\n", hash, i*i) }),
		"bare":     breachFile(t, n, func(hash string, _ int) string { return hash + "\n" }),
		"prefixes": breachFile(t, n, func(hash string, _ int) string { return strings.ToLower(hash[:16]) + "\n" }),
		"one":      breachFile(t, 1, func(hash string, _ int) string { return hash }),
	} {
		list, err := OpenBreaches(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		held := n
		if name == "one" {
			held = 1
		}
		for i := range 2 * n {
			if i >= 100 && i%97 != 0 {
				continue
			}
			if got, err := list.Holds(fmt.Sprintf("breached-%d", i)); err != nil || got != (i < held) {
				t.Fatalf("%s: got %v, %v for password %d", name, got, err, i)
			}
		}
	}
}

func TestBreachListRefused(t *testing.T) {
	t.Parallel()
	hash := func(digit string) string { return strings.Repeat(digit, 40) + ":1\n" }
	for name, text := range map[string]string{
		"empty": "", "words": "password\nqwerty\n", "unsorted": hash("A") + hash("C") + hash("B") + hash("D"),
		"short hashes": "ABCDEF\n", "by count": hash("F") + hash("0"), "long line": strings.Repeat("A", 1000) + "\n",
		"empty line": hash("A") + "\n" + hash("B"),
	} {
		if _, err := OpenBreaches(textFile(t, text)); !errors.Is(err, ErrBreachList) {
			t.Errorf("%s: got %v, want %v", name, err, ErrBreachList)
		}
	}
	if _, err := OpenBreaches(t.TempDir() + "/nothing"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v for no file", err)
	}
	list, err := OpenBreaches(breachFile(t, 1000, func(hash string, _ int) string { return hash + "\n" }))
	if err != nil {
		t.Fatal(err)
	}
	list.size *= 4
	if _, err := list.Holds("anything"); err == nil {
		t.Error("got no error of a list that became shorter")
	}
}
