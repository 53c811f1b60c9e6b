package ui

// Keys of what apps charged, and of the mail when few credits are left.
const (
	UsageTitle     Key = "usage.title"
	AdminUsage     Key = "admin.usage"
	AdminUsageLead Key = "admin.usage.lead"
	AdminUsageText Key = "admin.usage.text"
	AdminUsageRest Key = "admin.usage.rest"
	AdminUsageNone Key = "admin.usage.none"
	AdminUsageCut  Key = "admin.usage.cut"
	UsageChart     Key = "usage.chart"
	UsageChartText Key = "usage.chart.text"
	UsageSeries    Key = "usage.series"
	UsageApps      Key = "usage.apps"
	UsageUses      Key = "usage.uses"
	UsageEmpty     Key = "usage.empty"
	AlertTitle     Key = "alert.title"
	AlertText      Key = "alert.text"
	AlertLabel     Key = "alert.label"
	AlertHint      Key = "alert.hint"
	AlertButton    Key = "alert.button"
	AlertWrong     Key = "alert.wrong"
	AlertOn        Key = "alert.on"
	AlertOff       Key = "alert.off"
	MailLowSubject Key = "mail.low.subject"
	MailLowLead    Key = "mail.low.lead"
	MailLowNote    Key = "mail.low.note"
	MailLowButton  Key = "mail.low.button"
)

var usageTexts = texts{
	UsageTitle: {
		"Usage",
		"Verbrauch",
	},
	AdminUsage: {
		"Usage by app",
		"Verbrauch nach App",
	},
	AdminUsageLead: {
		"What apps charged all people in the last 30 days (UTC), less what they gave back.",
		"Was Apps allen Personen in den letzten 30 Tagen (UTC) berechnet haben, abzüglich der Erstattungen.",
	},
	AdminUsageText: {
		"Credits that each app charged on each of the last 30 days (UTC).",
		"Credits, die jede App an jedem der letzten 30 Tage (UTC) berechnet hat.",
	},
	AdminUsageRest: {
		"Other apps",
		"Andere Apps",
	},
	AdminUsageNone: {
		"No app charged anything in the last 30 days.",
		"Keine App hat in den letzten 30 Tagen etwas berechnet.",
	},
	AdminUsageCut: {
		"There are too many apps to sum up all days: the first ones are missing.",
		"Es sind zu viele Apps, um alle Tage zu summieren: Die ersten fehlen.",
	},
	UsageChart: {
		"Credits per day",
		"Credits pro Tag",
	},
	UsageChartText: {
		"What apps charged you on each of the last 30 days (UTC), less what they gave back.",
		"Was Apps Ihnen an jedem der letzten 30 Tage (UTC) berechnet haben, abzüglich der Erstattungen.",
	},
	UsageSeries: {
		"Credits used",
		"Verbrauchte Credits",
	},
	UsageApps: {
		"The same 30 days by app",
		"Dieselben 30 Tage nach App",
	},
	UsageUses: {
		"Uses",
		"Nutzungen",
	},
	UsageEmpty: {
		"No app charged you anything in the last 30 days.",
		"In den letzten 30 Tagen hat Ihnen keine App etwas berechnet.",
	},
	AlertTitle: {
		"Low-balance mail",
		"Mail bei niedrigem Guthaben",
	},
	AlertText: {
		"We can write to you once your credits fall below an amount of your choice, and again after you had more in between.",
		"Wir schreiben Ihnen, sobald Ihre Credits unter einen Betrag Ihrer Wahl fallen, und wieder, nachdem Sie zwischendurch mehr hatten.",
	},
	AlertLabel: {
		"Write to me below",
		"Schreiben Sie mir unter",
	},
	AlertHint: {
		"In credits. Leave it empty for no mail.",
		"In Credits. Lassen Sie das Feld leer, wenn Sie keine Mail möchten.",
	},
	AlertButton: {
		"Save",
		"Speichern",
	},
	AlertWrong: {
		"Enter a number above 0 and up to 1,000,000, or leave it empty.",
		"Geben Sie eine Zahl über 0 und bis 1.000.000 ein, oder lassen Sie das Feld leer.",
	},
	AlertOn: {
		"We will write to you when your credits run low.",
		"Wir schreiben Ihnen, wenn Ihre Credits zur Neige gehen.",
	},
	AlertOff: {
		"We will not write to you when your credits run low.",
		"Wir schreiben Ihnen nicht, wenn Ihre Credits zur Neige gehen.",
	},
	MailLowSubject: {
		"Your credits are running low",
		"Ihre Credits gehen zur Neige",
	},
	MailLowLead: {
		"Your balance at {brand} has fallen below the amount that you chose.",
		"Ihr Guthaben bei {brand} ist unter den Betrag gefallen, den Sie gewählt haben.",
	},
	MailLowNote: {
		"You asked for this mail. You can change the amount, or switch the mail off, on the page of your credits.",
		"Sie haben um diese Mail gebeten. Auf der Seite Ihrer Credits können Sie den Betrag ändern oder die Mail abschalten.",
	},
	MailLowButton: {
		"See your credits",
		"Credits ansehen",
	},
}
