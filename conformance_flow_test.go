package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// visitor is a person at a browser, who signs in and allows whatever is asked. It stops before the client.
type visitor struct {
	*http.Client
	*row
}

func (r *row) visitor() *visitor {
	r.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.Fatal(err)
	}
	return &visitor{&http.Client{Jar: jar, CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(next.URL.String(), r.issuer+"/") {
			return http.ErrUseLastResponse
		}
		return nil
	}}, r}
}

func (v *visitor) send(client *http.Client, method, to string, form parameters, headers ...string) answer {
	v.Helper()
	request, err := http.NewRequestWithContext(v.Context(), method, to, nil)
	if method == http.MethodPost {
		request, err = http.NewRequestWithContext(v.Context(), method, to, strings.NewReader(form.encode()))
	}
	if err != nil {
		v.Fatal(err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v.Jar != nil {
		request.Header.Set("Accept", "text/html")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := client.Do(request)
	if err != nil {
		v.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		v.Fatal(err)
	}
	return answer{response, string(body)}
}

// parameters are names and values by turns, in the order in which they are sent.
type parameters []string

// with changes parameters or adds them; "-" leaves one out.
func (p parameters) with(changes ...string) parameters {
	changed := slices.Clone(p)
	for i := 0; i+1 < len(changes); i += 2 {
		at := 0
		for at < len(changed) && changed[at] != changes[i] {
			at += 2
		}
		switch {
		case at == len(changed) && changes[i+1] != "-":
			changed = append(changed, changes[i], changes[i+1])
		case at < len(changed) && changes[i+1] == "-":
			changed = slices.Delete(changed, at, at+2)
		case at < len(changed):
			changed[at+1] = changes[i+1]
		}
	}
	return changed
}

// reversed turns the order around.
func (p parameters) reversed() parameters {
	var turned parameters
	for i := len(p) - 2; i >= 0; i -= 2 {
		turned = append(turned, p[i], p[i+1])
	}
	return turned
}

func (p parameters) value(name string) string {
	for i := 0; i+1 < len(p); i += 2 {
		if p[i] == name {
			return p[i+1]
		}
	}
	return ""
}

func (p parameters) encode() string {
	var out strings.Builder
	for i := 0; i+1 < len(p); i += 2 {
		if i > 0 {
			out.WriteByte('&')
		}
		out.WriteString(url.QueryEscape(p[i]) + "=" + url.QueryEscape(p[i+1]))
	}
	return out.String()
}

// anyState has 128 of the characters that need no escape (P3).
const anyState = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// request is an authorization request of a client with parameters changed.
func (r *row) request(c relying, changes ...string) parameters {
	p := parameters{
		"client_id", c.id, "redirect_uri", callback, "response_type", "code", "scope", "openid", "state", anyState,
		"nonce", "n-" + r.Name(),
	}
	if r.mode != "" {
		p = append(p, "response_mode", r.mode)
	}
	return p.with(changes...)
}

// arrival is what became of an authorization request.
type arrival struct {
	asked  parameters
	pages  []string   // "login" and "consent", as the person met them
	params url.Values // what the client got; nil: nothing, the person is left on a page
	last   answer
}

// authorize sends the person with a request and follows the pages.
func (v *visitor) authorize(p parameters) arrival {
	v.Helper()
	return v.follow(p, v.send(v.Client, http.MethodGet, v.endpoint("authorization_endpoint")+"?"+p.encode(), nil))
}

// follow fills in what the provider asks for until the client has its answer, or nothing is asked.
func (v *visitor) follow(p parameters, page answer) arrival {
	v.Helper()
	out := arrival{asked: p}
	for range 10 {
		out.last = page
		if location := page.Header.Get("Location"); location != "" {
			out.params = v.arrived(p, "query", location, nil)
			return out
		}
		forms := formsOf(v.row, page)
		switch {
		case find(forms, "password") != nil:
			out.pages = append(out.pages, "login")
			page = v.submit(page, find(forms, "password"), "username", v.email, "password", testPassword)
		case find(forms, "decision") != nil:
			out.pages = append(out.pages, "consent")
			page = v.submit(page, find(forms, "decision"), "decision", "allow")
		case len(forms) == 1 && strings.HasPrefix(forms[0].action, callback):
			v.F("the form goes by POST, form-encoded", forms[0].method == "post" && (forms[0].encoding == "" || forms[0].encoding == "application/x-www-form-urlencoded"), forms[0])
			v.F("the form waits for nothing but a press", len(forms[0].names) == len(forms[0].fields)/2, forms[0].names)
			out.params = v.arrived(p, "form_post", forms[0].action, forms[0].fields)
			return out
		default:
			return out
		}
	}
	v.Fatalf("got no end of pages, the last at %s\n%s", page.Request.URL, page.body)
	return out
}

// arrived checks the answer at the client (P3, P9) and gives its parameters.
func (v *visitor) arrived(p parameters, mode, to string, body parameters) url.Values {
	v.Helper()
	at, err := url.Parse(to)
	if err != nil {
		v.Fatal(err)
	}
	query := at.Query()
	v.F("registered query is kept", strings.HasPrefix(to, callback) && slices.Equal(query["kept"], []string{"1"}), to)
	v.F("nothing in the fragment", at.Fragment == "", to)
	query.Del("kept")
	want := "query"
	if p.value("response_mode") == "form_post" {
		want = "form_post"
	}
	v.F("answer in the mode that was asked for", mode == want, mode, to)
	if mode == "form_post" {
		v.F("nothing of the answer in the query of a form post", len(query) == 0, query)
		query = url.Values{}
		for i := 0; i+1 < len(body); i += 2 {
			query.Add(body[i], body[i+1])
		}
	}
	v.F("state is echoed as it was sent", query.Get("state") == p.value("state"), query)
	v.F("iss is the issuer", !query.Has("iss") || query.Get("iss") == v.issuer, query)
	if query.Has("error") {
		v.errorAnswer(query)
	}
	return query
}

func (v *visitor) errorAnswer(q url.Values) {
	v.Helper()
	v.F("no code beside an error", !q.Has("code"), q)
	for name := range q {
		known := []string{"error", "error_description", "error_uri", "state", "session_state", "iss"}
		v.W("only known members beside an error", slices.Contains(known, name), name)
	}
	outside := func(c rune) bool { return c < 0x20 || c > 0x7e || c == '"' || c == '\\' }
	v.F("characters of error and error_description", !strings.ContainsFunc(q.Get("error")+q.Get("error_description"), outside), q)
}

// form is a form of a page: where it goes, what it holds, which fields wait for the person.
type form struct {
	action, method, encoding string
	fields                   parameters // hidden
	names                    []string   // all
}

// find gives the form with a field or button of this name.
func find(forms []form, name string) *form {
	for i := range forms {
		if slices.Contains(forms[i].names, name) {
			return &forms[i]
		}
	}
	return nil
}

// submit sends a form of a page, filled in.
func (v *visitor) submit(page answer, f *form, pairs ...string) answer {
	v.Helper()
	to, err := page.Request.URL.Parse(f.action)
	if err != nil {
		v.Fatal(err)
	}
	return v.send(v.Client, http.MethodPost, to.String(), f.fields.with(pairs...), "Origin", v.issuer)
}

func formsOf(r *row, page answer) []form {
	r.Helper()
	document, err := html.Parse(strings.NewReader(page.body))
	if err != nil {
		r.Fatal(err)
	}
	var forms []form
	for node := range document.Descendants() {
		of := func(name string) string {
			for _, a := range node.Attr {
				if a.Key == name {
					return a.Val
				}
			}
			return ""
		}
		switch {
		case node.Type != html.ElementNode:
		case node.Data == "form":
			forms = append(forms, form{action: of("action"), method: strings.ToLower(of("method")), encoding: of("enctype")})
		case (node.Data == "input" || node.Data == "button") && len(forms) > 0 && of("name") != "":
			last := &forms[len(forms)-1]
			last.names = append(last.names, of("name"))
			if of("type") == "hidden" {
				last.fields = append(last.fields, of("name"), of("value"))
			}
		}
	}
	return forms
}

// redeem sends a token request of a client and gives status and members.
func (r *row) redeem(c relying, pairs ...string) (int, map[string]any, http.Header) {
	r.Helper()
	v := &visitor{http.DefaultClient, r}
	p := parameters{"grant_type", "authorization_code", "redirect_uri", callback}.with(pairs...)
	var headers []string
	if c.post {
		p = p.with("client_id", c.id, "client_secret", c.secret)
	} else {
		basic := &http.Request{Header: http.Header{}}
		basic.SetBasicAuth(c.id, c.secret)
		headers = []string{"Authorization", basic.Header.Get("Authorization")}
	}
	got := v.send(http.DefaultClient, http.MethodPost, r.endpoint("token_endpoint"), p, headers...)
	var body map[string]any
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		r.Fatalf("got %d %q from the token endpoint, want JSON", got.StatusCode, got.body)
	}
	r.F("token answers are JSON", strings.HasPrefix(got.Header.Get("Content-Type"), "application/json"), got.Header)
	r.F("token answers are not stored", got.Header.Get("Cache-Control") == "no-store", got.Header)
	return got.StatusCode, body, got.Header
}

// tokens are a token answer, its verified ID token, and what userinfo says for it.
type tokens struct {
	access, refresh, raw string
	id, info             map[string]any
}

// flow logs in, redeems the code and holds everything in between to P3 to P7.
func (v *visitor) flow(c relying, changes ...string) (arrival, tokens) {
	v.Helper()
	out := v.authorize(v.request(c, changes...))
	return out, v.finish(c, out)
}

// finish redeems the code of an arrival.
func (v *visitor) finish(c relying, out arrival, pairs ...string) tokens {
	v.Helper()
	code := out.params.Get("code")
	if code == "" {
		v.Fatalf("got %v and the page %s with %d, want a code", out.params, out.last.Request.URL, out.last.StatusCode)
	}
	v.opaque("code", code)
	status, body, _ := v.redeem(c, append([]string{"code", code}, pairs...)...)
	if status != http.StatusOK {
		v.Fatalf("got %d %v, want tokens", status, body)
	}
	return v.accept(c, body, out.asked.value("nonce"))
}

// accept holds a token answer to P5, P6 and P7.
func (r *row) accept(c relying, body map[string]any, nonce string) tokens {
	r.Helper()
	text := func(name string) string { s, _ := body[name].(string); return s }
	got := tokens{access: text("access_token"), refresh: text("refresh_token"), raw: text("id_token")}
	life, isNumber := body["expires_in"].(float64)
	r.W("expires_in is there", body["expires_in"] != nil, body)
	r.F("expires_in is a number of seconds", body["expires_in"] == nil || isNumber && life >= 1 && life <= 31_536_000, body["expires_in"])
	r.F("access token of type bearer", got.access != "" && strings.EqualFold(text("token_type"), "Bearer"), body)
	got.id = r.verify(got.raw, c.id, got.access)
	r.F("nonce is the one sent, or absent if none was", got.id["nonce"] == nonce || got.id["nonce"] == nil && nonce == "", got.id["nonce"])
	got.info = r.userInfo(http.MethodGet, nil, "Authorization", "Bearer "+got.access)
	r.F("sub of userinfo is that of the ID token", got.info["sub"] == got.id["sub"], got.info)
	return got
}

// userInfo asks userinfo, which must answer.
func (r *row) userInfo(method string, form parameters, headers ...string) map[string]any {
	r.Helper()
	v := &visitor{http.DefaultClient, r}
	got := v.send(http.DefaultClient, method, r.endpoint("userinfo_endpoint"), form, headers...)
	var info map[string]any
	ok := got.StatusCode == http.StatusOK && json.Unmarshal([]byte(got.body), &info) == nil
	r.F("userinfo answers 200 with JSON", ok && strings.HasPrefix(got.Header.Get("Content-Type"), "application/json"), got.StatusCode, got.body)
	return info
}
