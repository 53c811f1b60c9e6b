package web

import (
	"fmt"
	"net/http"
	"time"

	"mana/web/account"
)

// placesRoutes are what browsers, crawlers and researchers look for at places that are the same everywhere.
func (s *Site) placesRoutes() []route {
	table := []route{
		{"GET", "/robots.txt", kindOpen, http.HandlerFunc(robots)},
		// https://w3c.github.io/webappsec-change-password-url
		{"GET", "/.well-known/change-password", kindPage, http.RedirectHandler(account.PathSecurity, http.StatusSeeOther)},
	}
	if s.cfg.SecurityContact != "" {
		table = append(table, route{"GET", "/.well-known/security.txt", kindOpen, http.HandlerFunc(s.securityText)})
	}
	return table
}

// robots keeps crawlers away: nothing here is to be found by a search.
func robots(w http.ResponseWriter, _ *http.Request) {
	writePlace(w, "User-agent: *\nDisallow: /\n")
}

// securityLife is how long a text counts: less than a year (RFC 9116, section 2.5.5).
const securityLife = 180 * 24 * time.Hour

// securityText tells where to report what is wrong (RFC 9116).
func (s *Site) securityText(w http.ResponseWriter, _ *http.Request) {
	expires := s.cfg.Now().UTC().Truncate(24 * time.Hour).Add(securityLife)
	writePlace(w, fmt.Sprintf("Contact: %s\nExpires: %s\nPreferred-Languages: en, de\nCanonical: %s\n",
		s.cfg.SecurityContact, expires.Format(time.RFC3339), s.cfg.Issuer.JoinPath("/.well-known/security.txt")))
}

// writePlace writes a text that is the same for everybody, so that edges keep it.
func writePlace(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, _ = w.Write([]byte(text))
}
