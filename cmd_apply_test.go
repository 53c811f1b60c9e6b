package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mana/provider/identity"
	"mana/storage"
)

const appliedSecret = "a-secret-of-the-house-that-is-long-enough"

// applyFolder is a folder with a file to apply and the secret beside it.
func applyFolder(t *testing.T, content string) (path string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "clients.yaml")
	for name, text := range map[string]string{path: content, filepath.Join(dir, "notes.secret"): appliedSecret + "\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// documented is the example of the document.
func documented(t *testing.T) string {
	t.Helper()
	document, err := os.ReadFile("deploy/docs/apply.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(document), "```yaml\n")
	example, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("got no example in the document")
	}
	return example
}

func (s *server) revision(t *testing.T) (revision int64) {
	t.Helper()
	err := withStore(t.Context(), s.env, func(_ *config, db *storage.DB) error {
		revisions, err := db.Revisions(t.Context())
		revision = revisions["clients"]
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

func TestApply(t *testing.T) {
	t.Parallel()
	s := start(t)
	example := documented(t)
	path := applyFolder(t, example)
	created := "created mc_notes\ncreated mc_notes_app\ncreated mc_reports\n"
	before := s.revision(t)
	if got := s.command(t, "apply", "-f", path, "--dry-run"); got != created || s.revision(t) != before {
		t.Errorf("got %s, revision %d, want the plan and no change", got, s.revision(t))
	}
	if got := s.command(t, "apply", "-f", path); got != created {
		t.Errorf("got %s, want %s", got, created)
	}
	for _, id := range []string{"mc_notes", "mc_notes_app", "mc_reports"} {
		eventually(t, "the server knows "+id, func() bool { return s.knows(t, id) })
	}
	after := s.revision(t)
	if got := s.command(t, "apply", "-f", path); strings.Count(got, "unchanged") != 3 || s.revision(t) != after {
		t.Errorf("got %s, revision %d, want nothing changed since %d", got, s.revision(t), after)
	}

	// The file is the truth, but for what it does not say.
	s.command(t, "client", "update", "mc_notes", "--disabled", "--name", "Other")
	mine := s.client(t, "Mine", "--redirect", callback)
	changed := strings.Replace(example, "refresh_idle: 7d", "refresh_idle: 12h\n    grant_types: [authorization_code, refresh_token, client_credentials]", 1)
	path = applyFolder(t, changed)
	want := "updated mc_notes: client_name, grant_types, refresh_idle\nunchanged mc_notes_app\nunchanged mc_reports\n"
	if got := s.command(t, "apply", "-f", path); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var got shown
	if err := json.Unmarshal([]byte(s.command(t, "client", "show", "mc_notes", "--json")), &got); err != nil || !*got.Disabled || got.Name != "Notes" {
		t.Errorf("got %+v, %v, want it disabled still", got, err)
	}
	if !s.knows(t, mine.ID) {
		t.Error("got a client deleted that the file does not name")
	}
	s.command(t, "apply", "-f", applyFolder(t, changed+"\n  - {client_id: mc_late, client_name: Late, public: true, redirect_uris: ['https://l.example/']}\n"))
	s.command(t, "client", "update", "mc_notes", "--disabled=false")
	eventually(t, "the secret of the file is good", func() bool { status, _ := s.ownToken(t, "mc_notes", appliedSecret); return status == 200 })
}

func TestApplySecrets(t *testing.T) {
	t.Parallel()
	s := start(t)
	entry := "clients:\n  - client_id: mc_reports\n    client_name: Reports\n    grant_types: [client_credentials]\n    scopes: [credits:read]\n    secret_sha256: "
	hashed := func(secret string) string {
		sum := sha256.Sum256([]byte(secret))
		return entry + hex.EncodeToString(sum[:]) + "\n"
	}
	apply := func(secret, want string) {
		t.Helper()
		if got := s.command(t, "apply", "-f", applyFolder(t, hashed(secret))); got != want+"\n" {
			t.Errorf("got %s, want %s", got, want)
		}
		eventually(t, "the secret is good", func() bool { status, _ := s.ownToken(t, "mc_reports", secret); return status == 200 })
	}
	good := func(secret string, want int) {
		t.Helper()
		if status, _ := s.ownToken(t, "mc_reports", secret); status != want {
			t.Errorf("got %d, want %d", status, want)
		}
	}
	first := strings.Repeat("1", 40)
	apply(first, "created mc_reports")
	var rotated map[string]string
	if err := json.Unmarshal([]byte(s.command(t, "client", "rotate-secret", "mc_reports", "--json")), &rotated); err != nil {
		t.Fatal(err)
	}
	apply(rotated["client_secret"], "unchanged mc_reports")
	good(first, 200) // the overlap goes on
	apply(first, "updated mc_reports: secret")
	eventually(t, "the secret that the file does not have is void", func() bool {
		status, _ := s.ownToken(t, "mc_reports", rotated["client_secret"])
		return status == 401
	})
	good(first, 200)
}

func TestApplyFaults(t *testing.T) {
	t.Parallel()
	s := start(t)
	before := s.revision(t)
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"all at once": {
			"clients:\n  - client_id: mc_a\n    client_name: A\n    public: true\n    redirect_uris:\n      - http://a.example\n    color: blue\n  - client_id: notes\n    client_name: B\n    refresh_idle: soon\n",
			[]string{
				"line 5: clients[0].redirect_uris: \"http://a.example\" must be https", "line 7: color: there is no such field",
				"line 8: clients[1].client_id: must be", "line 8: clients[1].public: must be true", "line 10: \"soon\" is no time", "clients[1].redirect_uris: are needed",
			},
		},
		"unknown section":  {"tenants:\n  - id: p\n", []string{"line 1: tenants: there is no such field"}},
		"key twice":        {"clients:\n  - client_id: mc_a\n    client_id: mc_b\n", []string{"line 3", "already defined at line 2"}},
		"client twice":     {"clients:\n  - {client_id: mc_a, client_name: A, public: true, redirect_uris: ['https://a.example']}\n  - {client_id: mc_a, client_name: A, public: true, redirect_uris: ['https://a.example']}\n", []string{`line 3: clients[1].client_id: "mc_a" is described at line 2 already`}},
		"two documents":    {"clients: []\n---\nclients: []\n", []string{"must be one document"}},
		"not YAML":         {"clients: [\n", []string{"line "}},
		"a list":           {"- a\n", []string{"line 1", "cannot unmarshal !!seq"}},
		"no client":        {"clients: [null]\n", []string{"line 1: clients[0]: is empty"}},
		"no clients":       {"clients:\n  - ~\n  -\nservice_keys:\n  - null\n", []string{"line 2: clients[0]: is empty", "line 3: clients[1]: is empty", "line 5: service_keys[0]: is empty"}},
		"no scope":         {"clients:\n  - {client_id: mc_a, client_name: A, public: true, redirect_uris: ['https://a.example'], scopes: [openid, null]}\n", []string{"line 2: clients[0].scopes[1]: is empty"}},
		"null elsewhere":   {"clients:\n  - &a null\n  - *a\n", []string{"line 2: clients[0]: is empty", "line 3: clients[1]: is empty"}},
		"wrong type":       {"clients:\n  - {client_id: mc_a, client_name: A, public: perhaps, redirect_uris: ['https://a.example']}\n", []string{"line 2", "`perhaps` into bool"}},
		"no such secret":   {"clients:\n  - {client_id: mc_a, client_name: A, secret_file: nowhere, redirect_uris: ['https://a.example']}\n", []string{"line 2: clients[0].secret_file", "no such file"}},
		"short hash":       {"clients:\n  - {client_id: mc_a, client_name: A, secret_sha256: abcd, redirect_uris: ['https://a.example']}\n", []string{"secret_sha256: must be 64 hexadecimal digits"}},
		"two secrets":      {"clients:\n  - {client_id: mc_a, client_name: A, secret_file: x, secret_sha256: abcd, redirect_uris: ['https://a.example']}\n", []string{"secret_sha256 is given as well"}},
		"public, a secret": {"clients:\n  - {client_id: mc_a, client_name: A, public: true, secret_file: notes.secret, redirect_uris: ['https://a.example']}\n", []string{"a public client has no secret"}},
	} {
		path := applyFolder(t, c.file)
		text := s.fails(t, 3, "apply", "-f", path)
		for _, want := range append(c.want, "nothing was changed") {
			if !strings.Contains(text, want) {
				t.Errorf("%s: got no %q in\n%s", name, want, text)
			}
		}
		if strings.Contains(text, "main.") || strings.Contains(text, appliedSecret) {
			t.Errorf("%s: got\n%s", name, text)
		}
		s.fails(t, 3, "apply", "-f", path, "--dry-run")
	}
	path := applyFolder(t, documented(t))
	secret := filepath.Join(filepath.Dir(path), "notes.secret")
	for content, mode := range map[string]os.FileMode{"short": 0o600, strings.Repeat("a b", 20): 0o600, appliedSecret: 0o644} {
		if err := os.WriteFile(secret, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(secret, mode); err != nil {
			t.Fatal(err)
		}
		if text := s.fails(t, 3, "apply", "-f", path); !strings.Contains(text, "secret_file") || strings.Contains(text, appliedSecret) {
			t.Errorf("got %s, want a word on the secret file", text)
		}
	}
	s.fails(t, 2, "apply")
	s.fails(t, 3, "apply", "-f", filepath.Join(t.TempDir(), "none.yaml"))
	if got := s.command(t, "apply", "-f", applyFolder(t, "")); got != "" || s.revision(t) != before {
		t.Errorf("got %q, revision %d, want no change at all since %d", got, s.revision(t), before)
	}
}

func TestApplyAtStart(t *testing.T) {
	t.Parallel()
	path := applyFolder(t, documented(t))
	s := start(t, "APPLY_FILE="+path)
	if !s.knows(t, "mc_notes_app") {
		t.Error("got no client of the file at the start")
	}
	var stderr bytes.Buffer
	bad := applyFolder(t, "clients:\n  - client_id: mc_a\n")
	dir := filepath.Join(t.TempDir(), "data")
	env := []string{"APPLY_FILE=" + bad, "PORT=" + freePort(t), "DATA_DIR=" + dir}
	for want, args := range map[int][]string{exitFailed: {"serve"}, exitProblem: {"config", "check"}} {
		if code := run(t.Context(), args, env, io.Discard, &stderr); code != want || !strings.Contains(stderr.String(), "line 2: clients[0].client_name") {
			t.Errorf("%v: got %d, %s, want no start and the line", args, code, &stderr)
		}
		stderr.Reset()
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("got %v, want no file touched", err)
	}
}

// FuzzApplyFile reads what nobody wrote with care: it ends with clients that are good, or with faults.
func FuzzApplyFile(f *testing.F) {
	for _, seed := range []string{"clients:\n  - {client_id: mc_a}\n", "a: &a [*a]", "clients: *x", "<<: {clients: []}", "clients: {a: b}", "clients:\n  - <<: &x {client_id: mc_a}\n    public: true\n", "service_keys:\n  - {name: a, app_ids: [a], permissions: [use], cap_day: 1, expires_at: 2099-01-31}\n", "people:\n  - {email: a@example.com, role: admin, roles: [a]}\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "clients.yaml")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := readApplyFile(path)
		if err != nil {
			return
		}
		for _, described := range file.clients {
			if err := described.client.Check(); err != nil {
				t.Errorf("got a client with faults: %v", err)
			}
		}
		for _, key := range file.serviceKeys {
			if err := key.Check(); err != nil {
				t.Errorf("got a service key with faults: %v", err)
			}
		}
		for _, person := range file.people {
			after, _ := person.over(identity.Standing{Role: identity.RoleUser})
			if err := after.Check(); err != nil || person.email == "" {
				t.Errorf("got %+v: %v", person, err)
			}
		}
	})
}
