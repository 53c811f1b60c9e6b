package main

import (
	"strings"
	"testing"
)

// TestApplyPeople gives people the roles of a file, takes none that it does not name, and leaves traces.
func TestApplyPeople(t *testing.T) {
	t.Parallel()
	s := start(t)
	root := s.administrator(t)
	s.person(t, "ada@example.com")
	s.person(t, "eve@example.com")
	s.sql(t, `UPDATE auth_users SET email_verified = email <> 'eve@example.com'`)
	s.command(t, "user", "roles", "ada@example.com", "--set", "writer")
	path := applyFolder(t, `people:
  - {email: root@example.com, role: user}
  - {email: Ada@example.com, role: admin, roles: [support, editor, editor]}
  - {email: eve@example.com, role: admin}
  - {email: nobody@example.com, roles: [editor]}
`)
	ada, eve := "updated person ada@example.com: role, roles\n", "unproven person eve@example.com\n"
	rest := "updated person root@example.com: role\nmissing person nobody@example.com\n"
	want := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}
	roles := func(email, want string) {
		t.Helper()
		if got := strings.TrimSpace(s.command(t, "user", "roles", email)); got != want {
			t.Errorf("got %q for %s, want %q", got, email, want)
		}
	}
	want(s.command(t, "apply", "-f", path, "--dry-run"), ada+eve+rest)
	roles("ada@example.com", "writer")
	want(s.command(t, "apply", "-f", path), ada+eve+rest)
	roles("ada@example.com", "editor\nsupport\nwriter")
	roles("eve@example.com", "")
	want(s.command(t, "apply", "-f", path), "unchanged person ada@example.com\n"+eve+"unchanged person root@example.com\nmissing person nobody@example.com\n")

	last := applyFolder(t, "people:\n  - {email: ada@example.com, role: user}\n")
	if text := s.fails(t, exitRefused, "apply", "-f", last); !strings.Contains(text, "ada@example.com") {
		t.Errorf("got %s, want a word on whom", text)
	}
	s.command(t, "user", "role", "root@example.com", "admin")
	log := root.get("/admin/audit/export?format=jsonl").body
	if got := strings.Count(log, `"actor":"apply"`) / 2; got != 3 { // as a field, and in the metadata
		t.Errorf("got %d events by the file, want 3", got)
	}
}

// TestApplyPeopleFaults finds everything that is wrong with the people of a file.
func TestApplyPeopleFaults(t *testing.T) {
	t.Parallel()
	s := start(t)
	path := applyFolder(t, "people:\n  - email: nobody\n    role: king\n    roles: [a b]\n  - email: ada@example.com\n  - {email: ADA@example.com, roles: [a], name: Ada}\n")
	text := s.fails(t, exitProblem, "apply", "-f", path)
	for _, want := range []string{
		`line 2: people[0].email: "nobody" is no`, `line 3: people[0].role: "king" does not exist`, "line 4: people[0].roles: must be at most 50",
		"line 5: people[1].roles: or role is needed", "line 6: people[2].email: ada@example.com is described at line 5 already", "line 6: name: there is no such field",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %q in\n%s", want, text)
		}
	}
}
