package ui

// Keys of signing in with other providers.
const (
	LoginWith     Key = "with.button"
	Or            Key = "with.or"
	WithAway      Key = "with.away"
	WithRefused   Key = "with.refused"
	WithNoEmail   Key = "with.noemail"
	WithLinkFirst Key = "with.linkfirst"
	WithLinked    Key = "with.linked"
	WithClosed    Key = "with.closed"
	LinkTitle     Key = "link.title"
	LinkLead      Key = "link.lead"
	LinkLeadPlain Key = "link.lead.plain"
	LinkButton    Key = "link.button"
	LinkOf        Key = "link.of"
	LinkedHeading Key = "linked.heading"
	LinkedLead    Key = "linked.lead"
	LinkedNot     Key = "linked.not"
	LinkDone      Key = "link.done"
	Unlink        Key = "unlink"
	UnlinkOf      Key = "unlink.of"
	UnlinkDone    Key = "unlink.done"
	UnlinkLast    Key = "unlink.last"
	EventLinked   Key = "event.linked"
	EventUnlinked Key = "event.unlinked"
	EventClaimed  Key = "event.claimed"
)

var withTexts = texts{
	LoginWith: {
		"Continue with {provider}",
		"Weiter mit {provider}",
	},
	Or: {
		"or",
		"oder",
	},
	WithAway: {
		"{provider} does not answer right now. Please try again, or sign in another way.",
		"{provider} antwortet gerade nicht. Bitte versuchen Sie es erneut oder melden Sie sich anders an.",
	},
	WithRefused: {
		"Signing in with {provider} did not work. Please try again, or sign in another way.",
		"Die Anmeldung mit {provider} hat nicht geklappt. Bitte versuchen Sie es erneut oder melden Sie sich anders an.",
	},
	WithNoEmail: {
		"{provider} told us no e-mail address. A new account needs one: please create it here, and link {provider} afterwards.",
		"{provider} hat keine E-Mail-Adresse genannt. Ein neues Konto braucht eine: Bitte erstellen Sie es hier und verbinden Sie {provider} danach.",
	},
	WithLinkFirst: {
		"An account with this e-mail address exists. Please sign in to it, and link {provider} under Security.",
		"Es gibt schon ein Konto mit dieser E-Mail-Adresse. Bitte melden Sie sich an und verbinden Sie {provider} unter „Sicherheit“.",
	},
	WithLinked: {
		"This account of {provider} is linked to another account here, or yours is linked to another one of {provider}.",
		"Dieses Konto bei {provider} ist mit einem anderen Konto verbunden, oder Ihres mit einem anderen bei {provider}.",
	},
	WithClosed: {
		"There is no account for you here yet, and new accounts cannot be created.",
		"Für Sie gibt es hier noch kein Konto, und neue Konten können nicht erstellt werden.",
	},
	LinkTitle: {
		"Link an account",
		"Konto verbinden",
	},
	LinkLead: {
		"From now on the account {theirs} at {provider} signs in to {ours}.",
		"Ab jetzt melden Sie sich mit dem Konto {theirs} bei {provider} als {ours} an.",
	},
	LinkLeadPlain: {
		"From now on your account at {provider} signs in to {ours}.",
		"Ab jetzt melden Sie sich mit Ihrem Konto bei {provider} als {ours} an.",
	},
	LinkOf: {
		"Link {provider}",
		"{provider} verbinden",
	},
	LinkedHeading: {
		"Other providers",
		"Andere Anbieter",
	},
	LinkedLead: {
		"Accounts elsewhere that sign in here.",
		"Konten bei anderen, mit denen Sie sich hier anmelden.",
	},
	LinkedNot: {
		"Not linked",
		"Nicht verbunden",
	},
	LinkDone: {
		"The account is linked.",
		"Das Konto ist verbunden.",
	},
	Unlink: {
		"Remove",
		"Entfernen",
	},
	UnlinkOf: {
		"Remove the link to {provider}",
		"Verbindung zu {provider} entfernen",
	},
	UnlinkDone: {
		"The link is removed.",
		"Die Verbindung ist entfernt.",
	},
	UnlinkLast: {
		"This is your only way to sign in. Please set a password first: “Forgot password” on the sign-in page sends you a link.",
		"Das ist Ihre einzige Möglichkeit, sich anzumelden. Bitte setzen Sie zuerst ein Passwort: „Passwort vergessen“ auf der Anmeldeseite schickt Ihnen einen Link.",
	},
	EventLinked: {
		"Account with another provider linked",
		"Konto bei einem anderen Anbieter verbunden",
	},
	EventUnlinked: {
		"Account with another provider removed",
		"Konto bei einem anderen Anbieter entfernt",
	},
	EventClaimed: {
		"Account taken over by whoever proved the address",
		"Konto von der Person übernommen, die die Adresse nachgewiesen hat",
	},
	LinkButton: {
		"Link it",
		"Verbinden",
	},
}
