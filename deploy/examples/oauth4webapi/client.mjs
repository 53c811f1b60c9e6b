// Logs one person in, refreshes, introspects and revokes, and prints two lines of JSON: the address to open, then what
// came back. Environment: ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI (on loopback), SCOPE.
import { createServer } from 'node:http'
import * as oauth from 'oauth4webapi'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SCOPE = 'openid profile email' } = process.env
const redirect = new URL(REDIRECT_URI)

// An issuer on http://localhost needs this option; leave it out for https.
const options = { [oauth.allowInsecureRequests]: new URL(ISSUER).protocol === 'http:' }
const issuer = new URL(ISSUER)
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))
const client = { client_id: CLIENT_ID }
const secret = oauth.ClientSecretBasic(CLIENT_SECRET)

const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const nonce = oauth.generateRandomNonce()
const authorization = new URL(server.authorization_endpoint)
authorization.search = new URLSearchParams({
  client_id: CLIENT_ID,
  redirect_uri: REDIRECT_URI,
  response_type: 'code',
  scope: SCOPE,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
})

// login redeems the code of a callback. It checks state, iss (RFC 9207), and the ID token with its signature.
async function login(callback) {
  const parameters = oauth.validateAuthResponse(server, client, callback, state)
  const response = await oauth.authorizationCodeGrantRequest(server, client, secret, parameters, REDIRECT_URI, verifier, options)
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  })
  await oauth.validateApplicationLevelSignature(server, response, options)
  return tokens
}

async function active(token) {
  const response = await oauth.introspectionRequest(server, client, secret, token, options)
  return (await oauth.processIntrospectionResponse(server, client, response)).active
}

async function use(tokens) {
  const claims = oauth.getValidatedIdTokenClaims(tokens)
  let response = await oauth.refreshTokenGrantRequest(server, client, secret, tokens.refresh_token, options)
  const refreshed = await oauth.processRefreshTokenResponse(server, client, response)
  response = await oauth.userInfoRequest(server, client, refreshed.access_token, options)
  const userinfo = await oauth.processUserInfoResponse(server, client, claims.sub, response)
  const before = await active(refreshed.access_token)
  const token = refreshed.refresh_token ?? tokens.refresh_token
  await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, secret, token, options))
  return { claims, userinfo, before, after: await active(refreshed.access_token) }
}

const app = createServer(async (request, response) => {
  const callback = new URL(request.url, redirect.origin)
  if (callback.pathname !== redirect.pathname) return response.writeHead(404).end()
  try {
    console.log(JSON.stringify(await use(await login(callback))))
    response.end('Signed in, refreshed and signed out. You can close this page.\n')
  } catch (error) {
    console.error(error)
    response.writeHead(500).end('The sign-in failed; see the terminal.\n')
    process.exitCode = 1
  }
  app.close()
})
app.listen(Number(redirect.port), redirect.hostname, () => console.log(JSON.stringify({ url: authorization.href })))
