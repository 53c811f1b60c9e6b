package identity

import (
	"errors"
	"strings"
	"testing"
)

func TestParseEmail(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Email{
		" Ada@Example.COM ": "ada@example.com", "a+b@c.de": "a+b@c.de", "x@münchen.de": "x@xn--mnchen-3ya.de", "a@b.de.": "a@b.de",
	} {
		if got, err := ParseEmail(text); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "@", "a@", "@b.de", "a@b", "a@@b.de", "a b@c.de", ".a@b.de", "a.@b.de", "a..b@c.de", "ä@b.de", "a@b..de", "a@-b.de",
		"a\x00@b.de", "a@b.de\n.evil", strings.Repeat("a", 65) + "@b.de", "a@" + strings.Repeat("b.", 130) + "de", `"a"@b.de`,
	} {
		if got, err := ParseEmail(text); !errors.Is(err, ErrEmail) {
			t.Errorf("%q: got %q, %v, want a refusal", text, got, err)
		}
	}
	if got := Email("ada+shop@example.com").Unfolded(); got != "ada@example.com" {
		t.Errorf("got %s", got)
	}
}

func FuzzParseEmail(f *testing.F) {
	f.Add("Ada@Example.COM")
	f.Fuzz(func(t *testing.T, text string) {
		email, err := ParseEmail(text)
		if err != nil {
			return
		}
		if again, err := ParseEmail(string(email)); err != nil || again != email {
			t.Fatalf("%q: got %q, then %q, %v", text, email, again, err)
		}
	})
}

func TestNewPasswords(t *testing.T) {
	t.Parallel()
	for password, want := range map[string]error{
		"Test1234!x": nil, "пароль-длинный": nil, strings.Repeat("é", 128): nil, "        a": nil,
		"1234567": ErrPasswordLength, strings.Repeat("é", 129): ErrPasswordLength, "\xff\xfe12345678": ErrPasswordLength,
		"password1": ErrPasswordCommon, "PASSWORD1": ErrPasswordCommon, "ada@example.com": ErrPasswordCommon, "ManaCore": ErrPasswordCommon,
		"12345678": ErrPasswordCommon,
	} {
		if got := CheckNewPassword(password, "ada@example.com"); !errors.Is(got, want) {
			t.Errorf("%q: got %v, want %v", password, got, want)
		}
	}
	for line := range strings.SplitSeq(strings.TrimSpace(commonPasswords), "\n") {
		if !isCommon(line) {
			t.Fatalf("got %q not found in its own list", line)
		}
	}
}

func TestHasher(t *testing.T) {
	t.Parallel()
	h := NewHasher(1)
	long := strings.Repeat("x", 127)
	hash, err := h.Hash(t.Context(), long+"a")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("got %s, %v", hash, err)
	}
	for password, want := range map[string]bool{long + "a": true, long + "b": false, "": false} {
		if got, err := h.Check(t.Context(), hash, password); err != nil || got != want {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
	if got, err := h.Check(t.Context(), "", "anything"); err != nil || got {
		t.Errorf("got %v, %v for nobody's hash", got, err)
	}
	if _, err := h.Check(t.Context(), "$2b$10$x", "anything"); err == nil {
		t.Error("got no error for a hash of unknown parameters")
	}
	for range cap(h.queued) {
		h.queued <- struct{}{}
	}
	if _, err := h.Hash(t.Context(), "x"); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v with a full queue, want %v", err, ErrBusy)
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	s := NewSecret()
	if len(s) != 43 || s.Hash() == nil || s.String() != "redacted" || s.GoString() != "redacted" {
		t.Errorf("got %d characters", len(s))
	}
	for _, other := range []Secret{"", s[:42], s + "A", s[:42] + "B", " " + s[1:]} {
		if other != s && other.Hash() != nil && other[42] != s[42] {
			continue // the last character may be canonical by chance
		}
		if other.Hash() != nil && other != s {
			t.Errorf("got %q accepted", string(other))
		}
	}
}
