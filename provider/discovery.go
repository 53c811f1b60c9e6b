package provider

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/text/language"
)

// metadata is the discovery document: the library's members, and those that it lacks or would leave out
// when they are false.
type metadata struct {
	oidc.DiscoveryConfiguration
	RequestParameterSupported    bool     `json:"request_parameter_supported"`
	RequestURIParameterSupported bool     `json:"request_uri_parameter_supported"`
	ClaimsParameterSupported     bool     `json:"claims_parameter_supported"`
	PromptValuesSupported        []string `json:"prompt_values_supported"`
	ProtectedResources           []string `json:"protected_resources"`
	IssParameterSupported        bool     `json:"authorization_response_iss_parameter_supported"`
}

// metadata encodes what this provider really does, and nothing else.
func (p *Provider) metadata() ([]byte, error) {
	secretMethods := []oidc.AuthMethod{oidc.AuthMethodBasic, oidc.AuthMethodPost}
	prompts := []string{oidc.PromptNone, oidc.PromptLogin, oidc.PromptConsent, oidc.PromptSelectAccount}
	if p.signupOpen {
		prompts = append(prompts, promptCreate)
	}
	m := metadata{
		DiscoveryConfiguration: oidc.DiscoveryConfiguration{
			Issuer:                p.issuer,
			AuthorizationEndpoint: p.issuer + PathAuthorize,
			TokenEndpoint:         p.issuer + PathToken,
			UserinfoEndpoint:      p.issuer + PathUserInfo,
			IntrospectionEndpoint: p.issuer + PathIntrospect,
			RevocationEndpoint:    p.issuer + PathRevoke,
			EndSessionEndpoint:    p.issuer + PathEndSession,
			JwksURI:               p.issuer + PathJWKS,

			ScopesSupported:                   Scopes(),
			ResponseTypesSupported:            []string{string(oidc.ResponseTypeCode)},
			ResponseModesSupported:            []string{modeQuery, modeFormPost},
			GrantTypesSupported:               grantTypes(),
			ACRValuesSupported:                acrValues(),
			SubjectTypesSupported:             []string{"public"},
			IDTokenSigningAlgValuesSupported:  p.ring.Algorithms(),
			CodeChallengeMethodsSupported:     []oidc.CodeChallengeMethod{oidc.CodeChallengeMethodS256},
			TokenEndpointAuthMethodsSupported: append(secretMethods, oidc.AuthMethodNone),

			RevocationEndpointAuthMethodsSupported:    append(secretMethods, oidc.AuthMethodNone),
			IntrospectionEndpointAuthMethodsSupported: secretMethods,

			ClaimTypesSupported:    []string{"normal"},
			ClaimsSupported:        supportedClaims(),
			DisplayValuesSupported: []oidc.Display{oidc.DisplayPage},
			UILocalesSupported:     oidc.Locales{language.English, language.German},
		},
		ClaimsParameterSupported: true,

		PromptValuesSupported: prompts,
		ProtectedResources:    []string{p.CreditsResource()},
		IssParameterSupported: true,
	}
	body, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encoding the metadata: %w", err)
	}
	return body, nil
}

// supportedClaims lists the claims that ID tokens and userinfo can hold.
func supportedClaims() []string {
	all := []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash"}
	for _, scope := range claimScopes {
		all = append(all, scopeClaims[scope]...)
	}
	return all
}

// PathCreditsMetadata is where the credits API describes itself as a protected resource (RFC 9728,
// section 3.1: the well-known name is inserted before the path).
const PathCreditsMetadata = "/.well-known/oauth-protected-resource" + PathCredits

// CreditsMetadataURL is the address that challenges name.
func (p *Provider) CreditsMetadataURL() string { return p.issuer + PathCreditsMetadata }

// resourceMetadata describes a protected resource (RFC 9728, section 2).
type resourceMetadata struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers"`
	BearerMethods        []string `json:"bearer_methods_supported"`
	Scopes               []string `json:"scopes_supported"`
	Name                 string   `json:"resource_name"`
}

// PathAdminMetadata is where the administration API describes itself.
const PathAdminMetadata = "/.well-known/oauth-protected-resource" + PathAdmin

// AdminMetadataURL is the address that its challenges name.
func (p *Provider) AdminMetadataURL() string { return p.issuer + PathAdminMetadata }

// AdminMetadata serves the description of the administration API.
func (p *Provider) AdminMetadata() (http.Handler, error) {
	return p.describeResource(p.AdminResource(), "Mana administration", AdminScopes())
}

// CreditsMetadata serves the description of the credits API.
func (p *Provider) CreditsMetadata() (http.Handler, error) {
	return p.describeResource(p.CreditsResource(), "Mana credits", []string{ScopeCreditsRead, ScopeCreditsSpend})
}

func (p *Provider) describeResource(resource, name string, scopes []string) (http.Handler, error) {
	body, err := json.Marshal(resourceMetadata{
		Resource: resource, AuthorizationServers: []string{p.issuer}, BearerMethods: []string{"header"}, Scopes: scopes, Name: name,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the metadata of %s: %w", name, err)
	}
	return NewDocument("application/json", body, cacheMetadata), nil
}
