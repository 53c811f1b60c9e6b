package ui

// Keys of making the first administrator.
const (
	SetupTitle    Key = "setup.title"
	SetupLead     Key = "setup.lead"
	SetupCode     Key = "setup.code"
	SetupCodeHint Key = "setup.code.hint"
	SetupWrong    Key = "setup.wrong"
	SetupExpired  Key = "setup.expired"
	SetupButton   Key = "setup.button"
	SetupPromote  Key = "setup.promote"
	SetupOr       Key = "setup.or"
	SetupBonus    Key = "setup.bonus"
)

var setupTexts = texts{
	SetupTitle: {
		"Set up the administrator",
		"Administrator einrichten",
	},
	SetupLead: {
		"Whoever has the setup code of this installation becomes its administrator.",
		"Wer den Einrichtungscode dieser Installation hat, wird ihr Administrator.",
	},
	SetupCode: {
		"Setup code",
		"Einrichtungscode",
	},
	SetupCodeHint: {
		"The part of the link after #. It can be used once, for 30 minutes.",
		"Der Teil des Links nach #. Er gilt einmal und 30 Minuten lang.",
	},
	SetupWrong: {
		"This setup code is not the one that is valid. Use the newest link.",
		"Dieser Einrichtungscode ist nicht der gültige. Verwenden Sie den neuesten Link.",
	},
	SetupExpired: {
		"This setup code has expired. Start the program again, or run: mana setup-link",
		"Dieser Einrichtungscode ist abgelaufen. Starten Sie das Programm neu, oder rufen Sie auf: mana setup-link",
	},
	SetupButton: {
		"Create the administrator",
		"Administrator erstellen",
	},
	SetupPromote: {
		"Make {email} an administrator",
		"{email} zum Administrator machen",
	},
	SetupOr: {
		"Or create another account:",
		"Oder ein anderes Konto erstellen:",
	},
	SetupBonus: {
		"The account starts with {credits} free credits, as any other.",
		"Das Konto beginnt mit {credits} kostenlosen Credits, wie jedes andere.",
	},
}
