package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// keyOutput is a service key as the command line prints it.
type keyOutput struct {
	ID            string
	Name          string
	AppIDs        []string    `json:"app_ids"`
	Permissions   []string    `json:"permissions"`
	CapUse        json.Number `json:"cap_use"`
	CapDay        json.Number `json:"cap_day"`
	Rate          int
	ExpiresAt     string    `json:"expires_at"`
	OldValueUntil time.Time `json:"old_value_until"`
	LastUsedAt    time.Time `json:"last_used_at"`
	Value         string    `json:"service_key"`
}

// serviceKey makes a service key by the command line, and waits until the server knows it.
func (s *server) serviceKey(t *testing.T, args ...string) keyOutput {
	t.Helper()
	k := s.shownKey(t, append([]string{"create"}, args...)...)
	eventually(t, "the server knows the new key", func() bool { return s.knowsKey(t, k.Value) })
	return k
}

// shownKey runs a command that shows one key.
func (s *server) shownKey(t *testing.T, args ...string) (k keyOutput) {
	t.Helper()
	if err := json.Unmarshal([]byte(s.command(t, append(append([]string{"service-key"}, args...), "--json")...)), &k); err != nil {
		t.Fatal(err)
	}
	return k
}

// knowsKey reports whether the running server accepts a value.
func (s *server) knowsKey(t *testing.T, value string) bool {
	t.Helper()
	status, _, _ := s.api(t, "POST", "/api/v1/internal/credits/init", "", nil, "X-Service-Key", value)
	return status != 401
}

// texts reads one column beside the running program.
func (s *server) texts(t *testing.T, query string, args ...any) (found []string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "mana.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		found = append(found, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestServiceKeyCommands(t *testing.T) {
	t.Parallel()
	s := start(t)
	k := s.serviceKey(t, "--app", "todo,worker", "--allow", "use,balance", "--cap-use", "2.5", "--cap-day", "100", "--rate", "60", "--expires", "2099-01-31")
	if len(k.Value) != 43 || k.Name != "todo" || k.CapUse != "2.5" || k.CapDay != "100" || k.Rate != 60 ||
		k.ExpiresAt != "2099-01-31T00:00:00Z" || fmt.Sprint(k.AppIDs, k.Permissions) != "[todo worker] [balance use]" {
		t.Errorf("got %+v", k)
	}
	rotated := s.shownKey(t, "rotate", "todo", "--overlap", "1h")
	if rotated.ID != k.ID || rotated.Value == k.Value || time.Until(rotated.OldValueUntil) < 59*time.Minute {
		t.Errorf("got %+v, want another value of %s", rotated, k.ID)
	}
	eventually(t, "the new value is good", func() bool { return s.knowsKey(t, rotated.Value) })
	if !s.knowsKey(t, k.Value) {
		t.Error("got the old value refused within the overlap")
	}
	last := s.shownKey(t, "rotate", k.ID, "--overlap", "0")
	eventually(t, "the values before are void", func() bool { return s.knowsKey(t, last.Value) && !s.knowsKey(t, k.Value) })
	if s.knowsKey(t, rotated.Value) {
		t.Error("got the value before a rotation without overlap accepted")
	}
	s.fails(t, 5, "service-key", "create", "--app", "todo", "--allow", "use")
	s.fails(t, 5, "service-key", "revoke", "todo")
	if text := s.command(t, "service-key", "list"); !strings.Contains(text, "live") || strings.Contains(text, last.Value) {
		t.Errorf("got %s", text)
	}
	s.command(t, "service-key", "revoke", "todo", "--yes")
	eventually(t, "a revoked key is refused", func() bool { return !s.knowsKey(t, last.Value) })
	s.fails(t, 4, "service-key", "revoke", "todo", "--yes")
	s.fails(t, 5, "service-key", "rotate", k.ID)
	if again := s.serviceKey(t, "--app", "todo", "--allow", "use"); again.ID == k.ID || again.CapUse != "0" {
		t.Errorf("got %+v, want a new key of the old name", again)
	}
	list := s.command(t, "service-key", "list", "--json")
	if strings.Count(list, "\n") != 2 || strings.Count(list, `"revoked_at"`) != 1 || strings.Contains(list, "service_key\"") {
		t.Errorf("got %s, want two keys, one of them revoked, and no value", list)
	}

	events := s.texts(t, `SELECT event_type || ' ' || metadata FROM auth_security_events WHERE event_type LIKE 'service_key_%' ORDER BY id`)
	kinds := []string{"service_key_created", "service_key_rotated", "service_key_rotated", "service_key_revoked", "service_key_created"}
	if len(events) != len(kinds) {
		t.Fatalf("got %v, want %v", events, kinds)
	}
	for i, event := range events {
		before := strings.Contains(event, `"before":"apps=todo,worker`)
		if !strings.HasPrefix(event, kinds[i]+" ") || !strings.Contains(event, `"actor":"command line"`) || before != (kinds[i] != "service_key_created") {
			t.Errorf("got %s, want %s", event, kinds[i])
		}
	}
	for _, value := range []string{k.Value, rotated.Value, last.Value} {
		if got := s.texts(t, `SELECT id FROM auth_security_events WHERE instr(metadata, ?) > 0`, value); got != nil {
			t.Errorf("got a value in the security log: %v", got)
		}
	}
}

func TestServiceKeyFaults(t *testing.T) {
	t.Parallel()
	s := start(t)
	text := s.fails(t, 2, "service-key", "create", "--allow", "everything", "--cap-use", "1000000", "--rate", "1000001", "--expires", "2020-01-01")
	for _, field := range []string{"name", "app_ids", "permissions", "rate", "expires_at"} {
		if !strings.Contains(text, field+": ") {
			t.Errorf("got %s, want a word on %s", text, field)
		}
	}
	s.fails(t, 2, "service-key", "create", "--app", "a b", "--allow", "use")
	s.fails(t, 2, "service-key", "create", "--app", "a", "--allow", "use", "--cap-use", "1e3")
	s.fails(t, 2, "service-key", "create", "--app", "a", "--allow", "use", "--cap-day", "-1")
	s.fails(t, 2, "service-key", "create", "--app", "a", "--allow", "use", "--expires", "tomorrow")
	s.fails(t, 2, "service-key", "rotate", "todo", "--overlap", "31d")
	s.fails(t, 4, "service-key", "rotate", "todo")
	s.fails(t, 2, "service-key", "revoke")
}

func TestServiceKeyFromStdin(t *testing.T) {
	t.Parallel()
	s := start(t)
	create := func(value, app string) (string, error) {
		root := newRoot(s.env, io.Discard)
		var out bytes.Buffer
		root.SetArgs([]string{"service-key", "create", "--app", app, "--allow", "balance", "--value-stdin"})
		root.SetIn(strings.NewReader(value))
		root.SetOut(&out)
		root.SetErr(io.Discard)
		err := root.ExecuteContext(t.Context())
		return out.String(), err
	}
	const existing = "dev-service-key-for-all-the-old-apps!"
	out, err := create(existing+"\r\n", "todo")
	if err != nil || strings.Contains(out, existing) || !strings.HasPrefix(out, "SERVICE_KEY_ID=") {
		t.Errorf("got %s, %v, want the id alone", out, err)
	}
	eventually(t, "the existing value is good", func() bool { return s.knowsKey(t, existing) })
	for value, want := range map[string]int{
		existing: exitRefused, "short\n": exitUsage, "": exitUsage, strings.Repeat("a b", 20): exitUsage, strings.Repeat("x", 31): exitUsage,
		strings.Repeat("ü", 32): exitUsage,
	} {
		_, err := create(value, "other")
		if err == nil {
			t.Errorf("%q: got no error", value)
			continue
		}
		if code, _ := exitOf(err); code != want || strings.Contains(err.Error(), existing) {
			t.Errorf("%q: got %d %v, want %d", value, code, err, want)
		}
	}
}

// documentedKeys is the example of the document, with the value that the folder of the test has.
func documentedKeys(t *testing.T) string {
	t.Helper()
	document, err := os.ReadFile("deploy/docs/apply.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(document), "```yaml\nservice_keys:\n")
	example, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("got no example in the document")
	}
	return "service_keys:\n" + strings.Replace(example, "todo.key", "notes.secret", 1)
}

func TestApplyServiceKeys(t *testing.T) {
	t.Parallel()
	s := start(t)
	apply := func(file string, want ...string) {
		t.Helper()
		path := applyFolder(t, file)
		lines := strings.Join(want, "\n") + "\n"
		dry := s.command(t, "apply", "-f", path, "--dry-run")
		if got := s.command(t, "apply", "-f", path); got != lines || dry != lines {
			t.Errorf("got %s and planned %s, want %s", got, dry, lines)
		}
	}
	described := documentedKeys(t)
	apply(described, "created service key todo", "created service key chat")
	eventually(t, "the server knows the value of the file", func() bool { return s.knowsKey(t, appliedSecret) })
	apply(described, "unchanged service key todo", "unchanged service key chat")
	changed := strings.NewReplacer("[todo, worker]", "[todo]", "cap_day: 100", "rate: 10", "[balance]", "[use, balance]").Replace(described)
	apply(changed, "updated service key todo: app_ids, cap_day, rate", "updated service key chat: permissions")

	// The first app owns the idempotency keys, so that a repeat is not charged again: it stays.
	turned := applyFolder(t, strings.Replace(described, "[todo, worker]", "[worker, todo]", 1))
	for _, args := range [][]string{{"apply", "-f", turned}, {"apply", "-f", turned, "--dry-run"}} {
		s.fails(t, exitRefused, args...)
	}

	// A rotation by hand overlaps; the file then ends it with its own value.
	rotated := s.shownKey(t, "rotate", "todo")
	eventually(t, "both values are good", func() bool { return s.knowsKey(t, rotated.Value) && s.knowsKey(t, appliedSecret) })
	apply(changed, "updated service key todo: value", "unchanged service key chat")
	eventually(t, "the value of the file alone is good", func() bool { return !s.knowsKey(t, rotated.Value) })
	if !s.knowsKey(t, appliedSecret) {
		t.Error("got the value of the file refused")
	}

	// What was revoked by hand stays revoked, until the file has another value.
	s.command(t, "service-key", "revoke", "todo", "--yes")
	apply(changed, "unchanged service key todo", "unchanged service key chat")
	eventually(t, "the key is refused", func() bool { return !s.knowsKey(t, appliedSecret) })
	other := strings.Replace(changed, "value_file: notes.secret", "value_sha256: "+strings.Repeat("ab", 32), 1)
	apply(other, "created service key todo", "unchanged service key chat")
	actors := s.texts(t, `SELECT DISTINCT metadata ->> 'actor' FROM auth_security_events WHERE event_type LIKE 'service_key_%' ORDER BY 1`)
	if strings.Join(actors, ", ") != "apply, command line" {
		t.Errorf("got %v", actors)
	}
	taken := strings.Replace(other, "name: chat", "name: chat 2", 1)
	if text := s.fails(t, 5, "apply", "-f", applyFolder(t, taken)); !strings.Contains(text, `"chat 2"`) {
		t.Errorf("got %s, want a word on the value of another key", text)
	}
}

func TestApplyServiceKeyFaults(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"all at once": {
			"service_keys:\n  - name: a\n    app_ids: [a b]\n    permissions: [all]\n    cap_use: 1e3\n    rate: -1\n    expires_at: soon\n    color: blue\n",
			[]string{
				"line 2: service_keys[0].value_file: or value_sha256 is needed", `line 3: service_keys[0].app_ids: "a b" must be`,
				`line 4: service_keys[0].permissions: "all" does not exist`, `line 5: "1e3" is no number of credits`, "line 6: service_keys[0].rate",
				`line 7: "soon" is no time`, "line 8: color: there is no such field",
			},
		},
		"key twice":   {documentedKeys(t) + "  - {name: todo, app_ids: [x], permissions: [use], value_file: notes.secret}\n", []string{`service_keys[2].name: "todo" is described at line 3 already`}},
		"two values":  {"service_keys:\n  - {name: a, app_ids: [a], permissions: [use], value_file: x, value_sha256: ab}\n", []string{"value_sha256 is given as well"}},
		"short hash":  {"service_keys:\n  - {name: a, app_ids: [a], permissions: [use], value_sha256: ab}\n", []string{"value_sha256: must be 64 hexadecimal digits"}},
		"no file":     {"service_keys:\n  - {name: a, app_ids: [a], permissions: [use], value_file: nowhere}\n", []string{"value_file", "no such file"}},
		"no key good": {"clients:\n  - {client_id: mc_a, client_name: A, public: true, redirect_uris: ['https://a.example/']}\nservice_keys:\n  - {name: a}\n", []string{"service_keys[0].app_ids"}},
	} {
		text := s.fails(t, 3, "apply", "-f", applyFolder(t, c.file))
		for _, want := range append(c.want, "nothing was changed") {
			if !strings.Contains(text, want) {
				t.Errorf("%s: got no %q in\n%s", name, want, text)
			}
		}
	}
	if s.knows(t, "mc_a") || s.command(t, "service-key", "list", "--json") != "" {
		t.Error("got something of a faulty file")
	}
}
