package web

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"mana/web/edge"
)

// clientAddress is the address of the caller: the peer, or, when the peer is a trusted proxy, the
// right-most hop of X-Forwarded-For that is not one. Nothing else in the request is believed.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := peer.Addr().Unmap().WithZone("")
	if !isTrusted(address, trusted) {
		return address
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && isTrusted(address, trusted); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return address // what stands left of a malformed hop cannot be believed
		}
		address = hop.Unmap().WithZone("")
	}
	return address
}

// caller is the address of the caller, and whether it came by an edge: one that shows the token names the address that
// asked it. What edges say is taken out of the request, whoever said it.
func (s *Site) caller(r *http.Request) (address netip.Addr, byEdge bool) {
	address = clientAddress(r, s.cfg.TrustedProxies())
	token, named := r.Header[edge.HeaderToken], r.Header[edge.HeaderClient]
	if token == nil && named == nil {
		return address, false
	}
	delete(r.Header, edge.HeaderToken)
	delete(r.Header, edge.HeaderClient)
	if len(token) != 1 || !s.isEdge(token[0]) {
		return address, false
	}
	if len(named) == 1 {
		if client, err := netip.ParseAddr(named[0]); err == nil {
			address = client.Unmap().WithZone("")
		}
	}
	return address, true
}

// isEdge reports whether a token is one of those of edges.
func (s *Site) isEdge(token string) bool {
	shown, fits := sha256.Sum256([]byte(token)), 0
	for _, known := range s.cfg.EdgeTokens {
		sum := sha256.Sum256([]byte(known))
		fits |= subtle.ConstantTimeCompare(shown[:], sum[:])
	}
	return fits == 1
}

// passHost lets an origin see the host that was asked for, as it would without the edge.
func passHost(to, from *http.Request) { to.Host = from.Host }

func isTrusted(address netip.Addr, trusted []netip.Prefix) bool {
	for _, prefix := range trusted {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// network is what limits count: the IPv4 address or the IPv6 /64.
func network(address netip.Addr) string {
	if address.Is6() {
		prefix, _ := address.Prefix(64) // a valid length
		return prefix.String()
	}
	return address.String()
}

// shownClient is what limits count of the client that a request names, proven or not: a hash, since a name may be
// long. It reports whether a secret goes with it. The body can be read again afterwards.
func shownClient(r *http.Request) (client string, secret bool) {
	id, _, secret := r.BasicAuth()
	if secret {
		if decoded, err := url.QueryUnescape(id); err == nil { // RFC 6749, section 2.3.1
			id = decoded
		}
	} else {
		body := r.Body
		content, _ := io.ReadAll(body) // who reads the body meets the same error at its end
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(content), body), body}
		form, _ := url.ParseQuery(string(content))
		id, secret = form.Get("client_id"), form.Get("client_secret") != ""
	}
	sum := sha256.Sum256([]byte(id))
	return base64.RawURLEncoding.EncodeToString(sum[:]), secret
}

// shortened is what logs hold of an address: the /24 or /48.
func shortened(address netip.Addr) string {
	bits := 24
	if address.Is6() {
		bits = 48
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.Masked().String()
}

// foreignHost reports whether a browser asked for a host other than the issuer's, which is how DNS
// rebinding looks. Nothing but this comparison reads the Host header.
func foreignHost(r *http.Request, issuerHost string) bool { return r.Host != issuerHost }

// otherLoopback reports whether a browser asked for another loopback name of the issuer's own port.
func otherLoopback(r *http.Request, issuer *url.URL) bool {
	asked := url.URL{Host: r.Host}
	if asked.Port() != issuer.Port() {
		return false
	}
	return isLoopback(asked.Hostname())
}

func isLoopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }
