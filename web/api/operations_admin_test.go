package api

import (
	"mana/ledger"
	"mana/provider"
)

// What requests of the administration API hold.
type (
	adminClientRequest struct {
		Name   string `json:"client_name" is:"required,1..60"`
		Public bool   `json:"public"`
		adminClientMembers
	}
	adminClientMembers struct {
		RedirectURIs           []string `json:"redirect_uris"`
		PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris"`
		GrantTypes             []string `json:"grant_types"`
		Scopes                 []string `json:"scopes"`
		AppIDs                 []string `json:"app_ids"`
		Audiences              []string `json:"audiences"`
		FirstParty             bool     `json:"first_party"`
		PKCEExempt             bool     `json:"pkce_exempt"`
		RotateRefresh          bool     `json:"rotate_refresh"`
		RefreshIdle            int64    `json:"refresh_idle" is:"0..31536000"`
		RefreshMax             int64    `json:"refresh_max" is:"0..31536000"`
		IDTokenLife            int64    `json:"id_token_life" is:"0..86400"`
		IDTokenAlg             string   `json:"id_token_signed_response_alg" is:"RS256|PS256|ES256|EdDSA"`
		Disabled               bool     `json:"disabled"`
	}
	adminClientChangeRequest struct {
		Name string `json:"client_name" is:"1..60"`
		adminClientMembers
	}
	overlapRequest struct {
		Overlap int64 `json:"overlap" is:"0..2592000"`
	}
	adminPackageRequest struct {
		Credits int64  `json:"credits" is:"required,1..1000000"`
		Name    string `json:"name" is:"required,1..60"`
		adminPackageMembers
	}
	adminPackageMembers struct {
		Description   string `json:"description" is:"0..200"`
		Place         int64  `json:"place" is:"0..1000000"`
		StripePriceID string `json:"stripe_price_id"`
		Active        bool   `json:"active"`
	}
	adminPackageChangeRequest struct {
		Name string `json:"name" is:"1..60"`
		adminPackageMembers
	}
	adminKeyRequest struct {
		Name        string   `json:"name" is:"required,1..60"`
		AppIDs      []string `json:"app_ids" is:"required"`
		Permissions []string `json:"permissions" is:"required"`
		adminKeyMembers
	}
	adminKeyMembers struct {
		CapUse    ledger.Amount `json:"cap_use" is:"cap"`
		CapDay    ledger.Amount `json:"cap_day" is:"cap"`
		Rate      int64         `json:"rate" is:"0..1000000"`
		ExpiresAt string        `json:"expires_at" is:"moment"`
	}
	adminKeyChangeRequest struct {
		Name        string   `json:"name" is:"1..60"`
		AppIDs      []string `json:"app_ids"`
		Permissions []string `json:"permissions"`
		adminKeyMembers
	}
	adminPersonRequest struct {
		Roles    []string `json:"roles"`
		Disabled bool     `json:"disabled"`
	}
)

// pages are the parameters of a list.
var pages = []parameter{
	{name: "limit", is: "1..200", number: true},
	{name: "cursor", text: "nextCursor of the page before, good for 24 hours"},
}

func administrationOperations() []operation {
	all := adminClientOperations()
	all = append(all, adminPackageOperations()...)
	all = append(all, adminKeyOperations()...)
	all = append(all, adminPeopleOperations()...)
	for i := range all {
		all[i].tag, all[i].faults = "Administration", problemFault
	}
	return all
}

const (
	seesAll    = "oauth " + provider.ScopeAdminRead
	tagText    = "If-Match with the ETag as it was read refuses a change that would undo another one: 412."
	onceText   = "The secret is in the answer, and nowhere later."
	adminPath  = provider.PathAdmin
	oneClient  = adminPath + "/clients/{clientId}"
	onePackage = adminPath + "/packages/{id}"
	oneKey     = adminPath + "/service-keys/{id}"
	onePerson  = adminPath + "/people/{id}"
)

func adminClientOperations() []operation {
	by := []string{"oauth " + provider.ScopeAdminClients}
	return []operation{
		{
			method: "GET", path: adminPath + "/clients", id: "adminClients", summary: "List clients", by: []string{seesAll}, query: pages,
			status: 200, answer: pageBody[clientBody]{}, headers: []string{"Link"},
		},
		{
			method: "POST", path: adminPath + "/clients", id: "adminRegister", summary: "Register a client", text: onceText, by: by,
			body: adminClientRequest{}, status: 201, answer: clientMadeBody{}, headers: []string{"ETag", "Location"},
		},
		{
			method: "GET", path: oneClient, id: "adminClient", summary: "Show a client", by: []string{seesAll},
			status: 200, answer: clientBody{}, also: []int{404}, headers: []string{"ETag"},
		},
		{
			method: "PATCH", path: oneClient, id: "adminChangeClient", summary: "Change what the body names of a client",
			text: tagText + " A client with admin scopes is changed by the operator alone.",
			by:   by, body: adminClientChangeRequest{}, status: 200, answer: clientBody{}, also: []int{404, 412}, headers: []string{"ETag"},
		},
		{
			method: "DELETE", path: oneClient, id: "adminRemoveClient", summary: "Delete a client, with all that people allowed it",
			by: by, status: 204, also: []int{404, 412},
		},
		{
			method: "POST", path: oneClient + "/secret", id: "adminRotateSecret", summary: "Give a client a new secret",
			text: onceText + " The one before it stays valid for overlap seconds.", by: by,
			body: overlapRequest{}, status: 200, answer: clientMadeBody{}, also: []int{404, 409, 412},
		},
	}
}

func adminPackageOperations() []operation {
	by := []string{"oauth " + provider.ScopeAdminPackages}
	return []operation{
		{
			method: "GET", path: adminPath + "/packages", id: "adminPackages", summary: "List packages, also those that are off",
			by: []string{seesAll}, query: pages, status: 200, answer: pageBody[offerBody]{}, headers: []string{"Link"},
		},
		{
			method: "POST", path: adminPath + "/packages", id: "adminCreatePackage", summary: "Create a package",
			text: "A credit costs one cent.", by: by, body: adminPackageRequest{}, status: 201, answer: offerBody{},
			headers: []string{"ETag", "Location"},
		},
		{
			method: "GET", path: onePackage, id: "adminPackage", summary: "Show a package", by: []string{seesAll},
			status: 200, answer: offerBody{}, also: []int{404}, headers: []string{"ETag"},
		},
		{
			method: "PATCH", path: onePackage, id: "adminChangePackage", summary: "Change what the body names of a package",
			text: "Credits and price stay. " + tagText, by: by, body: adminPackageChangeRequest{}, status: 200, answer: offerBody{},
			also: []int{404, 412}, headers: []string{"ETag"},
		},
	}
}

func adminKeyOperations() []operation {
	by := []string{"oauth " + provider.ScopeAdminKeys}
	return []operation{
		{
			method: "GET", path: adminPath + "/service-keys", id: "adminKeys", summary: "List service keys, also revoked ones",
			by: []string{seesAll}, query: pages, status: 200, answer: pageBody[serviceKeyBody]{}, headers: []string{"Link"},
		},
		{
			method: "POST", path: adminPath + "/service-keys", id: "adminCreateKey", summary: "Create a service key",
			text: "The value is in the answer, and nowhere later.", by: by, body: adminKeyRequest{}, status: 201, answer: keyMadeBody{},
			also: []int{409}, headers: []string{"ETag", "Location"},
		},
		{
			method: "GET", path: oneKey, id: "adminKey", summary: "Show a service key", by: []string{seesAll},
			status: 200, answer: serviceKeyBody{}, also: []int{404}, headers: []string{"ETag"},
		},
		{
			method: "PATCH", path: oneKey, id: "adminChangeKey", summary: "Change what the body names of a service key", text: tagText,
			by: by, body: adminKeyChangeRequest{}, status: 200, answer: serviceKeyBody{}, also: []int{404, 409, 412}, headers: []string{"ETag"},
		},
		{
			method: "DELETE", path: oneKey, id: "adminRevokeKey", summary: "Revoke a service key at once and for ever",
			by: by, status: 200, answer: serviceKeyBody{}, also: []int{404}, headers: []string{"ETag"},
		},
		{
			method: "POST", path: oneKey + "/value", id: "adminRotateKey", summary: "Give a service key a new value",
			text: "The one before it stays valid for overlap seconds.", by: by,
			body: overlapRequest{}, status: 200, answer: keyMadeBody{}, also: []int{404, 409},
		},
	}
}

func adminPeopleOperations() []operation {
	by := []string{"oauth " + provider.ScopeAdminPeople}
	return []operation{
		{
			method: "GET", path: adminPath + "/people", id: "adminPeople", summary: "Search people, the youngest account first", by: []string{seesAll},
			query:  append([]parameter{{name: "search", text: "How the address or the name begins"}}, pages...),
			status: 200, answer: pageBody[personBody]{}, headers: []string{"Link"},
		},
		{
			method: "GET", path: onePerson, id: "adminPerson", summary: "Show a person with their roles", by: []string{seesAll},
			status: 200, answer: standingBody{}, also: []int{404}, headers: []string{"ETag"},
		},
		{
			method: "PATCH", path: onePerson, id: "adminChangePerson", summary: "Replace the roles of a person, lock them out or let them in",
			text: "Nobody becomes an administrator by it, and none is locked out. " + tagText,
			by:   by, body: adminPersonRequest{}, status: 200, answer: standingBody{}, also: []int{404, 412}, headers: []string{"ETag"},
		},
		{
			method: "DELETE", path: onePerson + "/sessions", id: "adminSignOut", summary: "Sign a person out everywhere", by: by, status: 204, also: []int{404},
		},
	}
}
