package login

import "mana/web/ui"

// appView is the app that a sign-in is for; an empty name means that none asked.
type appView struct{ Name, Host string }

// loginView is what the login page shows.
type loginView struct {
	ui.Page
	App        appView
	Request    string // id of the interaction, empty: none
	Return     string // page of ours to go on to, empty: the account
	Email      string
	FixedEmail bool // the person is given: who is signed in proves it again
	Lead       string
	Remember   bool
	Faults     ui.Faults
	SignupOpen bool
	With       []withView
	Passkeys   bool // can be used
	Mails      bool // a forgotten password can be set anew
}

// passkeyView is a form that signs in by passkey.
type passkeyView struct {
	Token, Request, Return string
	Button                 ui.Key
	Offered                bool // the browser offers it by itself at a field, too
}

// signupView is what the sign-up page shows.
type signupView struct {
	ui.Page
	App         appView
	Request     string
	Name, Email string
	Faults      ui.Faults
	Bonus       string // credits to start with, empty: none
	Work        bool   // a script has to work first
}

// selectView is what the choice of an account shows.
type selectView struct {
	ui.Page
	App         appView
	Request     string
	Name, Email string // of the account that is signed in; the name may be empty
}

// consentView is what the consent page shows.
type consentView struct {
	ui.Page
	App     appView
	Request string
	Account string // e-mail of the person who decides
	Scopes  []scopeView
}

// scopeView is one thing that the app asks for.
type scopeView struct {
	Text string
	New  bool
}

// logoutView is what the confirmation of a logout shows.
type logoutView struct {
	ui.Page
	Account string
}

// formPostView is the page that carries a response to the app in a form.
type formPostView struct {
	ui.Page
	Action string
	Host   string
	Fields []fieldView
}

type fieldView struct{ Name, Value string }
