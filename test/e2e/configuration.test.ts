/** The configuration through the management API of a whole gateway that runs from a file. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { roleByRoute } from '../../packages/gateway/src/admin/roles.ts'
import { noiseOf, seedOfRun } from '../support/random.ts'
import { chatPath, instanceKey, startWorld } from '../support/world.ts'

const secrets = [1, 2].map(at => `s${noiseOf(seedOfRun() + at, 24).toString('hex')}`)
const [key = '', clientSecret = ''] = secrets

const world = await startWorld(
  { after },
  {
    fromFile: true,
    change: config => ({
      ...config,
      admin: {
        ...config.admin,
        applyConfiguration: true,
        signIn: { clientId: config.admin?.signIn?.clientId ?? '', clientSecret },
      },
      instances: {
        ...config.instances,
        idle: { endpoint: 'http://127.0.0.1:1', credential: { key }, deployments: { idle: { model: 'gpt-4o' } } },
      },
    }),
  },
)
const admin = world.house.admin?.url ?? ''
const file = join(world.directory, 'gatehouse.yaml')

async function ask(
  path: string,
  as: string,
  body?: object,
): Promise<{ readonly status: number; readonly text: string }> {
  const headers = { authorization: `Bearer ${await world.token(as)}`, 'x-gatehouse-reason': 'a%20test' }
  const sent =
    body === undefined
      ? { headers }
      : {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }
  const response = await fetch(`${admin}${path}`, sent)
  return { status: response.status, text: await response.text() }
}

interface Shown {
  readonly inForce: { readonly text: string }
  readonly file: { readonly hash: string; readonly text: string }
}

const shown = async (): Promise<Shown> => JSON.parse((await ask('/api/v1/config', 'erin')).text) as Shown
const codeOf = (text: string): string => (JSON.parse(text) as { error: { code: string } }).error.code

async function call(): Promise<number> {
  const response = await fetch(`${world.url}${chatPath}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'How many days of leave are there?' }] }),
  })
  await response.arrayBuffer()
  return response.status
}

// Whoever reads any page of the console must not get a key out of it.
test('no route gives a secret of the configuration out, and no message of a check does', async () => {
  const written = await readFile(file, 'utf8')
  for (const secret of [...secrets, instanceKey]) assert.ok(written.includes(secret), 'it is in the file')
  const routes = Object.keys(roleByRoute).filter(route => route.startsWith('GET ') && !route.endsWith('/live'))
  const paths = routes.map(route => route.slice('GET '.length).replace(':version', '1').replace(/:\w+/, 'idle'))
  const { file: now } = await shown()
  const bodies = [now.text, written, `${now.text}nothing: 1\n`, now.text.replace(/key: ("\$.*")/, 'kez: $1')]
  const answers = [
    ...(await Promise.all(paths.flatMap(path => ['erin', 'carol'].map(as => ask(path, as))))),
    ...(await Promise.all(bodies.map(text => ask('/api/v1/config/check', 'bob', { text })))),
  ]
  assert.ok(answers.filter(({ status }) => status === 200).length > 20)
  for (const { text } of answers) {
    for (const secret of [...secrets, instanceKey]) assert.ok(!text.includes(secret), text.slice(0, 400))
  }
})

test('an applied configuration decides the next call, and one that was changed meanwhile is not overwritten', async () => {
  assert.equal(await call(), 200)
  const { file: before } = await shown()
  const locked = before.text.replace(/( {2}hr-bot:[\s\S]*?deployments:\n)( +- gpt-4o\n)/, '$1')
  assert.notEqual(locked, before.text)
  const body = { text: locked, expectedHash: before.hash }
  assert.deepEqual([(await ask('/api/v1/config/apply', 'bob', body)).status, await call()], [403, 200])
  const both = await Promise.all([0, 1].map(() => ask('/api/v1/config/apply', 'erin', body)))
  const refused = both.filter(({ status }) => status !== 200)
  assert.deepEqual(
    refused.map(({ status, text }) => [status, codeOf(text)]),
    [[409, 'configuration_changed']],
  )
  assert.equal(await call(), 403)
  assert.ok((await readFile(file, 'utf8')).includes(key), 'secrets stay what they are')
  const wrong = { text: `${locked}objects: { colour: red }\n`, expectedHash: (await shown()).file.hash }
  const { status, text } = await ask('/api/v1/config/apply', 'erin', wrong)
  assert.deepEqual([status, codeOf(text)], [400, 'configuration_invalid'])
  assert.match(text, /objects\.colour/)
  const { file: now } = await shown()
  const without = now.text.replace(/^ {4}admin:\n(?: {6}.*\n)+/m, '')
  assert.notEqual(without, now.text)
  const lockout = await ask('/api/v1/config/apply', 'erin', { text: without, expectedHash: now.hash })
  assert.deepEqual([lockout.status, codeOf(lockout.text)], [409, 'configuration_locks_out'])
  assert.equal((await shown()).file.hash, now.hash)

  const trail = JSON.parse((await ask('/api/v1/audit?action=configuration_applied', 'erin')).text) as {
    entries: { outcome: string; name: string; facts: { to: string } }[]
  }
  assert.deepEqual(trail.entries.map(({ outcome, name }) => [outcome, name.split('@')[0]]).toSorted(), [
    ['asked', 'erin'],
    ['asked', 'erin'],
    ['done', 'erin'],
    ['failed', 'erin'],
  ])
})
