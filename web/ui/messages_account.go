package ui

// Keys of the account area.
const (
	AccountTitle   Key = "account.title"
	CreditsHeading Key = "credits.heading"
	CreditsUnit    Key = "credits.unit"
	Free           Key = "credits.free"
	Bought         Key = "credits.bought"
	SpentLabel     Key = "credits.spent"
	NextFree       Key = "credits.next"
	NextFreeValue  Key = "credits.next.value"
	HistoryHeading Key = "history.heading"
	HistoryEmpty   Key = "history.empty"
	ColumnWhen     Key = "column.when"
	ColumnWhat     Key = "column.what"
	ColumnApp      Key = "column.app"
	ColumnAmount   Key = "column.amount"
	ColumnAfter    Key = "column.after"
	CreditsTitle   Key = "credits.title"
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
	NextFree: {
		"Next free credits",
		"Nächste kostenlose Credits",
	},
	NextFreeValue: {
		"{n} on {time}",
		"{n} am {time}",
	},
	HistoryHeading: {
		"Latest entries",
		"Letzte Buchungen",
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
}
