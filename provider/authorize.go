package provider

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

const (
	modeQuery    = string(oidc.ResponseModeQuery)
	modeFormPost = string(oidc.ResponseModeFormPost)

	promptCreate = "create" // Initiating User Registration via OpenID Connect 1.0

	maxParams   = 100
	maxValue    = 8 << 10  // bytes of one parameter
	maxToken    = 16 << 10 // bytes of one that is a token made by the client
	maxState    = 2048     // bytes
	maxNonce    = 512      // bytes
	maxHint     = 256      // characters of login_hint
	digestChars = 43       // of a SHA-256 digest in base64url
	noMaxAge    = -1
)

// Authorize serves the authorization endpoint (RFC 6749, section 3.1; OpenID Connect Core 1.0, section
// 3.1.2). Until client and redirect URI are proven, every answer is a page of ours.
func (p *Provider) Authorize(w http.ResponseWriter, r *http.Request) {
	values, status := authorizeValues(r)
	if status != http.StatusOK {
		p.pages.ProtocolError(w, r, status, PageBadRequest)
		return
	}
	client, err := p.store.Client(r.Context(), values.Get("client_id"))
	if errors.Is(err, ErrUnknownClient) || err == nil && client.Disabled {
		p.pages.ProtocolError(w, r, http.StatusBadRequest, PageUnknownClient)
		return
	}
	if err != nil {
		p.logFault(w, err)
		p.pages.ProtocolError(w, r, http.StatusServiceUnavailable, PageServerError)
		return
	}
	redirect, ok := client.Prove(values.Get("redirect_uri"))
	if !ok {
		p.pages.ProtocolError(w, r, http.StatusBadRequest, PageBadRedirect)
		return
	}
	if !validState(values.Get("state")) {
		p.pages.ProtocolError(w, r, http.StatusBadRequest, PageBadRequest)
		return
	}
	target := targetOf(redirect, values)
	request, fault := p.checkRequest(client, values)
	if fault != nil {
		p.refuse(w, r, target, fault)
		return
	}
	request.RedirectURI, request.ResponseMode = redirect.uri, target.mode
	p.begin(w, r, &Interaction{Request: request, Client: client, Redirect: redirect})
}

// authorizeValues reads the parameters of GET or POST. The status tells what is wrong with the request as such.
func authorizeValues(r *http.Request) (url.Values, int) {
	if r.Method == http.MethodPost && !isForm(r) {
		return nil, http.StatusUnsupportedMediaType
	}
	status := parseParams(r)
	return r.Form, status
}

// parseParams parses the parameters of a request. The status is 400 for malformed ones, or when one comes twice
// (RFC 6749, section 3.1), and 413 when there is too much of something. Only resource and audience may repeat
// (RFC 8707, section 2; RFC 8693, section 2.1).
func parseParams(r *http.Request) int {
	if err := r.ParseForm(); err != nil {
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			return http.StatusRequestEntityTooLarge
		}
		return http.StatusBadRequest
	}
	return checkParams(r.Form)
}

func checkParams(values url.Values) int {
	if len(values) > maxParams {
		return http.StatusRequestEntityTooLarge
	}
	for name, all := range values {
		if len(all) > 1 && name != "resource" && name != "audience" {
			return http.StatusBadRequest
		}
		limit := maxValue
		if name == "request" || name == "client_assertion" || name == "subject_token" {
			limit = maxToken
		}
		if slices.ContainsFunc(all, func(value string) bool { return len(value) > limit }) {
			return http.StatusRequestEntityTooLarge
		}
	}
	return http.StatusOK
}

func validState(state string) bool { return len(state) <= maxState && printable(state) }

// printable reports whether a value can be stored and echoed: it is text without control characters.
func printable(value string) bool {
	return utf8.ValidString(value) && !strings.ContainsFunc(value, unicode.IsControl)
}

func targetOf(redirect ProvenRedirect, values url.Values) responseTarget {
	target := responseTarget{redirect: redirect, mode: modeQuery, state: values.Get("state")}
	target.hasState = target.state != ""
	if values.Get("response_mode") == modeFormPost {
		target.mode = modeFormPost
	}
	return target
}

// checkRequest holds the rest of a request against the rules, in their order. The error goes to the client.
func (p *Provider) checkRequest(client Client, values url.Values) (AuthRequest, *oidc.Error) {
	for _, check := range []func(Client, url.Values) *oidc.Error{checkUnsupported, checkResponse, checkPKCE} {
		if fault := check(client, values); fault != nil {
			return AuthRequest{}, fault
		}
	}
	if !p.signsFor(client) {
		return AuthRequest{}, errInternal()
	}
	now := p.now().UTC().Truncate(time.Microsecond)
	request := AuthRequest{
		ClientID: client.ID, Scopes: usableScopes(client, values.Get("scope")),
		State: values.Get("state"), HasState: values.Get("state") != "", Nonce: values.Get("nonce"),
		CodeChallenge: values.Get("code_challenge"), Prompt: strings.Fields(values.Get("prompt")), MaxAge: noMaxAge,
		ACRValues: acrWishes(values.Get("acr_values")),
		LoginHint: hint(values.Get("login_hint")), UILocales: hint(values.Get("ui_locales")), Claims: values.Get("claims"),
		CreatedAt: now, ExpiresAt: now.Add(requestLife),
	}
	if len(request.Scopes) == 0 {
		return AuthRequest{}, describe(oidc.ErrInvalidScope(), "no scope that this client may use was asked for")
	}
	if fault := checkPrompt(request.Prompt); fault != nil {
		return AuthRequest{}, fault
	}
	if fault := readLimits(&request, values); fault != nil {
		return AuthRequest{}, fault
	}
	var fault *oidc.Error
	if request.Resource, fault = p.resourceOf(values["resource"]); fault != nil {
		return AuthRequest{}, fault
	}
	if request.Resource != "" && len(p.scopesFor(request.Resource, request.Scopes)) == 0 {
		return AuthRequest{}, describe(oidc.ErrInvalidTarget(), "no scope of this resource was asked for")
	}
	return request, p.readHints(client, &request, values.Get("id_token_hint"))
}

func checkUnsupported(_ Client, values url.Values) *oidc.Error {
	switch {
	case values.Get("request") != "" && values.Get("request_uri") != "":
		return badRequest("request and request_uri exclude each other")
	case values.Get("request") != "":
		return describe(oidc.ErrRequestNotSupported(), "request objects are not supported")
	case values.Get("request_uri") != "":
		return errRequestURINotSupported()
	}
	return nil
}

func checkResponse(client Client, values url.Values) *oidc.Error {
	switch values.Get("response_type") {
	case "":
		return badRequest("response_type is missing")
	case string(oidc.ResponseTypeCode):
	default:
		return errUnsupportedResponseType()
	}
	if !slices.Contains(client.GrantTypes, string(oidc.GrantTypeCode)) {
		return describe(oidc.ErrUnauthorizedClient(), "this client may not use the authorization code flow")
	}
	switch values.Get("response_mode") {
	case "", modeQuery, modeFormPost:
		return nil
	}
	return badRequest("response_mode is not supported for this response type")
}

// checkPKCE demands an S256 challenge of every client that an administrator did not exempt (RFC 7636, section
// 4.3; RFC 9700, section 2.1.1).
func checkPKCE(client Client, values url.Values) *oidc.Error {
	challenge, method := values.Get("code_challenge"), values.Get("code_challenge_method")
	switch {
	case challenge == "" && method == "" && client.PKCEExempt && !client.Public():
		return nil
	case challenge == "":
		return badRequest("code_challenge is missing")
	case method != string(oidc.CodeChallengeMethodS256):
		return badRequest("code_challenge_method must be S256")
	case len(challenge) != digestChars || !isBase64URL(challenge):
		return badRequest("code_challenge must be 43 characters of base64url")
	}
	return nil
}

func checkPrompt(prompts []string) *oidc.Error {
	for _, prompt := range prompts {
		switch prompt {
		case oidc.PromptLogin, oidc.PromptConsent, oidc.PromptSelectAccount, promptCreate:
		case oidc.PromptNone:
			if len(prompts) > 1 {
				return badRequest("prompt none excludes other values")
			}
		default:
			return badRequest("prompt has an unknown value")
		}
	}
	return nil
}

// readLimits reads max_age, and refuses what is malformed or too long.
func readLimits(request *AuthRequest, values url.Values) *oidc.Error {
	if age := values.Get("max_age"); age != "" {
		n, err := strconv.ParseUint(age, 10, 31)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return badRequest("max_age must be a number of seconds")
		}
		request.MaxAge = int(n) // of a number out of range the largest, which no session is as old as
	}
	switch {
	case len(request.Nonce) > maxNonce || !printable(request.Nonce):
		return badRequest("nonce is too long, or has control characters")
	case values.Get("registration") != "":
		return errRegistrationNotSupported()
	}
	return nil
}

// readHints finds the one person that a request is about, by id_token_hint or by the claims parameter, and
// refuses a class of authentication that nobody here can reach.
func (p *Provider) readHints(client Client, request *AuthRequest, idToken string) *oidc.Error {
	wishes, ok := parseClaims(request.Claims)
	if !ok {
		return badRequest("claims is not a JSON object within the limits")
	}
	if idToken != "" {
		hinted, err := p.readHint(idToken)
		if err != nil || hinted.Audience != client.ID {
			return badRequest("id_token_hint is not an ID token of this client")
		}
		request.HintSubject = hinted.Subject
	}
	subject, ok := wishes.subject()
	if !ok || subject != "" && request.HintSubject != "" && subject != request.HintSubject {
		return badRequest("the request names several people")
	}
	if subject != "" {
		request.HintSubject = subject
	}
	if !reachable(wishes.essentialACR()) {
		return errUnmet()
	}
	return nil
}

// resourceOf picks the one known resource asked for (RFC 8707, section 2). Unknown ones are ignored.
func (p *Provider) resourceOf(asked []string) (string, *oidc.Error) {
	known := ""
	for _, resource := range asked {
		if resource != p.issuer && resource != p.CreditsResource() && resource != p.AdminResource() {
			continue
		}
		if known != "" && known != resource {
			return "", describe(oidc.ErrInvalidTarget(), "an access token has one resource")
		}
		known = resource
	}
	return known, nil
}

// refuse sends an error to the proven address (RFC 6749, section 4.1.2.1).
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, to responseTarget, e *oidc.Error) {
	p.counts.refused(endpointOf(r), e)
	p.respond(w, r, to, []param{{"error", string(e.ErrorType)}, {"error_description", e.Description}})
}

// unavailable tells the client that a fault of ours is in the way.
func (p *Provider) unavailable(w http.ResponseWriter, r *http.Request, to responseTarget, err error) {
	p.logFault(w, err)
	p.refuse(w, r, to, errUnavailable())
}

// begin goes on with a request that passed every check. A POST may come from another site, whose cookies
// a browser holds back: it is stored, and answered with our own address (303), where they are sent.
func (p *Provider) begin(w http.ResponseWriter, r *http.Request, it *Interaction) {
	if r.Method == http.MethodPost {
		path := PathLogin
		if it.asks(oidc.PromptSelectAccount) {
			path = PathSelect
		}
		p.toPage(w, r, it, path)
		return
	}
	who, err := p.SignedIn(r)
	if err != nil {
		p.unavailable(w, r, it.target(), err)
		return
	}
	p.Resume(w, r, it, who)
}

func hint(text string) string {
	if utf8.RuneCountInString(text) > maxHint || !utf8.ValidString(text) {
		return ""
	}
	return text
}

func isBase64URL(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
}
