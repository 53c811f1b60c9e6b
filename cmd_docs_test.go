package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mana/storage/servers"
)

// leaves are the commands that do something.
func leaves(from *cobra.Command) (found []*cobra.Command) {
	for _, command := range from.Commands() {
		if command.HasSubCommands() {
			found = append(found, leaves(command)...)
		} else if command.Name() != "help" {
			found = append(found, command)
		}
	}
	return found
}

const docsHead = `# Command line

Made from the program's own commands: ` + "`UPDATE_DOCS=1 go test -run TestCommandDocs .`" + ` writes it again.

Commands work beside a running server and without one. They read the same settings as ` + "`mana serve`" + `, from the environment and from
` + "`.env`" + ` in the working folder. Results go to stdout, talk goes to stderr. With ` + "`--json`" + ` an error is an object on stderr too, with
` + "`title`, `detail` and `exit`" + `. Work that takes longer than two seconds shows a bar on a terminal, and a line each ten seconds elsewhere;
` + "`--quiet`" + ` shows neither. What cannot be undone asks on a terminal, and needs ` + "`--yes`" + ` elsewhere.

| Exit code | Meaning |
|---|---|
| 0 | done |
| 1 | failed, or the start was refused |
| 2 | wrong usage |
| 3 | a check found problems: ` + "`config check`, `doctor`, `credits verify`, `restore`" + ` |
| 4 | what was named does not exist |
| 5 | refused: it exists already, or ` + "`--yes`" + ` is missing off a terminal |
| 130 | interrupted |

`

// docs describe all commands.
func docs() string {
	var out strings.Builder
	out.WriteString(docsHead)
	for _, command := range leaves(newRoot(nil, io.Discard)) {
		fmt.Fprintf(&out, "## `%s`\n\n%s.\n", command.UseLine(), strings.TrimSuffix(command.Short, "."))
		if command.Long != "" && !strings.HasPrefix(command.CommandPath(), "mana completion") {
			fmt.Fprintf(&out, "\n%s\n", command.Long)
		}
		rows := ""
		command.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden || f.Name == "help" {
				return
			}
			kind, usage := pflag.UnquoteUsage(f)
			rows += strings.TrimSpace(fmt.Sprintf("| `--%s`", strings.TrimSpace(f.Name+" "+kind))) + " | " + strings.ReplaceAll(usage, "|", "\\|") + " |\n"
		})
		if rows != "" {
			out.WriteString("\n| Flag | Meaning |\n|---|---|\n" + rows)
		}
		out.WriteString("\n")
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// TestCommandDocs holds deploy/docs/cli.md against the commands.
func TestCommandDocs(t *testing.T) {
	t.Parallel()
	const path = "deploy/docs/cli.md"
	want := docs()
	if os.Getenv("UPDATE_DOCS") != "" {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("deploy/docs/cli.md is not what the commands say: UPDATE_DOCS=1 go test -run TestCommandDocs .")
	}
}

// TestEveryCommand types each command, as its help and wrongly.
func TestEveryCommand(t *testing.T) {
	t.Parallel()
	// What they print is a file, a script or nothing.
	plain := []string{"mana serve", "mana healthcheck", "mana config env", "mana config new-key", "mana keys generate", "mana keys export", "mana credits export"}
	all := leaves(newRoot(nil, io.Discard))
	if len(all) < 40 {
		t.Fatalf("got %d commands, want all", len(all))
	}
	s := prepare(t)
	for _, command := range all {
		path := command.CommandPath()
		args := strings.Fields(path)[1:]
		if got := s.command(t, append(args, "--help")...); !strings.Contains(got, "Usage:") {
			t.Errorf("%s --help: got %s", path, got)
		}
		s.fails(t, exitUsage, append(args, "--no-such-flag")...)
		if command.Short == "" || strings.HasSuffix(command.Short, ".") {
			t.Errorf("%s: got %q as its line in the list", path, command.Short)
		}
		if strings.HasPrefix(path, "mana completion") {
			continue
		}
		if has := command.Flags().Lookup("json") != nil; has == slices.Contains(plain, path) {
			t.Errorf("%s: got --json %v", path, has)
		}
	}
	for _, wrong := range [][]string{{"nothing"}, {"keys", "nothing"}, {"completion", "nothing"}, {"version", "nothing"}} {
		s.fails(t, exitUsage, wrong...)
	}
}

// TestVersionAndSettings types commands that need no database.
func TestVersionAndSettings(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	var is shownVersion
	if err := json.Unmarshal([]byte(s.command(t, "version", "--json")), &is); err != nil || is.Version != version || is.Schema < 26 {
		t.Errorf("got %+v, %v", is, err)
	}
	if got := s.command(t, "version"); !strings.Contains(got, "mana "+version) || !strings.Contains(got, is.Go) {
		t.Errorf("got %s", got)
	}
	for shell, word := range map[string]string{"bash": "complete", "zsh": "#compdef mana", "fish": "complete -c mana", "powershell": "Register-ArgumentCompleter"} {
		if got := s.command(t, "completion", shell); !strings.Contains(got, word) {
			t.Errorf("%s: got no %q", shell, word)
		}
	}
	if got := s.command(t, "__complete", "keys", "ro"); !strings.Contains(got, "rotate") {
		t.Errorf("got %s, want rotate offered", got)
	}
	plan := s.command(t, "migrate", "plan")
	if !strings.Contains(plan, "-- 0001_auth\n") || !strings.Contains(plan, "CREATE TABLE auth_users") {
		t.Errorf("got %s", plan)
	}
	s.command(t, "migrate", "up")
	if got := s.command(t, "migrate", "plan", "--json"); got != "[]\n" {
		t.Errorf("got %s, want nothing to do", got)
	}
	s.env = append(s.env, "SMTP_PASSWORD=hidden", "SMTP_USER=mana", "SMTP_HOST=mail.example.com", "SMTP_FROM=id@example.com")
	shown := s.command(t, "config", "show")
	for _, line := range []string{"SMTP_PASSWORD redacted environment", "SMTP_HOST mail.example.com environment", "SMTP_PORT 587 default"} {
		if !slices.ContainsFunc(strings.Split(shown, "\n"), func(l string) bool { return strings.Join(strings.Fields(l), " ") == line }) {
			t.Errorf("got %s, want %q", shown, line)
		}
	}
	if strings.Contains(shown, "hidden") {
		t.Error("got a secret")
	}
	var link struct{ Link string }
	if err := json.NewDecoder(bytes.NewBufferString(s.command(t, "setup-link", "--json"))).Decode(&link); err != nil || !strings.Contains(link.Link, "/setup#") {
		t.Errorf("got %+v, %v", link, err)
	}
}

// TestInterrupted stops a command that waits for an answer.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	silent, err := net.Listen("tcp", "127.0.0.1:"+strings.TrimPrefix(s.issuer, "http://localhost:"))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	process := exec.Command(buildProgram(t), "healthcheck")
	process.Env, process.SysProcAttr = s.env, servers.WithUs()
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := process.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = process.Wait() // says how it ended
	if got := process.ProcessState.ExitCode(); got != exitStopped {
		t.Errorf("got exit code %d, want %d", got, exitStopped)
	}
}
