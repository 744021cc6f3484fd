/**
 * Microsoft's own libraries, unmodified, with the simulated tenant. Each credential runs in a process that only knows
 * the certificate's path.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { SignJWT } from 'jose'
import { azureCliClientId, demoAudience, demoDirectory } from '../directory.ts'
import type { Certificate, EntraSimulator } from '../types.ts'
import { selfMadeCertificate } from './certificate.ts'
import { startEntra } from './index.ts'
import { claimsOf, open, submit, tenant } from './person.fixture.ts'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const made: Certificate = selfMadeCertificate(Date.now())
const cluster = generateKeyPairSync('rsa', { modulusLength: 2048 })
const federated = {
  issuer: 'https://swedencentral.oic.prod-aks.example/cluster/',
  subject: 'system:serviceaccount:gatehouse:gatehouse',
  publicKey: cluster.publicKey.export({ type: 'spki', format: 'pem' }),
}
const directory = {
  ...demoDirectory,
  applications: demoDirectory.applications.map(application =>
    application.name === 'gatehouse-gateway' ? { ...application, federatedCredentials: [federated] } : application,
  ),
}
let entra: EntraSimulator
let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'entra-tls-'))
  await writeFile(join(folder, 'certificate.pem'), made.certificate)
  // This process plays the person's browser.
  setDefaultCACertificates([...getCACertificates('default'), made.certificate])
  entra = await startEntra({ directory, tls: made, pollIntervalSeconds: 1 })
})
after(async () => {
  await entra.close()
  await rm(folder, { recursive: true })
})

interface Signed {
  readonly token: string
  readonly said: string
}

/**
 * Gets a token with a credential of `@azure/identity` that `code` makes; `onOutput` is called with its output
 * meanwhile.
 */
async function signIn(
  code: string,
  onOutput: (text: string) => void = () => {},
  env: Readonly<Record<string, string>> = {},
): Promise<Signed> {
  const script = [
    `import { ClientSecretCredential, DeviceCodeCredential, ManagedIdentityCredential, UsernamePasswordCredential } from '@azure/identity'`,
    `const options = { authorityHost: ${JSON.stringify(entra.url)}, disableInstanceDiscovery: true }`,
    `const credential = ${code}`,
    `const { token, expiresOnTimestamp } = await credential.getToken('${demoAudience}/.default')`,
    `if (!(expiresOnTimestamp > Date.now())) throw new Error('expired')`,
    'console.log(token)',
  ].join('\n')
  const child = spawn(process.execPath, ['--input-type=module', '--no-warnings', '-e', script], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: folder, NODE_EXTRA_CA_CERTS: join(folder, 'certificate.pem'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const written = { out: '', err: '' }
  child.stdout.on('data', chunk => {
    written.out += String(chunk)
  })
  child.stderr.on('data', chunk => {
    written.err += String(chunk)
    onOutput(written.err)
  })
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('close', resolve).once('error', reject)
  assert.equal(await promise, 0, written.err)
  return { token: written.out.trim(), said: written.err }
}

test('C10 the certificate is its own authority, and only for loopback', () => {
  const read = new X509Certificate(made.certificate)
  assert.ok(read.verify(read.publicKey) && read.ca)
  assert.ok(read.checkHost('localhost') && read.checkIP('127.0.0.1') && read.checkIP('::1'))
  assert.equal(read.checkHost('login.microsoftonline.com'), undefined)
  assert.notEqual(new X509Certificate(selfMadeCertificate(Date.now()).certificate).serialNumber, read.serialNumber)
})

// MSAL refuses documents that name another origin than the configured one.
test('C10 with TLS every document names the https origin, and a client that does not know the certificate gets nothing', async () => {
  assert.match(entra.url, /^https:\/\/127\.0\.0\.1:\d+$/)
  for (const version of ['', '/v2.0']) {
    const answer = await fetch(`${entra.url}/${tenant}${version}/.well-known/openid-configuration`)
    const document = (await answer.json()) as Record<string, unknown>
    for (const [name, value] of Object.entries(document)) {
      if (!/_(endpoint|uri)$/.test(name)) continue
      assert.ok(String(value).startsWith(`${entra.url}/`), `${name} ${value}`)
    }
    if (version !== '') assert.equal(document.issuer, `${entra.url}/${tenant}/v2.0`)
  }
  const known = getCACertificates('default')
  setDefaultCACertificates(known.filter(one => one.trim() !== made.certificate.trim()))
  // A new connection, with the certificates that are trusted now.
  await assert.rejects(fetch(entra.url.replace('127.0.0.1', 'localhost')))
  setDefaultCACertificates(known)
})

test('C10 ClientSecretCredential of @azure/identity signs an application in', async () => {
  const finder = demoDirectory.applications.find(row => row.name === 'expert-finder-app')
  const { token } = await signIn(
    `new ClientSecretCredential('${tenant}', '${finder?.appId}', '${finder?.secret}', options)`,
  )
  const { aud, appid, roles } = claimsOf(token)
  assert.deepEqual([aud, appid, roles], [demoAudience, finder?.appId, ['ExpertFinder.Call']])
})

test('C10 UsernamePasswordCredential signs a person in', async () => {
  const { token } = await signIn(
    `new UsernamePasswordCredential('${tenant}', '${azureCliClientId}', 'alice@contoso.example', 'alice-in-the-simulator', options)`,
  )
  const { aud, upn, roles } = claimsOf(token)
  assert.deepEqual([aud, upn, roles], [demoAudience, 'alice@contoso.example', ['HrBot.Use']])
})

test('C10 DeviceCodeCredential waits for a person who enters the code in a browser', async () => {
  let entered: Promise<unknown> | null = null
  const { token, said } = await signIn(
    `new DeviceCodeCredential({ ...options, tenantId: '${tenant}', clientId: '${azureCliClientId}', userPromptCallback: ({ message }) => console.error(message) })`,
    text => {
      const [, page, code] = /open the page (\S+) and enter the code (\w+)/.exec(text) ?? []
      if (page === undefined || code === undefined) return
      entered ??= open(page).then(async shown => submit(page, await submit(page, shown, { code }), { person: 'carol' }))
    },
  )
  await entered
  assert.equal(claimsOf(token).upn, 'carol@contoso.example', said)
})

/** Signs in as a pod does, with what the cluster writes for its account. */
async function signInFromCluster(subject: string): Promise<Signed> {
  const file = join(folder, 'cluster-token')
  const assertion = new SignJWT({}).setProtectedHeader({ alg: 'RS256' }).setIssuer(federated.issuer).setSubject(subject)
  const token = await assertion
    .setAudience('api://AzureADTokenExchange')
    .setExpirationTime('1h')
    .sign(cluster.privateKey)
  await writeFile(file, token)
  const identity = directory.applications.find(({ name }) => name === 'gatehouse-gateway')
  return signIn(`new ManagedIdentityCredential({ clientId: '${identity?.appId}' })`, undefined, {
    ...{ AZURE_AUTHORITY_HOST: entra.url, AZURE_TENANT_ID: tenant, AZURE_FEDERATED_TOKEN_FILE: file },
  })
}

// AKS workload identity: the gateway's pods have no secret, and no other account of the cluster may pass for them.
test('C10 a pod signs in as a managed identity with the token of its account, and another account does not', async () => {
  const { token } = await signInFromCluster(federated.subject)
  const identity = directory.applications.find(({ name }) => name === 'gatehouse-gateway')
  assert.equal(claimsOf(token).oid, identity?.objectId)
  await assert.rejects(signInFromCluster('system:serviceaccount:default:gatehouse'), /AADSTS700213/)
})
