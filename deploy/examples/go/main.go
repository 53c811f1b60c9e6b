// Command go is an API that takes access tokens, and a client that calls it with a token of its own.
// Environment: ISSUER, CLIENT_ID, CLIENT_SECRET.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/oauth2/clientcredentials"

	"mana/keys/verifier"
)

func main() {
	if err := run(context.Background(), os.Getenv("ISSUER")); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, issuer string) error {
	// The API. Its tokens carry this audience: those that the issuer makes for credits scopes.
	v, err := verifier.New(ctx, issuer, verifier.Config{Audience: issuer + "/api/v1/credits"})
	if err != nil {
		return err
	}
	defer v.Close()
	mux := http.NewServeMux()
	mux.Handle("GET /report", v.Require("credits:read")(http.HandlerFunc(report)))
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	defer func() { _ = server.Close() }()
	go func() { _ = server.Serve(listener) }()

	// The client. It gets a token, keeps it until it ends, and shows it with each call.
	app := clientcredentials.Config{
		ClientID: os.Getenv("CLIENT_ID"), ClientSecret: os.Getenv("CLIENT_SECRET"), TokenURL: issuer + "/token", Scopes: []string{"credits:read"},
	}
	for _, client := range []*http.Client{app.Client(ctx), {Timeout: 5 * time.Second}} {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+listener.Addr().String()+"/report", nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			return err
		}
		fmt.Println(response.StatusCode, string(body)+response.Header.Get("WWW-Authenticate"))
	}
	return nil
}

func report(w http.ResponseWriter, r *http.Request) {
	claims, _ := verifier.From(r.Context())
	fmt.Fprintf(w, "a report for %s", claims.ClientID)
}
