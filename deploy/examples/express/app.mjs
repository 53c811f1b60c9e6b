// A web app that logs people in. Environment: ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI (its path is /callback), SCOPE.
import { randomUUID } from 'node:crypto'
import express from 'express'
import * as client from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SCOPE = 'openid profile email' } = process.env
const redirect = new URL(REDIRECT_URI)

// An issuer on http://localhost needs this option; leave it out for https.
const options = ISSUER.startsWith('http:') ? { execute: [client.allowInsecureRequests] } : {}
const config = await client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, options)

const app = express()
const sessions = new Map() // in memory: a real app keeps them where all its processes find them

// Whoever signs in has a session, by a cookie that no script can read.
app.use((request, response, next) => {
  request.id = /(?:^|; )sid=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1]
  request.session = sessions.get(request.id) ?? {}
  next()
})

// Each step gets a new session, so that nobody can know it from before.
function renew(request, response, session) {
  const id = randomUUID()
  sessions.delete(request.id)
  sessions.set(id, session)
  response.cookie('sid', id, { httpOnly: true, sameSite: 'lax', secure: redirect.protocol === 'https:' })
  return id
}

app.get('/', (request, response) => {
  response.json(request.session.claims ?? { signIn: '/login' })
})

app.get('/login', async (request, response) => {
  const verifier = client.randomPKCECodeVerifier()
  const login = { verifier, state: client.randomState(), nonce: client.randomNonce() }
  renew(request, response, { ...request.session, login })
  const parameters = {
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: login.state,
    nonce: login.nonce,
  }
  response.redirect(303, client.buildAuthorizationUrl(config, parameters).href)
})

// The code is redeemed once. State, iss, and the ID token with its signature, audience, nonce and times are checked.
app.get('/callback', async (request, response) => {
  if (!request.session.login) throw new Error('this sign-in did not begin here')
  const { verifier, state, nonce } = request.session.login
  delete request.session.login
  const tokens = await client.authorizationCodeGrant(config, new URL(request.url, redirect.origin), {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  })
  const claims = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
  renew(request, response, { claims: { ...tokens.claims(), ...claims }, idToken: tokens.id_token })
  response.redirect(303, '/')
})

app.get('/logout', (request, response) => {
  sessions.delete(request.id)
  const hint = request.session.idToken ? { id_token_hint: request.session.idToken } : {}
  const parameters = { ...hint, post_logout_redirect_uri: redirect.origin + '/' }
  response.clearCookie('sid').redirect(303, client.buildEndSessionUrl(config, parameters).href)
})

app.use((error, request, response, next) => {
  console.error(error.code ?? error.message)
  response.status(400).json({ error: 'the sign-in failed', again: '/login' })
})

app.listen(Number(redirect.port), redirect.hostname, () => console.log(`Open ${redirect.origin}`))
