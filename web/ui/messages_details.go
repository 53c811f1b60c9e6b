package ui

// Keys of what an event of the security log holds, and of why an event of a payment is in quarantine.
const (
	DetailAfter          Key = "detail.after"
	DetailAlg            Key = "detail.alg"
	DetailAmount         Key = "detail.amount"
	DetailApp            Key = "detail.app"
	DetailBefore         Key = "detail.before"
	DetailBy             Key = "detail.by"
	DetailCaller         Key = "detail.caller"
	DetailCents          Key = "detail.cents"
	DetailDetail         Key = "detail.detail"
	DetailDifferences    Key = "detail.differences"
	DetailEvent          Key = "detail.event"
	DetailFactor         Key = "detail.factor"
	DetailKey            Key = "detail.key"
	DetailKid            Key = "detail.kid"
	DetailLink           Key = "detail.link"
	DetailMail           Key = "detail.mail"
	DetailName           Key = "detail.name"
	DetailOutcome        Key = "detail.outcome"
	DetailPackage        Key = "detail.package"
	DetailProvider       Key = "detail.provider"
	DetailPurchase       Key = "detail.purchase"
	DetailReason         Key = "detail.reason"
	DetailReasons        Key = "detail.reasons"
	DetailRole           Key = "detail.role"
	DetailSession        Key = "detail.session"
	DetailSessions       Key = "detail.sessions"
	DetailTransaction    Key = "detail.transaction"
	DetailUsage          Key = "detail.usage"
	DetailByHand         Key = "detail.value.by_hand"
	DetailByMail         Key = "detail.value.by_mail"
	DetailUnfinished     Key = "detail.value.unfinished"
	DetailYes            Key = "detail.value.yes"
	DetailNo             Key = "detail.value.no"
	QuarantineUnknown    Key = "quarantine.unknown"
	QuarantineAmount     Key = "quarantine.amount"
	QuarantineCurrency   Key = "quarantine.currency"
	QuarantineLivemode   Key = "quarantine.livemode"
	QuarantineAccount    Key = "quarantine.account"
	QuarantinePayment    Key = "quarantine.payment"
	QuarantineClosed     Key = "quarantine.closed"
	QuarantineLimit      Key = "quarantine.limit"
	QuarantineUnreadable Key = "quarantine.unreadable"
)

var detailTexts = texts{
	DetailAfter: {
		"After",
		"Nachher",
	},
	DetailAlg: {
		"Algorithm",
		"Algorithmus",
	},
	DetailAmount: {
		"Amount",
		"Betrag",
	},
	DetailApp: {
		"App",
		"App",
	},
	DetailBefore: {
		"Before",
		"Vorher",
	},
	DetailBy: {
		"By",
		"Durch",
	},
	DetailCaller: {
		"Caller",
		"Aufrufer",
	},
	DetailCents: {
		"Cents",
		"Cent",
	},
	DetailDetail: {
		"Detail",
		"Einzelheit",
	},
	DetailDifferences: {
		"Differences",
		"Abweichungen",
	},
	DetailEvent: {
		"Event",
		"Ereignis",
	},
	DetailFactor: {
		"Factor",
		"Faktor",
	},
	DetailKey: {
		"Service key",
		"Dienstschlüssel",
	},
	DetailKid: {
		"Signing key",
		"Signaturschlüssel",
	},
	DetailLink: {
		"Link",
		"Link",
	},
	DetailMail: {
		"Mail",
		"E-Mail",
	},
	DetailName: {
		"Name",
		"Name",
	},
	DetailOutcome: {
		"Outcome",
		"Ergebnis",
	},
	DetailPackage: {
		"Package",
		"Paket",
	},
	DetailProvider: {
		"Provider",
		"Anbieter",
	},
	DetailPurchase: {
		"Purchase",
		"Kauf",
	},
	DetailReason: {
		"Reason",
		"Grund",
	},
	DetailReasons: {
		"Reasons",
		"Gründe",
	},
	DetailRole: {
		"Role",
		"Rolle",
	},
	DetailSession: {
		"Session",
		"Sitzung",
	},
	DetailSessions: {
		"Sessions",
		"Sitzungen",
	},
	DetailTransaction: {
		"Transaction",
		"Buchung",
	},
	DetailUsage: {
		"Usage",
		"Nutzung",
	},
	DetailByHand: {
		"handed over",
		"übergeben",
	},
	DetailByMail: {
		"by mail",
		"per E-Mail",
	},
	DetailUnfinished: {
		"not finished",
		"nicht beendet",
	},
	DetailYes: {
		"yes",
		"ja",
	},
	DetailNo: {
		"no",
		"nein",
	},
	QuarantineUnknown: {
		"Unknown purchase",
		"Unbekannter Kauf",
	},
	QuarantineAmount: {
		"Another amount",
		"Anderer Betrag",
	},
	QuarantineCurrency: {
		"Another currency",
		"Andere Währung",
	},
	QuarantineLivemode: {
		"Test and live mixed",
		"Test statt Betrieb",
	},
	QuarantineAccount: {
		"Another account at Stripe",
		"Anderes Konto bei Stripe",
	},
	QuarantinePayment: {
		"Another payment",
		"Andere Zahlung",
	},
	QuarantineClosed: {
		"Closed wallet",
		"Geschlossenes Guthaben",
	},
	QuarantineLimit: {
		"Balance limit",
		"Grenze des Guthabens",
	},
	QuarantineUnreadable: {
		"Unreadable",
		"Nicht lesbar",
	},
}
