// Package clients has go-oidc with golang.org/x/oauth2, the OpenID Connect client of the Go world, sign bob in.
package clients

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Nobody listens there: the browser stops where it would go to them.
const (
	callback = "http://127.0.0.1:9/callback"
	goodbye  = "http://127.0.0.1:9/goodbye"
)

// An app, as the library knows it.
type app struct {
	oauth2.Config
	provider *oidc.Provider
}

// A login that has come to its end.
type login struct {
	token    *oauth2.Token
	idToken  *oidc.IDToken
	rawToken string
}

func TestLogin(t *testing.T) {
	app := register(t)
	login := app.signIn(t)
	if login.token.RefreshToken == "" || login.token.Type() != "Bearer" {
		t.Errorf("tokens: %+v", login.token)
	}
	if err := login.idToken.VerifyAccessToken(login.token.AccessToken); err != nil {
		t.Error("at_hash:", err)
	}
}

func TestPKCE(t *testing.T) {
	app := register(t)
	back := app.authorize(t, oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))
	_, err := app.Exchange(t.Context(), back.Get("code"), oauth2.VerifierOption(oauth2.GenerateVerifier()))
	refusedWith(t, err, "invalid_grant")
}

func TestUserInfo(t *testing.T) {
	app := register(t)
	login := app.signIn(t)
	person := app.userInfo(t, login.token)
	if person.Subject != login.idToken.Subject || person.Email != "bob@example.com" || !person.EmailVerified {
		t.Errorf("UserInfo: %+v", person)
	}
	var profile struct{ Name, Picture string }
	if err := person.Claims(&profile); err != nil || profile.Name != "Bob Baker" || profile.Picture == "" {
		t.Errorf("profile: %+v, %v", profile, err)
	}
}

func TestRefresh(t *testing.T) {
	app := register(t)
	login := app.signIn(t)
	// The library refreshes by itself what has expired.
	stale := *login.token
	stale.Expiry = time.Now().Add(-time.Minute)
	fresh, err := app.TokenSource(t.Context(), &stale).Token()
	must(t, err)
	if fresh.AccessToken == login.token.AccessToken {
		t.Error("the access token is the same")
	}
	again, _ := app.verify(t, fresh)
	if again.Subject != login.idToken.Subject {
		t.Errorf("the refreshed ID Token is about %s, the first one about %s", again.Subject, login.idToken.Subject)
	}
	app.userInfo(t, fresh)
}

func TestLogout(t *testing.T) {
	app := register(t)
	login := app.signIn(t)
	app.authorize(t, oauth2.SetAuthURLParam("prompt", "none"))

	var metadata struct {
		EndSessionEndpoint string `json:"end_session_endpoint"`
	}
	must(t, app.provider.Claims(&metadata))
	query := url.Values{
		"id_token_hint":            {login.rawToken},
		"post_logout_redirect_uri": {goodbye},
		"state":                    {"so long"},
	}
	if back := bob(t, metadata.EndSessionEndpoint+"?"+query.Encode(), goodbye); back.RawQuery != "state=so+long" {
		t.Errorf("back from the logout at %s", back)
	}

	back := app.authorize(t, oauth2.SetAuthURLParam("prompt", "none"))
	if back.Get("error") != "login_required" {
		t.Errorf("after the logout: %v", back)
	}
	_, err := app.TokenSource(t.Context(), &oauth2.Token{RefreshToken: login.token.RefreshToken}).Token()
	refusedWith(t, err, "invalid_grant")
}

func (a *app) signIn(t *testing.T) login {
	t.Helper()
	verifier, nonce := oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	back := a.authorize(t, oauth2.S256ChallengeOption(verifier), oidc.Nonce(nonce))
	token, err := a.Exchange(t.Context(), back.Get("code"), oauth2.VerifierOption(verifier))
	must(t, err)
	idToken, raw := a.verify(t, token)
	if idToken.Nonce != nonce {
		t.Fatalf("the nonce is %q, not %q", idToken.Nonce, nonce)
	}
	return login{token, idToken, raw}
}

// What the browser of this test brings back from an authorization request.
func (a *app) authorize(t *testing.T, options ...oauth2.AuthCodeOption) url.Values {
	t.Helper()
	state := oauth2.GenerateVerifier()
	back := bob(t, a.AuthCodeURL(state, options...), callback).Query()
	if back.Get("state") != state {
		t.Fatalf("another state is back: %v", back)
	}
	return back
}

// The ID Token that came with an access token, by the keys, issuer, audience and time that the library checks.
func (a *app) verify(t *testing.T, token *oauth2.Token) (*oidc.IDToken, string) {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	idToken, err := a.provider.Verifier(&oidc.Config{ClientID: a.ClientID}).Verify(t.Context(), raw)
	must(t, err)
	return idToken, raw
}

func (a *app) userInfo(t *testing.T, token *oauth2.Token) *oidc.UserInfo {
	t.Helper()
	person, err := a.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
	must(t, err)
	return person
}

// A new app that knows the server by discovery.
func register(t *testing.T) *app {
	t.Helper()
	t.Parallel()
	var made struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	flags := url.Values{"name": {t.Name()}, "type": {"web"}, "redirect-uri": {callback}, "post-logout-redirect-uri": {goodbye}}
	must(t, json.Unmarshal([]byte(hand(t, "/app", flags)), &made))
	provider, err := oidc.NewProvider(context.Background(), os.Getenv("GRANTRY_ISSUER"))
	must(t, err)
	// Otherwise the library would try every refused request a second time, with the secret in the form.
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	return &app{oauth2.Config{
		ClientID:     made.ID,
		ClientSecret: made.Secret,
		Endpoint:     endpoint,
		RedirectURL:  callback,
		Scopes:       []string{oidc.ScopeOpenID, "profile", "email"},
	}, provider}
}

// Where bob, in the browser of this test, comes to the app.
func bob(t *testing.T, address, appURI string) *url.URL {
	t.Helper()
	back, err := url.Parse(hand(t, "/bob", url.Values{"browser": {t.Name()}, "url": {address}, "app_uri": {appURI}}))
	must(t, err)
	return back
}

// What ../beside-demo.mjs does for us.
func hand(t *testing.T, path string, form url.Values) string {
	t.Helper()
	answer, err := http.PostForm(os.Getenv("GRANTRY_HANDS")+path, form)
	must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", path, body)
	}
	return string(body)
}

func refusedWith(t *testing.T, err error, code string) {
	t.Helper()
	var refusal *oauth2.RetrieveError
	if !errors.As(err, &refusal) || refusal.ErrorCode != code {
		t.Errorf("refused with %v, not with %s", err, code)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
