import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { reportError } from '../../packages/gateway/src/cli/errors.ts'
import { run } from '../../packages/gateway/src/cli/run.fixture.ts'
import { buildProgram } from '../../packages/gateway/src/cli/tree.ts'
import { temporaryDirectory } from '../support/directory.ts'
import { startWorld } from '../support/world.ts'

// The two ports are next to each other, and each answers in the shape of the other.
test('C14 an address of the gateway where the management API is meant, and the other way round, is said to be that', async t => {
  const { house, entra } = await startWorld(t)
  const token = (): Promise<string> => entra.token({ as: 'carol' })
  const { url: gateway } = house.gateway
  const admin = house.admin?.url ?? assert.fail()
  const wrong = await run(['usage'], { admin: gateway, token })
  assert.equal(wrong.code, 1)
  assert.ok(wrong.err.startsWith(`✗ admin_is_gateway  ${gateway} is the gateway, not its management API.\n`), wrong.err)
  assert.match(wrong.err, /The address is from --admin\.\n {2}Try: --admin /)
  const other = await run(['chat', 'Hello'], { gateway: admin, token, input: '' })
  assert.ok(other.err.startsWith(`✗ gateway_is_admin  ${admin} is the management API, not the gateway.\n`), other.err)
  assert.match(other.err, /The address is from --gateway\.\n/)
})

/** Nothing listens there any more. */
async function deadAddress(): Promise<string> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}

/** One command with these variables, and no sign-in. */
async function typed(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  let err = ''
  const directory = temporaryDirectory('addresses')
  const output = { write: (text: string) => (err += text) }
  const given = { env: { ...env, XDG_STATE_HOME: directory, HOME: directory }, cwd: directory }
  const { program, context } = buildProgram({ ...given, stdout: output, stderr: output })
  await program.parseAsync([...words], { from: 'user' }).catch((error: unknown) => {
    reportError(error, { json: context.json, stderr: output })
  })
  return err
}

// A variable that was set long ago in a profile of the shell is looked for last.
test('C16 a message about an address says whether an option or a variable gave it', async t => {
  const { house } = await startWorld(t)
  const admin = house.admin?.url ?? assert.fail()
  const dead = await deadAddress()
  const first = `✗ gateway_unreachable  The gateway at ${dead} did not answer.\n  The connection was refused: nothing listens there.`
  assert.equal((await typed(['login', '--gateway', dead])).split('. The address')[0], first.slice(0, -1))
  assert.match(await typed(['login', '--gateway', dead]), /The address is from --gateway\.\n/)
  assert.match(await typed(['login'], { GATEHOUSE_GATEWAY: dead }), /The address is from GATEHOUSE_GATEWAY\.\n/)
  assert.match(await typed(['login', '--gateway', admin]), /^✗ gateway_is_admin .*\n.* The address is from --gateway\./)
  const away = { GATEHOUSE_AUTHORITY: dead, GATEHOUSE_TENANT: 't', GATEHOUSE_SCOPE: 'api://x/.default' }
  const signIn = await typed(['login', '--gateway', house.gateway.url], away)
  assert.match(
    signIn,
    /^✗ sign_in_unreachable .*\n {2}http:\/\/127\.0\.0\.1:\d+ did not answer\. The connection was refused/,
  )
  assert.match(signIn, /The address is from GATEHOUSE_AUTHORITY\.\n/)
})
