package mail_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mana/provider/identity"
	"mana/web/mail"
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
