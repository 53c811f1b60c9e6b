// A known good provider for the conformance tests: oidc-provider with static clients and one person.
// SETUP is JSON from the tests: issuer, clients, subject, email, password, claims. The line "ready" says that it
// listens; it ends with its standard input.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

const { issuer, clients, email, password, subject, claims } = JSON.parse(process.env.SETUP)
const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
const acr = 'urn:mana:acr:basic'
const html = (body) => `<!doctype html><title>Reference</title>${body}`

const provider = new Provider(issuer, {
  acrValues: [acr],
  claims: {
    openid: ['sub'],
    profile: ['name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture',
      'website', 'gender', 'birthdate', 'zoneinfo', 'locale', 'updated_at'],
    email: ['email', 'email_verified'],
    address: ['address'],
    phone: ['phone_number', 'phone_number_verified'],
  },
  clients,
  cookies: { keys: [randomBytes(32).toString('hex')] },
  features: {
    claimsParameter: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    pushedAuthorizationRequests: { enabled: false },
    resourceIndicators: { enabled: false },
    revocation: { enabled: true },
    rpInitiatedLogout: {
      logoutSource: (ctx, form) => {
        ctx.body = html(form.replace('</form>', '<button name="logout" value="yes">Sign out</button></form>'))
      },
      postLogoutSuccessSource: (ctx) => { ctx.body = html('<h1>Signed out</h1>') },
    },
  },
  findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, ...claims }) }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  jwks: { keys: [{ ...key, alg: 'RS256', use: 'sig' }] },
  pkce: { required: () => false },
  renderError: (ctx, out) => { ctx.type = 'html'; ctx.body = html(`<h1>${out.error}</h1>`) },
  responseTypes: ['code'],
  scopes: ['openid', 'offline_access'],
})

const login = '<input name="username"><input name="password" type="password"><button>Sign in</button>'
const consent = '<button name="decision" value="allow">Allow</button>'

// interaction shows the page for a prompt, and takes its form.
async function interaction(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response)
  if (request.method === 'GET') {
    const fields = prompt.name === 'login' ? login : consent
    response.setHeader('Content-Type', 'text/html')
    response.end(html(`<form method="post" action="${request.url}">${fields}</form>`))
    return
  }
  let result = { error: 'access_denied' }
  if (prompt.name === 'login') {
    const form = new URLSearchParams((await request.setEncoding('utf8').toArray()).join(''))
    if (form.get('username') === email && form.get('password') === password) result = { login: { accountId: subject, acr } }
  } else {
    const grant = grantId ? await provider.Grant.find(grantId)
      : new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
    grant.addOIDCScope(params.scope)
    grant.addOIDCClaims(prompt.details.missingOIDCClaims ?? [])
    result = { consent: { grantId: await grant.save() } }
  }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true })
}

const server = createServer((request, response) => {
  if (!request.url.startsWith('/interaction/')) return provider.callback()(request, response)
  return interaction(request, response).catch((error) => response.writeHead(400).end(html(error.message)))
})
server.listen(Number(new URL(issuer).port), 'localhost', () => console.log('ready'))
process.stdin.on('end', () => process.exit()).resume()
