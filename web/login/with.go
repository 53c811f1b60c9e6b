package login

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"mana/provider"
	"mana/provider/identity"
	"mana/provider/upstream"
	"mana/web/page"
	"mana/web/ui"
)

const (
	// UpstreamPath is followed by the name of a provider, and then by "callback" where it answers.
	UpstreamPath = "/login/with/"

	paramLink   = "link" // asks to link an account to who is signed in
	attemptLife = 10 * time.Minute
	attemptRow  = "login/attempt"
	confirmRow  = "login/link"
)

// attempt is what a browser keeps, sealed, while its person is at another provider.
type attempt struct {
	upstream.Attempt
	Provider string
	Request  string    // the interaction that waits, empty: none
	Return   string    // page of ours to go on to, empty: the account
	Session  uuid.UUID // to link the account to, nil: to sign in
	Until    time.Time
}

// linkOffer is an account that waits for its person to confirm the link, sealed in the form.
type linkOffer struct {
	Person  identity.UpstreamPerson
	Session uuid.UUID
	Until   time.Time
}

// provider finds the upstream provider that a path names.
func (p *Pages) upstream(r *http.Request) *upstream.Provider {
	at := slices.IndexFunc(p.Upstreams, func(u *upstream.Provider) bool { return u.Name() == r.PathValue("name") })
	if at < 0 {
		return nil
	}
	return p.Upstreams[at]
}

// LoginWith answers GET /login/with/{name}: it sends the browser to another provider. It changes nothing here.
func (p *Pages) LoginWith(w http.ResponseWriter, r *http.Request) error {
	from := p.upstream(r)
	if from == nil {
		p.Error(w, r, http.StatusNotFound)
		return nil
	}
	flow, who, err := p.visit(r)
	if err != nil {
		return err
	}
	a := attempt{Provider: from.Name(), Return: returnTo(r), Until: p.Now().Add(attemptLife)}
	if flow != nil {
		a.Request = string(flow.ID)
	}
	if r.FormValue(paramLink) != "" {
		if who == nil || !p.Provider.Fresh(who) {
			AskLogin(w, r, "")
			return nil
		}
		a.Session = who.Session.ID
	}
	var to string
	if a.Attempt, to, err = from.Begin(r.Context(), a.Session == uuid.Nil && (who != nil || flow != nil && flow.WantsProof())); err != nil {
		return p.withFailed(w, r, flow, from, err)
	}
	sealed, err := p.seal(attemptRow, a)
	if err != nil {
		return err
	}
	p.cookies.SetAttempt(w, sealed, attemptLife)
	SeeOther(w, r, to)
	return nil
}

// LoginWithPosted answers POST /login/with/{name}/callback, as some providers answer: without our cookies, which come
// with the GET that follows.
func (p *Pages) LoginWithPosted(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return page.ErrTooLarge
	}
	answer := make(url.Values)
	for _, name := range []string{"state", "code", "iss", "error"} {
		if r.PostForm.Has(name) {
			answer.Set(name, r.PostForm.Get(name))
		}
	}
	SeeOther(w, r, r.URL.Path+"?"+answer.Encode())
	return nil
}

// LoginWithCallback answers GET /login/with/{name}/callback: the answer of another provider.
func (p *Pages) LoginWithCallback(w http.ResponseWriter, r *http.Request) error {
	from := p.upstream(r)
	if from == nil {
		p.Error(w, r, http.StatusNotFound)
		return nil
	}
	var a attempt
	err := p.unseal(attemptRow, p.cookies.Attempt(r), &a)
	p.cookies.ClearAttempt(w)
	if err != nil || a.Provider != from.Name() || p.Now().After(a.Until) {
		return p.withFailed(w, r, nil, from, upstream.ErrRefused)
	}
	answer := r.URL.Query()
	r.Form = url.Values{provider.ParamRequest: {a.Request}, ParamReturn: {a.Return}}
	flow, who, err := p.visit(r)
	if err != nil {
		return err
	}
	if wait := p.Take(r.Context(), "login"); wait > 0 {
		return p.loginRefused(w, r, flow, http.StatusTooManyRequests, wait)
	}
	person, err := from.Finish(r.Context(), a.Attempt, answer)
	if err != nil {
		return p.withFailed(w, r, flow, from, err)
	}
	if a.Session != uuid.Nil {
		if who == nil || who.Session.ID != a.Session {
			return p.withFailed(w, r, nil, from, upstream.ErrRefused)
		}
		p.GiveBack(r.Context(), "login")
		return p.offerLink(w, r, who, from, person)
	}
	_, request := appOf(flow)
	started, err := p.Identity.SignInUpstream(r.Context(), identity.UpstreamSignIn{
		Person: person, SignupOpen: p.SignupOpen, Discreet: p.Discreet, Mail: mailTo(r, request),
		SignIn: identity.SignIn{Replaces: p.cookies.Session(r), Device: page.Device(r)},
	})
	if !errors.Is(err, identity.ErrLinkFirst) { // it tells that an address is known
		p.GiveBack(r.Context(), "login")
	}
	if errors.Is(err, identity.ErrUnverified) {
		p.askVerified(w, r, string(started.User.Email), request)
		return nil
	}
	if err != nil {
		return p.withFailed(w, r, flow, from, err)
	}
	return p.signedIn(w, r, flow, started)
}

// withFailures are what a person is told, with its status.
var withFailures = []struct {
	err    error
	status int
	text   ui.Key
}{
	{upstream.ErrAway, http.StatusServiceUnavailable, ui.WithAway},
	{upstream.ErrRefused, http.StatusBadRequest, ui.WithRefused},
	{identity.ErrCredentials, http.StatusForbidden, ui.WithRefused},
	{identity.ErrNoEmail, http.StatusUnprocessableEntity, ui.WithNoEmail},
	{identity.ErrEmailTaken, http.StatusConflict, ui.WithLinkFirst},
	{identity.ErrLinkFirst, http.StatusConflict, ui.WithLinkFirst},
	{identity.ErrLinked, http.StatusConflict, ui.WithLinked},
	{identity.ErrSignupClosed, http.StatusForbidden, ui.WithClosed},
}

// withFailed shows the login page again and says why.
func (p *Pages) withFailed(w http.ResponseWriter, r *http.Request, flow *provider.Interaction, from *upstream.Provider, err error) error {
	for _, failure := range withFailures {
		if !errors.Is(err, failure.err) {
			continue
		}
		p.Logger.InfoContext(r.Context(), "a sign-in with another provider failed", "provider", from.Name(), "error", err,
			"requestId", page.From(r.Context()).RequestID)
		v := p.loginView(w, r, flow)
		v.Failed, v.Faults = true, ui.Faults{{Text: ui.T(r.Context(), failure.text, "provider", from.Label())}}
		ui.Render(w, r, failure.status, loginPage(v))
		return nil
	}
	return err
}

// offerLink asks a signed-in person whether to link an account.
func (p *Pages) offerLink(w http.ResponseWriter, r *http.Request, who *provider.SignedIn, from *upstream.Provider, person identity.UpstreamPerson) error {
	sealed, err := p.seal(confirmRow, linkOffer{Person: person, Session: who.Session.ID, Until: p.Now().Add(attemptLife)})
	if err != nil {
		return err
	}
	ui.Render(w, r, http.StatusOK, linkPage(linkView{
		Page: p.page(w, r, ui.LinkTitle), Provider: from.Label(), Action: UpstreamPath + from.Name() + "/link", Offer: sealed,
		Theirs: person.Email, Ours: string(who.User.Email),
	}))
	return nil
}

// Link answers POST /login/with/{name}/link: the person confirms.
func (p *Pages) Link(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.Forms.Check(r, string(p.cookies.Browser(r))); err != nil {
		return err
	}
	from := p.upstream(r)
	if from == nil {
		p.Error(w, r, http.StatusNotFound)
		return nil
	}
	var offer linkOffer
	err := p.unseal(confirmRow, r.PostForm.Get("offer"), &offer)
	if err != nil || offer.Session != who.Session.ID || offer.Person.Provider != from.Name() || p.Now().After(offer.Until) {
		return p.withFailed(w, r, nil, from, upstream.ErrRefused)
	}
	secured, err := p.Identity.LinkUpstream(r.Context(), who.Session, offer.Person, page.Device(r))
	if err != nil {
		return p.withFailed(w, r, nil, from, err)
	}
	p.Provider.SessionsEnded() // of the earlier cookie
	p.cookies.SetSession(w, secured.Cookie, secured.Session.CookieUntil())
	SeeOther(w, r, SecurityPath+"?done=linked")
	return nil
}

// LinkURL is where a signed-in person begins to link an account with a provider.
func LinkURL(name string) string { return UpstreamPath + name + "?" + paramLink + "=1" }

// seal makes a text of a value that only we can make and read.
func (p *Pages) seal(row string, value any) (string, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(p.Seal(row, plain)), nil
}

func (p *Pages) unseal(row, text string, into any) error {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	plain, err := p.Open(row, sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, into)
}

// withViews are the buttons of other providers.
func (p *Pages) withViews(ctx context.Context, request, back string) []withView {
	views := make([]withView, 0, len(p.Upstreams))
	for _, u := range p.Upstreams {
		query := url.Values{}
		if request != "" {
			query.Set(provider.ParamRequest, request)
		}
		if back != "" {
			query.Set(ParamReturn, back)
		}
		to := UpstreamPath + u.Name()
		if len(query) > 0 {
			to += "?" + query.Encode()
		}
		views = append(views, withView{Name: u.Name(), Text: ui.T(ctx, ui.LoginWith, "provider", u.Label()), URL: to})
	}
	return views
}
