package ui

// Keys of the demo application.
const (
	DemoTitle        Key = "demo.title"
	DemoLead         Key = "demo.lead"
	DemoProblem      Key = "demo.problem"
	DemoStart        Key = "demo.start"
	DemoStartText    Key = "demo.start.text"
	DemoLogin        Key = "demo.login"
	DemoLogout       Key = "demo.logout"
	DemoSpendHeading Key = "demo.spend.heading"
	DemoSpend        Key = "demo.spend"
	DemoAgain        Key = "demo.again"
	DemoAnswer       Key = "demo.answer"
	DemoReplayed     Key = "demo.replayed"
	DemoTransaction  Key = "demo.transaction"
	DemoBefore       Key = "demo.before"
	DemoAfter        Key = "demo.after"
	DemoRequest      Key = "demo.request"
	DemoChecks       Key = "demo.checks"
	DemoClaims       Key = "demo.claims"
	DemoCurl         Key = "demo.curl"
)

var demoTexts = texts{
	DemoTitle: {
		"Demo application",
		"Demo-Anwendung",
	},
	DemoLead: {
		"An ordinary relying party: it knows the issuer's address and its own client id and secret, and nothing else.",
		"Eine gewöhnliche Relying Party: Sie kennt die Adresse des Issuers und ihre eigene Client-ID mit Secret, sonst nichts.",
	},
	DemoProblem: {
		"That did not work",
		"Das hat nicht funktioniert",
	},
	DemoStart: {
		"Start here",
		"Hier geht es los",
	},
	DemoStartText: {
		"You sign in, allow the demo to see who you are and to spend credits, and come back with an ID token that it verifies.",
		"Sie melden sich an, erlauben der Demo zu sehen, wer Sie sind, und Credits auszugeben, und kommen mit einem ID-Token zurück, das sie prüft.",
	},
	DemoLogin: {
		"Log in with Mana",
		"Mit Mana anmelden",
	},
	DemoLogout: {
		"Log out",
		"Abmelden",
	},
	DemoSpendHeading: {
		"Spend a credit",
		"Einen Credit ausgeben",
	},
	DemoSpend: {
		"Spend 1 credit",
		"1 Credit ausgeben",
	},
	DemoAgain: {
		"Send the same request again",
		"Dieselbe Anfrage noch einmal senden",
	},
	DemoAnswer: {
		"Answer",
		"Antwort",
	},
	DemoReplayed: {
		"Replayed: nothing was charged again",
		"Wiederholt: Es wurde nicht noch einmal abgebucht",
	},
	DemoTransaction: {
		"Transaction",
		"Buchung",
	},
	DemoBefore: {
		"Balance before",
		"Guthaben vorher",
	},
	DemoAfter: {
		"Balance after",
		"Guthaben nachher",
	},
	DemoRequest: {
		"The request, as curl, and its answer",
		"Die Anfrage als curl und ihre Antwort",
	},
	DemoChecks: {
		"Checks of the ID token",
		"Prüfungen des ID-Tokens",
	},
	DemoClaims: {
		"Claims of the ID token",
		"Claims des ID-Tokens",
	},
	DemoCurl: {
		"How the code was exchanged",
		"So wurde der Code eingetauscht",
	},
}
