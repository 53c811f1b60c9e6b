package api

import (
	"errors"
	"net/http"

	"mana/provider"
	"mana/provider/identity"
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
	ID    string  `json:"id"`
	Email string  `json:"email"`
	Name  *string `json:"name"`
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
		Email: body.required("email"), Password: body.required("password"), Name: body.limited("name", 0, maxDevice),
		Device: device(r),
	}
	if err := body.err(); err != nil {
		return err
	}
	user, err := a.cfg.Identity.Register(ctx, registration)
	if err != nil {
		return err
	}
	person := registeredUser{ID: user.ID.String(), Email: string(user.Email), Name: optional(user.Name)}
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
	writeJSON(w, http.StatusOK, loggedIn{
		User: loginUser{
			ID: tokens.User.ID.String(), Email: string(tokens.User.Email), Name: optional(tokens.User.Name),
			Role: string(tokens.User.Role),
		},
		AccessToken: tokens.AccessToken, RefreshToken: string(tokens.RefreshToken),
		ExpiresIn: int64(tokens.ExpiresIn.Seconds()), TokenType: "Bearer",
	})
	return nil
}

func (a *API) login(r *http.Request) (provider.Tokens, error) {
	body, err := decode(r)
	if err != nil {
		return provider.Tokens{}, err
	}
	in := provider.Login{Email: body.required("email"), Password: body.limited("password", 1, maxPassword), Device: device(r)}
	in.Device.ID = body.limited("deviceId", 0, maxDevice)
	in.Device.Name = body.cut("deviceName", maxDevice)
	if err := body.err(); err != nil {
		return provider.Tokens{}, err
	}
	return a.cfg.FirstParty.Login(r.Context(), in)
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
