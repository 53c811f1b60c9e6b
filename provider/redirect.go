package provider

import (
	"html"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// ProvenRedirect is a redirect URI that was found registered for its client. Only [Client.Prove] makes
// one, and only a ProvenRedirect can be sent to.
type ProvenRedirect struct{ uri string }

// Origin is scheme and host of the address, for a page's form-action. Private-use schemes have none but
// the scheme itself.
func (p ProvenRedirect) Origin() string { return originOf(p.uri) }

// URI is the address itself.
func (p ProvenRedirect) URI() string { return p.uri }

// Host is what a person is shown as the place that they return to.
func (p ProvenRedirect) Host() string {
	u, err := url.Parse(p.uri)
	if err != nil || u.Host == "" {
		return strings.TrimSuffix(originOf(p.uri), ":")
	}
	return u.Host
}

// Prove compares uri byte for byte with the registered ones. The only exception is the port of a
// registered http loopback address (RFC 8252, section 7.3); the three loopback hosts are not each other.
func (c Client) Prove(uri string) (ProvenRedirect, bool) {
	for _, registered := range c.RedirectURIs {
		if uri == registered || sameLoopback(uri, registered) {
			return ProvenRedirect{uri}, true
		}
	}
	return ProvenRedirect{}, false
}

// sameLoopback compares two http loopback addresses without their ports, everything else as bytes.
func sameLoopback(got, registered string) bool {
	gotHost, gotRest, ok := cutLoopback(got)
	if !ok {
		return false
	}
	host, rest, ok := cutLoopback(registered)
	return ok && gotHost == host && gotRest == rest
}

// cutLoopback splits "http://127.0.0.1:1234/path?query" into its host and what follows the port.
func cutLoopback(uri string) (host, rest string, ok bool) {
	after, ok := strings.CutPrefix(uri, "http://")
	if !ok {
		return "", "", false
	}
	for _, host := range []string{"127.0.0.1", "[::1]", "localhost"} {
		rest, found := strings.CutPrefix(after, host)
		if !found {
			continue
		}
		if port, colon := strings.CutPrefix(rest, ":"); colon {
			digits := strings.TrimLeft(port, "0123456789")
			if n := len(port) - len(digits); n == 0 || n > 5 {
				return "", "", false
			}
			rest = digits
		}
		if rest != "" && rest[0] != '/' && rest[0] != '?' {
			return "", "", false
		}
		return host, rest, true
	}
	return "", "", false
}

// CheckRedirectURI says what is wrong with a redirect URI that is to be registered, or nothing: https,
// http on loopback, or a private-use scheme with a dot; no fragment, user information, wildcard,
// backslash, blank, control or non-ASCII character (RFC 6749, section 3.1.2; RFC 8252, section 7).
func CheckRedirectURI(uri string) string {
	for _, c := range []byte(uri) {
		if c <= ' ' || c > '~' || c == '\\' || c == '*' {
			return "holds a blank, wildcard, backslash, control or non-ASCII character"
		}
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil || !u.IsAbs():
		return "is not an absolute address"
	case strings.Contains(uri, "#"):
		return "has a fragment"
	case u.User != nil:
		return "has user information"
	case !validHost(u.Host):
		return "has a host that is no name or address, or a port out of range"
	case u.Scheme == "https" && u.Host != "":
		return ""
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return ""
	case u.Scheme != "http" && u.Scheme != "https" && strings.Contains(u.Scheme, "."):
		return ""
	}
	return "must be https, http on a loopback address, or a private-use scheme with a dot"
}

// validHost reports whether a host is a name of letters, digits, hyphens and dots, or an address, with a port
// in range. It stands in a page's form-action, where other characters would have a meaning.
func validHost(host string) bool {
	name := host
	if at := strings.LastIndexByte(host, ':'); at >= 0 && !strings.HasSuffix(host, "]") {
		name = host[:at]
		if port, err := strconv.ParseUint(host[at+1:], 10, 16); err != nil || port == 0 {
			return false
		}
	}
	if inner, bracketed := strings.CutPrefix(name, "["); bracketed {
		address, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && address.Is6() && address.Zone() == ""
	}
	return !strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.'
	})
}

// isLoopback reports whether a host name or address is this machine's own.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func originOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	if u.Host == "" {
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}

// param is one parameter of an authorization response, in order.
type param struct{ name, value string }

// respond sends params to a proven address by 303 or by a form, together with iss (RFC 9207) and, if the
// request had one, state byte for byte. The registered query is left as it is.
func (p *Provider) respond(w http.ResponseWriter, r *http.Request, to responseTarget, params []param) {
	if to.hasState {
		params = append(params, param{"state", to.state})
	}
	params = append(params, param{"iss", p.issuer})
	if to.mode == modeFormPost {
		fields := make([]FormField, len(params))
		for i, f := range params {
			fields[i] = FormField{Name: f.name, Value: f.value}
		}
		p.pages.FormPost(w, r, to.redirect, fields)
		return
	}
	var query strings.Builder
	for i, f := range params {
		if i > 0 {
			query.WriteByte('&')
		}
		query.WriteString(f.name + "=" + url.QueryEscape(f.value))
	}
	separator := "?"
	if strings.Contains(to.redirect.uri, "?") {
		separator = "&"
		if strings.HasSuffix(to.redirect.uri, "?") || strings.HasSuffix(to.redirect.uri, "&") {
			separator = ""
		}
	}
	seeOther(w, to.redirect.uri+separator+query.String())
}

// responseTarget is where an authorization response goes, and how.
type responseTarget struct {
	redirect ProvenRedirect
	mode     string
	state    string
	hasState bool
}

// seeOther answers 303 without the rewriting of [http.Redirect], which would clean the path. No cache keeps it.
func seeOther(w http.ResponseWriter, location string) {
	noStore(w)
	w.Header().Set("Location", location)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusSeeOther)
	_, _ = w.Write([]byte(`<a href="` + html.EscapeString(location) + `">See other</a>.` + "\n"))
}
