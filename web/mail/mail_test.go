package mail_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mana/provider/identity"
	"mana/web/mail"
	"mana/web/page"
)

// TestNotices: every notice is written in both languages, names the service, leads to our pages alone, and holds no
// secret.
func TestNotices(t *testing.T) {
	t.Parallel()
	issuer := &url.URL{Scheme: "https", Host: "id.example.com"}
	w := mail.Writer{Issuer: issuer, Brand: "Mäna", LinkOf: func(identity.Mail) identity.Secret { return "secret" }}
	seen := make(map[string]identity.MailKind)
	for _, kind := range []identity.MailKind{
		identity.MailFactorOn, identity.MailFactorOff, identity.MailRecoveryUsed, identity.MailPasskeyAdded, identity.MailPasskeyRemoved,
		identity.MailTokenReused, identity.MailLinked, identity.MailUnlinked, identity.MailClaimed, identity.MailDeleted, identity.MailLowBalance,
		identity.MailWithdrawn,
	} {
		for _, language := range []string{"en", "de", ""} {
			m := identity.Mail{NewMail: identity.NewMail{ID: uuid.New(), Kind: kind, Language: language}, To: "ada@example.com"}
			got, err := w.Write(t.Context(), m)
			if err != nil {
				t.Errorf("%s: %v", kind, err)
				continue
			}
			if before, ok := seen[got.Subject]; ok && (before != kind || language != "") {
				t.Errorf("%s and %s have the subject %q", before, kind, got.Subject)
			}
			seen[got.Subject] = kind
			links, page := kind != identity.MailDeleted, "/account/security"
			switch kind {
			case identity.MailLowBalance:
				page = "/account/credits"
			case identity.MailWithdrawn:
				page = "/account/credits/receipts"
			}
			for part, text := range map[string]string{"text": got.Text, "HTML": got.HTML} {
				if !strings.Contains(text, "Mäna") || !strings.Contains(text, got.Subject) || strings.Contains(text, "secret") ||
					strings.Contains(text, "https://id.example.com"+page) != links || strings.Contains(text, "{") && part == "text" {
					t.Errorf("got this %s of %s:\n%s", part, kind, text)
				}
			}
			if !links && strings.Contains(got.HTML, "<a ") {
				t.Errorf("got a link in\n%s", got.HTML)
			}
		}
	}
}

// TestSubjects: every kind of mail that there is has a subject of its own language, by which administrators know it.
func TestSubjects(t *testing.T) {
	t.Parallel()
	german := page.InLanguage(t.Context(), page.German)
	kinds := mailKinds(t)
	if len(kinds) < 15 {
		t.Errorf("got %d kinds of mails in the code: how are they written now?", len(kinds))
	}
	for _, kind := range kinds {
		english, other := mail.Subject(t.Context(), kind, "Mäna"), mail.Subject(german, kind, "Mäna")
		if english == string(kind) || english == other || strings.Contains(english+other, "{") {
			t.Errorf("%s: got %q and %q", kind, english, other)
		}
	}
	if got := mail.Subject(t.Context(), "of_old", "Mäna"); got != "of_old" {
		t.Errorf("got %q", got)
	}
}

// mailKinds are the constants of kinds of mails, read from the code.
func mailKinds(t *testing.T) (kinds []identity.MailKind) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../provider/identity/mail.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if named, ok := spec.Type.(*ast.Ident); !ok || named.Name != "MailKind" {
			return true
		}
		switch value := spec.Values[0].(type) {
		case *ast.BasicLit:
			kinds = append(kinds, identity.MailKind(strings.Trim(value.Value, `"`)))
		case *ast.Ident:
			if value.Name != "EventWithdrawn" {
				t.Errorf("what is the kind of mail %s?", value.Name)
			}
			kinds = append(kinds, identity.MailWithdrawn)
		}
		return true
	})
	return kinds
}
