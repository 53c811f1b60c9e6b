package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/google/uuid"
)

// ways are how a person can sign in besides a password, set up before something changes.
type ways struct {
	theirs  *server // another provider, where the person has an account with the same address
	passkey passkey
	reset   string // address of a link in a mail
}

// upstreamOf is another provider for many programs, where ada@example.com has an account.
func upstreamOf(t *testing.T) *server {
	t.Helper()
	theirs := start(t, manyTries)
	theirs.account(t, "ada@example.com", true)
	return theirs
}

// setUpWays links the other provider, stores a passkey and asks for a link by mail.
func (h *held) setUpWays(t *testing.T, theirs *server) {
	t.Helper()
	h.stop()
	h.env = append(h.env, theirs.upstream(t, h.issuer)...)
	h.serve(t)
	h.theirs = theirs
	h.sql(t, `UPDATE auth_users SET email_verified = 1`)
	if got := h.viaUpstream(t); got != "yes" {
		t.Fatalf("got %s, want the account linked", got)
	}
	h.passkey = newPasskey(t)
	h.sql(t, `INSERT INTO auth_passkeys (credential_id, user_id, name, public_key, sign_count, backup_eligible, created_at)
		SELECT ?, id, 'Key', ?, 0, 0, created_at FROM auth_users`, h.passkey.id, h.passkey.public())
	h.sql(t, `UPDATE auth_users SET has_passkey = 1`)
	h.passkey.user = uuid.MustParse(h.texts(t, `SELECT id FROM auth_users`)[0])
	b := h.server.browser(t)
	b.submit(b.get("/forgot"), "/forgot", "email", "ada@example.com")
	h.reset = b.mailLink("Set a new password")
}

// signedIn tells whether a browser has an account now, else what it was told.
func (b *browser) signedIn(page answer) string {
	if b.get("/account").Request.URL.Path == "/account" {
		return "yes"
	}
	return fmt.Sprint(page.StatusCode, " ", page.Request.URL.Path)
}

// viaUpstream signs in with the other provider in a new browser.
func (h *held) viaUpstream(t *testing.T) string {
	t.Helper()
	there := h.theirs.browser(t)
	there.signIn(there.get("/login"), "ada@example.com")
	b := h.server.browser(t)
	return b.signedIn(b.get(b.with("/login/with/acme", there)))
}

// viaPasskey signs in with the passkey in a new browser.
func (h *held) viaPasskey(t *testing.T) string {
	t.Helper()
	b := h.server.browser(t)
	form := hiddenFields(b.get("/login"), "/login/passkey")
	options := b.post("/login/passkey/options", form)
	var asked struct {
		Challenge string `json:"challenge"`
	}
	if err := json.Unmarshal([]byte(options.body), &asked); err != nil || asked.Challenge == "" {
		t.Fatalf("got %d %s for options", options.StatusCode, options.body)
	}
	form.Set("credential", h.passkey.assertion(t, h.issuer, asked.Challenge))
	return b.signedIn(b.post("/login/passkey", form))
}

// viaReset sets a new password by the link that was mailed, and signs in with it.
func (h *held) viaReset(t *testing.T) string {
	t.Helper()
	b := h.server.browser(t)
	page := b.get(h.reset)
	if page.StatusCode != http.StatusOK {
		return fmt.Sprint(page.StatusCode, " ", page.Request.URL.Path)
	}
	page = b.submit(page, "/reset", "password", "another horse battery")
	if page.StatusCode != http.StatusOK {
		return fmt.Sprint(page.StatusCode, " ", page.Request.URL.Path)
	}
	return b.signedIn(b.submit(b.get("/login"), "/login", "username", "ada@example.com", "password", "another horse battery"))
}

// passkey is an authenticator that verifies its user and counts its uses.
type passkey struct {
	id   []byte
	key  *ecdsa.PrivateKey
	user uuid.UUID
	uses *uint32
}

func newPasskey(t *testing.T) passkey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	return passkey{id: id, key: key, uses: new(uint32)}
}

// public is the key as COSE has it: EC2, ES256, P-256 (RFC 9053, section 7.1.1).
func (p passkey) public() []byte {
	point, err := p.key.PublicKey.Bytes()
	if err != nil {
		panic(err) // its curve is one of the library's
	}
	return slices.Concat([]byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 32}, point[1:33], []byte{0x22, 0x58, 32}, point[33:])
}

// assertion answers a challenge (Web Authentication Level 3, section 6.3.3), as a script sends it.
func (p passkey) assertion(t *testing.T, issuer, challenge string) string {
	t.Helper()
	origin, err := url.Parse(issuer)
	if err != nil {
		t.Fatal(err)
	}
	*p.uses++
	party := sha256.Sum256([]byte(origin.Hostname()))
	data := binary.BigEndian.AppendUint32(append(party[:], 0x05), *p.uses) // present and verified
	client := fmt.Sprintf(`{"type":"webauthn.get","challenge":%q,"origin":%q,"crossOrigin":false}`, challenge, issuer)
	hash := sha256.Sum256([]byte(client))
	signed := sha256.Sum256(append(slices.Clone(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, p.key, signed[:])
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	answer, err := json.Marshal(map[string]any{
		"id": encode(p.id), "rawId": encode(p.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]string{
			"clientDataJSON": encode([]byte(client)), "authenticatorData": encode(data), "signature": encode(signature), "userHandle": encode(p.user[:]),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}
