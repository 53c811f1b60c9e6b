package ui

// Keys of the consent page.
const (
	ConsentTitle      Key = "consent.title"
	NotYou            Key = "consent.notyou"
	ConsentNew        Key = "consent.new"
	Allow             Key = "consent.allow"
	ConsentFoot       Key = "consent.foot"
	ScopeOpenID       Key = "scope.openid"
	ScopeProfile      Key = "scope.profile"
	ScopeEmail        Key = "scope.email"
	ScopeAddress      Key = "scope.address"
	ScopePhone        Key = "scope.phone"
	ScopeRoles        Key = "scope.roles"
	ScopeOffline      Key = "scope.offline"
	ScopeClaims       Key = "scope.claims"
	ScopeCreditsRead  Key = "scope.credits.read"
	ScopeCreditsSpend Key = "scope.credits.spend"
)

var consentTexts = texts{
	ConsentTitle: {
		"Allow {app}?",
		"Zugriff für {app} erlauben?",
	},
	NotYou: {
		"Not you?",
		"Nicht Ihr Konto?",
	},
	ConsentNew: {
		"New",
		"Neu",
	},
	Allow: {
		"Allow",
		"Erlauben",
	},
	ConsentFoot: {
		"After this you return to {host}. You decide again when the app asks for more.",
		"Danach kehren Sie zurück zu {host}. Wenn die App mehr möchte, entscheiden Sie erneut.",
	},
	ScopeOpenID: {
		"Recognise you when you come back",
		"Sie wiedererkennen, wenn Sie zurückkommen",
	},
	ScopeProfile: {
		"See your name, picture and profile",
		"Ihren Namen, Ihr Bild und Ihr Profil sehen",
	},
	ScopeEmail: {
		"See your e-mail address",
		"Ihre E-Mail-Adresse sehen",
	},
	ScopeAddress: {
		"See your postal address",
		"Ihre Postanschrift sehen",
	},
	ScopeRoles: {
		"See the roles that were given to you here",
		"Die Rollen sehen, die Sie hier erhalten haben",
	},
	ScopePhone: {
		"See your phone number",
		"Ihre Telefonnummer sehen",
	},
	ScopeOffline: {
		"Keep this access while you are away, until you end it",
		"Diesen Zugriff behalten, während Sie nicht da sind, bis Sie ihn beenden",
	},
	ScopeClaims: {
		"See these details: {list}",
		"Diese Angaben sehen: {list}",
	},
	ScopeCreditsRead: {
		"See your credits and their history",
		"Ihre Credits und deren Verlauf sehen",
	},
	ScopeCreditsSpend: {
		"Spend your credits",
		"Ihre Credits ausgeben",
	},
}
