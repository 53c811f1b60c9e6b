package api

import (
	"encoding/json"

	"mana/ledger"
)

// What requests hold. Handlers read their members one by one, so these types are for the document alone: TestRequests of
// the root package sends each of them, whole and with each member broken, and TestMembers finds what they forget.
//
// The tag is holds what a schema says beside the type: required, a range of characters or of the number, a format, or the
// values that there are.
type (
	registerRequest struct {
		Email        string `json:"email" is:"required,email"`
		Password     string `json:"password" is:"required,8..128"`
		Name         string `json:"name" is:"0..255"`
		SourceAppURL string `json:"sourceAppUrl"`
	}
	loginRequest struct {
		Email      string `json:"email" is:"required,email"`
		Password   string `json:"password" is:"required,1..128"`
		DeviceID   string `json:"deviceId" is:"0..255"`
		DeviceName string `json:"deviceName"`
	}
	refreshRequest struct {
		RefreshToken string `json:"refreshToken" is:"required"`
	}
	logoutRequest struct {
		RefreshToken string `json:"refreshToken"`
	}
	validateRequest struct {
		Token string `json:"token"`
	}
	profileRequest struct {
		Name  string `json:"name" is:"0..255"`
		Image string `json:"image" is:"0..2048,address"`
	}
	deletionRequest struct {
		Password string `json:"password" is:"required"`
		Reason   string `json:"reason" is:"0..500"`
	}
	forgotRequest struct {
		Email      string `json:"email" is:"required,email"`
		RedirectTo string `json:"redirectTo"`
	}
	resetRequest struct {
		Token       string `json:"token" is:"required"`
		NewPassword string `json:"newPassword" is:"required"`
	}
	resendRequest struct {
		Email        string `json:"email" is:"required,email"`
		SourceAppURL string `json:"sourceAppUrl"`
	}
	verifyRequest struct {
		Token string `json:"token" is:"required"`
	}
	passwordRequest struct {
		CurrentPassword string `json:"currentPassword" is:"required"`
		NewPassword     string `json:"newPassword" is:"required"`
	}
	useRequest struct {
		UserID         string          `json:"userId" is:"uuid"`
		Amount         ledger.Amount   `json:"amount" is:"required"`
		AppID          string          `json:"appId" is:"app"`
		Description    string          `json:"description" is:"required,1..1000"`
		IdempotencyKey string          `json:"idempotencyKey" is:"key"`
		Metadata       json.RawMessage `json:"metadata"`
	}
	serviceUseRequest struct {
		UserID         string          `json:"userId" is:"required,uuid"`
		Amount         ledger.Amount   `json:"amount" is:"required"`
		AppID          string          `json:"appId" is:"app"`
		Description    string          `json:"description" is:"required,1..1000"`
		IdempotencyKey string          `json:"idempotencyKey" is:"key"`
		Metadata       json.RawMessage `json:"metadata"`
	}
	serviceRefundRequest struct {
		UserID         string          `json:"userId" is:"required,uuid"`
		Amount         ledger.Amount   `json:"amount" is:"required"`
		AppID          string          `json:"appId" is:"app"`
		TransactionID  string          `json:"transactionId" is:"uuid"`
		Description    string          `json:"description" is:"required,1..1000"`
		IdempotencyKey string          `json:"idempotencyKey" is:"key"`
		Metadata       json.RawMessage `json:"metadata"`
	}
	refundRequest struct {
		TransactionID  string          `json:"transactionId" is:"required,uuid"`
		Amount         ledger.Amount   `json:"amount"`
		Description    string          `json:"description" is:"required,1..1000"`
		IdempotencyKey string          `json:"idempotencyKey" is:"key"`
		Metadata       json.RawMessage `json:"metadata"`
	}
	holdRequest struct {
		UserID         string          `json:"userId" is:"uuid"`
		Amount         ledger.Amount   `json:"amount" is:"required"`
		Minimum        ledger.Amount   `json:"minimum"`
		AppID          string          `json:"appId" is:"app"`
		Description    string          `json:"description" is:"required,1..1000"`
		ExpiresIn      int64           `json:"expiresIn" is:"1..86400"`
		IdempotencyKey string          `json:"idempotencyKey" is:"key"`
		Metadata       json.RawMessage `json:"metadata"`
	}
	captureRequest struct {
		Amount         ledger.Amount `json:"amount"`
		Final          bool          `json:"final"`
		Description    string        `json:"description" is:"0..500"`
		IdempotencyKey string        `json:"idempotencyKey" is:"key"`
	}
	extendRequest struct {
		AddAmount      ledger.Amount `json:"addAmount"`
		ExpiresIn      int64         `json:"expiresIn" is:"1..86400"`
		IdempotencyKey string        `json:"idempotencyKey" is:"key"`
	}
	releaseRequest struct {
		IdempotencyKey string `json:"idempotencyKey"`
	}
	initRequest struct {
		UserID string `json:"userId" is:"required,uuid"`
	}
	reserveRequest struct {
		UserID         string        `json:"userId" is:"required,uuid"`
		Amount         ledger.Amount `json:"amount" is:"required"`
		Reason         string        `json:"reason" is:"required,1..200"`
		AppID          string        `json:"appId" is:"app"`
		ExpiresIn      int64         `json:"expiresIn" is:"1..86400"`
		IdempotencyKey string        `json:"idempotencyKey" is:"key"`
	}
	commitRequest struct {
		ReservationID string        `json:"reservationId" is:"required,uuid"`
		Amount        ledger.Amount `json:"amount"`
		Description   string        `json:"description" is:"0..500"`
	}
	reservationRequest struct {
		ReservationID string `json:"reservationId" is:"required,uuid"`
	}
	purchaseRequest struct {
		PackageID string          `json:"packageId" is:"required,uuid"`
		Metadata  json.RawMessage `json:"metadata"`
	}
	linkRequest struct {
		PackageID  string `json:"packageId" is:"required,uuid"`
		SuccessURL string `json:"successUrl" is:"address"`
		CancelURL  string `json:"cancelUrl" is:"address"`
		RoomID     string `json:"roomId" is:"1..255"`
		Quantity   int64  `json:"quantity" is:"1..1"`
	}
)

// The forms and answers of OAuth and OpenID Connect.
type (
	tokenForm struct {
		GrantType    string `json:"grant_type" is:"required,authorization_code|refresh_token|client_credentials"`
		Code         string `json:"code"`
		RedirectURI  string `json:"redirect_uri"`
		CodeVerifier string `json:"code_verifier" is:"43..128"`
		RefreshToken string `json:"refresh_token"`
		Scope        string `json:"scope"`
		Resource     string `json:"resource"`
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	}
	tokenHintForm struct {
		Token         string `json:"token" is:"required"`
		TokenTypeHint string `json:"token_type_hint"`
		ClientID      string `json:"client_id"`
		ClientSecret  string `json:"client_secret"`
	}
	endSessionForm struct {
		IDTokenHint           string `json:"id_token_hint"`
		ClientID              string `json:"client_id"`
		PostLogoutRedirectURI string `json:"post_logout_redirect_uri"`
		State                 string `json:"state"`
		LogoutHint            string `json:"logout_hint"`
		UILocales             string `json:"ui_locales"`
	}
	authorizeForm struct {
		ResponseType        string `json:"response_type" is:"required,code"`
		ClientID            string `json:"client_id" is:"required"`
		RedirectURI         string `json:"redirect_uri" is:"required"`
		Scope               string `json:"scope" is:"required"`
		CodeChallenge       string `json:"code_challenge" is:"required,43..43"`
		CodeChallengeMethod string `json:"code_challenge_method" is:"required,S256"`
		State               string `json:"state"`
		Nonce               string `json:"nonce"`
		ResponseMode        string `json:"response_mode" is:"query|form_post"`
		Prompt              string `json:"prompt"`
		MaxAge              string `json:"max_age"`
		LoginHint           string `json:"login_hint"`
		IDTokenHint         string `json:"id_token_hint"`
		ACRValues           string `json:"acr_values"`
		Claims              string `json:"claims"`
		UILocales           string `json:"ui_locales"`
		Resource            string `json:"resource"`
	}
	tokenAnswer struct {
		AccessToken  string `json:"access_token"`
		TokenType    string `json:"token_type" is:"Bearer"`
		ExpiresIn    int64  `json:"expires_in"`
		Scope        string `json:"scope,omitempty"`
		RefreshToken string `json:"refresh_token,omitempty"`
		IDToken      string `json:"id_token,omitempty"`
	}
	introspectionAnswer struct {
		Active    bool   `json:"active"`
		TokenType string `json:"token_type,omitempty"`
		Issuer    string `json:"iss,omitempty"`
		Subject   string `json:"sub,omitempty"`
		Audience  string `json:"aud,omitempty"`
		ClientID  string `json:"client_id,omitempty"`
		Scope     string `json:"scope,omitempty"`
		IssuedAt  int64  `json:"iat,omitempty"`
		ExpiresAt int64  `json:"exp,omitempty"`
		ID        string `json:"jti,omitempty"`
		AuthTime  int64  `json:"auth_time,omitempty"`
		ACR       string `json:"acr,omitempty"`
	}
	oauthFault struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}
	keySet struct {
		Keys []map[string]any `json:"keys"`
	}
	// anyObject is an object whose members a standard lists.
	anyObject map[string]any
	// problem is what [problemOf] writes, with the facts that some refusals add.
	problem struct {
		Type       string        `json:"type"`
		Title      string        `json:"title"`
		Status     int           `json:"status"`
		Code       string        `json:"code"`
		RequestID  string        `json:"requestId,omitempty"`
		Required   ledger.Amount `json:"required,omitempty"`
		Available  ledger.Amount `json:"available,omitempty"`
		Held       ledger.Amount `json:"held,omitempty"`
		NextFreeAt string        `json:"nextFreeAt,omitempty"`
		BuyURL     string        `json:"buyUrl,omitempty"`
		Debt       ledger.Amount `json:"debt,omitempty"`
		Rest       ledger.Amount `json:"rest,omitempty"`
		State      string        `json:"state,omitempty"`
	}
)
