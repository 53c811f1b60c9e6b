package main

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// logoutRows are the modules of the RP-Initiated Logout plan.
func logoutRows() rows {
	return rows{
		"RL1_logout":                      func(r *row) { r.logsOut(http.MethodGet, "state", "a&b=ü") },
		"RL1_no-state":                    func(r *row) { r.logsOut(http.MethodGet, "state", "-") },
		"RL1_posted":                      func(r *row) { r.logsOut(http.MethodPost, "state", "posted") },
		"RL2_bad-uri":                     func(r *row) { r.staysIn(same, "post_logout_redirect_uri", "https://evil.example/bye") },
		"RL2_query-added":                 func(r *row) { r.staysIn(same, "post_logout_redirect_uri", postLogout+"?foo=bar") },
		"RL2_modified-id-token-hint":      func(r *row) { r.staysIn(withoutSignature) },
		"RL2_bad-id-token-hint":           func(r *row) { r.staysIn(signedByAnother) },
		"RL2_no-id-token-hint":            func(r *row) { r.signsOut("id_token_hint", "-") },
		"RL3_no-params":                   func(r *row) { r.signsOut("id_token_hint", "-", "post_logout_redirect_uri", "-", "state", "-") },
		"RL3_no-post-logout-redirect-uri": func(r *row) { r.signsOut("post_logout_redirect_uri", "-", "state", "-") },
		"RL3_only-state":                  func(r *row) { r.signsOut("id_token_hint", "-", "post_logout_redirect_uri", "-") },
	}
}

// same, withoutSignature and signedByAnother are what becomes of a hint on its way.
func same(_ *row, hint string) string { return hint }

func withoutSignature(_ *row, hint string) string {
	parts := strings.Split(hint, ".")
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
}

func signedByAnother(r *row, hint string) string {
	token, err := jose.ParseSignedCompact(hint, knownAlgorithms)
	if err != nil {
		r.Fatal(err)
	}
	return sign(r.T, jose.RS256, rsaKey(r.T), token.Signatures[0].Header.KeyID, "JWT", token.UnsafePayloadWithoutVerification())
}

// leave asks for the end of the session: the page that comes, which may be the answer already.
func (v *visitor) leave(method string, p parameters) answer {
	v.Helper()
	at := v.endpoint("end_session_endpoint")
	if method == http.MethodGet {
		at += "?" + p.encode()
	}
	return v.send(v.Client, method, at, p, "Origin", "https://app.example", "Sec-Fetch-Site", "cross-site")
}

// confirm says yes to a question, if the page is one.
func (v *visitor) confirm(page answer) answer {
	v.Helper()
	if forms := formsOf(v.row, page); len(forms) > 0 {
		page = v.submit(page, &forms[0], "logout", "yes")
	}
	return page
}

func (v *visitor) signedIn() bool {
	v.Helper()
	out := v.authorize(v.request(v.first, "prompt", "none"))
	v.F("a silent request is answered with a code or for want of a session", out.params.Has("code") || interactionError(out.params), out.params)
	return out.params.Has("code")
}

// session signs a person in and gives the parameters of a logout.
func (v *visitor) session(changes ...string) parameters {
	v.Helper()
	_, got := v.flow(v.first)
	return parameters{"id_token_hint", got.raw, "post_logout_redirect_uri", postLogout, "state", "s"}.with(changes...)
}

// logsOut is RL1: back to the client with nothing but the state.
func (r *row) logsOut(method string, changes ...string) {
	v := r.visitor()
	p := v.session(changes...)
	page := v.leave(method, p)
	r.F("who is named by the hint is not asked again", len(formsOf(r, page)) == 0)
	location := v.confirm(page).Header.Get("Location")
	base, query, _ := strings.Cut(location, "?")
	r.F("logout ends at the registered address", base == postLogout, location)
	came, err := url.ParseQuery(query)
	r.F("state comes back from the logout as it was sent", err == nil && came.Get("state") == p.value("state"), location)
	r.F("no state is invented at the logout", came.Has("state") == (p.value("state") != ""), location)
	came.Del("state")
	r.W("nothing but the state comes back from the logout", len(came) == 0, location)
	r.F("nobody is signed in after the logout", !v.signedIn())
}

// staysIn is RL2: a page without a way to the address, and the session goes on until the person ends it.
func (r *row) staysIn(change func(r *row, hint string) string, changes ...string) {
	v := r.visitor()
	p := v.session(changes...)
	page := v.leave(http.MethodGet, p.with("id_token_hint", change(r, p.value("id_token_hint"))))
	r.notCalled(page)
	r.F("a refused logout leaves the session", v.signedIn())
	r.F("a refused logout offers to sign out", len(formsOf(r, page)) == 1, page.body)
	r.notCalled(v.confirm(page))
}

// signsOut is RL3, and RL2 without a hint: the person is signed out, and stays with us.
func (r *row) signsOut(changes ...string) {
	v := r.visitor()
	p := v.session(changes...)
	page := v.confirm(v.leave(http.MethodGet, p))
	r.notCalled(page)
	r.F("the end of the session is shown", page.StatusCode == http.StatusOK, page.StatusCode, page.body)
	r.F("nobody is signed in after the logout", !v.signedIn())
}

// notCalled wants a page of the provider without any way to the address after the logout.
func (r *row) notCalled(page answer) {
	r.Helper()
	html := strings.HasPrefix(page.Header.Get("Content-Type"), "text/html")
	r.F("the address after the logout is not called", html && page.Header.Get("Location") == "" && page.Header.Get("Refresh") == "" &&
		!strings.Contains(page.body, "4711/bye") && !strings.Contains(page.body, "evil.example"), page.StatusCode, page.Header)
}
