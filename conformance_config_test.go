package main

import (
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"
)

// configRows are the module of the Config plan, and what every module reads first (P1, P2).
func configRows() rows {
	return rows{
		"P1_metadata":      configRequired,
		"P2_jwks":          func(r *row) { r.jwks() },
		"C1_verification":  configVerification,
		"C1_types":         configTypes,
		"C2_members":       configMembers,
		"C2_locales":       configLocales,
		"C2_well-known":    configAnswer,
		"RL4_verification": func(r *row) { r.F("end_session_endpoint is secure", r.secure(r.metadata["end_session_endpoint"])) },
	}
}

func configRequired(r *row) {
	for _, name := range []string{"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"} {
		r.F("required members are there", isString(r.metadata[name]), name)
	}
	for _, method := range []string{"client_secret_basic", "client_secret_post"} {
		r.F("methods of client authentication are advertised", slices.Contains(r.list("token_endpoint_auth_methods_supported"), method), method)
	}
}

func configAnswer(r *row) {
	got, document := r.document(r.issuer + "/.well-known/openid-configuration")
	r.F("metadata is JSON", strings.HasPrefix(got.Header.Get("Content-Type"), "application/json"), got.Header)
	r.F("issuer is the address without the suffix", document["issuer"] == r.issuer, document["issuer"])
	r.F("issuer is secure", r.secure(document["issuer"]), document["issuer"])
}

// secure wants https, or http where the issuer itself is on a loopback address. No query and no fragment.
func (r *row) secure(address any) bool {
	text, _ := address.(string)
	at, err := url.Parse(text)
	if err != nil || at.Host == "" || strings.ContainsAny(text, "?#") {
		return false
	}
	loopback := strings.HasPrefix(r.issuer, "http://localhost:") && strings.HasPrefix(text, r.issuer)
	return at.Scheme == "https" || at.Scheme == "http" && loopback
}

func configVerification(r *row) {
	known := []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}
	offered := func(kind string) bool { return slices.Contains(known, kind) }
	r.F("a response type of OpenID Connect is offered", slices.ContainsFunc(r.list("response_types_supported"), offered))
	for _, kind := range r.list("subject_types_supported") {
		r.F("subject types are public and pairwise", kind == "public" || kind == "pairwise", kind)
	}
	r.F("RS256 is offered for ID tokens", slices.Contains(r.list("id_token_signing_alg_values_supported"), "RS256"))
	for name, value := range r.metadata {
		if strings.HasSuffix(name, "_endpoint") || name == "jwks_uri" {
			r.F("endpoints are secure", r.secure(value), name, value)
		}
	}
	r.F("scope openid is offered", slices.Contains(r.list("scopes_supported"), "openid"))
	r.F("methods of challenges are a list", len(r.list("code_challenge_methods_supported")) > 0)
	r.F("grants are a list", len(r.list("grant_types_supported")) > 0)
}

func configLocales(r *row) {
	for _, name := range []string{"ui_locales_supported", "claims_locales_supported"} {
		for _, locale := range r.list(name) {
			tag, err := language.Parse(locale)
			r.F("locales are language tags", err == nil, locale)
			r.W("locales are written in their canonical form", tag.String() == locale, locale)
		}
	}
}

// publishedLists and publishedTexts are the members of RFC 8414, OpenID Connect Discovery and their extensions, as
// registered with IANA; members that are neither are switches or objects.
var (
	publishedLists = strings.Fields(`scopes_supported response_types_supported response_modes_supported grant_types_supported
		token_endpoint_auth_methods_supported token_endpoint_auth_signing_alg_values_supported ui_locales_supported
		revocation_endpoint_auth_methods_supported revocation_endpoint_auth_signing_alg_values_supported
		introspection_endpoint_auth_methods_supported introspection_endpoint_auth_signing_alg_values_supported
		code_challenge_methods_supported acr_values_supported subject_types_supported prompt_values_supported
		id_token_signing_alg_values_supported id_token_encryption_alg_values_supported id_token_encryption_enc_values_supported
		userinfo_signing_alg_values_supported userinfo_encryption_alg_values_supported userinfo_encryption_enc_values_supported
		request_object_signing_alg_values_supported request_object_encryption_alg_values_supported
		request_object_encryption_enc_values_supported display_values_supported claim_types_supported claims_supported
		claims_locales_supported authorization_signing_alg_values_supported introspection_signing_alg_values_supported
		dpop_signing_alg_values_supported authorization_details_types_supported protected_resources
		backchannel_token_delivery_modes_supported backchannel_authentication_request_signing_alg_values_supported`)
	publishedTexts = strings.Fields(`issuer authorization_endpoint token_endpoint jwks_uri registration_endpoint userinfo_endpoint
		service_documentation op_policy_uri op_tos_uri revocation_endpoint introspection_endpoint end_session_endpoint
		device_authorization_endpoint pushed_authorization_request_endpoint check_session_iframe
		backchannel_authentication_endpoint signed_metadata`)
	publishedSwitches = strings.Fields(`claims_parameter_supported request_parameter_supported request_uri_parameter_supported
		require_request_uri_registration require_signed_request_object require_pushed_authorization_requests
		authorization_response_iss_parameter_supported backchannel_logout_supported backchannel_logout_session_supported
		frontchannel_logout_supported frontchannel_logout_session_supported tls_client_certificate_bound_access_tokens
		client_id_metadata_document_supported backchannel_user_code_parameter_supported`)
)

func configTypes(r *row) {
	for name, value := range r.metadata {
		switch {
		case slices.Contains(publishedLists, name):
			list, isList := value.([]any)
			strange := func(v any) bool { return !isString(v) }
			r.F("members have the types of their schema", isList && !slices.ContainsFunc(list, strange), name, value)
		case slices.Contains(publishedTexts, name):
			r.F("members have the types of their schema", isString(value) && value != "", name, value)
		case slices.Contains(publishedSwitches, name):
			r.F("members have the types of their schema", isBool(value), name, value)
		}
	}
}

func configMembers(r *row) {
	for _, name := range []string{"userinfo_endpoint", "scopes_supported", "claims_supported"} {
		r.W("recommended members are there", r.metadata[name] != nil, name)
	}
	objects := r.list("request_object_signing_alg_values_supported")
	r.W("request objects may be signed with RS256", r.metadata["request_object_signing_alg_values_supported"] == nil || slices.Contains(objects, "RS256"), objects)
	for name := range r.metadata {
		known := slices.Concat(publishedLists, publishedTexts, publishedSwitches, []string{"mtls_endpoint_aliases"})
		r.W("only known members in the metadata", slices.Contains(known, name), name)
	}
}

// TestConfigOfHTTPS holds the metadata of an https issuer to the Config plan: no address falls back to http.
func TestConfigOfHTTPS(t *testing.T) {
	t.Parallel()
	var key strings.Builder
	if code := run(t.Context(), []string{"config", "new-key"}, nil, &key, io.Discard); code != 0 {
		t.Fatalf("got exit code %d", code)
	}
	port := freePort(t)
	s := start(t, "ISSUER=https://auth.example.com", "PORT="+port, "LISTEN=127.0.0.1:"+port, "MASTER_KEY="+strings.TrimSpace(key.String()), "DRAIN=0s")
	u := &underTest{issuer: "https://auth.example.com", failed: map[string]bool{}}
	r := &row{T: t, underTest: u}
	_, u.metadata = r.document(s.issuer + "/.well-known/openid-configuration")
	for _, check := range []func(*row){configRequired, configVerification, configTypes, configMembers} {
		check(r)
	}
	r.F("end_session_endpoint is secure", r.secure(u.metadata["end_session_endpoint"]))
}
