// Logs one person in, refreshes, signs out, and prints lines of JSON: the address to open, what came back, and the
// address that ends the session. Environment: ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI (on loopback), SCOPE,
// POST_LOGOUT_URI (on the same port).
import { createServer } from 'node:http'
import * as client from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SCOPE = 'openid profile email', POST_LOGOUT_URI } = process.env
const redirect = new URL(REDIRECT_URI)

// An issuer on http://localhost needs this option; leave it out for https.
const options = new URL(ISSUER).protocol === 'http:' ? { execute: [client.allowInsecureRequests] } : {}
const config = await client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, options)

const verifier = client.randomPKCECodeVerifier()
const state = client.randomState()
const nonce = client.randomNonce()
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: REDIRECT_URI,
  scope: SCOPE,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
})

// login redeems the code. It checks state, iss (RFC 9207), the ID token's signature, issuer, audience, nonce and times.
async function login(callback) {
  const tokens = await client.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  })
  const claims = tokens.claims()
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
  const userinfo = await client.fetchUserInfo(config, refreshed.access_token, claims.sub)
  const logout = client.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: POST_LOGOUT_URI,
    state: 'bye',
  })
  return { claims, userinfo, tokenType: tokens.token_type, logout: logout.href }
}

const server = createServer(async (request, response) => {
  const callback = new URL(request.url, redirect.origin)
  const signedOut = callback.href === `${POST_LOGOUT_URI}?state=bye`
  if (callback.pathname !== redirect.pathname && !signedOut) {
    response.writeHead(404).end()
    return
  }
  try {
    console.log(JSON.stringify(signedOut ? { signedOut } : await login(callback)))
    response.end(signedOut ? 'Signed out. You can close this page.\n' : 'Signed in. The terminal shows how to sign out.\n')
  } catch (error) {
    console.error(error)
    response.writeHead(500).end('The sign-in failed; see the terminal.\n')
    process.exitCode = 1
  }
  if (signedOut || process.exitCode) server.close()
})
server.listen(Number(redirect.port), redirect.hostname, () => console.log(JSON.stringify({ url: url.href })))
