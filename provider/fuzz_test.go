package provider

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"mana/provider/identity"
)

// userWithAll has a value for every claim.
func userWithAll() identity.User {
	return identity.User{
		Email: "a@example.com", Name: "a", AvatarURL: "a",
		Profile: identity.Profile{
			GivenName: "a", FamilyName: "a", MiddleName: "a", Nickname: "a", PreferredUsername: "a", Profile: "a", Website: "a",
			Gender: "a", Birthdate: "a", Zoneinfo: "a", Locale: "a", PhoneNumber: "a", Address: &identity.Address{Country: "a"},
		},
	}
}

// FuzzCheckRequest expects that what is accepted is within the rules, whatever else the request says.
func FuzzCheckRequest(f *testing.F) {
	f.Add("response_type=code&scope=openid&code_challenge=" + strings.Repeat("a", 43) + "&code_challenge_method=S256")
	f.Add("response_type=code&scope=openid&prompt=none+login&max_age=-1&claims=%7B%7D&nonce=%00")
	f.Add("response_type=code&scope=openid+email&max_age=99999999999999999999&claims=%5B%5D&resource=a&resource=b&request=x")
	client := Client{ID: "mc_a", Scopes: []string{ScopeOpenID, ScopeEmail}, GrantTypes: []string{"authorization_code"}}
	p := &Provider{issuer: "https://id.example", now: time.Now}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil || checkParams(values) != http.StatusOK {
			return
		}
		request, fault := p.checkRequest(client, values)
		if fault != nil {
			if fault.Description == "" || strings.ContainsFunc(fault.Description, func(c rune) bool { return c < ' ' || c > '~' || c == '"' || c == '\\' }) {
				t.Fatalf("got description %q", fault.Description)
			}
			return
		}
		wishes, ok := parseClaims(request.Claims)
		switch {
		case values.Get("response_type") != "code", values.Get("code_challenge_method") != "S256", len(request.CodeChallenge) != digestChars,
			len(request.Scopes) == 0, len(missing(request.Scopes, client.Scopes)) > 0, request.MaxAge < noMaxAge,
			len(request.Nonce) > maxNonce, !ok, !reachable(wishes.essentialACR()), values.Get("request") != "":
			t.Fatalf("got %q accepted as %+v", query, request)
		}
	})
}

// FuzzParseClaims expects that reading a request again gives the same.
func FuzzParseClaims(f *testing.F) {
	for _, seed := range []string{`{}`, `{"userinfo":{"email":null},"id_token":{"acr":{"essential":true,"values":["a"]}}}`, `[]`, `{"userinfo":[]}`, `{"a":{"b":{}}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		request, ok := parseClaims(text)
		if !ok {
			return
		}
		if len(text) > maxClaims {
			t.Fatalf("got %d bytes accepted", len(text))
		}
		request.subject()
		for _, name := range request.single(Client{Scopes: Scopes()}, []string{ScopeOpenID}) {
			if _, standard := personClaims(userWithAll())[name]; !standard {
				t.Fatalf("got the claim %q, which nobody has", name)
			}
		}
	})
}

// FuzzBearerToken expects one transport, and nothing of a query.
func FuzzBearerToken(f *testing.F) {
	f.Add("Bearer abc", "", "")
	f.Add("", "access_token=abc", "")
	f.Add("bearer a", "access_token=b", "access_token=c")
	f.Fuzz(func(t *testing.T, header, body, query string) {
		r := httptest.NewRequest(http.MethodPost, "/userinfo", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		token, fault := bearerToken(r)
		if fault != nil || token == "" {
			return
		}
		posted, _ := url.ParseQuery(body)
		if r.URL.Query().Has("access_token") || header != "" && posted.Get("access_token") != "" {
			t.Fatalf("got a token by header %q, body %q, query %q", header, body, query)
		}
	})
}

// FuzzTokenForm expects that a form is accepted only if no parameter comes twice.
func FuzzTokenForm(f *testing.F) {
	f.Add("grant_type=authorization_code&code=a", "application/x-www-form-urlencoded", "")
	f.Add("a=1&a=2", "application/x-www-form-urlencoded; charset=utf-8", "")
	f.Add("{}", "application/json", "a=1")
	f.Fuzz(func(t *testing.T, body, media, query string) {
		r := httptest.NewRequest(http.MethodPost, "/token", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", media)
		if status, fault := protocolForm(r); fault != nil {
			if status < 400 || status > 499 {
				t.Fatalf("got status %d", status)
			}
			return
		}
		values, err := url.ParseQuery(body)
		if err != nil || query != "" || checkParams(values) != http.StatusOK {
			t.Fatalf("got %q with query %q accepted", body, query)
		}
		_, _ = shownCredentials(r)
	})
}
