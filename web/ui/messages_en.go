package ui

// The keys of the catalogue.
const (
	Skip               Key = "skip"
	ErrorPrefix        Key = "error.prefix"
	Development        Key = "dev.banner"
	SignOut            Key = "signout"
	LoginTitle         Key = "login.title"
	LoginReturns       Key = "login.returns"
	LoginFailed        Key = "login.failed"
	LoginAgain         Key = "login.again"
	LoginOther         Key = "login.other"
	SelectTitle        Key = "select.title"
	SelectContinue     Key = "select.continue"
	SelectOther        Key = "select.other"
	Email              Key = "email"
	Password           Key = "password"
	NewPassword        Key = "password.new"
	PasswordHint       Key = "password.hint"
	PasswordShort      Key = "password.short"
	PasswordListed     Key = "password.listed"
	EmailInvalid       Key = "email.invalid"
	Name               Key = "name"
	NameHint           Key = "name.hint"
	NameInvalid        Key = "name.invalid"
	Remember           Key = "remember"
	NoAccount          Key = "login.noaccount"
	CreateAccount      Key = "signup.link"
	SignupTitle        Key = "signup.title"
	SignupLead         Key = "signup.lead"
	SignupLeadPlain    Key = "signup.lead.plain"
	SignupButton       Key = "signup.button"
	SignupClosed       Key = "signup.closed"
	SignupClosedText   Key = "signup.closed.text"
	HaveAccount        Key = "signup.haveaccount"
	Taken              Key = "signup.taken"
	SummaryTitle       Key = "summary"
	Locked             Key = "locked"
	LimitedTitle       Key = "limited.title"
	Busy               Key = "busy"
	ConsentTitle       Key = "consent.title"
	NotYou             Key = "consent.notyou"
	ConsentNew         Key = "consent.new"
	Allow              Key = "consent.allow"
	Cancel             Key = "cancel"
	ConsentFoot        Key = "consent.foot"
	ScopeOpenID        Key = "scope.openid"
	ScopeProfile       Key = "scope.profile"
	ScopeEmail         Key = "scope.email"
	ScopeAddress       Key = "scope.address"
	ScopePhone         Key = "scope.phone"
	ScopeOffline       Key = "scope.offline"
	ScopeClaims        Key = "scope.claims"
	ScopeCreditsRead   Key = "scope.credits.read"
	ScopeCreditsSpend  Key = "scope.credits.spend"
	LogoutTitle        Key = "logout.title"
	LogoutLead         Key = "logout.lead"
	LogoutButton       Key = "logout.button"
	SignedOutTitle     Key = "signedout.title"
	SignedOutLead      Key = "signedout.lead"
	Back               Key = "back"
	AccountTitle       Key = "account.title"
	Greeting           Key = "account.greeting"
	CreditsHeading     Key = "credits.heading"
	CreditsUnit        Key = "credits.unit"
	Free               Key = "credits.free"
	Bought             Key = "credits.bought"
	SpentLabel         Key = "credits.spent"
	NextFree           Key = "credits.next"
	NextFreeValue      Key = "credits.next.value"
	DetailsHeading     Key = "account.details"
	NotGiven           Key = "notgiven"
	MemberSince        Key = "account.since"
	HistoryHeading     Key = "history.heading"
	HistoryEmpty       Key = "history.empty"
	ColumnWhen         Key = "column.when"
	ColumnWhat         Key = "column.what"
	ColumnApp          Key = "column.app"
	ColumnAmount       Key = "column.amount"
	ColumnAfter        Key = "column.after"
	PostTitle          Key = "formpost.title"
	PostLead           Key = "formpost.lead"
	Continue           Key = "continue"
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
	Reference          Key = "reference"
	DemoTitle          Key = "demo.title"
	DemoLead           Key = "demo.lead"
	DemoProblem        Key = "demo.problem"
	DemoStart          Key = "demo.start"
	DemoStartText      Key = "demo.start.text"
	DemoLogin          Key = "demo.login"
	DemoLogout         Key = "demo.logout"
	DemoSpendHeading   Key = "demo.spend.heading"
	DemoSpend          Key = "demo.spend"
	DemoAgain          Key = "demo.again"
	DemoAnswer         Key = "demo.answer"
	DemoReplayed       Key = "demo.replayed"
	DemoTransaction    Key = "demo.transaction"
	DemoBefore         Key = "demo.before"
	DemoAfter          Key = "demo.after"
	DemoRequest        Key = "demo.request"
	DemoChecks         Key = "demo.checks"
	DemoClaims         Key = "demo.claims"
	DemoCurl           Key = "demo.curl"
	Imprint            Key = "imprint"
	Privacy            Key = "privacy"
	Terms              Key = "terms"
	Support            Key = "support"
)

// englishTexts is the catalogue in English. It is never written.
var englishTexts = map[Key]string{
	Skip:               "Skip to content",
	ErrorPrefix:        "Error: {title}",
	Development:        "Development server on this machine",
	SignOut:            "Sign out",
	LoginTitle:         "Sign in",
	LoginReturns:       "You return to {host}",
	LoginFailed:        "E-mail or password is wrong. Please try again.",
	LoginAgain:         "Please confirm that it is you.",
	LoginOther:         "You are signed in as {email}, but the app asks for another account. Sign in with that one, or cancel.",
	SelectTitle:        "Choose an account",
	SelectContinue:     "Continue with this account",
	SelectOther:        "Use another account",
	Email:              "E-mail",
	Password:           "Password",
	NewPassword:        "Choose a password",
	PasswordHint:       "8 to 128 characters. A few words are easy to remember and hard to guess.",
	PasswordShort:      "Use 8 to 128 characters.",
	PasswordListed:     "This password is on lists of known passwords. Choose another.",
	EmailInvalid:       "Enter an e-mail address such as ada@example.com.",
	Name:               "Name",
	NameHint:           "Optional. Apps that you allow can see it.",
	NameInvalid:        "Use at most 255 characters on one line.",
	Remember:           "Stay signed in on this device",
	NoAccount:          "New here?",
	CreateAccount:      "Create an account",
	SignupTitle:        "Create your account",
	SignupLead:         "One account for all your apps, with {credits} free credits to start.",
	SignupLeadPlain:    "One account for all your apps.",
	SignupButton:       "Create account",
	SignupClosed:       "Sign-up is closed",
	SignupClosedText:   "New accounts cannot be created here at the moment. If you have one already, sign in.",
	HaveAccount:        "Already have an account?",
	Taken:              "This e-mail address cannot be used for a new account. If it is yours, sign in.",
	SummaryTitle:       "Please check your entries",
	Locked:             "Too many tries. Please wait {n} and try again.",
	LimitedTitle:       "Too many tries",
	Busy:               "Very busy right now. Please try again in a moment.",
	ConsentTitle:       "Allow {app}?",
	NotYou:             "Not you?",
	ConsentNew:         "New",
	Allow:              "Allow",
	Cancel:             "Cancel",
	ConsentFoot:        "After this you return to {host}. You decide again when the app asks for more.",
	ScopeOpenID:        "Recognise you when you come back",
	ScopeProfile:       "See your name, picture and profile",
	ScopeEmail:         "See your e-mail address",
	ScopeAddress:       "See your postal address",
	ScopePhone:         "See your phone number",
	ScopeOffline:       "Keep this access while you are away, until you end it",
	ScopeClaims:        "See these details: {list}",
	ScopeCreditsRead:   "See your credits and their history",
	ScopeCreditsSpend:  "Spend your credits",
	LogoutTitle:        "Sign out?",
	LogoutLead:         "You are signed in as {mail}. Apps that you opened may keep their own sign-in.",
	LogoutButton:       "Sign out",
	SignedOutTitle:     "You are signed out",
	SignedOutLead:      "You can close this page, or sign in again.",
	Back:               "Back to your account",
	AccountTitle:       "Your account",
	Greeting:           "Hello, {name}",
	CreditsHeading:     "Credits",
	CreditsUnit:        "credits",
	Free:               "Free",
	Bought:             "Bought",
	SpentLabel:         "Spent so far",
	NextFree:           "Next free credits",
	NextFreeValue:      "{n} on {time}",
	DetailsHeading:     "Details",
	NotGiven:           "Not given",
	MemberSince:        "Member since",
	HistoryHeading:     "Latest entries",
	HistoryEmpty:       "No entries yet. When credits come in or go out, they appear here.",
	ColumnWhen:         "When",
	ColumnWhat:         "What",
	ColumnApp:          "App",
	ColumnAmount:       "Credits",
	ColumnAfter:        "After",
	PostTitle:          "One moment",
	PostLead:           "You are on your way back to {host}. If nothing happens, continue here.",
	Continue:           "Continue",
	NotFoundTitle:      "This page does not exist",
	NotFoundText:       "The address may be mistyped, or the page has moved.",
	BadRequestTitle:    "This request cannot be read",
	BadRequestText:     "The app that sent you here made a mistake. Nothing was shared with it.",
	UnknownClientTitle: "This app is not known",
	UnknownClientText:  "This link does not belong to an app we know. Nothing was shared.",
	BadRedirectTitle:   "This return address is not known",
	BadRedirectText:    "The app asked to return to an address that is not registered for it. Nothing was shared.",
	ExpiredTitle:       "This sign-in has ended",
	ExpiredText:        "It took too long, was finished already, or began in another browser. Go back to the app and start again.",
	ForbiddenTitle:     "This form has expired",
	ForbiddenText:      "For your safety nothing was changed. Go back, reload the page and try again.",
	MethodTitle:        "This page cannot be used that way",
	MethodText:         "Open it again from where you came.",
	TooLargeTitle:      "That was too much",
	TooLargeText:       "The request is larger than this page takes. Nothing was changed.",
	HostTitle:          "This address is not ours",
	HostText:           "Open the service by its own address.",
	ServerTitle:        "Something went wrong on our side",
	ServerText:         "Please try again in a moment. Nothing was lost.",
	Reference:          "Reference {id}",
	DemoTitle:          "Demo application",
	DemoLead:           "An ordinary relying party: it knows the issuer's address and its own client id and secret, and nothing else.",
	DemoProblem:        "That did not work",
	DemoStart:          "Start here",
	DemoStartText:      "You sign in, allow the demo to see who you are and to spend credits, and come back with an ID token that it verifies.",
	DemoLogin:          "Log in with Mana",
	DemoLogout:         "Log out",
	DemoSpendHeading:   "Spend a credit",
	DemoSpend:          "Spend 1 credit",
	DemoAgain:          "Send the same request again",
	DemoAnswer:         "Answer",
	DemoReplayed:       "Replayed: nothing was charged again",
	DemoTransaction:    "Transaction",
	DemoBefore:         "Balance before",
	DemoAfter:          "Balance after",
	DemoRequest:        "The request, as curl, and its answer",
	DemoChecks:         "Checks of the ID token",
	DemoClaims:         "Claims of the ID token",
	DemoCurl:           "How the code was exchanged",
	Imprint:            "Imprint",
	Privacy:            "Privacy",
	Terms:              "Terms",
	Support:            "Support",
}
