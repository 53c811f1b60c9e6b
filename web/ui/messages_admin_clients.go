package ui

// Keys of the pages of apps and of what apps and service keys may do.
const (
	AdminClientKind         Key = "admin.client.kind"
	AdminClientPublic       Key = "admin.client.public"
	AdminClientConfidential Key = "admin.client.confidential"
	AdminClientSince        Key = "admin.client.since"
	AdminClientGeneral      Key = "admin.client.general"
	AdminClientNameHint     Key = "admin.client.name_hint"
	AdminClientAddresses    Key = "admin.client.addresses"
	AdminRedirectsHint      Key = "admin.client.redirects_hint"
	AdminClientAccess       Key = "admin.client.access"
	AdminClientAPIs         Key = "admin.client.apis"
	AdminAppIDsHint         Key = "admin.client.app_ids_hint"
	AdminAudiencesHint      Key = "admin.client.audiences_hint"
	AdminClientSecret       Key = "admin.client.secret"
	AdminClientSecretLead   Key = "admin.client.secret_lead"
	AdminClientRotate       Key = "admin.client.rotate"
	AdminClientEnd          Key = "admin.client.end"
	AdminClientDisable      Key = "admin.client.disable"
	AdminClientDisabled     Key = "admin.client.disabled"
	AdminClientDelete       Key = "admin.client.delete"
	ChoiceOpenID            Key = "choice.openid"
	ChoiceProfile           Key = "choice.profile"
	ChoiceEmail             Key = "choice.email"
	ChoiceAddress           Key = "choice.address"
	ChoicePhone             Key = "choice.phone"
	ChoiceOffline           Key = "choice.offline"
	ChoiceRoles             Key = "choice.roles"
	ChoiceRead              Key = "choice.credits.read"
	ChoiceSpend             Key = "choice.credits.spend"
	ChoiceCode              Key = "choice.code"
	ChoiceRefresh           Key = "choice.refresh"
	ChoiceClient            Key = "choice.client"
	ChoiceBalance           Key = "choice.balance"
	ChoiceUse               Key = "choice.use"
	ChoiceRefund            Key = "choice.refund"
	ChoiceHold              Key = "choice.hold"
)

var adminClientTexts = texts{
	AdminClientKind: {
		"Kind",
		"Art",
	},
	AdminClientPublic: {
		"Public, without a secret",
		"Öffentlich, ohne Geheimnis",
	},
	AdminClientConfidential: {
		"Confidential, with a secret",
		"Vertraulich, mit Geheimnis",
	},
	AdminClientSince: {
		"Registered",
		"Registriert",
	},
	AdminClientGeneral: {
		"General",
		"Allgemein",
	},
	AdminClientNameHint: {
		"People read it when they sign in.",
		"Personen lesen ihn bei der Anmeldung.",
	},
	AdminClientAddresses: {
		"Addresses",
		"Adressen",
	},
	AdminRedirectsHint: {
		"Where people return to after signing in. One a line, compared letter by letter.",
		"Wohin Personen nach der Anmeldung zurückkehren. Eine je Zeile, Zeichen für Zeichen verglichen.",
	},
	AdminClientAccess: {
		"Access",
		"Zugriff",
	},
	AdminClientAPIs: {
		"Credits and APIs",
		"Credits und APIs",
	},
	AdminAppIDsHint: {
		"Under which it spends credits, with spaces between; its own id always is one.",
		"Unter denen sie Credits ausgibt, mit Leerzeichen getrennt; ihre eigene Kennung gilt immer.",
	},
	AdminAudiencesHint: {
		"For apps that are an API themselves, with spaces between.",
		"Für Apps, die selbst eine API sind, mit Leerzeichen getrennt.",
	},
	AdminClientSecret: {
		"Secret",
		"Geheimnis",
	},
	AdminClientSecretLead: {
		"A new secret is shown once. The one before stays valid for a day, so that you can change over without a break.",
		"Ein neues Geheimnis wird einmal gezeigt. Das bisherige gilt noch einen Tag, damit Sie ohne Unterbrechung wechseln können.",
	},
	AdminClientRotate: {
		"Make a new secret",
		"Neues Geheimnis erzeugen",
	},
	AdminClientEnd: {
		"Disable or delete",
		"Sperren oder löschen",
	},
	AdminClientDisable: {
		"While it is disabled nobody signs in to it and it gets no tokens. Everything else stays.",
		"Solange sie gesperrt ist, meldet sich niemand bei ihr an und sie erhält keine Token. Alles andere bleibt.",
	},
	AdminClientDisabled: {
		"It is disabled: nobody signs in to it and it gets no tokens.",
		"Sie ist gesperrt: Niemand meldet sich bei ihr an, und sie erhält keine Token.",
	},
	AdminClientDelete: {
		"Deleting cannot be undone: what people have allowed it ends with it.",
		"Löschen lässt sich nicht rückgängig machen: Was Personen ihr erlaubt haben, endet damit.",
	},
	ChoiceOpenID: {
		"Recognise people",
		"Personen wiedererkennen",
	},
	ChoiceProfile: {
		"Name, picture and profile",
		"Name, Bild und Profil",
	},
	ChoiceEmail: {
		"E-mail address",
		"E-Mail-Adresse",
	},
	ChoiceAddress: {
		"Postal address",
		"Postanschrift",
	},
	ChoicePhone: {
		"Phone number",
		"Telefonnummer",
	},
	ChoiceOffline: {
		"Access while people are away",
		"Zugriff in Abwesenheit",
	},
	ChoiceRoles: {
		"Roles for apps",
		"Rollen für Apps",
	},
	ChoiceRead: {
		"See credits and their history",
		"Credits und Verlauf sehen",
	},
	ChoiceSpend: {
		"Spend credits",
		"Credits ausgeben",
	},
	ChoiceCode: {
		"People sign in",
		"Personen melden sich an",
	},
	ChoiceRefresh: {
		"Sign-ins go on without asking",
		"Anmeldungen laufen weiter",
	},
	ChoiceClient: {
		"Acts for itself, without a person",
		"Handelt für sich, ohne Person",
	},
	ChoiceBalance: {
		"See balances",
		"Guthaben sehen",
	},
	ChoiceUse: {
		"Charge credits",
		"Credits abbuchen",
	},
	ChoiceRefund: {
		"Give credits back",
		"Credits erstatten",
	},
	ChoiceHold: {
		"Hold credits for later",
		"Credits reservieren",
	},
}
