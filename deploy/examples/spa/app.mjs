// A page without a back end: a public client with PKCE. config.json beside it holds issuer and client_id. Tokens stay in the
// memory of this page; the refresh token changes with each use. What the login began with waits in sessionStorage.
import * as oauth from 'oauth4webapi'

const show = (id, value) => (document.getElementById(id).hidden = !value)
const on = (id, act) => document.getElementById(id).addEventListener('click', () => act().catch(fail))
const say = (text) => (document.getElementById('state').textContent = text)
const fail = (error) => say(`Failed: ${error.message}`)

const { issuer, client_id } = await (await fetch('config.json')).json()
const redirect_uri = location.origin + location.pathname
const client = { client_id }
// An issuer on http://localhost needs this option; leave it out for https.
const options = { [oauth.allowInsecureRequests]: issuer.startsWith('http:') }
const server = await oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer), options))
let tokens, sub

async function login() {
  const started = { verifier: oauth.generateRandomCodeVerifier(), state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce() }
  sessionStorage.setItem('login', JSON.stringify(started))
  const to = new URL(server.authorization_endpoint)
  to.search = new URLSearchParams({
    client_id,
    redirect_uri,
    response_type: 'code',
    scope: 'openid profile email offline_access',
    code_challenge: await oauth.calculatePKCECodeChallenge(started.verifier),
    code_challenge_method: 'S256',
    state: started.state,
    nonce: started.nonce,
  })
  location.assign(to)
}

// callback redeems the code. It checks state and iss (RFC 9207), then the ID token and its signature.
async function callback() {
  const { verifier, state, nonce } = JSON.parse(sessionStorage.getItem('login') ?? '{}')
  sessionStorage.removeItem('login')
  const parameters = oauth.validateAuthResponse(server, client, new URL(location.href), state)
  history.replaceState(null, '', redirect_uri) // the code leaves the address
  const response = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), parameters, redirect_uri, verifier, options)
  tokens = await oauth.processAuthorizationCodeResponse(server, client, response, { expectedNonce: nonce, requireIdToken: true })
  await oauth.validateApplicationLevelSignature(server, response, options)
  sub = oauth.getValidatedIdTokenClaims(tokens).sub
  await userinfo('Signed in')
}

async function refresh() {
  const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), tokens.refresh_token, options)
  tokens = { ...tokens, ...(await oauth.processRefreshTokenResponse(server, client, response)) }
  await userinfo('Refreshed')
}

async function userinfo(text) {
  const response = await oauth.userInfoRequest(server, client, tokens.access_token, options)
  const claims = await oauth.processUserInfoResponse(server, client, sub, response)
  document.getElementById('claims').textContent = JSON.stringify(claims, null, 2)
  for (const [id, shown] of Object.entries({ login: false, refresh: true, logout: true })) show(id, shown)
  say(text)
}

async function logout() {
  // With offline_access the refresh token would outlive the session.
  await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, oauth.None(), tokens.refresh_token, options))
  const to = new URL(server.end_session_endpoint)
  to.search = new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: redirect_uri })
  location.assign(to)
}

on('login', login)
on('refresh', refresh)
on('logout', logout)
const answer = new URLSearchParams(location.search)
if (answer.has('code') || answer.has('error')) {
  await callback().catch(fail)
} else {
  say('Signed out')
}
show('login', !tokens)
