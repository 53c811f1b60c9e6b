package api

import (
	"mana/provider"
)

// operation is one route of the table in web/routes.go as the document describes it.
type operation struct {
	method, path string
	id           string // operationId, unique
	tag          string
	summary      string
	text         string   // what else there is to know, may be empty
	by           []string // credentials, one of which is needed; empty: none
	query        []parameter
	form         bool   // the body is a form
	body         any    // a value of the type of the request, nil without
	status       int    // of success
	answer       any    // a value of the type of the answer, nil without a body
	media        string // of the answer; empty: JSON
	also         []int  // further statuses, besides those that follow from the rest
	headers      []string
	faults       faults
}

// faults is the form of refusals.
type faults int

const (
	contractFault faults = iota
	problemFault
	protocolFault
	pageFault
)

// parameter is one of the query.
type parameter struct {
	name, text, is string // is: as in the tags of requests
	number         bool
}

// The ways to prove who calls.
const (
	firstParty = "firstParty"
	service    = "serviceKey"
	client     = "client"
	reads      = "oauth " + provider.ScopeCreditsRead
	spends     = "oauth " + provider.ScopeCreditsSpend
	knows      = "oauth openid"
)

// jwkSet is the media type of a set of keys (RFC 7517, section 8.5.2).
const jwkSet = "application/jwk-set+json"

// The parts of the document, in their order.
var tags = [][2]string{
	{"OpenID Connect", "Signing people in, and tokens. Use a library of your language: it needs the issuer alone."},
	{"Sign-in", "First-party sign-in with e-mail and password, and the sessions of it."},
	{"Account", "What a person may see and change of themselves."},
	{"Credits", "Balance, use and history of a person's credits, by the person's token."},
	{"Holds", "Credits set aside before work whose price is not known yet."},
	{"Purchases", "Buying packages of credits through Stripe."},
	{"Back ends", "Credits by service key: for the server of an app, on behalf of its people."},
	{"Administration", "Clients, packages, service keys and people, for programs that set them up: as in a file of mana apply. A client shows a " +
		"token of the client credentials grant with admin scopes, which the operator alone gives."},
	{"Health", "Whether the program runs."},
}

// operations are those of the document, in its order. TestRoutes of package web holds them against the table of routes.
func operations() []operation {
	list := protocolOperations()
	list = append(list, signInOperations()...)
	list = append(list, accountOperations()...)
	list = append(list, creditOperations()...)
	list = append(list, holdOperations()...)
	list = append(list, purchaseOperations()...)
	list = append(list, serviceOperations()...)
	list = append(list, administrationOperations()...)
	return append(list, healthOperations()...)
}

func protocolOperations() []operation {
	const tag, get, post = "OpenID Connect", "GET", "POST"
	document := func(path, id, summary string) operation {
		return operation{
			method: get, path: path, id: id, tag: tag, summary: summary, status: 200, answer: anyObject{}, also: []int{304},
			faults: protocolFault, headers: []string{"ETag"},
		}
	}
	authorize := []parameter{
		{name: "response_type", is: "required,code"},
		{name: "client_id", is: "required"},
		{name: "redirect_uri", is: "required"},
		{name: "scope", is: "required", text: "With openid, divided by blanks"},
		{name: "code_challenge", is: "required,43..43", text: "RFC 7636"},
		{name: "code_challenge_method", is: "required,S256"},
		{name: "state"},
		{name: "nonce"},
		{name: "response_mode", is: "query|form_post"},
		{name: "prompt", text: "none, login, consent, select_account, create"},
		{name: "max_age", text: "Seconds since the person last proved who they are"},
		{name: "login_hint"},
		{name: "id_token_hint"},
		{name: "acr_values"},
		{name: "claims"},
		{name: "ui_locales"},
		{name: "resource", text: "RFC 8707: the API that the access token is for"},
	}
	keys := document(provider.PathJWKS, "keys", "Keys that verify our tokens")
	keys.answer, keys.media = keySet{}, jwkSet
	return []operation{
		document(provider.PathDiscovery, "discovery", "Metadata of the provider"),
		document(provider.PathAuthorizationServer, "authorizationServer", "Metadata of the authorization server (RFC 8414)"),
		document(provider.PathCreditsMetadata, "creditsResource", "Metadata of the credits API as a protected resource (RFC 9728)"),
		document(provider.PathAdminMetadata, "adminResource", "Metadata of the administration API as a protected resource (RFC 9728)"),
		keys,
		{
			method: get, path: provider.PathAuthorize, id: "authorize", tag: tag, summary: "Ask a person to sign in",
			text:  "Visited by the browser. It ends at redirect_uri with code, state and iss.",
			query: authorize, status: 303, also: []int{200, 302, 400}, faults: pageFault,
		},
		{
			method: post, path: provider.PathAuthorize, id: "authorizePosted", tag: tag, summary: "Ask a person to sign in, by a form",
			form: true, body: authorizeForm{}, status: 303, also: []int{200, 302, 400}, faults: pageFault,
		},
		{
			method: post, path: provider.PathToken, id: "token", tag: tag, summary: "Get tokens for a code, a refresh token, or the client itself",
			by: []string{client}, form: true, body: tokenForm{}, status: 200, answer: tokenAnswer{}, faults: protocolFault,
		},
		{
			method: get, path: provider.PathUserInfo, id: "userinfo", tag: tag, summary: "Claims about the person of a token",
			by: []string{knows}, status: 200, answer: anyObject{}, also: []int{400}, faults: protocolFault,
		},
		{
			method: post, path: provider.PathUserInfo, id: "userinfoPosted", tag: tag, summary: "Claims about the person of a token, by POST",
			by: []string{knows}, status: 200, answer: anyObject{}, also: []int{400, 415}, faults: protocolFault,
		},
		{
			method: post, path: provider.PathIntrospect, id: "introspect", tag: tag, summary: "Ask whether a token holds (RFC 7662)",
			by: []string{client}, form: true, body: tokenHintForm{}, status: 200, answer: introspectionAnswer{}, faults: protocolFault,
		},
		{
			method: post, path: provider.PathRevoke, id: "revoke", tag: tag, summary: "End a token (RFC 7009)",
			by: []string{client}, form: true, body: tokenHintForm{}, status: 200, faults: protocolFault,
		},
		{
			method: get, path: provider.PathEndSession, id: "endSession", tag: tag, summary: "Sign a person out, from an app",
			text: "Visited by the browser.",
			query: []parameter{
				{name: "id_token_hint"},
				{name: "client_id"},
				{name: "post_logout_redirect_uri"},
				{name: "state"},
				{name: "logout_hint"},
				{name: "ui_locales"},
			},
			status: 302, also: []int{200, 303, 400}, faults: pageFault,
		},
		{
			method: post, path: provider.PathEndSession, id: "endSessionPosted", tag: tag, summary: "Sign a person out, by a form",
			form: true, body: endSessionForm{}, status: 303, also: []int{200, 302, 400, 415}, faults: pageFault,
		},
	}
}

func signInOperations() []operation {
	const tag, auth = "Sign-in", "/api/v1/auth"
	return []operation{
		{
			method: "POST", path: auth + "/register", id: "register", tag: tag, summary: "Create a person",
			text: "404 where sign-up is closed. Nobody is signed in by it.",
			body: registerRequest{}, status: 201, answer: registered{}, also: []int{404, 409},
		},
		{
			method: "POST", path: auth + "/login", id: "login", tag: tag, summary: "Sign in with e-mail and password",
			text: "401 MFA_REQUIRED: a person with a second factor signs in on the pages.",
			body: loginRequest{}, status: 200, answer: loggedIn{}, also: []int{401, 403},
		},
		{
			method: "POST", path: auth + "/refresh", id: "refresh", tag: tag, summary: "Get new tokens for a refresh token",
			text: "The refresh token is used up. One that comes a second time ends the session.",
			body: refreshRequest{}, status: 200, answer: loggedIn{}, also: []int{401},
		},
		{
			method: "POST", path: auth + "/logout", id: "logout", tag: tag, summary: "End the session of a token",
			text: "An access token in the header, a refresh token in the body, or both.",
			body: logoutRequest{}, status: 200, answer: loggedOut{}, also: []int{401},
		},
		{
			method: "POST", path: auth + "/validate", id: "validate", tag: tag, summary: "Ask whether a first-party access token holds",
			text: "Verify tokens by their signature instead where you can: it takes no call.",
			body: validateRequest{}, status: 200, answer: validated{},
		},
		{
			method: "GET", path: auth + "/jwks", id: "contractKeys", tag: tag, summary: "Keys that verify our tokens",
			status: 200, answer: keySet{}, media: jwkSet, also: []int{304}, headers: []string{"ETag"},
		},
		{
			method: "POST", path: auth + "/forgot-password", id: "forgotPassword", tag: tag, summary: "Send a link to set a new password",
			text: "Answers alike whether somebody has the address or not.",
			body: forgotRequest{}, status: 200, answer: succeeded{},
		},
		{
			method: "POST", path: auth + "/reset-password", id: "resetPassword", tag: tag, summary: "Set a password by a link",
			body: resetRequest{}, status: 200, answer: succeeded{},
		},
		{
			method: "POST", path: auth + "/resend-verification", id: "resendVerification", tag: tag, summary: "Send the link that proves an address once more",
			body: resendRequest{}, status: 200, answer: succeeded{},
		},
		{
			method: "POST", path: auth + "/verify-email", id: "verifyEmail", tag: tag, summary: "Prove an address by a link",
			body: verifyRequest{}, status: 200, answer: succeeded{},
		},
	}
}

func accountOperations() []operation {
	const tag, auth = "Account", "/api/v1/auth"
	by := []string{firstParty}
	return []operation{
		{
			method: "GET", path: auth + "/profile", id: "profile", tag: tag, summary: "Who the caller is",
			by: by, status: 200, answer: profileBody{},
		},
		{
			method: "POST", path: auth + "/profile", id: "editProfile", tag: tag, summary: "Set name and picture",
			by: by, body: profileRequest{}, status: 200, answer: editedBody{},
		},
		{
			method: "POST", path: auth + "/change-password", id: "changePassword", tag: tag, summary: "Set another password",
			text: "Ends all other sessions.",
			by:   by, body: passwordRequest{}, status: 200, answer: succeeded{}, also: []int{403},
		},
		{
			method: "DELETE", path: auth + "/account", id: "deleteAccount", tag: tag, summary: "Delete the caller's account",
			text: "Everything personal is erased and the wallet closed.",
			by:   by, body: deletionRequest{}, status: 200, answer: succeeded{}, also: []int{403, 409},
		},
		{
			method: "GET", path: auth + "/session", id: "session", tag: tag, summary: "The caller and the session of the token",
			by: by, status: 200, answer: currentBody{}, also: []int{404},
		},
		{
			method: "GET", path: auth + "/sessions", id: "sessions", tag: tag, summary: "Where the caller is signed in",
			by: by, status: 200, answer: []sessionBody{},
		},
		{
			method: "DELETE", path: auth + "/sessions/{id}", id: "endSessionOf", tag: tag, summary: "End one of the caller's sessions",
			by: by, status: 200, answer: succeeded{}, also: []int{404},
		},
		{
			method: "GET", path: auth + "/security-events", id: "securityEvents", tag: tag, summary: "What happened to the account",
			by: by, query: []parameter{{name: "limit", is: "1..500", number: true}}, status: 200, answer: []eventBody{},
		},
	}
}

// moments are the parameters from and to of the query.
var moments = []parameter{
	{name: "from", text: "A day or a moment, such as 2026-01-31 or 2026-01-31T12:00:00Z", is: "moment"},
	{name: "to", text: "A day or a moment, before which it was", is: "moment"},
}

func creditOperations() []operation {
	const tag, credits = "Credits", provider.PathCredits
	shown := []string{"Credits"}
	return []operation{
		{
			method: "GET", path: credits + "/balance", id: "balance", tag: tag, summary: "Read the balance",
			by: []string{reads, firstParty}, status: 200, answer: balanceBody{}, also: []int{304}, headers: []string{"Credits", "ETag"},
		},
		{
			method: "POST", path: credits + "/use", id: "use", tag: tag, summary: "Spend credits",
			text: "Make the idempotency key before the first try and keep it: the same key with the same request is answered as the first time and " +
				"costs nothing. With a service key, userId names the person and appId may be left out.",
			by: []string{spends, firstParty, service}, body: useRequest{}, status: 201, answer: receiptBody{}, also: []int{402, 404, 409, 422},
			headers: []string{"Credits", "Idempotency-Replayed"},
		},
		{
			method: "GET", path: credits + "/transactions", id: "transactions", tag: tag, summary: "List the history by offset",
			by: []string{reads, firstParty}, status: 200, answer: []transactionBody{}, headers: shown,
			query: []parameter{{name: "limit", is: "1..1000", number: true}, {name: "offset", is: "0..100000", number: true}},
		},
		{
			method: "GET", path: credits + "/history", id: "history", tag: tag, summary: "List the history by cursor",
			by: []string{reads, firstParty}, status: 200, answer: pageBody[transactionBody]{}, faults: problemFault,
			query: append([]parameter{
				{name: "limit", is: "1..200", number: true},
				{name: "cursor", text: "nextCursor of the page before, good for 24 hours and the same filter"},
				{name: "app", is: "app", text: "Of this app only"},
				{name: "type", is: "purchase|usage|refund|bonus|expiry|adjustment"},
			}, moments...),
			headers: []string{"Credits", "Link"},
		},
		{
			method: "GET", path: credits + "/usage", id: "usage", tag: tag, summary: "Sum up what apps charged",
			text: "The last 30 days of UTC, or those from a day and before another, at most 366.",
			by:   []string{reads, firstParty}, status: 200, answer: pageBody[usageBody]{}, faults: problemFault, headers: shown,
			query: []parameter{{name: "by", is: "app|day"}, {name: "from", is: "day"}, {name: "to", is: "day"}},
		},
		{
			method: "GET", path: credits + "/export", id: "export", tag: tag, summary: "Stream the history, the oldest first",
			by: []string{reads, firstParty}, status: 200, media: "text/csv", faults: problemFault,
			query: append([]parameter{
				{name: "format", is: "csv|jsonl"},
				{name: "after", is: "0..9007199254740991", number: true, text: "The seq of the last row that is known"},
			}, moments...),
			headers: []string{"Credits", "Credits-Export-Rows"},
		},
		{
			method: "POST", path: credits + "/refunds", id: "refund", tag: tag, summary: "Give back part of a use, or the rest of it",
			text: "By the app that charged it, with a token of the client credentials grant. Without amount: all that is left.",
			by:   []string{spends}, body: refundRequest{}, status: 201, answer: receiptBody{}, also: []int{404, 409, 422}, faults: problemFault,
			headers: []string{"Credits", "Idempotency-Replayed"},
		},
	}
}

func holdOperations() []operation {
	const tag, holds = "Holds", provider.PathCredits + "/holds"
	read, spend := []string{reads, firstParty, service}, []string{spends, firstParty, service}
	both := []string{"Credits", "Idempotency-Replayed"}
	return []operation{
		{
			method: "POST", path: holds, id: "hold", tag: tag, summary: "Set credits aside",
			text: "An idempotency key is required, in the body or the header. With a service key, userId names the person.",
			by:   spend, body: holdRequest{}, status: 201, answer: holdBody{}, also: []int{402, 404, 409, 422}, faults: problemFault, headers: both,
		},
		{
			method: "GET", path: holds, id: "holds", tag: tag, summary: "List holds, the newest first",
			by: read, status: 200, answer: pageBody[holdBody]{}, also: []int{404}, faults: problemFault, headers: []string{"Credits"},
			query: []parameter{
				{name: "state", is: "open|captured|released|expired"},
				{name: "limit", is: "1..100", number: true},
				{name: "before", is: "uuid", text: "nextCursor of the page before"},
				{name: "userId", is: "uuid", text: "The person, with a service key"},
			},
		},
		{
			method: "GET", path: holds + "/{id}", id: "holdById", tag: tag, summary: "Read a hold",
			by: read, status: 200, answer: holdBody{}, also: []int{404}, faults: problemFault, headers: []string{"Credits"},
		},
		{
			method: "POST", path: holds + "/{id}/capture", id: "capture", tag: tag, summary: "Spend a hold, or part of it",
			text: "What is not spent is released, unless final is false. An idempotency key is required.",
			by:   spend, body: captureRequest{}, status: 201, answer: capturedBody{}, also: []int{404, 409, 422}, faults: problemFault, headers: both,
		},
		{
			method: "POST", path: holds + "/{id}/extend", id: "extend", tag: tag, summary: "Make a hold longer, or larger",
			text: "expiresIn, addAmount, or both. An idempotency key is required.",
			by:   spend, body: extendRequest{}, status: 200, answer: holdBody{}, also: []int{402, 404, 409, 422}, faults: problemFault, headers: both,
		},
		{
			method: "POST", path: holds + "/{id}/release", id: "release", tag: tag, summary: "Give a hold back",
			by: spend, body: releaseRequest{}, status: 200, answer: holdBody{}, also: []int{404, 409}, faults: problemFault, headers: both,
		},
	}
}

func purchaseOperations() []operation {
	const tag, credits = "Purchases", provider.PathCredits
	read, spend := []string{reads, firstParty}, []string{spends, firstParty}
	return []operation{
		{
			method: "GET", path: credits + "/packages", id: "packages", tag: tag, summary: "List what can be bought",
			status: 200, answer: []packageBody{},
		},
		{
			method: "POST", path: credits + "/payment-link", id: "paymentLink", tag: tag, summary: "Begin to buy on Stripe's payment page",
			by: spend, body: linkRequest{}, status: 201, answer: linkBody{}, also: []int{404, 409},
		},
		{
			method: "POST", path: credits + "/purchase", id: "purchase", tag: tag, summary: "Begin to buy, with a page of your own",
			by: spend, body: purchaseRequest{}, status: 201, answer: begunBody{}, also: []int{404, 409},
		},
		{
			method: "GET", path: credits + "/purchase/{id}", id: "purchaseById", tag: tag, summary: "Read a purchase",
			by: read, status: 200, answer: stateBody{}, also: []int{404},
		},
		{
			method: "GET", path: credits + "/purchases", id: "purchases", tag: tag, summary: "List what the person bought",
			by: read, status: 200, answer: []purchaseBody{},
		},
		{
			method: "POST", path: "/api/v1/webhooks/stripe", id: "stripeEvent", tag: tag, summary: "Take an event of Stripe",
			text:   "For Stripe alone: the body is signed in the header Stripe-Signature.",
			status: 200, answer: receivedBody{}, also: []int{413},
		},
	}
}

func serviceOperations() []operation {
	const tag, credits, internal = "Back ends", provider.PathCredits, "/api/v1/internal/credits"
	by := []string{service}
	balance := operation{
		method: "GET", path: credits + "/balance/{userId}", id: "balanceOf", tag: tag, summary: "Read the balance of a person",
		by: by, status: 200, answer: balanceBody{}, also: []int{304, 404}, headers: []string{"Credits", "ETag"},
	}
	refund := operation{
		method: "POST", path: credits + "/refund", id: "refundOf", tag: tag, summary: "Give credits of a use back to a person",
		text: "It names the use by transactionId, or gives back of the newest one that fits.",
		by:   by, body: serviceRefundRequest{}, status: 201, answer: receiptBody{}, also: []int{404, 409, 422},
		headers: []string{"Credits", "Idempotency-Replayed"},
	}
	release := operation{
		method: "POST", path: internal + "/release", id: "releaseReservation", tag: tag, summary: "Give a reservation back",
		by: by, body: reservationRequest{}, status: 200, answer: releasedBody{}, also: []int{404, 409},
		headers: []string{"Credits", "Idempotency-Replayed"},
	}
	return []operation{
		balance,
		refund,
		moved(balance, internal+"/balance/{userId}", "internalBalance"),
		{
			method: "POST", path: internal + "/use", id: "internalUse", tag: tag, summary: "Spend credits of a person",
			by: by, body: serviceUseRequest{}, status: 201, answer: receiptBody{}, also: []int{402, 404, 409, 422},
			headers: []string{"Credits", "Idempotency-Replayed"},
		},
		moved(refund, internal+"/refund", "internalRefund"),
		{
			method: "POST", path: internal + "/reserve", id: "reserve", tag: tag, summary: "Set credits of a person aside",
			by: by, body: reserveRequest{}, status: 200, answer: reservedBody{}, also: []int{402, 404, 409, 422},
			headers: []string{"Credits", "Idempotency-Replayed"},
		},
		{
			method: "POST", path: internal + "/commit", id: "commit", tag: tag, summary: "Spend a reservation",
			by: by, body: commitRequest{}, status: 200, answer: committedBody{}, also: []int{404, 409, 422},
			headers: []string{"Credits", "Idempotency-Replayed"},
		},
		release,
		moved(release, internal+"/refund-reservation", "refundReservation"),
		{
			method: "POST", path: internal + "/init", id: "init", tag: tag, summary: "Make sure that a person has a wallet",
			by: by, body: initRequest{}, status: 200, answer: balanceBody{}, also: []int{304, 404}, headers: []string{"Credits", "ETag"},
		},
	}
}

// moved is an operation under its other path.
func moved(o operation, path, id string) operation {
	o.path, o.id, o.text = path, id, "The same under the contract's second path."
	return o
}

func healthOperations() []operation {
	state := func(path, id, summary string) operation {
		return operation{method: "GET", path: path, id: id, tag: "Health", summary: summary, status: 200, answer: health{}}
	}
	return []operation{
		state("/health", "health", "The process answers"),
		state("/api/v1/health", "contractHealth", "The process answers, under the contract's path"),
		state("/health/live", "live", "The process answers, in the fewest bytes"),
		state("/health/ready", "ready", "The program can serve"),
	}
}
