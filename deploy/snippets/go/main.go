// Command main logs one person in. Put the settings into its environment, then:
// go mod init app && go mod tidy && go run .
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

func main() {
	issuer, err := oidc.NewProvider(context.Background(), os.Getenv("ISSUER"))
	if err != nil {
		log.Fatal(err)
	}
	app := oauth2.Config{
		ClientID: os.Getenv("CLIENT_ID"), ClientSecret: os.Getenv("CLIENT_SECRET"), Endpoint: issuer.Endpoint(),
		RedirectURL: os.Getenv("REDIRECT_URI"), Scopes: strings.Fields(os.Getenv("SCOPE")),
	}
	callback, err := url.Parse(app.RedirectURL)
	if err != nil || callback.Path == "" || callback.Path == "/" {
		log.Fatal("the redirect URI needs a path of its own, such as /callback")
	}
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		state, verifier := oauth2.GenerateVerifier(), oauth2.GenerateVerifier() // random, for this browser only
		for name, value := range map[string]string{"state": state, "verifier": verifier} {
			http.SetCookie(w, &http.Cookie{
				Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
				Secure: callback.Scheme == "https", MaxAge: 600,
			})
		}
		http.Redirect(w, r, app.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier), oidc.Nonce(state)), http.StatusSeeOther)
	})
	http.HandleFunc("GET "+callback.Path, func(w http.ResponseWriter, r *http.Request) {
		state, _ := r.Cookie("state")
		verifier, _ := r.Cookie("verifier")
		if state == nil || verifier == nil || r.FormValue("state") != state.Value || r.FormValue("iss") != os.Getenv("ISSUER") {
			http.Error(w, "this sign-in did not begin here", http.StatusBadRequest)
			return
		}
		tokens, err := app.Exchange(r.Context(), r.FormValue("code"), oauth2.VerifierOption(verifier.Value))
		if err != nil {
			http.Error(w, "the sign-in failed", http.StatusBadRequest)
			return
		}
		raw, _ := tokens.Extra("id_token").(string)
		id, err := issuer.Verifier(&oidc.Config{ClientID: app.ClientID}).Verify(r.Context(), raw)
		if err != nil || id.Nonce != state.Value {
			http.Error(w, "the ID token is wrong", http.StatusBadRequest)
			return
		}
		var claims map[string]any
		if err := id.Claims(&claims); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(claims)
	})
	fmt.Printf("Open %s://%s\n", callback.Scheme, callback.Host)
	server := &http.Server{Addr: callback.Host, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
