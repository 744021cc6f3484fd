// The sign-in of `gatehouse connect`. test/e2e has the command as a process.
import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { after, before, test } from 'node:test'
import { demoDirectory, type EntraSimulator, startEntra } from '@gatehouse/simulator'
import { claimsOf, open, submit, tenant } from '../../../../simulator/src/entra/person.fixture.ts'
import { createContext } from '../context.ts'
import { metadataOf, serviceOf, type Terminal, terminalOf } from '../reach/sign-in.fixture.ts'

let entra: EntraSimulator
before(async () => {
  entra = await startEntra({ directory: demoDirectory, pollIntervalSeconds: 1 })
})
after(() => entra.close())

/** A gateway that says how to sign in, and lists one model to callers with a token. `seen` gets the tokens. */
function gatewayWith(seen: string[]): RequestListener {
  const metadata = metadataOf({
    resource: 'http://127.0.0.1',
    authorization_servers: [`${entra.url}/${tenant}/v2.0`],
    scopes_supported: ['https://cognitiveservices.azure.com/.default'],
  })
  return (request, response) => {
    if (request.url !== '/v1/models') {
      metadata(request, response)
      return
    }
    seen.push(request.headers.authorization ?? '')
    response.end('{"object":"list","data":[{"id":"gpt-4o"}]}')
  }
}

/** Enters the code that the terminal shows, as a person would on another device. */
function enterCode(terminal: Terminal, person: string): void {
  terminal.watch = text => {
    const [, page, code] = /Open (\S+) on any device and enter the code\n {2}(\w+)\n/.exec(text) ?? []
    if (page === undefined || code === undefined) return
    void open(page).then(async shown => submit(page, await submit(page, shown, { code }), { person }))
  }
}

const nothing = [process.execPath, '--eval', ''] as const

test('a person is signed in where nobody is, but only where a terminal is in front', async t => {
  const seen: string[] = []
  const gateway = await serviceOf(t, gatewayWith(seen))
  const terminal = await terminalOf()
  const words = ['--gateway', gateway, 'connect', '--workload', 'hr-bot', '--', ...nothing]
  enterCode(terminal, 'alice')
  const refused = await terminal.run(...words)
  assert.equal(refused.exitCode, 1)
  assert.match(refused.stderr, /✗ not_signed_in[\s\S]*Try: gatehouse login/)
  terminal.isTTY = true
  const signed = await terminal.run(...words)
  assert.deepEqual([signed.exitCode, signed.stdout], [0, ''], signed.stderr)
  assert.match(signed.stderr, /✓ Signed in as alice@contoso\.example/)
  const [authorization = ''] = seen
  assert.equal(claimsOf(authorization.replace('Bearer ', '')).upn, 'alice@contoso.example')
  // The next start needs no person.
  terminal.isTTY = false
  assert.equal((await terminal.run(...words)).exitCode, 0)
})

test('a token that was refused is renewed although it has not ended', async t => {
  const gateway = await serviceOf(t, gatewayWith([]))
  const terminal = await terminalOf()
  enterCode(terminal, 'bob')
  assert.equal((await terminal.run('login', '--device', '--gateway', gateway)).exitCode, 0)
  const context = createContext({ options: () => ({ gateway }), env: terminal.env, cwd: terminal.cwd })
  const kept = await context.token()
  assert.equal(await context.token(), kept)
  const renewed = await context.token({ renew: true })
  assert.notEqual(renewed, kept)
  assert.equal(claimsOf(renewed).upn, 'bob@contoso.example')
  assert.equal(await context.token(), renewed)
})
