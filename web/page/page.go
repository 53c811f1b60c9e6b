// Package page is what one request carries for those who answer it with HTML: its id, the nonce of its
// scripts, the caller's address, and the one foreign origin that its form may end at.
package page

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"mana/provider/identity"
)

type contextKey struct{}

// State belongs to one request. Only the goroutine that serves it may touch it.
type State struct {
	RequestID string
	Client    netip.Addr    // address of the caller, as far as it can be trusted
	Route     string        // the pattern that matched, for logs
	Protocol  bool          // the address is an endpoint of the protocol, whose query is of others
	Posted    bool          // nothing but a POST comes to this path: the page above it shows the form
	Counting  time.Duration // spent on counters that other processes share
	request   *http.Request // nil: none asked
	language  Language      // empty: not chosen yet
	zone      *time.Location
	nonce     string
	form      string
	frame     bool
}

// With gives a request its state.
func With(r *http.Request, s *State) *http.Request {
	s.request = r.WithContext(context.WithValue(r.Context(), contextKey{}, s))
	return s.request
}

// From is the state of a request; an empty one if it has none.
func From(ctx context.Context) *State {
	if s, ok := ctx.Value(contextKey{}).(*State); ok {
		return s
	}
	return &State{}
}

// Device is where a request came from, for sessions and security events.
func Device(r *http.Request) identity.Device {
	state := From(r.Context())
	return identity.Device{
		IPAddress: state.Client.String(), UserAgent: r.Header.Get("User-Agent"), Language: string(state.Language()),
	}
}

// Path is that of the request, without its query.
func (s *State) Path() string {
	if s.request == nil {
		return ""
	}
	return s.request.URL.Path
}

// Zone is that of the times on the page: UTC until [State.Live] says another.
func (s *State) Zone() *time.Location {
	if s.zone == nil {
		return time.UTC
	}
	return s.zone
}

// Live shows times in a zone of the IANA list. Empty and unknown names change nothing.
func (s *State) Live(zone string) {
	if found, err := time.LoadLocation(zone); err == nil && zone != "" && zone != "Local" {
		s.zone = found
	}
}

// Nonce is the value that lets an inline script of this answer run. Asking for it puts it into the policy.
func (s *State) Nonce() string {
	if s.nonce == "" {
		raw := make([]byte, 16)
		rand.Read(raw)
		s.nonce = base64.RawURLEncoding.EncodeToString(raw)
	}
	return s.nonce
}

// AllowForm lets the forms of this answer end at an origin other than ours: browsers hold form-action
// against the redirect that follows a POST too. It must be proven.
func (s *State) AllowForm(origin string) { s.form = origin }

// AllowFrame lets this answer hold frames of our own pages.
func (s *State) AllowFrame() { s.frame = true }

// Policy is the Content-Security-Policy of the answer (CSP Level 3).
func (s *State) Policy() string {
	script := "script-src 'self'"
	if s.nonce != "" {
		script += " 'nonce-" + s.nonce + "'"
	}
	form := "form-action 'self'"
	if s.form != "" {
		form += " " + s.form
	}
	frame := "frame-src 'none'"
	if s.frame {
		frame = "frame-src 'self'"
	}
	return strings.Join([]string{
		"default-src 'none'", frame, script, "style-src 'self'", "img-src 'self' data:", "font-src 'self'", "connect-src 'self'",
		"base-uri 'none'", "object-src 'none'", "frame-ancestors 'none'", form,
	}, "; ")
}

// Headers sets what every page carries. Call it right before the page is written.
func Headers(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Language", string(From(r.Context()).Language()))
	header.Add("Vary", "Accept-Language, Cookie")
	header.Set("Content-Security-Policy", From(r.Context()).Policy())
	header.Set("X-Frame-Options", "DENY")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Permissions-Policy", "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), "+
		"microphone=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)")
	header.Set("Cache-Control", "no-store")
	header.Set("Pragma", "no-cache")
}
