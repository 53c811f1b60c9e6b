package web

import (
	"net/http"

	"mana/provider"
	"mana/web/account"
	"mana/web/admin"
	"mana/web/api"
	"mana/web/dev"
	"mana/web/login"
	"mana/web/mail"
	"mana/web/page"
	"mana/web/ui"
)

// protocolRoutes are those of OpenID Connect and OAuth. resource and administration are the metadata of the APIs.
func (s *Site) protocolRoutes(resource, administration http.Handler) []route {
	p := s.cfg.Provider
	return []route{
		{"", provider.PathDiscovery, kindDocument, p.Discovery()},
		{"", provider.PathAuthorizationServer, kindDocument, p.Discovery()},
		{"", provider.PathCreditsMetadata, kindDocument, resource},
		{"", provider.PathAdminMetadata, kindDocument, administration},
		{"", provider.PathJWKS, kindDocument, p.JWKS()},
		{"GET", provider.PathAuthorize, kindBrowser, http.HandlerFunc(p.Authorize)},
		{"POST", provider.PathAuthorize, kindBrowser, http.HandlerFunc(p.Authorize)},
		{"", provider.PathToken, kindProtocol, s.clientCORS(s.limitClients(http.HandlerFunc(p.Token)))},
		{"", provider.PathUserInfo, kindProtocol, s.clientCORS(p.UserInfo(s.limitReads))},
		{"", provider.PathIntrospect, kindProtocol, s.limitClients(http.HandlerFunc(p.Introspect))},
		{"", provider.PathRevoke, kindProtocol, s.clientCORS(s.limitClients(http.HandlerFunc(p.Revoke)))},
		{"GET", provider.PathEndSession, kindBrowser, p.EndSession()},
		{"POST", provider.PathEndSession, kindBrowser, p.EndSession()},
	}
}

// loginRoutes are the pages by which people sign in and out.
func (s *Site) loginRoutes(pages *login.Pages) []route {
	return []route{
		{"GET", "/{$}", kindPage, http.RedirectHandler("/account", http.StatusSeeOther)},
		{"GET", provider.PathLogin, kindPage, pages.Handle(pages.ShowLogin)},
		{"POST", provider.PathLogin, kindPage, pages.Handle(pages.Login)},
		{"GET", provider.PathFactor, kindPage, pages.Handle(pages.ShowFactor)},
		{"POST", provider.PathFactor, kindPage, pages.Handle(pages.Factor)},
		{"GET", provider.PathFactorCodes, kindPage, pages.SignedIn(pages.ShowLastCode)},
		{"GET", "/login/with/{name}", kindPage, pages.Handle(pages.LoginWith)},
		{"GET", "/login/with/{name}/callback", kindPage, pages.Handle(pages.LoginWithCallback)},
		{"POST", "/login/with/{name}/callback", kindPage, pages.Handle(pages.LoginWithPosted)},
		{"POST", "/login/with/{name}/link", kindPage, pages.Fresh(login.SecurityPath, pages.Link)},
		{"GET", provider.PathSelect, kindPage, pages.Handle(pages.ShowSelect)},
		{"POST", provider.PathSelect, kindPage, pages.Handle(pages.Select)},
		{"GET", provider.PathSignup, kindPage, pages.Handle(pages.ShowSignup)},
		{"POST", provider.PathSignup, kindPage, pages.Handle(pages.Signup)},
		{"POST", login.PathSignupWork, kindPage, pages.Handle(pages.SignupWork)},
		{"GET", provider.PathConsent, kindPage, pages.Handle(pages.ShowConsent)},
		{"POST", provider.PathConsent, kindPage, pages.Handle(pages.Consent)},
		{"GET", provider.PathLogout, kindPage, pages.Handle(pages.ShowLogout)},
		{"POST", provider.PathLogout, kindPage, pages.Handle(pages.Logout)},
		{"GET", login.PathSetup, kindPage, pages.Handle(pages.ShowSetup)},
		{"POST", login.PathSetup, kindPage, pages.Handle(pages.Setup)},
		{"GET", page.PathLanguage, kindPage, page.ChooseLanguage(s.secure)},
		{"GET", ui.AssetPath, kindOpen, http.HandlerFunc(s.assets)},
	}
}

// accountRoutes are the pages of who is signed in.
func accountRoutes(pages *login.Pages, mine *account.Pages) []route {
	return []route{
		{"GET", account.PathProfile, kindPage, pages.SignedIn(mine.Profile)},
		{"POST", account.PathProfile, kindPage, pages.SignedIn(mine.SaveProfile)},
		{"GET", account.PathSecurity, kindPage, pages.SignedIn(mine.Security)},
		{"POST", account.PathSecurity, kindPage, pages.SignedIn(mine.ChangePassword)},
		{"GET", account.PathSessions, kindPage, pages.SignedIn(mine.Sessions)},
		{"POST", account.PathSessions, kindPage, pages.SignedIn(mine.EndSessions)},
		{"GET", account.PathApps, kindPage, pages.SignedIn(mine.Apps)},
		{"POST", account.PathApps, kindPage, pages.SignedIn(mine.RemoveApp)},
		{"GET", account.PathCredits, kindPage, pages.SignedIn(mine.Credits)},
		{"POST", account.PathAlert, kindPage, pages.SignedIn(mine.SaveAlert)},
		{"POST", account.PathUnlink, kindPage, pages.Fresh(account.PathSecurity, mine.Unlink)},
		{"GET", account.PathAddress, kindPage, pages.Fresh("", mine.Address)},
		{"POST", account.PathAddress, kindPage, pages.Fresh("", mine.ChangeAddress)},
		{"GET", account.PathDelete, kindPage, pages.Fresh("", mine.ConfirmDelete)},
		{"POST", account.PathDelete, kindPage, pages.Fresh("", mine.Delete)},
		{"GET", account.PathDeleted, kindPage, pages.Handle(mine.Deleted)},
		{"GET", account.PathCredits + "/{id}", kindPage, pages.SignedIn(mine.Entry)},
		{"GET", account.PathExport, kindPage, pages.SignedIn(mine.ExportCredits)},
		{"POST", account.PathData, kindPage, pages.Fresh(account.PathProfile, mine.ExportData)},
	}
}

// buyRoutes are the pages of buying, and of taking it back.
func buyRoutes(pages *login.Pages, mine *account.Pages) []route {
	return []route{
		{"GET", account.PathBuy, kindPage, pages.SignedIn(mine.Buy)},
		{"POST", account.PathBuy, kindPage, pages.SignedIn(mine.Order)},
		{"GET", account.PathReceipts, kindPage, pages.SignedIn(mine.Receipts)},
		{"GET", account.PathReceipt, kindPage, pages.SignedIn(mine.Receipt)},
		{"POST", account.PathReceipt, kindPage, pages.SignedIn(mine.ChangeReceipt)},
		{"GET", account.PathStripe, kindPage, pages.SignedIn(mine.StripeReceipt)},
		{"GET", account.PathBought, kindPage, pages.Handle(mine.Bought)},
		{"GET", account.PathNotBought, kindPage, pages.Handle(mine.NotBought)},
		{"GET", account.PathWithdraw, kindPage, pages.Handle(mine.ShowWithdraw)},
		{"POST", account.PathWithdraw, kindPage, pages.Handle(mine.Withdraw)},
	}
}

// mailRoutes are the pages that links of mails lead to, and that ask for one.
func mailRoutes(pages *login.Pages) []route {
	return []route{
		{"GET", "/forgot", kindPage, pages.Handle(pages.ShowForgot)},
		{"POST", "/forgot", kindPage, pages.Handle(pages.Forgot)},
		{"GET", mail.PathReset, kindPage, pages.Handle(pages.ShowReset)},
		{"POST", mail.PathReset, kindPage, pages.Handle(pages.Reset)},
		{"GET", mail.PathVerify, kindPage, pages.Handle(pages.ShowVerify)},
		{"POST", mail.PathVerify, kindPage, pages.Handle(pages.Verify)},
		{"POST", mail.PathVerify + "/deny", kindPage, pages.Handle(pages.Deny)},
		{"GET", mail.PathChange, kindPage, pages.Handle(pages.ShowChange)},
		{"POST", mail.PathChange, kindPage, pages.Handle(pages.Change)},
		{"GET", mail.PathUndo, kindPage, pages.Handle(pages.ShowUndo)},
		{"POST", mail.PathUndo, kindPage, pages.Handle(pages.Undo)},
		{"POST", mail.PathVerify + "/resend", kindPage, pages.Handle(pages.Resend)},
	}
}

// passkeyRoutes are those of passkeys.
func passkeyRoutes(pages *login.Pages, mine *account.Pages) []route {
	return []route{
		{"POST", "/login/passkey/options", kindPage, pages.Handle(pages.PasskeyOptions)},
		{"POST", "/login/passkey", kindPage, pages.Handle(pages.Passkey)},
		{"GET", account.PathPasskeys, kindPage, pages.Fresh("", mine.NewPasskey)},
		{"POST", account.PathPasskeys, kindPage, pages.Fresh("", mine.AddPasskey)},
		{"POST", account.PathPasskeyOptions, kindPage, pages.Fresh(account.PathPasskeys, mine.PasskeyOptions)},
		{"GET", login.PathPasskeyOffer, kindPage, pages.Fresh("", mine.OfferPasskey)},
		{"GET", account.PathPasskeyRename, kindPage, pages.Fresh("", mine.ShowRenamePasskey)},
		{"POST", account.PathPasskeyRename, kindPage, pages.Fresh(account.PathSecurity, mine.RenamePasskey)},
		{"GET", account.PathPasskeyRemove, kindPage, pages.Fresh("", mine.ShowRemovePasskey)},
		{"POST", account.PathPasskeyRemove, kindPage, pages.Fresh(account.PathSecurity, mine.RemovePasskey)},
	}
}

// factorRoutes are the pages that set up second factors. Each needs a fresh proof.
func factorRoutes(pages *login.Pages, mine *account.Pages) []route {
	return []route{
		{"GET", account.PathTOTP, kindPage, pages.Fresh("", mine.TOTP)},
		{"POST", account.PathTOTP, kindPage, pages.Fresh("", mine.EnableTOTP)},
		{"POST", account.PathTOTPOffer, kindPage, pages.Fresh(account.PathTOTP, mine.OfferTOTP)},
		{"GET", account.PathTOTPRemove, kindPage, pages.Fresh("", mine.ShowRemoveTOTP)},
		{"POST", account.PathTOTPRemove, kindPage, pages.Fresh("", mine.RemoveTOTP)},
		{"GET", account.PathRecovery, kindPage, pages.Fresh("", mine.Recovery)},
		{"POST", account.PathRecovery, kindPage, pages.Fresh("", mine.RenewRecovery)},
	}
}

// adminRoutes are the pages of administrators.
func (s *Site) adminRoutes(pages *login.Pages, forms *page.Forms) []route {
	cfg := s.cfg.Admin
	cfg.Login, cfg.Site, cfg.Provider, cfg.Ledger, cfg.Shop, cfg.Forms = pages, s.cfg.UI, s.cfg.Provider, s.cfg.Ledger, s.cfg.Shop, forms
	area := admin.New(cfg)
	var table []route
	for _, line := range admin.Routes() {
		table = append(table, route{line.Method, line.Path, kindPage, area.Handler(line)})
	}
	return table
}

// apiRoutes are the JSON contract and health.
func (s *Site) apiRoutes() []route {
	return []route{
		{"POST", "/api/v1/auth/register", kindAPI, s.api.Handle(s.api.Register)},
		{"POST", "/api/v1/auth/login", kindAPI, s.api.Handle(s.api.Login)},
		{"POST", "/api/v1/auth/refresh", kindAPI, s.api.Handle(s.api.Refresh)},
		{"POST", "/api/v1/auth/logout", kindAPI, s.api.Handle(s.api.Logout)},
		{"POST", "/api/v1/auth/validate", kindAPI, s.api.Handle(s.api.Validate)},
		{"GET", "/api/v1/auth/profile", kindAPI, s.api.Person(classRead, s.api.Profile)},
		{"POST", "/api/v1/auth/profile", kindAPI, s.api.Person(classAccount, s.api.EditProfile)},
		{"DELETE", "/api/v1/auth/account", kindAPI, s.api.Person(classAccount, s.api.DeleteAccount)},
		{"GET", "/api/v1/auth/session", kindAPI, s.api.Person(classRead, s.api.Session)},
		{"GET", "/api/v1/auth/sessions", kindAPI, s.api.Person(classRead, s.api.Sessions)},
		{"DELETE", "/api/v1/auth/sessions/{id}", kindAPI, s.api.Person(classAccount, s.api.EndSession)},
		{"GET", "/api/v1/auth/security-events", kindAPI, s.api.Person(classRead, s.api.SecurityEvents)},
		{"POST", "/api/v1/auth/forgot-password", kindAPI, s.api.Handle(s.api.ForgotPassword)},
		{"POST", "/api/v1/auth/reset-password", kindAPI, s.api.Handle(s.api.ResetPassword)},
		{"POST", "/api/v1/auth/resend-verification", kindAPI, s.api.Handle(s.api.ResendVerification)},
		{"POST", "/api/v1/auth/verify-email", kindAPI, s.api.Handle(s.api.VerifyEmail)},
		{"POST", "/api/v1/auth/change-password", kindAPI, s.api.Person(classAccount, s.api.ChangePassword)},
		{"GET", "/api/v1/auth/jwks", kindAPI, s.cfg.Provider.JWKS()},
		{"GET", "/api/v1/credits/balance", kindAPI, s.api.Balance()},
		{"POST", "/api/v1/credits/use", kindAPI, s.api.Use()},
		{"GET", "/api/v1/credits/transactions", kindAPI, s.api.Transactions()},
		{"GET", "/api/v1/credits/history", kindAPI, s.api.History()},
		{"POST", "/api/v1/credits/refunds", kindAPI, s.api.ClientRefund()},
		{"POST", "/api/v1/credits/holds", kindAPI, s.api.Reserve()},
		{"GET", "/api/v1/credits/holds", kindAPI, s.api.Holds()},
		{"GET", "/api/v1/credits/holds/{id}", kindAPI, s.api.Hold()},
		{"POST", "/api/v1/credits/holds/{id}/capture", kindAPI, s.api.Capture()},
		{"POST", "/api/v1/credits/holds/{id}/extend", kindAPI, s.api.Extend()},
		{"POST", "/api/v1/credits/holds/{id}/release", kindAPI, s.api.Release()},
		{"GET", "/api/v1/credits/export", kindAPI, s.api.Export()},
		{"GET", "/api/v1/credits/usage", kindAPI, s.api.Usage()},
		{"GET", "/api/v1/credits/purchases", kindAPI, s.api.Purchases()},
		{"POST", "/api/v1/credits/purchase", kindAPI, s.api.Purchase()},
		{"GET", "/api/v1/credits/purchase/{id}", kindAPI, s.api.PurchaseState()},
		{"POST", "/api/v1/credits/payment-link", kindAPI, s.api.PaymentLink()},
		{"POST", "/api/v1/webhooks/stripe", kindWebhook, s.api.Handle(s.api.Webhook)},
		{"GET", "/api/v1/credits/packages", kindAPI, s.api.Handle(s.api.Packages)},
		{"", api.PathOpenAPI, kindDocument, api.OpenAPI()},
		{"GET", "/api/v1/health", kindAPI, s.api.Handle(s.api.Health)},
		{"GET", "/health", kindOpen, s.api.Handle(s.api.Health)},
		{"GET", "/health/live", kindOpen, s.api.Handle(s.api.Live)},
		{"GET", "/health/ready", kindOpen, s.api.Handle(s.api.ReadyNow)},
	}
}

// serviceRoutes are what back ends call with a service key. POST credits/use takes one too.
func (s *Site) serviceRoutes() []route {
	const credits, internal = "/api/v1/credits", "/api/v1/internal/credits"
	return []route{
		{"GET", credits + "/balance/{userId}", kindAPI, s.api.Proven(s.api.ServiceBalance)},
		{"POST", credits + "/refund", kindAPI, s.api.Proven(s.api.ServiceRefund)},
		{"GET", internal + "/balance/{userId}", kindAPI, s.api.Proven(s.api.ServiceBalance)},
		{"POST", internal + "/use", kindAPI, s.api.Proven(s.api.ServiceUse)},
		{"POST", internal + "/refund", kindAPI, s.api.Proven(s.api.ServiceRefund)},
		{"POST", internal + "/reserve", kindAPI, s.api.Proven(s.api.ServiceReserve)},
		{"POST", internal + "/commit", kindAPI, s.api.Proven(s.api.ServiceCommit)},
		{"POST", internal + "/refund-reservation", kindAPI, s.api.Proven(s.api.ServiceRelease)},
		{"POST", internal + "/release", kindAPI, s.api.Proven(s.api.ServiceRelease)},
		{"POST", internal + "/init", kindAPI, s.api.Proven(s.api.ServiceInit)},
	}
}

// administrationRoutes are what clients with admin scopes call.
func (s *Site) administrationRoutes() []route {
	const base = "/api/v1/admin"
	return []route{
		{"GET", base + "/clients", kindAPI, s.api.AdminClients()},
		{"POST", base + "/clients", kindAPI, s.api.AdminRegister()},
		{"GET", base + "/clients/{clientId}", kindAPI, s.api.AdminClient()},
		{"PATCH", base + "/clients/{clientId}", kindAPI, s.api.AdminChangeClient()},
		{"DELETE", base + "/clients/{clientId}", kindAPI, s.api.AdminRemoveClient()},
		{"POST", base + "/clients/{clientId}/secret", kindAPI, s.api.AdminRotateSecret()},
		{"GET", base + "/packages", kindAPI, s.api.AdminPackages()},
		{"POST", base + "/packages", kindAPI, s.api.AdminCreatePackage()},
		{"GET", base + "/packages/{id}", kindAPI, s.api.AdminPackage()},
		{"PATCH", base + "/packages/{id}", kindAPI, s.api.AdminChangePackage()},
		{"GET", base + "/service-keys", kindAPI, s.api.AdminKeys()},
		{"POST", base + "/service-keys", kindAPI, s.api.AdminCreateKey()},
		{"GET", base + "/service-keys/{id}", kindAPI, s.api.AdminKey()},
		{"PATCH", base + "/service-keys/{id}", kindAPI, s.api.AdminChangeKey()},
		{"DELETE", base + "/service-keys/{id}", kindAPI, s.api.AdminRevokeKey()},
		{"POST", base + "/service-keys/{id}/value", kindAPI, s.api.AdminRotateKey()},
		{"GET", base + "/people", kindAPI, s.api.AdminPeople()},
		{"GET", base + "/people/{id}", kindAPI, s.api.AdminPerson()},
		{"PATCH", base + "/people/{id}", kindAPI, s.api.AdminChangePerson()},
		{"DELETE", base + "/people/{id}/sessions", kindAPI, s.api.AdminSignOut()},
	}
}

// docsRoutes are the reference of the API.
func (s *Site) docsRoutes(docs *api.Docs) []route {
	return []route{
		{"GET", api.PathDocs, kindPage, http.HandlerFunc(docs.Overview)},
		{"GET", api.PathDocs + "/{part}", kindPage, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !docs.Part(w, r) {
				s.refuse(w, r, http.StatusNotFound)
			}
		})},
	}
}

// devRoutes exist in dev mode only.
func (s *Site) devRoutes(pages *login.Pages) []route {
	demo := s.cfg.Demo
	return []route{
		{"GET", dev.DemoPath, kindPage, pages.Handle(demo.Home)},
		{"POST", dev.DemoPath + "/login", kindPage, pages.Handle(demo.Login)},
		{"GET", dev.DemoCallback, kindPage, pages.Handle(demo.Callback)},
		{"POST", dev.DemoPath + "/spend", kindPage, pages.Handle(demo.Spend)},
		{"POST", dev.DemoPath + "/logout", kindPage, pages.Handle(demo.Logout)},
		{"GET", dev.CheckoutPath, kindPage, pages.SignedIn(s.cfg.Checkout.Show)},
		{"POST", dev.CheckoutPath, kindPage, pages.SignedIn(s.cfg.Checkout.Press)},
		{"GET", dev.MailPath, kindPage, pages.Handle(s.cfg.Mailbox.List)},
		{"GET", dev.MailPath + "/{id}", kindPage, pages.Handle(s.cfg.Mailbox.Show)},
		{"GET", dev.MailPath + "/{id}/html", kindPage, pages.Handle(s.cfg.Mailbox.HTML)},
	}
}
