package ui

// Keys of pages that say what went wrong.
const (
	Busy               Key = "busy"
	NotFoundTitle      Key = "notfound.title"
	NotFoundText       Key = "notfound.text"
	BadRequestTitle    Key = "badrequest.title"
	BadRequestText     Key = "badrequest.text"
	UnknownClientTitle Key = "client.unknown.title"
	UnknownClientText  Key = "client.unknown"
	BadRedirectTitle   Key = "redirect.unknown.title"
	BadRedirectText    Key = "redirect.unknown"
	ExpiredTitle       Key = "request.expired.title"
	ExpiredText        Key = "request.expired"
	ForbiddenTitle     Key = "forbidden.title"
	ForbiddenText      Key = "forbidden.text"
	MethodTitle        Key = "method.title"
	MethodText         Key = "method.text"
	TooLargeTitle      Key = "toolarge.title"
	TooLargeText       Key = "toolarge.text"
	HostTitle          Key = "host.title"
	HostText           Key = "host.text"
	ServerTitle        Key = "server.title"
	ServerText         Key = "server"
)

var errorsTexts = texts{
	Busy: {
		"Very busy right now. Please try again in a moment.",
		"Gerade ist viel los. Bitte versuchen Sie es gleich noch einmal.",
	},
	NotFoundTitle: {
		"This page does not exist",
		"Diese Seite gibt es nicht",
	},
	NotFoundText: {
		"The address may be mistyped, or the page has moved.",
		"Vielleicht ist die Adresse falsch geschrieben, oder die Seite ist umgezogen.",
	},
	BadRequestTitle: {
		"This request cannot be read",
		"Diese Anfrage ist nicht lesbar",
	},
	BadRequestText: {
		"The app that sent you here made a mistake. Nothing was shared with it.",
		"Der App, die Sie hierher geschickt hat, ist ein Fehler unterlaufen. Es wurden keine Daten weitergegeben.",
	},
	UnknownClientTitle: {
		"This app is not known",
		"Diese App ist nicht bekannt",
	},
	UnknownClientText: {
		"This link does not belong to an app we know. Nothing was shared.",
		"Dieser Link gehört zu keiner bekannten App. Es wurden keine Daten weitergegeben.",
	},
	BadRedirectTitle: {
		"This return address is not known",
		"Diese Rückkehradresse ist nicht bekannt",
	},
	BadRedirectText: {
		"The app asked to return to an address that is not registered for it. Nothing was shared.",
		"Die App wollte zu einer Adresse zurückkehren, die für sie nicht eingetragen ist. Es wurden keine Daten weitergegeben.",
	},
	ExpiredTitle: {
		"This sign-in has ended",
		"Diese Anmeldung ist beendet",
	},
	ExpiredText: {
		"It took too long, was finished already, or began in another browser. Go back to the app and start again.",
		"Sie hat zu lange gedauert, war schon abgeschlossen oder begann in einem anderen Browser. Gehen Sie zurück zur App und beginnen Sie neu.",
	},
	ForbiddenTitle: {
		"This form has expired",
		"Dieses Formular ist abgelaufen",
	},
	ForbiddenText: {
		"For your safety nothing was changed. Go back, reload the page and try again.",
		"Zu Ihrer Sicherheit wurde nichts geändert. Gehen Sie zurück, laden Sie die Seite neu und versuchen Sie es noch einmal.",
	},
	MethodTitle: {
		"This page cannot be used that way",
		"So lässt sich diese Seite nicht verwenden",
	},
	MethodText: {
		"Open it again from where you came.",
		"Öffnen Sie sie noch einmal von dort, woher Sie kamen.",
	},
	TooLargeTitle: {
		"That was too much",
		"Das war zu viel",
	},
	TooLargeText: {
		"The request is larger than this page takes. Nothing was changed.",
		"Die Anfrage ist größer, als diese Seite annimmt. Es wurde nichts geändert.",
	},
	HostTitle: {
		"This address is not ours",
		"Diese Adresse gehört nicht zu uns",
	},
	HostText: {
		"Open the service by its own address.",
		"Öffnen Sie den Dienst unter seiner eigenen Adresse.",
	},
	ServerTitle: {
		"Something went wrong on our side",
		"Bei uns ist etwas schiefgegangen",
	},
	ServerText: {
		"Please try again in a moment. Nothing was lost.",
		"Bitte versuchen Sie es gleich noch einmal. Es ging nichts verloren.",
	},
}
