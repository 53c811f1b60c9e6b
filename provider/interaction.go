package provider

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"mana/provider/identity"
)

// ParamRequest is the name under which pages carry the id of an interaction.
const ParamRequest = "request"

// Interaction is an authorization request in progress: what pages need to show, and the only source of
// its parameters. Its id is of use in the browser that began it alone.
type Interaction struct {
	ID       identity.Secret // empty while it is not stored
	Request  AuthRequest
	Client   Client
	Redirect ProvenRedirect
}

// Interaction loads the request that a page names, if it began in this browser. [ErrNoRequest] when it
// was used, has expired or belongs to another browser.
func (p *Provider) Interaction(r *http.Request) (*Interaction, error) {
	id := identity.Secret(r.FormValue(ParamRequest))
	hash, browser := id.Hash(), p.cookies.Browser(r).Hash()
	if hash == nil || browser == nil {
		return nil, ErrNoRequest
	}
	request, err := p.store.Request(r.Context(), hash)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(request.BrowserHash, browser) != 1 {
		return nil, ErrNoRequest
	}
	client, err := p.store.Client(r.Context(), request.ClientID)
	if err != nil {
		return nil, fmt.Errorf("reading client %q: %w", request.ClientID, err)
	}
	redirect, ok := client.Prove(request.RedirectURI)
	if !ok || client.Disabled {
		return nil, ErrNoRequest // it was changed meanwhile
	}
	return &Interaction{ID: id, Request: request, Client: client, Redirect: redirect}, nil
}

// Silent reports whether the client asked for an answer without any page (prompt=none).
func (it *Interaction) Silent() bool { return it.asks(oidc.PromptNone) }

// LoginDue reports whether the person must prove who they are before this request can go on: nobody is
// signed in, the request is about somebody else, or the client asks for a fresh proof and this session has not
// given it for this request.
func (p *Provider) LoginDue(it *Interaction, who *SignedIn) bool {
	if who == nil || it.OtherPerson(who) {
		return true
	}
	given := it.Request.SessionID == who.Session.ID && !who.Session.AuthTime.Before(it.Request.CreatedAt.Truncate(time.Second))
	return !given && p.freshDue(it, who)
}

// WantsProof reports whether the client asks for a proof of now, or not older than some time.
func (it *Interaction) WantsProof() bool {
	return it.asks(oidc.PromptLogin) || it.Request.MaxAge != noMaxAge
}

// freshDue reports whether the client asks for a proof later than the one of this session.
func (p *Provider) freshDue(it *Interaction, who *SignedIn) bool {
	if it.asks(oidc.PromptLogin) || it.asks(promptCreate) {
		return true
	}
	if it.Request.MaxAge == noMaxAge {
		return false
	}
	age := p.now().Sub(who.Session.AuthTime)
	return it.Request.MaxAge == 0 || age > time.Duration(it.Request.MaxAge)*time.Second
}

// OnePerson reports whether the request is about one person. Who that is must not be shown to anybody else, nor
// whether there is such a person.
func (it *Interaction) OnePerson() bool { return it.Request.HintSubject != "" }

// OtherPerson reports whether the request is about another person than the one who is signed in.
func (it *Interaction) OtherPerson(who *SignedIn) bool {
	return it.OnePerson() && it.Request.HintSubject != who.User.ID.String()
}

// asks reports whether the request has a value of prompt.
func (it *Interaction) asks(prompt string) bool { return slices.Contains(it.Request.Prompt, prompt) }

// SelectDue reports whether the person is to choose an account first (prompt=select_account).
func (it *Interaction) SelectDue(who *SignedIn) bool {
	return it.asks(oidc.PromptSelectAccount) && who != nil && it.Request.SessionID != who.Session.ID
}

// Select goes on with the account that is signed in: it was chosen. A fresh proof, where one is due, comes next.
func (p *Provider) Select(w http.ResponseWriter, r *http.Request, it *Interaction, who *SignedIn) error {
	if p.LoginDue(it, who) {
		p.toPage(w, r, it, PathLogin)
		return nil
	}
	if err := p.Proven(r, it, who); err != nil {
		return err
	}
	p.Resume(w, r, it, who)
	return nil
}

// Resume takes a request one step on: to the login page, to the consent page, or with a code to the client.
func (p *Provider) Resume(w http.ResponseWriter, r *http.Request, it *Interaction, who *SignedIn) {
	silent := it.Silent()
	switch due := p.LoginDue(it, who); {
	case due && silent:
		p.end(w, r, it, describe(oidc.ErrLoginRequired(), "nobody is signed in, or a fresh sign-in is due"))
		return
	case it.SelectDue(who):
		p.toPage(w, r, it, PathSelect)
		return
	case due && it.asks(promptCreate) && p.signupOpen:
		p.toPage(w, r, it, PathSignup)
		return
	case due:
		p.toPage(w, r, it, PathLogin)
		return
	case !it.reachable(who.User):
		p.end(w, r, it, errUnmet())
		return
	case it.StepUpDue(who) && silent:
		p.end(w, r, it, describe(oidc.ErrInteractionRequired(), "another factor is due"))
		return
	case it.StepUpDue(who):
		p.toPage(w, r, it, PathLogin)
		return
	}
	consent, err := p.store.Consent(r.Context(), who.User.ID, it.Client.ID)
	if err != nil {
		p.unavailable(w, r, it.target(), err)
		return
	}
	switch {
	case !consentDue(it, consent):
		p.issue(w, r, it, who, nil)
	case silent:
		p.end(w, r, it, errConsentRequired())
	default:
		p.toPage(w, r, it, PathConsent)
	}
}

// consentDue reports whether the person must be asked. A first-party client needs no consent except to
// spend; a public client whose address any program on the device could claim is asked about each time
// (RFC 8252, section 8.6).
func consentDue(it *Interaction, given Consent) bool {
	if it.asks(oidc.PromptConsent) {
		return true
	}
	if it.Client.Public() && !isHTTPS(it.Redirect.uri) {
		return true
	}
	if it.Client.FirstParty && !slices.Contains(it.Request.Scopes, ScopeCreditsSpend) {
		return false
	}
	asked := it.asked()
	return len(missing(asked.Scopes, given.Scopes)) > 0 || len(missing(asked.Claims, given.claims())) > 0
}

// asked is what the request asks a person for.
func (it *Interaction) asked() Consent {
	wishes, _ := parseClaims(it.Request.Claims) // checked when it came
	return Consent{Scopes: it.Request.Scopes, Claims: wishes.single(it.Client, it.Request.Scopes)}
}

// claims are all claims that a consent covers.
func (c Consent) claims() []string {
	all := c.Claims
	for _, scope := range claimScopes {
		if slices.Contains(c.Scopes, scope) {
			all = append(slices.Clip(all), scopeClaims[scope]...)
		}
	}
	return all
}

// Asked is what a request asks a person for, and which part of it is new since they last allowed this client
// anything.
func (p *Provider) Asked(r *http.Request, it *Interaction, who *SignedIn) (all, fresh Consent, err error) {
	given, err := p.store.Consent(r.Context(), who.User.ID, it.Client.ID)
	if err != nil {
		return all, fresh, fmt.Errorf("reading a consent: %w", err)
	}
	all = it.asked()
	fresh = Consent{Scopes: missing(all.Scopes, given.Scopes), Claims: missing(all.Claims, given.claims())}
	return all, fresh, nil
}

// Approve remembers the consent of a person and goes to the client with a code. It sends the browser to
// the login page instead when the session no longer meets the request.
func (p *Provider) Approve(w http.ResponseWriter, r *http.Request, it *Interaction, who *SignedIn) {
	if p.LoginDue(it, who) || it.SelectDue(who) || it.StepUpDue(who) || !it.reachable(who.User) {
		p.Resume(w, r, it, who)
		return
	}
	given := it.asked()
	given.UserID, given.ClientID = who.User.ID, it.Client.ID
	given.UpdatedAt = p.now().UTC().Truncate(time.Microsecond)
	p.issue(w, r, it, who, &given)
}

// Deny ends a request with access_denied.
func (p *Provider) Deny(w http.ResponseWriter, r *http.Request, it *Interaction) {
	p.end(w, r, it, describe(oidc.ErrAccessDenied(), "the person refused"))
}

// Proven notes that who has just proven who they are for this request.
func (p *Provider) Proven(r *http.Request, it *Interaction, who *SignedIn) error {
	if err := p.store.MarkAuthenticated(r.Context(), it.Request.Hash, who.Session.ID); err != nil {
		return fmt.Errorf("noting a sign-in: %w", err)
	}
	it.Request.SessionID = who.Session.ID
	return nil
}

// end consumes a request without a code and tells the client why.
func (p *Provider) end(w http.ResponseWriter, r *http.Request, it *Interaction, e *oidc.Error) {
	if it.Request.Hash != nil {
		err := p.store.ConsumeRequest(r.Context(), it.Request.Hash)
		if errors.Is(err, ErrNoRequest) {
			p.pages.ProtocolError(w, r, http.StatusBadRequest, PageRequestExpired)
			return
		}
		if err != nil {
			p.unavailable(w, r, it.target(), err)
			return
		}
	}
	p.refuse(w, r, it.target(), e)
}

// issue stores grant and code in one transaction and sends the code to the client.
func (p *Provider) issue(w http.ResponseWriter, r *http.Request, it *Interaction, who *SignedIn, given *Consent) {
	code := identity.NewSecret()
	handle := make([]byte, handleSize)
	rand.Read(handle)
	approval := CodeIssue{
		RequestHash: it.Request.Hash,
		Consent:     given,
		Grant: Grant{
			Handle: handle, UserID: who.User.ID, ClientID: it.Client.ID, SessionID: who.Session.ID,
			Scopes: it.Request.Scopes, Claims: it.Request.Claims, Resource: it.Request.Resource, Nonce: it.Request.Nonce,
			Offline:  slices.Contains(it.Request.Scopes, ScopeOfflineAccess),
			AuthTime: who.Session.AuthTime, AMR: who.Session.AMR,
			CreatedAt: p.now().UTC().Truncate(time.Microsecond),
		},
		CodeHash: code.Hash(), RedirectURI: it.Redirect.uri,
		CodeChallenge: it.Request.CodeChallenge, ExpiresIn: codeLife,
	}
	if given != nil {
		approval.Event = &identity.Event{
			UserID: who.User.ID, Type: "consent_granted", Device: p.device(r), Metadata: map[string]string{"client_id": it.Client.ID},
		}
	}
	err := p.store.IssueCode(r.Context(), approval, p.allow)
	switch {
	case errors.Is(err, ErrNoRequest):
		p.pages.ProtocolError(w, r, http.StatusBadRequest, PageRequestExpired)
	case errors.Is(err, ErrDenied):
		p.refuse(w, r, it.target(), describe(oidc.ErrAccessDenied(), "this account may not use this app"))
	case err != nil:
		p.unavailable(w, r, it.target(), err)
	default:
		p.respond(w, r, it.target(), []param{{"code", string(code)}})
	}
}

// toPage sends the browser to a hosted page, storing the request first if it is not stored yet.
func (p *Provider) toPage(w http.ResponseWriter, r *http.Request, it *Interaction, path string) {
	if it.ID == "" {
		it.ID = identity.NewSecret()
		it.Request.Hash = it.ID.Hash()
		it.Request.BrowserHash = p.cookies.EnsureBrowser(w, r).Hash()
		if err := p.store.StoreRequest(r.Context(), it.Request); err != nil {
			p.unavailable(w, r, it.target(), err)
			return
		}
	}
	seeOther(w, path+"?"+ParamRequest+"="+string(it.ID))
}

func (it *Interaction) target() responseTarget {
	return responseTarget{
		redirect: it.Redirect, mode: it.Request.ResponseMode,
		state: it.Request.State, hasState: it.Request.HasState,
	}
}

func isHTTPS(uri string) bool { return len(uri) > 8 && uri[:8] == "https://" }
