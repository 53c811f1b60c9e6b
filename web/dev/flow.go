package dev

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"mana/provider/identity"
	"mana/web/login"
	"mana/web/ui"
)

// Login answers POST /dev/demo/login: it sends the browser to the provider with fresh state, nonce and
// PKCE verifier.
func (d *Demo) Login(w http.ResponseWriter, r *http.Request) error {
	if err := d.Forms.Check(r, string(d.Cookies.Browser(r))); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), callTime)
	defer cancel()
	party, err := d.relyingParty(ctx)
	if err != nil {
		return d.fail(w, r, http.StatusBadGateway, ui.DemoNoDiscovery)
	}
	s := &demoSession{
		state: string(identity.NewSecret()), nonce: string(identity.NewSecret()), verifier: string(identity.NewSecret()),
	}
	d.keep(d.Cookies.Browser(r), s)
	to := rp.AuthURL(s.state, party, rp.WithCodeChallenge(oidc.NewSHACodeChallenge(s.verifier)),
		rp.AuthURLOpt(rp.WithURLParam("nonce", s.nonce)))
	login.SeeOther(w, r, to)
	return nil
}

// Callback answers GET /dev/demo/callback: state and issuer are compared (RFC 9207), the code is exchanged,
// the ID token verified.
func (d *Demo) Callback(w http.ResponseWriter, r *http.Request) error {
	session, answer := d.session(r), r.URL.Query()
	switch {
	case session == nil || session.state == "" || answer.Get("state") != session.state:
		return d.fail(w, r, http.StatusBadRequest, ui.DemoForeign)
	case answer.Get("iss") != d.Issuer:
		return d.fail(w, r, http.StatusBadRequest, ui.DemoOtherIssuer)
	case answer.Get("error") != "":
		d.keep(d.Cookies.Browser(r), &demoSession{})
		return d.fail(w, r, http.StatusBadRequest, ui.DemoRefused, "error", answer.Get("error"))
	}
	ctx, cancel := context.WithTimeout(r.Context(), callTime)
	defer cancel()
	party, err := d.relyingParty(ctx)
	if err != nil {
		return d.fail(w, r, http.StatusBadGateway, ui.DemoNoDiscovery)
	}
	ctx = context.WithValue(ctx, nonceKey{}, session.nonce)
	tokens, err := rp.CodeExchange[*oidc.IDTokenClaims](ctx, answer.Get("code"), party, rp.WithCodeVerifier(session.verifier))
	if err != nil {
		return d.fail(w, r, http.StatusBadRequest, ui.DemoNoToken)
	}
	done := d.describe(tokens)
	d.keep(d.Cookies.Browser(r), done)
	login.SeeOther(w, r, DemoPath)
	return nil
}

// nonceKey is under which the nonce of a login waits for the verifier of its ID token.
type nonceKey struct{}

func expectedNonce(ctx context.Context) string {
	nonce, _ := ctx.Value(nonceKey{}).(string)
	return nonce
}

// describe prepares what the page shows of tokens that passed every check.
func (d *Demo) describe(tokens *oidc.Tokens[*oidc.IDTokenClaims]) *demoSession {
	claims := tokens.IDTokenClaims
	header := struct{ Alg, Kid string }{}
	if raw, err := base64.RawURLEncoding.DecodeString(strings.SplitN(tokens.IDToken, ".", 2)[0]); err == nil {
		_ = json.Unmarshal(raw, &header) // the token was verified: it has a header
	}
	sum := sha256.Sum256([]byte(tokens.AccessToken))
	return &demoSession{
		accessToken: tokens.AccessToken, idToken: tokens.IDToken,
		TokenCurl: "curl -u " + DemoClientID + ":$SECRET " + d.Issuer + "/token \\\n" +
			"  -d grant_type=authorization_code -d code=$CODE \\\n  -d code_verifier=$VERIFIER -d redirect_uri=" + d.Issuer + DemoCallback,
		Checks: []checkView{
			{ui.DemoSignature, header.Alg + ", " + header.Kid + ", " + d.Issuer + "/jwks"},
			{ui.DemoIssuer, claims.Issuer},
			{ui.DemoAudience, strings.Join(claims.Audience, " ")},
			{ui.DemoNonce, shorten(claims.Nonce)},
			{ui.DemoExpiry, claims.GetExpiration().UTC().Format(time.RFC3339)},
			{ui.DemoTokenHash, base64.RawURLEncoding.EncodeToString(sum[:16])},
			{ui.DemoResponse, d.Issuer},
		},
		Claims: claimsOf(tokens.IDToken),
	}
}

// claimsOf lists the claims of a verified token by name.
func claimsOf(token string) []claimView {
	parts := strings.Split(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims map[string]json.RawMessage
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return nil
	}
	var views []claimView
	for name, value := range claims {
		views = append(views, claimView{name, strings.Trim(string(value), `"`)})
	}
	slices.SortFunc(views, func(a, b claimView) int { return strings.Compare(a.Name, b.Name) })
	return views
}

func shorten(s string) string {
	if len(s) <= 12 {
		return s
	}
	return s[:12] + "…"
}

// Spend answers POST /dev/demo/spend: the demo's back end calls the credits API with its own access token.
func (d *Demo) Spend(w http.ResponseWriter, r *http.Request) error {
	if err := d.Forms.Check(r, string(d.Cookies.Browser(r))); err != nil {
		return err
	}
	session := d.signedIn(r)
	if session == nil {
		login.SeeOther(w, r, DemoPath)
		return nil
	}
	if r.PostForm.Get("again") == "" || session.lastKey == "" {
		session.lastKey = string(identity.NewSecret())
	}
	spent, err := d.use(r.Context(), session)
	if err != nil {
		return d.fail(w, r, http.StatusBadGateway, ui.DemoNoCredits)
	}
	session.Spent = spent
	d.keep(d.Cookies.Browser(r), session)
	login.SeeOther(w, r, DemoPath)
	return nil
}

// used is what the demo reads of an answer.
type used struct {
	Message     string `json:"message"`
	Transaction struct {
		ID     string      `json:"id"`
		Before json.Number `json:"balanceBefore"`
		After  json.Number `json:"balanceAfter"`
	} `json:"transaction"`
}

func (d *Demo) use(ctx context.Context, s *demoSession) (*spentView, error) {
	const body = `{"amount":1,"appId":"demo","description":"One credit from the demo"}`
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Issuer+"/api/v1/credits/use", strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+s.accessToken)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", s.lastKey)
	response, err := d.HTTP.Do(request)
	if err != nil {
		return nil, fmt.Errorf("calling the credits API: %w", err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("reading an answer: %w", err)
	}
	var answer used
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("reading an answer: %w", err)
	}
	var pretty bytes.Buffer
	_ = json.Indent(&pretty, raw, "", "  ") // it was parsed before
	message := response.Status
	if response.StatusCode != http.StatusCreated {
		message += ": " + answer.Message
	}
	return &spentView{
		Status: response.StatusCode, OK: response.StatusCode == http.StatusCreated,
		ID: answer.Transaction.ID, Before: answer.Transaction.Before.String(), After: answer.Transaction.After.String(),
		Message: message, Replayed: response.Header.Get("Idempotency-Replayed") == "true",
		Curl: "curl " + d.Issuer + "/api/v1/credits/use \\\n  -H \"Authorization: Bearer $ACCESS_TOKEN\" \\\n" +
			"  -H \"Content-Type: application/json\" -H \"Idempotency-Key: " + s.lastKey + "\" \\\n  -d '" + body + "'",
		Body: pretty.String(),
	}, nil
}

func query(pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values.Encode()
}
