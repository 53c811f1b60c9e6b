package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"golang.org/x/oauth2"

	"mana/provider/identity"
)

func (p *Provider) gitHubConfig() *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret, RedirectURL: p.cfg.RedirectURI, Scopes: p.cfg.Scopes,
		Endpoint: oauth2.Endpoint{
			AuthURL: p.cfg.Issuer + "/login/oauth/authorize", TokenURL: p.cfg.Issuer + "/login/oauth/access_token",
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
}

// gitHubAPI is the address of the API: of GitHub itself, or of a GitHub Enterprise Server.
func (p *Provider) gitHubAPI() string {
	if p.cfg.Issuer == p.preset.issuer {
		return "https://api.github.com"
	}
	return p.cfg.Issuer + "/api/v3"
}

// gitHubPerson asks the API who a code is of. The id is the number of the account, since names change hands.
func (p *Provider) gitHubPerson(ctx context.Context, party rp.RelyingParty, a Attempt, code string) (identity.UpstreamPerson, error) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, p.http)
	token, err := party.OAuthConfig().Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return identity.UpstreamPerson{}, refusedOrAway("exchanging a code", err)
	}
	var account struct {
		ID          int64
		Name, Login string
	}
	if err := p.ask(ctx, token, "/user", &account); err != nil {
		return identity.UpstreamPerson{}, err
	}
	if account.ID <= 0 {
		return identity.UpstreamPerson{}, fmt.Errorf("%w: the account has no id", ErrAway)
	}
	var emails []struct {
		Email             string
		Primary, Verified bool
	}
	if err := p.ask(ctx, token, "/user/emails", &emails); err != nil {
		return identity.UpstreamPerson{}, err
	}
	person := identity.UpstreamPerson{Provider: p.cfg.Name, AccountID: strconv.FormatInt(account.ID, 10), Name: account.Name}
	for _, email := range emails {
		if email.Primary {
			person.Email, person.EmailVerified = email.Email, email.Verified
		}
	}
	return person, nil
}

// ask reads one document of the API.
func (p *Provider) ask(ctx context.Context, token *oauth2.Token, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.gitHubAPI()+path, nil)
	if err != nil {
		return fmt.Errorf("asking the API: %w", err)
	}
	request.Header.Set("Accept", "application/vnd.github+json")
	token.SetAuthHeader(request)
	response, err := p.http.Do(request)
	if err != nil {
		return fmt.Errorf("%w: asking the API: %w", ErrAway, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: the API answers %d", ErrAway, response.StatusCode)
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return fmt.Errorf("%w: reading an answer of the API: %w", ErrAway, err)
	}
	return nil
}
