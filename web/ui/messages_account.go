package ui

// Keys of the account area.
const (
	AccountTitle    Key = "account.title"
	CreditsHeading  Key = "credits.heading"
	CreditsUnit     Key = "credits.unit"
	Free            Key = "credits.free"
	Bought          Key = "credits.bought"
	SpentLabel      Key = "credits.spent"
	NextFreeValue   Key = "credits.next.value"
	HistoryEmpty    Key = "history.empty"
	ColumnWhen      Key = "column.when"
	ColumnWhat      Key = "column.what"
	ColumnApp       Key = "column.app"
	ColumnAmount    Key = "column.amount"
	ColumnAfter     Key = "column.after"
	CreditsTitle    Key = "credits.title"
	HistoryTitle    Key = "history.title"
	HeldLabel       Key = "credits.held"
	HeldText        Key = "credits.held.text"
	DebtLabel       Key = "credits.debt"
	DebtText        Key = "credits.debt.text"
	FilterLabel     Key = "filter.label"
	FilterFrom      Key = "filter.from"
	FilterTo        Key = "filter.to"
	FilterAny       Key = "filter.any"
	FilterButton    Key = "filter.button"
	FilterAll       Key = "filter.all"
	FilterEmpty     Key = "filter.empty"
	ExportLabel     Key = "export.label"
	EntryTitle      Key = "entry.title"
	EntryBack       Key = "entry.back"
	EntryType       Key = "entry.type"
	EntryUsage      Key = "entry.usage"
	EntryRefund     Key = "entry.refund"
	EntryBonus      Key = "entry.bonus"
	EntryPurchase   Key = "entry.purchase"
	EntryExpiry     Key = "entry.expiry"
	EntryAdjustment Key = "entry.adjustment"
	EntryBefore     Key = "entry.before"
	EntryID         Key = "entry.id"
	EntryOfUse      Key = "entry.use"
	EntryRefunds    Key = "entry.refunds"
	EntryGone       Key = "entry.gone"
	DataTitle       Key = "data.title"
	DataText        Key = "data.text"
	DataButton      Key = "data.button"
)

var accountTexts = texts{
	AccountTitle: {
		"Your account",
		"Ihr Konto",
	},
	CreditsHeading: {
		"Credits",
		"Credits",
	},
	CreditsUnit: {
		"credits",
		"Credits",
	},
	Free: {
		"Free",
		"Kostenlos",
	},
	Bought: {
		"Bought",
		"Gekauft",
	},
	SpentLabel: {
		"Spent so far",
		"Bisher ausgegeben",
	},
	NextFreeValue: {
		"{n} free on",
		"{n} kostenlos am",
	},
	HistoryEmpty: {
		"No entries yet. When credits come in or go out, they appear here.",
		"Noch keine Buchungen. Sobald Credits eingehen oder ausgegeben werden, erscheinen sie hier.",
	},
	ColumnWhen: {
		"When",
		"Wann",
	},
	ColumnWhat: {
		"What",
		"Was",
	},
	ColumnApp: {
		"App",
		"App",
	},
	ColumnAmount: {
		"Credits",
		"Credits",
	},
	ColumnAfter: {
		"After",
		"Danach",
	},
	CreditsTitle: {
		"Credits",
		"Credits",
	},
	HistoryTitle: {
		"History",
		"Verlauf",
	},
	HeldLabel: {
		"Held",
		"Vorgemerkt",
	},
	HeldText: {
		"Held credits wait for an app to finish. What it does not need comes back.",
		"Vorgemerkte Credits warten auf den Abschluss einer App. Was sie nicht braucht, kommt zurück.",
	},
	DebtLabel: {
		"Debt: {n} credits.",
		"Schuld: {n} Credits.",
	},
	DebtText: {
		"A payment was taken back after its credits were spent. New credits settle it first.",
		"Eine Zahlung wurde zurückgenommen, nachdem ihre Credits ausgegeben waren. Neue Credits begleichen sie zuerst.",
	},
	FilterLabel: {
		"Search the history",
		"Verlauf durchsuchen",
	},
	FilterFrom: {
		"From",
		"Von",
	},
	FilterTo: {
		"To",
		"Bis",
	},
	FilterAny: {
		"All",
		"Alle",
	},
	FilterButton: {
		"Show",
		"Anzeigen",
	},
	FilterAll: {
		"Show everything",
		"Alles anzeigen",
	},
	FilterEmpty: {
		"No entries here that you asked for. There may be older ones.",
		"Keine passenden Buchungen auf dieser Seite. Ältere kann es geben.",
	},
	ExportLabel: {
		"Download these entries:",
		"Diese Buchungen herunterladen:",
	},
	EntryTitle: {
		"Entry",
		"Buchung",
	},
	EntryBack: {
		"Back to the credits",
		"Zurück zu den Credits",
	},
	EntryType: {
		"Type",
		"Art",
	},
	EntryUsage: {
		"Usage",
		"Nutzung",
	},
	EntryRefund: {
		"Refund",
		"Erstattung",
	},
	EntryBonus: {
		"Free credits",
		"Kostenlose Credits",
	},
	EntryPurchase: {
		"Purchase",
		"Kauf",
	},
	EntryExpiry: {
		"Expired",
		"Verfallen",
	},
	EntryAdjustment: {
		"Adjustment",
		"Korrektur",
	},
	EntryBefore: {
		"Before",
		"Davor",
	},
	EntryID: {
		"Number",
		"Nummer",
	},
	EntryOfUse: {
		"What this gives back",
		"Was hiermit erstattet wird",
	},
	EntryRefunds: {
		"Given back",
		"Erstattet",
	},
	EntryGone: {
		"There is no such entry in your history.",
		"Eine solche Buchung gibt es in Ihrem Verlauf nicht.",
	},
	DataTitle: {
		"Your data",
		"Ihre Daten",
	},
	DataText: {
		"All that is kept of you here, as one file in JSON.",
		"Alles, was hier über Sie gespeichert ist, als eine Datei in JSON.",
	},
	DataButton: {
		"Download",
		"Herunterladen",
	},
}
