package provider

import (
	"net/http"
	"time"

	"mana/provider/identity"
)

// Cookies reads and writes the two cookies of hosted pages: the session, and the one that binds a
// browser to its requests and forms before anybody is signed in. On an https issuer both names carry the
// prefix __Host- and the attribute Secure; on a loopback http issuer browsers would drop those.
type Cookies struct {
	secure bool
}

const (
	sessionCookie = "mana_session"
	browserCookie = "mana_browser"
	hostPrefix    = "__Host-"

	browserLife = 24 * time.Hour
)

// NewCookies makes the cookies of an issuer; secure says that it is https.
func NewCookies(secure bool) Cookies { return Cookies{secure} }

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
