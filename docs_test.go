package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// readText reads a file of the repository.
func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// block is a fenced block of a document.
type block struct {
	place string // file and line
	info  string // what stands behind the fence
	body  string
}

func blocks(t *testing.T, file string) (list []block) {
	t.Helper()
	var open *block
	for i, line := range strings.Split(readText(t, file), "\n") {
		info, fence := strings.CutPrefix(strings.TrimLeft(line, " "), "```")
		switch {
		case fence && open == nil:
			open = &block{place: fmt.Sprintf("%s:%d", file, i+1), info: info}
		case fence:
			list = append(list, *open)
			open = nil
		case open != nil:
			open.body += line + "\n"
		}
	}
	return list
}

// documents are those whose blocks say what becomes of them.
func documents(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("deploy/docs/*.md")
	if err != nil || len(files) < 8 {
		t.Fatalf("got %v, %v", files, err)
	}
	return append(files, "README.md", "keys/verifier/README.md")
}

var testName = regexp.MustCompile(`^sh by (Test\w+)$`)

// TestBlocks: each block of commands in the README and the documents says behind its fence what becomes of it. "sh run" is
// run by TestCommands, "sh by TestName" is proved by that test, "sh manual" is for the eyes alone: it needs what a test has
// not. A block of another language is none of commands; that of an output is text.
func TestBlocks(t *testing.T) {
	t.Parallel()
	var tests strings.Builder
	sources, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		tests.WriteString(readText(t, source))
	}
	languages := []string{
		"text", "go", "js", "ts", "java", "json", "yaml", "toml", "ini", "sql", "nginx", "apache", "caddyfile", "dockerfile", "html", "promql",
	}
	for _, file := range documents(t) {
		for _, b := range blocks(t, file) {
			by := testName.FindStringSubmatch(b.info)
			switch {
			case b.info == "sh run", b.info == "sh manual", slices.Contains(languages, b.info):
			case by != nil && !strings.Contains(tests.String(), "func "+by[1]+"("):
				t.Errorf("%s: there is no %s", b.place, by[1])
			case by == nil:
				t.Errorf("%s: got ```%s, want one of: sh run, sh by TestName, sh manual, %s", b.place, b.info, strings.Join(languages, ", "))
			}
		}
	}
}

// TestCommands runs the blocks of commands that each document says are run, one after another, against a program of its own.
func TestCommands(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing(t, tool)
		}
	}
	binary := buildProgram(t)
	ran := 0
	for _, file := range documents(t) {
		script := ""
		for _, b := range blocks(t, file) {
			if b.info == "sh run" {
				script += "echo '== " + b.place + "'\n" + b.body
				ran++
			}
		}
		if script == "" {
			continue
		}
		t.Run(strings.ReplaceAll(file, "/", "_"), func(t *testing.T) {
			s := start(t)
			host := strings.TrimPrefix(s.issuer, "http://")
			script = strings.NewReplacer("go run . ", binary+" ", "dist/mana ", binary+" ", "localhost:3001", host).Replace(script)
			bash := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
			bash.Dir, bash.Env = t.TempDir(), append(os.Environ(), s.env...)
			output, err := bash.CombinedOutput()
			if err != nil || strings.Contains(string(output), `"statusCode":`) {
				t.Errorf("got %v\n%s", err, output)
			}
		})
	}
	if ran < 4 {
		t.Errorf("got %d blocks, want those of the README at least", ran)
	}
}
