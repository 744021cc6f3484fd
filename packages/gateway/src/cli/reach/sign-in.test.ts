import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, chown, copyFile, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { demoDirectory, type EntraSimulator, startEntra } from '@gatehouse/simulator'
import { claimsOf, entraOf, open, submit, tenant } from '../../../../simulator/src/entra/person.fixture.ts'
import { removeDemoState } from '../context.ts'
import { demoIn, metadataOf, type Ran, serviceOf, type Terminal, terminalOf } from './sign-in.fixture.ts'

let entra: EntraSimulator
before(async () => {
  entra = await startEntra({ directory: demoDirectory, pollIntervalSeconds: 1 })
})
after(() => entra.close())

const cognitive = 'https://cognitiveservices.azure.com/.default'

function gatewayOf(t: TestContext, changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const server = `${entra.url}/${tenant}/v2.0`
  const document = { resource: 'http://127.0.0.1', authorization_servers: [server], scopes_supported: [cognitive] }
  return serviceOf(t, metadataOf({ ...document, ...changes }))
}

function errorOf(ran: Ran): { code: string; why: string; next: string } {
  return JSON.parse(ran.stderr.trim().split('\n').at(-1) ?? '').error
}

/** Signs in with the browser as `person` would, from the address that the terminal shows. */
function browse(terminal: Terminal, person: string): void {
  terminal.watch = text => {
    const url = /^ {2}(http\S+\/authorize\?\S+)$/m.exec(text)?.[1]
    if (url === undefined) return
    void open(url).then(async page => {
      const { location } = await submit(url, page, { person })
      if (location !== null) await open(location)
    })
  }
}

// `$(gatehouse token)` is pasted into headers: one more word on standard output and the call fails.
test('token prints only a token, for carol by default', async () => {
  const terminal = await terminalOf()
  await demoIn(terminal.cwd, entra)
  for (const [words, name] of [
    [[], 'carol@contoso.example'],
    [['--as', 'alice'], 'alice@contoso.example'],
    [['--as', 'expert-finder-app'], undefined],
  ] as const) {
    const ran = await terminal.run('token', ...words)
    assert.equal(ran.exitCode, 0)
    assert.match(ran.stdout, /^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/)
    assert.equal(ran.stderr, '')
    assert.equal(claimsOf(ran.stdout.trim()).upn, name)
  }
  const json = await terminal.run('token', '--json', '--scope', 'https://ai.azure.com/.default')
  assert.equal(claimsOf(JSON.parse(json.stdout).token).aud, 'https://ai.azure.com')
  const nobody = await terminal.run('token', '--as', 'zed', '--json')
  assert.equal(nobody.exitCode, 2)
  assert.match(errorOf(nobody).why, /alice, bob, carol, dave, erin, frank, expert-finder-app/)
})

test('the demonstration is found from subdirectories, but not after its process has ended', async () => {
  const terminal = await terminalOf()
  const top = terminal.cwd
  await demoIn(top, entra)
  assert.equal((await stat(join(top, '.gatehouse', 'demo.json'))).mode & 0o777, 0o600)
  terminal.cwd = join(top, 'a', 'b')
  assert.equal((await terminal.run('token')).exitCode, 0)
  // No process has this id: kernels do not assign it.
  await demoIn(top, entra, { pid: 2 ** 30 })
  assert.equal(errorOf(await terminal.run('token', '--json')).code, 'gateway_unknown')
  await demoIn(top, entra)
  await removeDemoState(top, process.pid + 1)
  assert.equal((await terminal.run('token')).exitCode, 0)
  await removeDemoState(top, process.pid)
  assert.equal(errorOf(await terminal.run('token', '--json')).code, 'gateway_unknown')
})

test('login with the browser reads the gateway’s sign-in settings and is remembered until logout', async t => {
  const terminal = await terminalOf()
  const gateway = await gatewayOf(t)
  browse(terminal, 'bob')
  const login = await terminal.run('login', '--gateway', gateway, '--admin', 'http://127.0.0.1:10')
  assert.equal(login.stdout, `✓ Signed in as bob@contoso.example for ${gateway}\n`, login.stderr)
  const token = await terminal.run('token')
  assert.equal(claimsOf(token.stdout.trim()).upn, 'bob@contoso.example')
  const kept = await readFile(join(terminal.stateHome, 'gatehouse', 'profile.json'), 'utf8')
  assert.equal(JSON.parse(kept).admin, 'http://127.0.0.1:10')
  assert.equal(kept.includes('eyJ'), false)
  assert.equal((await terminal.run('logout')).exitCode, 0)
  assert.equal(errorOf(await terminal.run('token', '--json')).code, 'gateway_unknown')
})

test('login on another device shows the code, and the account can be named later', async () => {
  const terminal = await terminalOf()
  await demoIn(terminal.cwd, entra)
  terminal.watch = text => {
    const [, page, code] = /Open (\S+) on any device and enter the code\n {2}(\w+)\n/.exec(text) ?? []
    if (page === undefined || code === undefined) return
    void open(page).then(async shown => submit(page, await submit(page, shown, { code }), { person: 'alice' }))
  }
  const login = await terminal.run('login', '--device', '--json')
  assert.equal(JSON.parse(login.stdout).account, 'alice@contoso.example', login.stderr)
  assert.equal(claimsOf((await terminal.run('token')).stdout.trim()).upn, 'alice@contoso.example')
  const named = await terminal.run('token', '--as', 'alice@contoso.example')
  assert.equal(claimsOf(named.stdout.trim()).upn, 'alice@contoso.example')
  assert.equal(claimsOf((await terminal.run('token', '--as', 'bob')).stdout.trim()).upn, 'bob@contoso.example')
  const stranger = await terminal.run('token', '--as', 'bob@contoso.example')
  assert.equal(stranger.exitCode, 1)
  // C17: one sentence, and which account is signed in.
  const said = `bob@contoso.example is not signed in to tenant ${tenant} on this machine; alice@contoso.example is.`
  assert.equal(stranger.stderr, `✗ not_signed_in  ${said}\n  Try: gatehouse login\n`)
})

// Calls typed beside a demonstration must not reach production, nor the other way round.
test('a local demonstration has precedence over a profile, and neither signs in for another gateway', async t => {
  const terminal = await terminalOf()
  const gateway = await gatewayOf(t)
  browse(terminal, 'bob')
  assert.equal((await terminal.run('login', '--gateway', gateway)).exitCode, 0)
  await demoIn(terminal.cwd, entra)
  assert.equal(claimsOf((await terminal.run('token')).stdout.trim()).upn, 'carol@contoso.example')
  assert.equal(claimsOf((await terminal.run('token', '--gateway', gateway)).stdout.trim()).upn, 'bob@contoso.example')
  const other = await gatewayOf(t, { scopes_supported: ['https://ai.azure.com/.default'] })
  const third = await terminal.run('token', '--gateway', other)
  assert.equal(claimsOf(third.stdout.trim()).aud, 'https://ai.azure.com')
  terminal.env = { ...terminal.env, GATEHOUSE_GATEWAY: gateway }
  assert.equal(claimsOf((await terminal.run('token')).stdout.trim()).upn, 'bob@contoso.example')
})

// A second gateway beside the demonstration is the first thing that people try, and it has no other people.
test('--as means a person of the demonstration at each gateway that accepts its tokens, and at no other', async t => {
  const terminal = await terminalOf()
  await demoIn(terminal.cwd, entra)
  const gateway = await gatewayOf(t, { scopes_supported: ['api://gatehouse/.default'] })
  const ran = await terminal.run('token', '--gateway', gateway, '--as', 'alice')
  assert.equal(ran.exitCode, 0, ran.stderr)
  const { upn, aud } = claimsOf(ran.stdout.trim())
  assert.deepEqual([upn, aud], ['alice@contoso.example', 'api://gatehouse'])
  assert.equal(errorOf(await terminal.run('token', '--json', '--gateway', gateway)).code, 'not_signed_in')
  const stranger = await terminal.run('token', '--json', '--gateway', gateway, '--as', 'zed')
  assert.match(errorOf(stranger).why, /^It has alice, bob/)
  const asked: string[] = []
  const service = await serviceOf(t, (request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(404).end()
  })
  for (const server of [`${service}/${tenant}/v2.0`, `${entra.url}/11111111-2222-4333-8444-555555555555/v2.0`]) {
    const other = await gatewayOf(t, { authorization_servers: [server] })
    const refused = await terminal.run('token', '--json', '--gateway', other, '--as', 'alice')
    assert.deepEqual([refused.exitCode, errorOf(refused).code], [1, 'not_signed_in'], server)
  }
  assert.deepEqual(asked, [])
})

// The gateway names the scope. One that named another service's scope would receive a token for that service.
test('a gateway cannot request a token for another service', async t => {
  const terminal = await terminalOf()
  for (const scope of ['https://management.azure.com/.default', 'https://graph.microsoft.com/User.Read', 'openid']) {
    const gateway = await gatewayOf(t, { scopes_supported: [scope] })
    const ran = await terminal.run('login', '--json', '--gateway', gateway)
    assert.equal(errorOf(ran).code, 'metadata_unusable', scope)
  }
})

test('a gateway that does not say how to sign in is named, with the reason', async t => {
  const terminal = await terminalOf()
  const cases = [
    [await gatewayOf(t, { authorization_servers: [] }), 'metadata_unusable'],
    [await gatewayOf(t, { authorization_servers: ['http://login.example/t/v2.0'] }), 'metadata_unusable'],
    [await gatewayOf(t, { authorization_servers: ['https://login.example/'] }), 'metadata_unusable'],
    [await serviceOf(t, (_, response) => response.end('<html>')), 'metadata_unusable'],
    [await serviceOf(t, (_, response) => response.writeHead(404).end()), 'metadata_unusable'],
    [
      await serviceOf(t, (_, response) => response.writeHead(302, { location: 'http://x.example' }).end()),
      'gateway_unreachable',
    ],
    ['http://127.0.0.1:1', 'gateway_unreachable'],
  ] as const
  for (const [gateway, code] of cases) {
    const ran = await terminal.run('token', '--json', '--gateway', gateway)
    assert.deepEqual([ran.exitCode, errorOf(ran).code], [1, code], ran.stderr)
    assert.ok(errorOf(ran).why)
  }
})

test('an invalid URL, one with a password, or plain http to another host is a usage error', async () => {
  const terminal = await terminalOf()
  for (const url of [
    'gatehouse',
    'ftp://x.example',
    'https://u:secret@x.example',
    'http://x.example',
    'https://x.example/?a=1',
  ]) {
    const ran = await terminal.run('token', '--json', '--gateway', url)
    assert.deepEqual([ran.exitCode, errorOf(ran).code], [2, 'url_invalid'], url)
    assert.equal(ran.stderr.includes('secret'), false)
  }
})

test('a script signs in with the secret in its environment, wherever it runs', async () => {
  const terminal = await terminalOf()
  await demoIn(terminal.cwd, entra)
  const finder = demoDirectory.applications.find(row => row.name === 'expert-finder-app')
  const secret = finder?.secret ?? ''
  terminal.env = { ...terminal.env, GATEHOUSE_CLIENT_ID: finder?.appId ?? '', GATEHOUSE_CLIENT_SECRET: secret }
  const ran = await terminal.run('token')
  assert.equal(claimsOf(ran.stdout.trim()).appid, finder?.appId)
  terminal.env = { ...terminal.env, GATEHOUSE_CLIENT_SECRET: 'a-wrong-secret' }
  const wrong = await terminal.run('token', '--json')
  assert.equal(errorOf(wrong).code, 'sign_in_refused')
  assert.equal(wrong.stderr.includes('a-wrong-secret'), false)
  terminal.env = { XDG_STATE_HOME: terminal.stateHome, GATEHOUSE_CLIENT_SECRET: secret }
  assert.deepEqual([(await terminal.run('token', '--json')).exitCode], [2])
})

// A file that another user planted in a shared folder can name any address.
test('M7 a secret or a sign-in that is not the demonstration’s never goes to an address in its file', async t => {
  const terminal = await terminalOf()
  const asked: string[] = []
  const stranger = await serviceOf(t, (request, response) => {
    asked.push(`${request.url} ${request.headers.authorization ?? ''}`)
    response.writeHead(404).end()
  })
  await demoIn(terminal.cwd, entra, { authority: stranger, gateway: stranger, admin: stranger })
  const finder = demoDirectory.applications.find(row => row.name === 'expert-finder-app')
  const secret = {
    GATEHOUSE_CLIENT_ID: '00000000-0000-4000-8000-000000000000',
    GATEHOUSE_CLIENT_SECRET: finder?.secret ?? '',
  }
  terminal.env = { ...terminal.env, ...secret }
  for (const words of [['token'], ['whoami']]) {
    const ran = await terminal.run(...words, '--json')
    assert.deepEqual([ran.exitCode, errorOf(ran).code], [1, 'gateway_unknown'], words.join(' '))
    assert.match(errorOf(ran).why ?? '', /belongs to none of its applications/)
  }
  assert.deepEqual(asked, [])

  // After a sign-in elsewhere, without --admin, the token does not go to the file's management API.
  const gateway = await gatewayOf(t)
  terminal.env = { XDG_STATE_HOME: terminal.stateHome }
  browse(terminal, 'bob')
  assert.equal((await terminal.run('login', '--gateway', gateway)).exitCode, 0)
  await demoIn(terminal.cwd, entra, { authority: stranger, gateway, admin: stranger })
  const whoami = await terminal.run('whoami')
  assert.equal(whoami.exitCode, 0, whoami.stderr)
  assert.match(whoami.stdout, /bob@contoso\.example/)
  assert.deepEqual(asked, [])
})

test('M7 a demonstration’s file that others wrote or can write, or that is a link, is ignored and named', async () => {
  const terminal = await terminalOf()
  await demoIn(terminal.cwd, entra)
  const folder = join(terminal.cwd, '.gatehouse')
  const file = join(folder, 'demo.json')
  const passedOver = async (reason: RegExp): Promise<void> => {
    const ran = await terminal.run('token', '--json')
    assert.equal(ran.exitCode, 1)
    assert.match(ran.stderr, reason)
    assert.match(ran.stderr, /gateway_unknown/)
  }
  assert.equal((await terminal.run('token')).exitCode, 0)
  await chmod(file, 0o644)
  await passedOver(/demo\.json is not used: others can read or write it \(mode 0644\)/)
  await chmod(file, 0o600)
  await chmod(folder, 0o777)
  await passedOver(/demo\.json is not used: others can write into it \(mode 0777\)/)
  await chmod(folder, 0o700)
  const elsewhere = join(terminal.cwd, 'elsewhere')
  await rename(folder, elsewhere)
  await symlink(elsewhere, folder)
  await passedOver(/demo\.json is not used: it is no directory/)
  await rm(folder)
  await mkdir(folder, { mode: 0o700 })
  await symlink(join(elsewhere, 'demo.json'), file)
  await passedOver(/demo\.json is not used: it is a symbolic link/)
  await rm(file)
  // Only root can change a file's owner; without root there is no way to plant one.
  if (process.getuid?.() === 0) {
    await copyFile(join(elsewhere, 'demo.json'), file)
    await chown(file, 65_534, 65_534)
    await passedOver(/demo\.json is not used: it belongs to another user/)
    await rm(file)
  }
  await demoIn(terminal.cwd, entra, { admin: 'http://collector.example' })
  assert.equal(errorOf(await terminal.run('token', '--json')).code, 'demo_state_invalid')
})

test('the environment alone can say where to sign in, without any gateway', async () => {
  const terminal = await terminalOf()
  const finder = demoDirectory.applications.find(row => row.name === 'expert-finder-app')
  terminal.env = {
    ...terminal.env,
    GATEHOUSE_AUTHORITY: `${entra.url}/`,
    GATEHOUSE_TENANT: tenant,
    GATEHOUSE_SCOPE: cognitive,
    GATEHOUSE_CLIENT_ID: finder?.appId ?? '',
    GATEHOUSE_CLIENT_SECRET: finder?.secret ?? '',
  }
  assert.equal(claimsOf((await terminal.run('token')).stdout.trim()).oid, finder?.objectId)
  terminal.env = { ...terminal.env, GATEHOUSE_AUTHORITY: 'http://login.example' }
  assert.equal(errorOf(await terminal.run('token', '--json')).code, 'sign_in_service_invalid')
})

test('an outage, and stored tokens that others can read, are reported in three lines', async t => {
  const terminal = await terminalOf()
  const own = await entraOf(t)
  await demoIn(terminal.cwd, own)
  own.down = true
  const ran = await terminal.run('token')
  assert.match(
    ran.stderr,
    /^✗ sign_in_unreachable {2}\S.*\n {2}http\S+ did not answer: status 503\. The address is from the demonstration that runs here\.\n {2}Try: .*\n$/,
  )
  const state = join(terminal.stateHome, 'gatehouse')
  await mkdir(state, { recursive: true })
  await writeFile(join(state, 'tokens.json'), '{}')
  await chmod(join(state, 'tokens.json'), 0o644)
  const exposed = await terminal.run('token', '--as', 'alice@contoso.example')
  assert.match(
    exposed.stderr,
    /^✗ token_file_exposed {2}.*\n.*mode 0644.*\n {2}Try: rm \S+tokens\.json && gatehouse login\n$/,
  )
})

test('whoami shows the token’s claims, and the roles and workloads that the gateway knows', async t => {
  const terminal = await terminalOf()
  const admin = await serviceOf(t, (request, response) => {
    const subject = claimsOf(request.headers.authorization?.slice('Bearer '.length))
    const known = { caller: { displayName: subject.upn }, roles: ['auditor'], workloads: ['hr-bot', 'code-assistant'] }
    response.end(JSON.stringify(request.url === '/api/v1/whoami' ? known : {}))
  })
  await demoIn(terminal.cwd, entra, { admin })
  const ran = await terminal.run('whoami')
  assert.match(ran.stdout, /^user +carol@contoso\.example$/m)
  assert.match(ran.stdout, /^roles +auditor$/m)
  assert.match(ran.stdout, /^workloads +hr-bot, code-assistant$/m)
  const json = JSON.parse((await terminal.run('whoami', '--json', '--as', 'expert-finder-app')).stdout)
  assert.deepEqual([json.kind, json.displayName, json.roles], ['application', 'expert-finder-app', ['auditor']])
})

test('whoami still shows the token when the management API is down, rejects it, or answers nonsense', async t => {
  const terminal = await terminalOf()
  for (const [admin, said] of [
    ['http://127.0.0.1:1', /did not answer/],
    [await serviceOf(t, (_, response) => response.writeHead(401).end()), /does not accept this token/],
    [await serviceOf(t, (_, response) => response.end('{}')), /not with roles and workloads/],
    [await serviceOf(t, (_, response) => response.end('<html>')), /./],
  ] as const) {
    await demoIn(terminal.cwd, entra, { admin })
    const ran = await terminal.run('whoami', '--as', 'dave')
    assert.equal(ran.exitCode, 0)
    assert.match(ran.stdout, /^object id +da7e0000-/m)
    assert.match(/^roles +not known\. (.*)$/m.exec(ran.stdout)?.[1] ?? '', said)
  }
})

// On a server no person can sign in: the command that a tool runs for its token must work as an application, for the
// company's own audience.
test('C9 token signs in as an application from the environment, and its help says how', async t => {
  const terminal = await terminalOf()
  const finder = demoDirectory.applications.find(row => row.name === 'expert-finder-app')
  const gateway = await gatewayOf(t, { scopes_supported: ['api://gatehouse/.default', cognitive] })
  terminal.env = {
    XDG_STATE_HOME: terminal.stateHome,
    GATEHOUSE_GATEWAY: gateway,
    GATEHOUSE_CLIENT_ID: finder?.appId ?? '',
    GATEHOUSE_CLIENT_SECRET: finder?.secret ?? '',
  }
  const ran = await terminal.run('token')
  assert.equal(ran.exitCode, 0, ran.stderr)
  const { aud, appid, roles } = claimsOf(ran.stdout.trim())
  assert.deepEqual([aud, appid, roles], ['api://gatehouse', finder?.appId, ['ExpertFinder.Call']])
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  const help = spawnSync(process.execPath, [main, 'token', '--help'], { encoding: 'utf8' })
  for (const name of ['GATEHOUSE_CLIENT_ID', 'GATEHOUSE_CLIENT_SECRET', 'GATEHOUSE_TENANT', 'GATEHOUSE_SCOPE']) {
    assert.ok(help.stdout.includes(name), name)
  }
})

// A token for Azure's own audience passes the gateway but carries no claim that a rule by group or role could match.
test('N-K1 the company’s own audience is requested first, in whatever order the gateway lists them', async t => {
  const scopes = [cognitive, 'https://ai.azure.com/.default', 'api://gatehouse/.default']
  for (const scopes_supported of [scopes, scopes.toReversed()]) {
    const terminal = await terminalOf()
    const gateway = await gatewayOf(t, { scopes_supported })
    browse(terminal, 'bob')
    assert.equal((await terminal.run('login', '--gateway', gateway)).exitCode, 0)
    const { aud, groups } = claimsOf((await terminal.run('token')).stdout.trim())
    assert.deepEqual([aud, groups], ['api://gatehouse', ['64000000-6b1d-4c1e-9a53-0f5d1c7e2b02']])
  }
})
