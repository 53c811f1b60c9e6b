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
	DemoNoDiscovery  Key = "demo.problem.discovery"
	DemoForeign      Key = "demo.problem.foreign"
	DemoOtherIssuer  Key = "demo.problem.issuer"
	DemoRefused      Key = "demo.problem.refused"
	DemoNoToken      Key = "demo.problem.token"
	DemoNoCredits    Key = "demo.problem.credits"
	DemoSignature    Key = "demo.check.signature"
	DemoIssuer       Key = "demo.check.issuer"
	DemoAudience     Key = "demo.check.audience"
	DemoNonce        Key = "demo.check.nonce"
	DemoExpiry       Key = "demo.check.expiry"
	DemoTokenHash    Key = "demo.check.hash"
	DemoResponse     Key = "demo.check.response"
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
	DemoNoDiscovery: {
		"The provider could not be discovered.",
		"Der Provider war nicht zu finden.",
	},
	DemoForeign: {
		"The answer does not belong to a login that began in this browser.",
		"Die Antwort gehört zu keiner Anmeldung, die in diesem Browser begann.",
	},
	DemoOtherIssuer: {
		"The answer names another issuer.",
		"Die Antwort nennt einen anderen Issuer.",
	},
	DemoRefused: {
		"The provider answered: {error}.",
		"Der Provider hat geantwortet: {error}.",
	},
	DemoNoToken: {
		"The code could not be exchanged, or the ID token is not valid.",
		"Der Code ließ sich nicht eintauschen, oder das ID-Token ist nicht gültig.",
	},
	DemoNoCredits: {
		"The credits API could not be reached.",
		"Die Credits-API war nicht zu erreichen.",
	},
	DemoSignature: {
		"Signature: algorithm, key and where it is published",
		"Signatur: Verfahren, Schlüssel und wo er veröffentlicht ist",
	},
	DemoIssuer: {
		"Issuer (iss)",
		"Issuer (iss)",
	},
	DemoAudience: {
		"Audience (aud)",
		"Empfänger (aud)",
	},
	DemoNonce: {
		"Nonce, equal to the one sent",
		"Nonce, gleich der gesendeten",
	},
	DemoExpiry: {
		"Expiry (exp)",
		"Ablauf (exp)",
	},
	DemoTokenHash: {
		"Access token hash (at_hash)",
		"Hash des Access-Tokens (at_hash)",
	},
	DemoResponse: {
		"Issuer of the response (RFC 9207)",
		"Issuer der Antwort (RFC 9207)",
	},
}
