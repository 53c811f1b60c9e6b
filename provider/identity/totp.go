package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // what authenticator apps compute: HMAC-SHA-1 is not broken by collisions
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Time-based one-time passwords (RFC 6238) as all authenticator apps make them.
const (
	totpSecret = 20 // bytes: 160 bits (RFC 4226, section 4, R6)
	totpDigits = 6
	totpPeriod = 30 // seconds
	totpSkew   = 1  // steps that a clock may be off
)

const (
	recoveryCodes = 10
	recoverySize  = 10 // bytes: 80 bits
)

var base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

// totpAt is the code of a step (RFC 4226, section 5.3).
func totpAt(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	number := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, number%1e6)
}

// totpStep finds the step that a code is of, among those around now that are later than last; used says that the code
// is of an earlier one of them. 0: it is of none.
func totpStep(secret []byte, code string, last int64, now time.Time) (step int64, used bool) {
	current := now.Unix() / totpPeriod
	for at := current - totpSkew; at <= current+totpSkew; at++ {
		if subtle.ConstantTimeCompare([]byte(totpAt(secret, at)), []byte(code)) != 1 {
			continue
		}
		if at > last {
			return at, false
		}
		used = true
	}
	return 0, used
}

// typedCode drops the blanks and dashes of a code that a person typed, and folds it to upper case.
func typedCode(text string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(strings.TrimSpace(text)))
}

// isTOTP reports whether a typed code is one of an authenticator app, rather than a recovery code.
func isTOTP(code string) bool {
	return len(code) == totpDigits && strings.Trim(code, "0123456789") == ""
}

// TOTPKey is a secret as it is given to an authenticator app, once.
type TOTPKey struct{ secret []byte }

// Text is the key as a person types it: base32 in groups of four.
func (k TOTPKey) Text() string { return grouped(base32Plain.EncodeToString(k.secret), " ") }

// URI is the key as apps read it from a picture (the Key URI format of Google Authenticator).
func (k TOTPKey) URI(issuer string, account Email) string {
	label := url.PathEscape(strings.ReplaceAll(issuer, ":", " ") + ":" + string(account))
	return "otpauth://totp/" + label + "?secret=" + base32Plain.EncodeToString(k.secret) +
		"&issuer=" + url.PathEscape(issuer) + "&algorithm=SHA1&digits=6&period=30"
}

// String keeps the secret out of formatted output.
func (k TOTPKey) String() string { return "redacted" }

// GoString implements [fmt.GoStringer].
func (k TOTPKey) GoString() string { return "redacted" }

func newTOTPSecret() []byte {
	secret := make([]byte, totpSecret)
	rand.Read(secret)
	return secret
}

// newRecoveryCodes makes a set of codes as a person writes them down.
func newRecoveryCodes() []string {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		raw := make([]byte, recoverySize)
		rand.Read(raw)
		codes[i] = grouped(base32Plain.EncodeToString(raw), "-")
	}
	return codes
}

// grouped puts a separator between every four characters.
func grouped(text, separator string) string {
	var groups []string
	for ; len(text) > 4; text = text[4:] {
		groups = append(groups, text[:4])
	}
	return strings.Join(append(groups, text), separator)
}
