package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// basicRows are the modules of the Basic plan; with form_post those of Form Post Basic.
func basicRows() rows {
	checks := rows{
		"B1_server":                basicServer,
		"B2_response-type-missing": basicNoResponseType,
		"B3_idtoken-signature":     basicSignature,
		"B5_userinfo":              basicUserInfo,
		"B6_without-nonce":         basicNoNonce,
		"B7_scope-all":             basicScopes("profile", "email", "address", "phone"),
		"B8_alternate-happy-flow":  basicReversed,
		"B10_prompt-login":         basicPromptLogin,
		"B11_max-age-1":            basicMaxAge1,
		"B12_max-age-10000":        basicMaxAge10000,
		"B13_prompt-none-nobody":   basicPromptNoneNobody,
		"B14_prompt-none":          basicPromptNone,
		"B15_acr-values":           basicACR,
		"B16_codereuse":            basicCodeReuse,
		"B18_redirect-uri":         basicRedirectURI,
		"B19_post-request":         basicPost,
		"B20_client-secret-post":   basicSecretPost,
		"B21_request-objects":      basicRequestObjects,
		"B22_request-object-uri":   basicRequestObjectURI,
		"B23_claims-essential":     basicClaims,
		"B24_refresh-token":        basicRefresh,
		"B25_pkce":                 basicPKCE,
	}
	for _, scope := range []string{"profile", "email", "address", "phone"} {
		checks["B7_scope-"+scope] = basicScopes(scope)
	}
	for name, value := range map[string]string{
		"display": "popup", "login_hint": "ada@example.com", "ui_locales": "se", "claims_locales": "se", "extra": "foobar",
	} {
		checks["B9_"+name] = func(r *row) { r.visitor().flow(r.first, name, value) }
	}
	checks["B9_display-page"] = func(r *row) { r.visitor().flow(r.first, "display", "page") }
	return checks
}

func basicServer(r *row) {
	_, got := r.visitor().flow(r.first)
	known := strings.Fields("iss sub aud exp iat auth_time nonce acr amr azp at_hash c_hash nbf jti sid s_hash txn")
	for name := range got.id {
		r.W("only known claims in the ID token", slices.Contains(known, name), name)
	}
}

func basicNoResponseType(r *row) {
	out := r.visitor().authorize(r.request(r.first, "response_type", "-"))
	code := out.params.Get("error")
	r.F("missing response_type is told to the client", code == "invalid_request" || code == "unsupported_response_type", out.params, out.last.StatusCode)
}

// basicSignature has its check in verify; B4 is skipped, since none is not advertised.
func basicSignature(r *row) {
	r.visitor().flow(r.first)
	r.F("none is not advertised", !slices.Contains(r.list("id_token_signing_alg_values_supported"), "none"))
}

func basicUserInfo(r *row) {
	_, got := r.visitor().flow(r.first)
	for _, info := range []map[string]any{
		r.userInfo(http.MethodGet, nil, "Authorization", "Bearer "+got.access),
		r.userInfo(http.MethodPost, nil, "Authorization", "Bearer "+got.access),
		r.userInfo(http.MethodPost, parameters{"access_token", got.access}),
	} {
		r.F("userinfo has the sub", info["sub"] == got.id["sub"], info)
	}
}

func basicNoNonce(r *row) { r.visitor().flow(r.first, "nonce", "-") }

// basicScopes asks for scopes and wants the claims of them all, and no others.
func basicScopes(scopes ...string) func(r *row) {
	return func(r *row) { r.scopes(scopes, false) }
}

func (r *row) scopes(scopes []string, turned bool) {
	r.Helper()
	v := r.visitor()
	p := r.request(r.first, "scope", "openid "+strings.Join(scopes, " "))
	if turned {
		p = r.request(r.first, "scope", strings.Join(scopes, " ")+" openid").reversed()
	}
	got := v.finish(r.first, v.authorize(p))
	for scope, claims := range scopeClaims {
		asked := slices.Contains(scopes, scope)
		r.W("scope is advertised", !asked || slices.Contains(r.list("scopes_supported"), scope), scope)
		for name, fits := range claims {
			value, given := got.info[name]
			r.W("every claim of a scope is in userinfo", !asked || given, name)
			r.W("claims that were not asked for stay away", asked || !given, name)
			r.F("claims have their types", !given || fits(value), name, value)
			r.W("claims of scopes are not in the ID token", got.id[name] == nil, name)
		}
	}
}

func basicReversed(r *row) { r.scopes([]string{"email"}, true) }

func basicPromptLogin(r *row) {
	v := r.visitor()
	_, before := v.flow(r.first)
	r.secondAfter(before.id["auth_time"])
	out, after := v.flow(r.first, "prompt", "login")
	r.F("prompt=login shows the login page", slices.Contains(out.pages, "login"), out.pages)
	r.F("prompt=login gives a later auth_time", later(after, before), after.id, before.id)
}

// later compares the auth_time of two answers, both of which must have it.
func later(after, before tokens) bool {
	a, isNumber := after.id["auth_time"].(float64)
	b, areNumbers := before.id["auth_time"].(float64)
	return isNumber && areNumbers && a > b
}

// secondAfter lets a second end, so that the next auth_time can be told from this one.
func (r *row) secondAfter(authTime any) {
	second, _ := authTime.(float64)
	for tick := time.NewTicker(20 * time.Millisecond); float64(time.Now().Unix()) <= second; <-tick.C {
		if r.Context().Err() != nil {
			return
		}
	}
}

func basicMaxAge1(r *row) {
	v := r.visitor()
	_, before := v.flow(r.first)
	for deadline := time.Now().Add(10 * time.Second); ; {
		silent := v.authorize(r.request(r.first, "prompt", "none", "max_age", "1"))
		if silent.params.Get("error") == "login_required" {
			break
		}
		if time.Now().After(deadline) {
			r.Fatalf("got %v ten seconds after the login with max_age=1", silent.params)
		}
		r.secondAfter(float64(time.Now().Unix()))
	}
	out, after := v.flow(r.first, "max_age", "1")
	r.F("max_age=1 shows the login page", slices.Contains(out.pages, "login"), out.pages)
	r.F("max_age=1 gives a later auth_time", later(after, before), after.id, before.id)
}

func basicMaxAge10000(r *row) {
	v := r.visitor()
	_, before := v.flow(r.first, "max_age", "15000")
	out, after := v.flow(r.first, "max_age", "10000")
	r.F("a young session shows no page", len(out.pages) == 0, out.pages)
	r.same(before, after)
}

// same wants the person and the time of the login to be those of before.
func (r *row) same(before, after tokens) {
	r.Helper()
	for _, name := range []string{"sub", "auth_time"} {
		r.F("the same "+name+" in the same session", after.id[name] == before.id[name] && after.id[name] != nil, before.id, after.id)
	}
}

func basicPromptNoneNobody(r *row) {
	out := r.visitor().authorize(r.request(r.first, "prompt", "none"))
	r.F("prompt=none without a session is refused", interactionError(out.params), out.params, out.last.StatusCode)
}

// interactionError reports whether a silent request was refused because a page would have been due.
func interactionError(q url.Values) bool {
	return slices.Contains([]string{"login_required", "interaction_required", "consent_required", "account_selection_required"}, q.Get("error"))
}

func basicPromptNone(r *row) {
	v := r.visitor()
	_, before := v.flow(r.first, "max_age", "10000")
	for _, hint := range []string{"-", before.raw} {
		out, after := v.flow(r.first, "prompt", "none", "id_token_hint", hint, "max_age", "10000")
		r.F("prompt=none shows no page", len(out.pages) == 0, out.pages)
		r.same(before, after)
	}
}

func basicACR(r *row) {
	supported := r.list("acr_values_supported")
	_, got := r.visitor().flow(r.first, "acr_values", strings.Join(supported, " "))
	acr, _ := got.id["acr"].(string)
	r.W("acr is one of those asked for", slices.Contains(supported, acr), got.id["acr"])
}

// basicCodeReuse is B16, and B17 without its half minute: a second presentation ends the grant whenever it comes.
func basicCodeReuse(r *row) {
	out, got := r.visitor().flow(r.first)
	status, body, _ := r.redeem(r.first, "code", out.params.Get("code"))
	r.F("a used code is refused", status == http.StatusBadRequest && body["error"] == "invalid_grant", status, body)
	v := &visitor{http.DefaultClient, r}
	refused := v.send(http.DefaultClient, http.MethodGet, r.endpoint("userinfo_endpoint"), nil, "Authorization", "Bearer "+got.access)
	r.W("the access token of a reused code is dead", refused.StatusCode/100 == 4, refused.StatusCode)
}

func basicRedirectURI(r *row) {
	r.leftOnPage(r.request(r.first, "redirect_uri", strings.Replace(callback, "?", "/other?", 1)))
}

// leftOnPage wants an error page, and no way to a client.
func (r *row) leftOnPage(p parameters) {
	r.Helper()
	out := r.visitor().authorize(p)
	r.F("an unregistered redirect URI ends on a page", out.params == nil && len(out.pages) == 0, out.params, out.pages)
	r.F("that page is an error", out.last.StatusCode >= 400 && strings.HasPrefix(out.last.Header.Get("Content-Type"), "text/html"), out.last.StatusCode)
	r.F("that page leads nowhere", out.last.Header.Get("Refresh") == "" && len(formsOf(r, out.last)) == 0 && !strings.Contains(out.last.body, callback))
}

// basicPost sends a form from another site: the browser keeps its cookies back until it is on our own address.
func basicPost(r *row) {
	v := r.visitor()
	_, before := v.flow(r.first)
	p := r.request(r.first)
	outside := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	at := r.endpoint("authorization_endpoint")
	got := v.send(outside, http.MethodPost, at, p, "Origin", "https://app.example", "Sec-Fetch-Site", "cross-site")
	v.Jar.SetCookies(got.Request.URL, got.Cookies())
	if location, err := got.Location(); err == nil {
		got = v.send(v.Client, http.MethodGet, location.String(), nil, "Sec-Fetch-Site", "cross-site")
	}
	out := v.follow(p, got)
	after := v.finish(r.first, out)
	r.F("a posted request finds the session", len(out.pages) == 0, out.pages)
	r.F("a posted request is answered for the person", after.id["sub"] == before.id["sub"], after.id)
}

func basicSecretPost(r *row) { r.visitor().flow(r.post) }

// unsigned is a request object without a signature.
func unsigned(pairs ...string) string {
	members := make([]string, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		members = append(members, `"`+pairs[i]+`":"`+pairs[i+1]+`"`)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode([]byte("{"+strings.Join(members, ",")+"}")) + "."
}

func basicRequestObjects(r *row) {
	object := unsigned("client_id", r.first.id, "redirect_uri", callback, "response_type", "code", "scope", "openid", "state", "inside")
	for _, state := range []string{anyState, "-"} {
		for name, value := range map[string]string{"request": object, "request_uri": "https://app.example/request.jwt"} {
			out := r.visitor().authorize(r.request(r.first, name, value, "state", state))
			r.F("request objects are refused at the proven address", out.params.Get("error") == name+"_not_supported", name, out.params, out.last.StatusCode)
		}
	}
}

func basicRequestObjectURI(r *row) {
	r.leftOnPage(r.request(r.first, "redirect_uri", "https://evil.example/callback", "request", unsigned("redirect_uri", callback)))
}

func basicClaims(r *row) {
	_, got := r.visitor().flow(r.first, "claims", `{"userinfo":{"name":{"essential":true}}}`)
	r.W("an essential claim is in userinfo", isString(got.info["name"]), got.info)
	r.W("a claim for userinfo is not in the ID token", got.id["name"] == nil, got.id)
}

func basicRefresh(r *row) {
	v := r.visitor()
	_, got := v.flow(r.first, "scope", "openid offline_access", "prompt", "consent")
	r.W("the refresh grant is advertised", slices.Contains(r.list("grant_types_supported"), "refresh_token"))
	r.W("a refresh token is issued", got.refresh != "")
	outside := func(c rune) bool { return c < 0x20 || c > 0x7e }
	r.F("characters of the refresh token", !strings.ContainsFunc(got.refresh, outside), got.refresh)
	r.opaque("refresh token", got.refresh)
	r.secondAfter(got.id["iat"])
	status, body, _ := r.redeem(r.first, "grant_type", "refresh_token", "refresh_token", got.refresh, "redirect_uri", "-")
	r.F("a refresh token gives new tokens", status == http.StatusOK && body["access_token"] != nil, status, body)
	r.W("expires_in of a refresh is there", body["expires_in"] != nil, body)
	if raw, ok := body["id_token"].(string); ok {
		access, _ := body["access_token"].(string)
		after := r.verify(raw, r.first.id, access)
		for _, name := range []string{"iss", "sub", "aud", "auth_time", "azp"} {
			r.F("a refreshed ID token is of the same login", fmt.Sprint(after[name]) == fmt.Sprint(got.id[name]), name, after, got.id)
		}
		r.F("a refreshed ID token has its own iat", after["iat"] != got.id["iat"], after["iat"])
		r.W("a refreshed ID token has no nonce", after["nonce"] == nil, after["nonce"])
	}
	_, other := r.visitor().flow(r.second, "scope", "openid offline_access", "prompt", "consent")
	status, body, _ = r.redeem(r.first, "grant_type", "refresh_token", "refresh_token", other.refresh, "redirect_uri", "-")
	r.F("a refresh token of another client is refused", status == http.StatusBadRequest && body["error"] == "invalid_grant", status, body)
}

func basicPKCE(r *row) {
	v := r.visitor()
	verifier := oauth2.GenerateVerifier()
	out := v.authorize(r.request(r.first, "code_challenge", oauth2.S256ChallengeFromVerifier(verifier), "code_challenge_method", "S256"))
	v.finish(r.first, out, "code_verifier", verifier)
}
