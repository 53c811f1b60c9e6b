package ui

// Keys of the account area.
const (
	AccountTitle   Key = "account.title"
	Greeting       Key = "account.greeting"
	CreditsHeading Key = "credits.heading"
	CreditsUnit    Key = "credits.unit"
	Free           Key = "credits.free"
	Bought         Key = "credits.bought"
	SpentLabel     Key = "credits.spent"
	NextFree       Key = "credits.next"
	NextFreeValue  Key = "credits.next.value"
	DetailsHeading Key = "account.details"
	MemberSince    Key = "account.since"
	HistoryHeading Key = "history.heading"
	HistoryEmpty   Key = "history.empty"
	ColumnWhen     Key = "column.when"
	ColumnWhat     Key = "column.what"
	ColumnApp      Key = "column.app"
	ColumnAmount   Key = "column.amount"
	ColumnAfter    Key = "column.after"
)

var accountTexts = texts{
	AccountTitle: {
		"Your account",
		"Ihr Konto",
	},
	Greeting: {
		"Hello, {name}",
		"Guten Tag, {name}",
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
	DetailsHeading: {
		"Details",
		"Angaben",
	},
	MemberSince: {
		"Member since",
		"Mitglied seit",
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
}
