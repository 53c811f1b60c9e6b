// Package upstream asks other providers who a person is: OpenID Connect providers, and GitHub by OAuth 2.0.
//
// It promises that an answer is believed only when it belongs to a question that was asked in the same browser (state,
// PKCE, nonce, and the issuer where the provider names it), that an ID token is verified by the provider's keys, and
// that an address counts as proven only when the provider says so in so many words.
package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"

	"mana/provider/identity"
)

// Errors that callers tell apart.
var (
	// ErrAway: the provider does not answer, or not as it should.
	ErrAway = errors.New("upstream provider is away")
	// ErrRefused: the answer does not fit the question, or the provider or the person said no.
	ErrRefused = errors.New("upstream provider refused")
)

const (
	callTime      = 10 * time.Second // longest wait for one answer
	discoveryTime = time.Hour        // after which endpoints are looked up anew
	retryTime     = 10 * time.Second // after which they are looked up again when that failed
	clockSkew     = time.Minute      // by which clocks differ
)

// Config is what is known of one provider. Label, Scopes and, of the well-known ones, Issuer may be empty.
type Config struct {
	Name         string // part of addresses and of stored links: a-z, 0-9, hyphen
	Issuer       string // of GitHub, the address of its site
	ClientID     string
	ClientSecret string
	Label        string // on the button
	Scopes       []string
	RedirectURI  string
	Now          func() time.Time
	// Outgoing is put around the transport of calls; nil: nothing is.
	Outgoing func(http.RoundTripper) http.RoundTripper
}

// Provider is one upstream provider. It is safe for concurrent use.
type Provider struct {
	cfg    Config
	preset preset
	http   *http.Client

	mu          sync.Mutex
	party       rp.RelyingParty // nil: not known yet
	namesIssuer bool            // its answers name it (RFC 9207)
	looked      time.Time       // when its endpoints were looked up last
}

// preset is what differs between well-known providers.
type preset struct {
	issuer, label string
	scopes        []string
	gitHub        bool // OAuth 2.0 and an API instead of an ID token
	formPost      bool // it answers by POST when it is asked for an address
	textFlags     bool // booleans may be texts
}

var presets = map[string]preset{
	"google":    {issuer: "https://accounts.google.com", label: "Google"},
	"apple":     {issuer: "https://appleid.apple.com", label: "Apple", scopes: []string{"openid", "email", "name"}, formPost: true, textFlags: true},
	"microsoft": {issuer: "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", label: "Microsoft"},
	"github":    {issuer: "https://github.com", label: "GitHub", scopes: []string{"read:user", "user:email"}, gitHub: true},
}

// DefaultIssuer is the issuer of a well-known provider, empty for others.
func DefaultIssuer(name string) string { return presets[name].issuer }

// New makes a provider. Nothing is fetched before it is needed.
func New(cfg Config) *Provider {
	p := &Provider{cfg: cfg, preset: presets[cfg.Name], http: newClient(cfg.Outgoing)}
	if p.cfg.Issuer == "" {
		p.cfg.Issuer = p.preset.issuer
	}
	if p.cfg.Label == "" {
		p.cfg.Label = p.preset.label
	}
	if p.cfg.Label == "" {
		p.cfg.Label = cfg.Name
	}
	if len(p.cfg.Scopes) == 0 {
		p.cfg.Scopes = p.preset.scopes
	}
	if len(p.cfg.Scopes) == 0 {
		p.cfg.Scopes = []string{"openid", "email", "profile"}
	}
	return p
}

// Name is the name of the provider in addresses and stored links.
func (p *Provider) Name() string { return p.cfg.Name }

// Label is the name of the provider as people know it.
func (p *Provider) Label() string { return p.cfg.Label }

// Attempt is a question that was asked and waits for its answer, in one browser. It holds secrets.
type Attempt struct {
	State    string
	Nonce    string
	Verifier string // PKCE (RFC 7636)
	Asked    time.Time
}

// Begin asks: it gives the address to send the browser to. fresh asks the provider to prove the person again, which not
// all of them do. [ErrAway].
func (p *Provider) Begin(ctx context.Context, fresh bool) (Attempt, string, error) {
	party, err := p.relyingParty(ctx)
	if err != nil {
		return Attempt{}, "", err
	}
	a := Attempt{
		State: string(identity.NewSecret()), Nonce: string(identity.NewSecret()), Verifier: oauth2.GenerateVerifier(),
		Asked: p.cfg.Now(),
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(a.Verifier)}
	if !p.preset.gitHub {
		options = append(options, oauth2.SetAuthURLParam("nonce", a.Nonce))
	}
	if fresh && !p.preset.gitHub {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	if p.preset.formPost {
		options = append(options, oauth2.SetAuthURLParam("response_mode", "form_post"))
	}
	return a, party.OAuthConfig().AuthCodeURL(a.State, options...), nil
}

// Finish believes the parameters of an answer if they belong to the attempt. [ErrRefused], [ErrAway].
func (p *Provider) Finish(ctx context.Context, a Attempt, answer url.Values) (identity.UpstreamPerson, error) {
	switch {
	case answer.Get("state") != a.State:
		return identity.UpstreamPerson{}, fmt.Errorf("%w: the state is another", ErrRefused)
	case !p.issued(answer):
		return identity.UpstreamPerson{}, fmt.Errorf("%w: the issuer is another", ErrRefused)
	case answer.Get("code") == "":
		return identity.UpstreamPerson{}, fmt.Errorf("%w: %q", ErrRefused, answer.Get("error"))
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	party, err := p.relyingParty(ctx)
	if err != nil {
		return identity.UpstreamPerson{}, err
	}
	if p.preset.gitHub {
		return p.gitHubPerson(ctx, party, a, answer.Get("code"))
	}
	return p.oidcPerson(ctx, party, a, answer.Get("code"))
}

// issued reports whether an answer names this provider, which one must that announces it (RFC 9207, section 2.4).
func (p *Provider) issued(answer url.Values) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return answer.Get("iss") == p.cfg.Issuer || !answer.Has("iss") && !p.namesIssuer
}

// nonceKey is under which the nonce of an attempt waits for the verifier of its ID token.
type nonceKey struct{}

func (p *Provider) oidcPerson(ctx context.Context, party rp.RelyingParty, a Attempt, code string) (identity.UpstreamPerson, error) {
	ctx = context.WithValue(ctx, nonceKey{}, a.Nonce)
	tokens, err := rp.CodeExchange[*oidc.IDTokenClaims](ctx, code, party, rp.WithCodeVerifier(a.Verifier))
	if err != nil {
		return identity.UpstreamPerson{}, refusedOrAway("exchanging a code", err)
	}
	claims := tokens.IDTokenClaims
	person := p.person(claims.Subject, claims.Claims)
	if person.Email == "" && party.UserinfoEndpoint() != "" {
		info, err := rp.Userinfo[*oidc.UserInfo](ctx, tokens.AccessToken, "Bearer", claims.Subject, party)
		if err != nil {
			return identity.UpstreamPerson{}, refusedOrAway("asking for claims", err)
		}
		person = p.person(claims.Subject, info.Claims)
	}
	if claims.AuthTime != 0 {
		person.AuthTime = claims.AuthTime.AsTime()
		if early := a.Asked.Sub(person.AuthTime); early > 0 && early <= clockSkew {
			person.AuthTime = a.Asked
		}
	}
	return person, nil
}

// person reads what claims tell. An address is proven when email_verified is true, and nothing else.
func (p *Provider) person(subject string, claims map[string]any) identity.UpstreamPerson {
	text := func(name string) string {
		value, _ := claims[name].(string)
		return value
	}
	verified, _ := claims["email_verified"].(bool)
	return identity.UpstreamPerson{
		Provider: p.cfg.Name, AccountID: subject, Email: text("email"), Name: text("name"),
		EmailVerified: verified || p.preset.textFlags && text("email_verified") == "true",
	}
}

// relyingParty is the library's form of this provider. Its endpoints are looked up when they are needed, and again after
// an hour; when that fails, those known are used on.
func (p *Provider) relyingParty(ctx context.Context) (rp.RelyingParty, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	age := p.cfg.Now().Sub(p.looked)
	switch {
	case p.party != nil && age < discoveryTime:
		return p.party, nil
	case p.party == nil && age < retryTime:
		return nil, ErrAway
	}
	party, err := p.load(ctx)
	p.looked = p.cfg.Now()
	if err == nil {
		p.party = party
	}
	if p.party == nil {
		return nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	return p.party, nil
}

func (p *Provider) load(ctx context.Context) (rp.RelyingParty, error) {
	options := []rp.Option{rp.WithHTTPClient(p.http), rp.WithVerifierOpts(
		rp.WithNonce(func(ctx context.Context) string {
			nonce, _ := ctx.Value(nonceKey{}).(string)
			return nonce
		}), rp.WithIssuedAtOffset(time.Minute),
	)}
	if p.preset.gitHub {
		return rp.NewRelyingPartyOAuth(p.gitHubConfig(), options...)
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	party, err := rp.NewRelyingPartyOIDC(ctx, p.cfg.Issuer, p.cfg.ClientID, p.cfg.ClientSecret, p.cfg.RedirectURI, p.cfg.Scopes,
		append(options, rp.WithSigningAlgsFromDiscovery())...)
	if err != nil {
		return nil, err
	}
	p.namesIssuer, err = p.announced(ctx)
	return party, err
}

// announced reads what the library leaves out of the metadata: whether answers name the issuer (RFC 9207, section 3).
func (p *Provider) announced(ctx context.Context) (bool, error) {
	document := strings.TrimSuffix(p.cfg.Issuer, "/") + oidc.DiscoveryEndpoint
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, document, nil)
	if err != nil {
		return false, fmt.Errorf("reading the metadata: %w", err)
	}
	response, err := p.http.Do(request)
	if err != nil {
		return false, fmt.Errorf("reading the metadata: %w", err)
	}
	defer response.Body.Close()
	var metadata struct {
		NamesIssuer bool `json:"authorization_response_iss_parameter_supported"`
	}
	if err := json.NewDecoder(response.Body).Decode(&metadata); err != nil {
		return false, fmt.Errorf("reading the metadata: %w", err)
	}
	return metadata.NamesIssuer, nil
}

// refusedOrAway tells what the provider said from what it failed to say.
func refusedOrAway(what string, err error) error {
	kind := ErrRefused
	var broken *url.Error
	refusal := new(oauth2.RetrieveError)
	if errors.As(err, &broken) || errors.As(err, &refusal) && refusal.Response != nil && refusal.Response.StatusCode >= 500 {
		kind = ErrAway
	}
	return fmt.Errorf("%w: %s: %w", kind, what, err)
}
