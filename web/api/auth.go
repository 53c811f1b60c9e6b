package api

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/page"
)

const (
	maxPassword = 128
	maxDevice   = 255
)

type registered struct {
	ID        string         `json:"id"`
	Email     string         `json:"email"`
	Name      *string        `json:"name"`
	CreatedAt string         `json:"createdAt"`
	User      registeredUser `json:"user"`
}

type registeredUser struct {
	ID       string  `json:"id"`
	Email    string  `json:"email"`
	Name     *string `json:"name"`
	Verified *bool   `json:"emailVerified,omitempty"` // clients read false as "verify before you log in"
}

// Register creates a person: POST /api/v1/auth/register.
func (a *API) Register(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := a.limitAddress(ctx, "signup"); err != nil {
		return err
	}
	if err := a.limitAddress(ctx, "signupday"); err != nil {
		return err
	}
	if !a.cfg.SignupOpen {
		return Refusal(http.StatusNotFound)
	}
	body, err := decode(r)
	if err != nil {
		return err
	}
	registration := identity.Registration{
		Email: body.required("email"), Password: body.required("password"), Name: body.line("name", 0, maxDevice),
		Device: page.Device(r),
	}
	to, _ := body.text("sourceAppUrl")
	if err := body.err(); err != nil {
		return err
	}
	registration.Mail = a.mailTo(r, to)
	user, err := a.cfg.Identity.Register(ctx, registration)
	if err != nil {
		return err
	}
	person := registeredUser{ID: user.ID.String(), Email: string(user.Email), Name: optional(user.Name)}
	if a.cfg.RequireVerified {
		person.Verified = &user.EmailVerified
	}
	writeJSON(w, http.StatusCreated, registered{
		ID: person.ID, Email: person.Email, Name: person.Name, CreatedAt: timestamp(user.CreatedAt), User: person,
	})
	return nil
}

type loggedIn struct {
	User         loginUser `json:"user"`
	AccessToken  string    `json:"accessToken"`
	RefreshToken string    `json:"refreshToken"`
	ExpiresIn    int64     `json:"expiresIn"`
	TokenType    string    `json:"tokenType"`
}

type loginUser struct {
	ID    string  `json:"id"`
	Email string  `json:"email"`
	Name  *string `json:"name"`
	Role  string  `json:"role"`
}

// Login starts a first-party session: POST /api/v1/auth/login. Only wrong credentials count against the
// address.
func (a *API) Login(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	network := a.cfg.Network(ctx)
	if err := a.limit(ctx, "login", network); err != nil {
		return err
	}
	tokens, err := a.login(r)
	if !errors.Is(err, identity.ErrCredentials) {
		a.cfg.GiveBack(ctx, "login", network)
	}
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, loggedInOf(tokens))
	return nil
}

func loggedInOf(tokens provider.Tokens) loggedIn {
	return loggedIn{
		User: loginUser{
			ID: tokens.User.ID.String(), Email: string(tokens.User.Email), Name: optional(tokens.User.Name),
			Role: string(tokens.User.Role),
		},
		AccessToken: tokens.AccessToken, RefreshToken: string(tokens.RefreshToken),
		ExpiresIn: int64(tokens.ExpiresIn.Seconds()), TokenType: "Bearer",
	}
}

func (a *API) login(r *http.Request) (provider.Tokens, error) {
	body, err := decode(r)
	if err != nil {
		return provider.Tokens{}, err
	}
	in := provider.Login{Email: body.required("email"), Password: body.line("password", 1, maxPassword), Device: page.Device(r)}
	in.Device.ID = body.line("deviceId", 0, maxDevice)
	in.Device.Name = body.cut("deviceName", maxDevice)
	if err := body.err(); err != nil {
		return provider.Tokens{}, err
	}
	return a.cfg.FirstParty.Login(r.Context(), in)
}

// Refresh exchanges a refresh token: POST /api/v1/auth/refresh. Clients send the same one again when an answer
// was lost, so the limit is wide.
func (a *API) Refresh(w http.ResponseWriter, r *http.Request) error {
	token, err := a.refreshToken(r)
	if err != nil {
		return err
	}
	if token == "" {
		return validation("refreshToken is required")
	}
	tokens, err := a.cfg.FirstParty.Refresh(r.Context(), token, page.Device(r))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, loggedInOf(tokens))
	return nil
}

// refreshToken counts a call of the class refresh and reads its token, empty when there is none. A token that is of
// no family is counted by its address alone.
func (a *API) refreshToken(r *http.Request) (string, error) {
	ctx := r.Context()
	if err := a.limitAddress(ctx, "refreship"); err != nil {
		return "", err
	}
	body, err := decode(r)
	if err != nil {
		return "", err
	}
	token, _ := body.text("refreshToken")
	if err := body.err(); err != nil || token == "" {
		return "", err
	}
	family, err := a.cfg.FirstParty.RefreshFamily(ctx, token)
	if errors.Is(err, provider.ErrInvalidGrant) {
		return token, nil
	}
	if err != nil {
		return "", err
	}
	return token, a.limit(ctx, "refresh", family.String())
}

type loggedOut struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

// Logout ends sessions: POST /api/v1/auth/logout. A bearer token and a refresh token each name one.
func (a *API) Logout(w http.ResponseWriter, r *http.Request) error {
	refresh, err := a.refreshToken(r)
	if err != nil {
		return err
	}
	bearer := bearerToken(r)
	if bearer == "" && refresh == "" {
		return unauthorized("No token provided")
	}
	if bearer != "" {
		err := a.cfg.FirstParty.SignOutToken(r.Context(), bearer, page.Device(r))
		if errors.Is(err, provider.ErrInvalidToken) && refresh == "" {
			return unauthorized("Invalid token")
		}
		if err != nil && !errors.Is(err, provider.ErrInvalidToken) {
			return err
		}
	}
	if refresh != "" {
		if err := a.cfg.FirstParty.SignOutRefresh(r.Context(), refresh, page.Device(r)); err != nil {
			return err
		}
	}
	writeJSON(w, http.StatusOK, loggedOut{Success: true, Message: "Logged out successfully"})
	return nil
}

// bearerToken is the token of the one Authorization header, empty if there is none (RFC 6750, section 2.1).
func bearerToken(r *http.Request) string {
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

// hasBearer reports whether a call shows any bearer token.
func hasBearer(r *http.Request) bool {
	return slices.ContainsFunc(r.Header.Values("Authorization"), func(header string) bool {
		scheme, token, _ := strings.Cut(header, " ")
		return strings.EqualFold(scheme, "Bearer") && token != ""
	})
}

// unauthorized is the refusal of a caller who is not proven.
func unauthorized(message string) *Error {
	return &Error{Status: http.StatusUnauthorized, Code: "UNAUTHORIZED", Message: message, Challenge: "Bearer"}
}

type validated struct {
	Valid   bool   `json:"valid"`
	Payload any    `json:"payload,omitempty"`
	Error   string `json:"error,omitempty"`
}

// Validate tells whether a first-party token holds: POST /api/v1/auth/validate. App back ends call it on
// every request, so its load is bounded by calls at work, not by counting.
func (a *API) Validate(w http.ResponseWriter, r *http.Request) error {
	select {
	case a.validate <- struct{}{}:
		defer func() { <-a.validate }()
	default:
		return unavailable()
	}
	body, err := decode(r)
	if err != nil {
		return err
	}
	token, _ := body.text("token") // what is not a string is as good as missing
	validation, err := a.cfg.FirstParty.Validate(r.Context(), token)
	if err != nil {
		return err
	}
	answer := validated{Valid: validation.Reason == "", Error: validation.Reason}
	if answer.Valid {
		answer.Payload = validation.Payload
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}
