package ui

// Keys of the reference of the API. What the description of the API says itself is English everywhere.
const (
	DocsTitle      Key = "docs.title"
	DocsLead       Key = "docs.lead"
	DocsNav        Key = "docs.nav"
	DocsDocument   Key = "docs.document"
	DocsIssuer     Key = "docs.issuer"
	DocsProof      Key = "docs.proof"
	DocsErrors     Key = "docs.errors"
	DocsErrorsLead Key = "docs.errors.lead"
	DocsCode       Key = "docs.code"
	DocsProblem    Key = "docs.problem"
	DocsStatus     Key = "docs.status"
	DocsMessage    Key = "docs.message"
	DocsExample    Key = "docs.example"
	DocsBy         Key = "docs.by"
	DocsParameters Key = "docs.parameters"
	DocsBody       Key = "docs.body"
	DocsForm       Key = "docs.form"
	DocsAnswers    Key = "docs.answers"
	DocsObjects    Key = "docs.objects"
	DocsRequired   Key = "docs.required"
	DocsOpenID     Key = "docs.openid"
	DocsSignIn     Key = "docs.signin"
	DocsAccount    Key = "docs.account"
	DocsCredits    Key = "docs.credits"
	DocsHolds      Key = "docs.holds"
	DocsPurchases  Key = "docs.purchases"
	DocsBackEnds   Key = "docs.backends"
	DocsHealth     Key = "docs.health"
)

var docsTexts = texts{
	DocsTitle: {
		"API reference",
		"API-Referenz",
	},
	DocsLead: {
		"Everything that programs can call here. It is made from the code that answers.",
		"Alles, was Programme hier aufrufen können, erzeugt aus dem Code, der antwortet. Die Beschreibungen sind englisch.",
	},
	DocsNav: {
		"Parts of the API",
		"Teile der API",
	},
	DocsDocument: {
		"OpenAPI document",
		"OpenAPI-Dokument",
	},
	DocsIssuer: {
		"Issuer",
		"Aussteller",
	},
	DocsProof: {
		"How callers prove who they are",
		"Wie sich Aufrufer ausweisen",
	},
	DocsErrors: {
		"Refusals",
		"Ablehnungen",
	},
	DocsErrorsLead: {
		"Programs tell refusals apart by their code. Newer routes answer with problem details (RFC 9457) and the name in the second column.",
		"Programme unterscheiden Ablehnungen am Code. Neuere Routen antworten mit Problem Details (RFC 9457) und dem Namen in der zweiten Spalte.",
	},
	DocsCode: {
		"Code",
		"Code",
	},
	DocsProblem: {
		"Problem",
		"Problem",
	},
	DocsStatus: {
		"Status",
		"Status",
	},
	DocsMessage: {
		"Message",
		"Meldung",
	},
	DocsExample: {
		"Example",
		"Beispiel",
	},
	DocsBy: {
		"Who may call",
		"Wer aufrufen darf",
	},
	DocsParameters: {
		"Parameters",
		"Parameter",
	},
	DocsBody: {
		"Body, JSON",
		"Inhalt, JSON",
	},
	DocsForm: {
		"Body, a form",
		"Inhalt, ein Formular",
	},
	DocsAnswers: {
		"Answers",
		"Antworten",
	},
	DocsObjects: {
		"Objects of the answers",
		"Objekte der Antworten",
	},
	DocsRequired: {
		"required",
		"erforderlich",
	},
	DocsOpenID: {
		"OpenID Connect",
		"OpenID Connect",
	},
	DocsSignIn: {
		"Sign-in",
		"Anmeldung",
	},
	DocsAccount: {
		"Account",
		"Konto",
	},
	DocsCredits: {
		"Credits",
		"Credits",
	},
	DocsHolds: {
		"Holds",
		"Reservierungen",
	},
	DocsPurchases: {
		"Purchases",
		"Käufe",
	},
	DocsBackEnds: {
		"Back ends",
		"Backends",
	},
	DocsHealth: {
		"Health",
		"Zustand",
	},
}
