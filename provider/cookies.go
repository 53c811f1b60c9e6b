package provider

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"time"

	"mana/provider/identity"
)

// Cookies reads and writes the cookies of hosted pages: the session, the one that binds a browser to its
// requests and forms before anybody is signed in, a sign-in that waits for its second factor, and for a moment the
// parameters of a logout that was posted.
// On an https issuer their names carry the prefix __Host- and the attribute Secure; on a loopback http issuer
// browsers would drop those.
type Cookies struct {
	secure bool
}

const (
	sessionCookie = "mana_session"
	browserCookie = "mana_browser"
	signInCookie  = "mana_sign_in"
	logoutCookie  = "mana_logout"
	attemptCookie = "mana_attempt"
	linkCookie    = "mana_link"
	addressCookie = "mana_address"
	offeredCookie = "mana_offered"
	hostPrefix    = "__Host-"

	browserLife = 24 * time.Hour
	signInLife  = 10 * time.Minute
	logoutLife  = time.Minute
	linkLife    = time.Hour
	offeredLife = 30 * 24 * time.Hour
	maxLogout   = 3 << 10 // bytes of the logout cookie
)

// NewCookies makes the cookies of an issuer; secure says that it is https.
func NewCookies(secure bool) Cookies { return Cookies{secure} }

// Secure reports whether cookies are kept to https.
func (c Cookies) Secure() bool { return c.secure }

// Session is the value of the session cookie, empty if there is none or more than one.
func (c Cookies) Session(r *http.Request) identity.Secret { return c.read(r, sessionCookie) }

// SetSession stores the session cookie. A session that ends with the browser has no expiry.
func (c Cookies) SetSession(w http.ResponseWriter, value identity.Secret, expires time.Time) {
	cookie := c.cookie(sessionCookie, value)
	cookie.Expires = expires
	http.SetCookie(w, cookie)
}

// ClearSession removes the session cookie.
func (c Cookies) ClearSession(w http.ResponseWriter) {
	cookie := c.cookie(sessionCookie, "")
	cookie.MaxAge = -1
	http.SetCookie(w, cookie)
}

// Browser is the value of the browser cookie, empty if there is none or more than one.
func (c Cookies) Browser(r *http.Request) identity.Secret { return c.read(r, browserCookie) }

// EnsureBrowser is the value of the browser cookie; a new one is set if there is none.
func (c Cookies) EnsureBrowser(w http.ResponseWriter, r *http.Request) identity.Secret {
	if value := c.Browser(r); value.Hash() != nil {
		return value
	}
	cookie := c.cookie(browserCookie, identity.NewSecret())
	cookie.MaxAge = int(browserLife / time.Second)
	http.SetCookie(w, cookie)
	return identity.Secret(cookie.Value)
}

// SignIn is the value of the cookie of a sign-in that waits, empty if there is none or more than one.
func (c Cookies) SignIn(r *http.Request) identity.Secret { return c.read(r, signInCookie) }

// SetSignIn stores that cookie; an empty value removes it.
func (c Cookies) SetSignIn(w http.ResponseWriter, value identity.Secret) {
	cookie := c.cookie(signInCookie, value)
	cookie.MaxAge = int(signInLife / time.Second)
	if value == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}

// Link is the token of the link that a browser has opened, empty if there is none.
func (c Cookies) Link(r *http.Request) identity.Secret { return c.read(r, linkCookie) }

// SetLink keeps the token of a link for the pages that it leads to, out of addresses and logs; an empty one is removed.
func (c Cookies) SetLink(w http.ResponseWriter, token identity.Secret) {
	c.keep(w, linkCookie, string(token))
}

// Address is the e-mail address that a browser typed last, empty if there is none. It proves nothing.
func (c Cookies) Address(r *http.Request) string {
	decoded, err := base64.RawURLEncoding.DecodeString(string(c.read(r, addressCookie)))
	if err != nil {
		return ""
	}
	return string(decoded)
}

// SetAddress keeps an e-mail address for the next page, out of addresses and logs.
func (c Cookies) SetAddress(w http.ResponseWriter, address string) {
	c.keep(w, addressCookie, base64.RawURLEncoding.EncodeToString([]byte(address[:min(len(address), 254)])))
}

// Offered reports whether somebody was offered a passkey in this browser within 30 days.
func (c Cookies) Offered(r *http.Request) bool { return len(r.CookiesNamed(c.name(offeredCookie))) > 0 }

// SetOffered notes that somebody is.
func (c Cookies) SetOffered(w http.ResponseWriter) {
	cookie := c.cookie(offeredCookie, "1")
	cookie.MaxAge = int(offeredLife / time.Second)
	http.SetCookie(w, cookie)
}

// keep sets a cookie for [linkLife], or removes it when it is empty.
func (c Cookies) keep(w http.ResponseWriter, name, value string) {
	cookie := c.cookie(name, identity.Secret(value))
	cookie.MaxAge = int(linkLife / time.Second)
	if value == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}

// SetAttempt keeps what a person is about to do at another provider. The value must be sealed.
func (c Cookies) SetAttempt(w http.ResponseWriter, sealed string, life time.Duration) {
	cookie := c.cookie(attemptCookie, identity.Secret(sealed))
	cookie.MaxAge = int(life / time.Second)
	http.SetCookie(w, cookie)
}

// ClearAttempt forgets what SetAttempt kept: it counts once.
func (c Cookies) ClearAttempt(w http.ResponseWriter) {
	cookie := c.cookie(attemptCookie, "")
	cookie.MaxAge = -1
	http.SetCookie(w, cookie)
}

// Attempt gives what SetAttempt kept, empty if nothing.
func (c Cookies) Attempt(r *http.Request) string { return string(c.read(r, attemptCookie)) }

// setLogout keeps the parameters of a logout for the next request, out of addresses and logs. What is too much
// for a cookie is dropped, so that the person is asked.
func (c Cookies) setLogout(w http.ResponseWriter, values url.Values) {
	encoded := base64.RawURLEncoding.EncodeToString([]byte(values.Encode()))
	if len(encoded) > maxLogout {
		c.clearLogout(w)
		return
	}
	cookie := c.cookie(logoutCookie, identity.Secret(encoded))
	cookie.MaxAge = int(logoutLife / time.Second)
	http.SetCookie(w, cookie)
}

// clearLogout forgets what setLogout kept.
func (c Cookies) clearLogout(w http.ResponseWriter) {
	cookie := c.cookie(logoutCookie, "")
	cookie.MaxAge = -1
	http.SetCookie(w, cookie)
}

// logout gives what setLogout kept.
func (c Cookies) logout(r *http.Request) url.Values {
	decoded, err := base64.RawURLEncoding.DecodeString(string(c.read(r, logoutCookie)))
	if err != nil {
		return nil
	}
	values, err := url.ParseQuery(string(decoded))
	if err != nil {
		return nil
	}
	return values
}

func (c Cookies) read(r *http.Request, name string) identity.Secret {
	found := r.CookiesNamed(c.name(name))
	if len(found) != 1 {
		return ""
	}
	return identity.Secret(found[0].Value)
}

func (c Cookies) cookie(name string, value identity.Secret) *http.Cookie {
	return &http.Cookie{
		Name: c.name(name), Value: string(value), Path: "/",
		HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
	}
}

func (c Cookies) name(name string) string {
	if c.secure {
		return hostPrefix + name
	}
	return name
}
