package identity

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTOTP holds the codes against the SHA-1 vectors of RFC 6238, appendix B, of which six digits are used, and the
// counters of RFC 4226, appendix D.
func TestTOTP(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for seconds, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totpAt(secret, seconds/totpPeriod); got != want {
			t.Errorf("at %d: got %s, want %s", seconds, got, want)
		}
	}
	if got := totpAt(secret, 0); got != "755224" {
		t.Errorf("got %s, want 755224", got)
	}
}

func TestTOTPStep(t *testing.T) {
	t.Parallel()
	secret, now := []byte("12345678901234567890"), time.Unix(1234567890, 0)
	current := now.Unix() / totpPeriod
	for _, c := range []struct {
		offset, last int64 // of the code, and of the code used last
		step         int64 // found, from now
		used         bool
	}{
		{0, -10, 0, false},
		{-1, -10, -1, false},
		{1, -10, 1, false},
		{2, -10, -99, false},
		{-2, -10, -99, false},
		{0, 0, -99, true},
		{-1, 0, -99, true},
		{1, 0, 1, false},
		{1, 1, -99, true},
	} {
		step, used := totpStep(secret, totpAt(secret, current+c.offset), current+c.last, now)
		want := current + c.step
		if c.step == -99 {
			want = 0
		}
		if step != want || used != c.used {
			t.Errorf("%+v: got %d, %v from now", c, step-current, used)
		}
	}
}

func TestTOTPKey(t *testing.T) {
	t.Parallel()
	secret, err := hex.DecodeString("48656c6c6f21deadbeef48656c6c6f21deadbeef")
	if err != nil {
		t.Fatal(err)
	}
	key := TOTPKey{secret}
	if got := key.Text(); got != "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP" {
		t.Errorf("got %s", got)
	}
	const uri = "otpauth://totp/Mana%20Core:ada@example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Mana%20Core&algorithm=SHA1&digits=6&period=30"
	if got := key.URI("Mana Core", "ada@example.com"); got != uri {
		t.Errorf("got %s, want %s", got, uri)
	}
	if key.String() != "redacted" || key.GoString() != "redacted" {
		t.Error("got the secret in formatted output")
	}
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	codes := newRecoveryCodes()
	if len(codes) != 10 || len(slices.Compact(slices.Sorted(slices.Values(codes)))) != 10 {
		t.Errorf("got %v, want ten different codes", codes)
	}
	for _, code := range codes {
		plain := typedCode(" " + strings.ToLower(code) + " ")
		if len(code) != 19 || len(plain) != 16 || plain != strings.ReplaceAll(code, "-", "") || isTOTP(plain) {
			t.Errorf("got %s, typed %s", code, plain)
		}
	}
}

func FuzzTypedCode(f *testing.F) {
	f.Add("123 456")
	f.Add("abcd-EFGH-2345-6723")
	f.Fuzz(func(t *testing.T, text string) {
		code := typedCode(text)
		if typedCode(code) != code && !strings.ContainsFunc(text, func(r rune) bool { return r > 0x7f }) {
			t.Errorf("%q: got %q, then %q", text, code, typedCode(code))
		}
		if isTOTP(code) && len(code) != totpDigits {
			t.Errorf("%q: got a code of %d digits", text, len(code))
		}
	})
}
