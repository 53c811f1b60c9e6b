package identity

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Email is a canonical address, made by [ParseEmail] only: the key of the account, of counters and of
// the signup bonus.
type Email string

const (
	maxEmail     = 254 // octets (RFC 5321, section 4.5.3.1.3)
	maxLocalPart = 64  // octets (RFC 5321, section 4.5.3.1.1)
)

// ParseEmail canonicalises an address once, at the edge: outer ASCII blanks dropped, a dot-atom local
// part of ASCII lower-cased, the domain as lower-case A-label without final dot. [ErrEmail].
func ParseEmail(text string) (Email, error) {
	text = strings.Trim(text, " \t\r\n")
	local, domain, ok := strings.Cut(text, "@")
	if !ok || !utf8.ValidString(domain) || len(local) > maxLocalPart || !isDotAtom(local) {
		return "", ErrEmail
	}
	domain, err := idna.Lookup.ToASCII(strings.TrimSuffix(domain, "."))
	domain = strings.ToLower(domain)
	if err != nil || !strings.Contains(domain, ".") || !isDotAtom(domain) {
		return "", ErrEmail
	}
	if again, err := idna.Lookup.ToASCII(domain); err != nil || again != domain {
		return "", ErrEmail // an A-label that stands for nothing would not be found again
	}
	address := strings.ToLower(local) + "@" + domain
	if len(address) > maxEmail {
		return "", ErrEmail
	}
	return Email(address), nil
}

// Unfolded is the address without a sub-address ("ada+shop@example.com" is "ada@example.com"): one
// mailbox gets one signup bonus.
func (e Email) Unfolded() string {
	local, domain, _ := strings.Cut(string(e), "@")
	if base, _, found := strings.Cut(local, "+"); found && base != "" {
		local = base
	}
	return local + "@" + domain
}

// Local is the part before the @.
func (e Email) Local() string {
	local, _, _ := strings.Cut(string(e), "@")
	return local
}

// isDotAtom reports whether s is a dot-atom of ASCII (RFC 5322, section 3.2.3).
func isDotAtom(s string) bool {
	if s == "" || strings.HasPrefix(s, ".") || strings.HasSuffix(s, ".") || strings.Contains(s, "..") {
		return false
	}
	for _, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", rune(c)) {
			return false
		}
	}
	return true
}
