// Logs one person in and prints two lines of JSON: the address to open, then what came back.
// Environment: ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI (on loopback), SCOPE.
import { createServer } from 'node:http'
import * as client from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SCOPE = 'openid profile email' } = process.env
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

const server = createServer(async (request, response) => {
  const callback = new URL(request.url, redirect.origin)
  if (callback.pathname !== redirect.pathname) {
    response.writeHead(404).end()
    return
  }
  try {
    // Checks state, iss (RFC 9207), the ID token's signature, issuer, audience, nonce and times.
    const tokens = await client.authorizationCodeGrant(config, callback, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    })
    const claims = tokens.claims()
    const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
    console.log(JSON.stringify({ claims, userinfo, tokenType: tokens.token_type }))
    response.end('Signed in. You can close this page.\n')
    server.close()
  } catch (error) {
    console.error(error)
    response.writeHead(500).end('The sign-in failed; see the terminal.\n')
    server.close()
    process.exitCode = 1
  }
})
server.listen(Number(redirect.port), redirect.hostname, () => console.log(JSON.stringify({ url: url.href })))
