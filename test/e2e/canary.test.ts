/**
 * P5: secrets and prompts are sent through every kind of call, then searched for everywhere. Otherwise a question or a
 * token could end up in a log that many can read.
 */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { demoDirectory } from '../../packages/simulator/src/directory.ts'
import { type RawAnswer, RawConnection, type RawRequest, requestBytes, send } from '../support/raw.ts'
import { type Served, type ServedWorld, startServedWorld } from '../support/served.ts'
import { eventually } from '../support/wait.ts'
import { apiVersion, instanceKey } from '../support/world.ts'

const prompt = 'canaryprompt-7f3a9c'
/** Credentials of every kind that a caller may send by mistake or on purpose. */
const secrets = {
  apiKey: 'canarykey0123456789abcdef0123456789',
  inQuery: 'canaryquery0123456789abcdef',
  cookie: 'canarycookie0123456789abcdef',
  basic: 'canarybasic0123456789abcdef',
  userInfo: 'canaryuserinfo0123456789abcdef',
} as const

type Fields = readonly (readonly [string, string])[]

interface Scene {
  readonly served: Served
  readonly token: string
  readonly answers: RawAnswer[]
  /** The model's words, taken from the answers. */
  readonly completions: string[]
}

const chat = `/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=${apiVersion}`

function request(
  token: string,
  more: Readonly<Record<string, unknown>> = {},
  fields: Fields = [],
  target = chat,
): RawRequest {
  return {
    target,
    headers: [['Authorization', `Bearer ${token}`], ['Content-Type', 'application/json'], ...fields],
    body: JSON.stringify({ messages: [{ role: 'user', content: `${prompt}: how do I apply for leave?` }], ...more }),
  }
}

/** Calls that succeed, in each shape of answer. */
async function succeed({ served, token, answers, completions }: Scene): Promise<void> {
  const whole = await send(served.url, request(token))
  const { choices } = JSON.parse(whole.body.toString()) as { choices: { message: { content: string } }[] }
  completions.push(choices[0]?.message.content.slice(0, 60) ?? '')
  const stream = await send(served.url, request(token, { stream: true }))
  const vectors = chat.replace('gpt-4o/chat/completions', 'text-embedding-3-small/embeddings')
  const embedded = await send(served.url, request(token, { input: prompt, messages: undefined }, [], vectors))
  const v1 = '/main/hr-bot/openai/v1/responses'
  const response = await send(
    served.url,
    request(token, { model: 'gpt-4o', input: prompt, messages: undefined }, [], v1),
  )
  const form = `--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--x\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n{"p":"${prompt}"}\r\n--x--\r\n`
  const upload = await send(served.url, {
    target: '/main/hr-bot/openai/v1/files',
    headers: [
      ['Authorization', `Bearer ${token}`],
      ['Content-Type', 'multipart/form-data; boundary=x'],
    ],
    body: form,
  })
  const all = [whole, stream, embedded, response, upload]
  for (const answer of all) assert.ok(answer.status < 300, answer.body.toString())
  answers.push(...all.map(answer => ({ ...answer, body: Buffer.alloc(0) })))
}

/** Calls that are refused at every stage, with a credential or a prompt in every place. */
async function beRefused({ served, token, answers }: Scene): Promise<void> {
  const cut = token.slice(0, -30)
  const json: Fields = [['Content-Type', 'application/json']]
  const refused: readonly RawRequest[] = [
    request(cut, {}, [['api-key', secrets.apiKey]]),
    { ...request(token), headers: [['api-key', secrets.apiKey], ...json] },
    { ...request(token), headers: [['Authorization', `Basic ${secrets.basic}`], ...json] },
    { ...request(token), headers: [['Cookie', `session=${secrets.cookie}`], ...json] },
    request(cut),
    request(`${token}x`),
    request(token, {}, [], `${chat}&api-key=${secrets.inQuery}`),
    request(token, {}, [], `${chat}&access_token=${secrets.inQuery}`),
    request(token, {}, [], `http://user:${secrets.userInfo}@host.example/nowhere`),
    request(token, {}, [], chat.replace('hr-bot', 'code-assistant')),
    request(token, { model: 'o1' }, [], '/main/hr-bot/openai/v1/chat/completions'),
    { ...request(token), body: `{"messages":[{"content":"${prompt}"` },
    { ...request(token), body: `${prompt} is not JSON` },
    { ...request(token), body: `{"stream":"${prompt}","stream":"${prompt}"}` },
    request(token, {}, [['Content-Encoding', 'gzip']]),
    request(token, { messages: [{ content: prompt + 'x'.repeat(200_000) }] }),
    request(token, {}, [['Expect', prompt]]),
  ]
  for (const one of refused) {
    const answer = await send(served.url, one)
    assert.ok(answer.status >= 400, `${answer.status}`)
    answers.push(answer)
  }
  const connection = await RawConnection.open(served.url)
  connection.write(`GARBAGE ${token} ${prompt}\r\n\r\n`)
  answers.push({ status: 400, headers: {}, body: await connection.rest() })
}

/** One instance by its own name, which is called whatever it answered before. */
const alone = chat.replace('main', 'dev-openai-instance-1')

/** Calls that fail at an instance or break off, and clients that disconnect. */
async function fail({ served, token, answers }: Scene): Promise<void> {
  for (const fault of ['500', '503', '429', '401', 'content-filter', 'error-frame', 'malformed-frames']) {
    answers.push(await send(served.url, request(token, {}, [['x-simulator-fault', fault]])))
    answers.push(await send(served.url, request(token, {}, [['x-simulator-fault', fault]], alone)))
  }
  for (const fault of ['cut;after=0', 'cut;after=2', 'stall;after=2;ms=200', 'error-frame']) {
    const connection = await RawConnection.open(served.url)
    const streamed = request(token, { stream: true }, [['x-simulator-fault', fault]], alone)
    connection.write(requestBytes(served.url, streamed))
    await connection.rest()
  }
  answers.push(await send(served.url, request(token, {}, [], chat.replace('main', 'dead'))))
  for (const after of ['HTTP/1.1 200', '"delta"']) {
    const connection = await RawConnection.open(served.url)
    connection.write(
      requestBytes(
        served.url,
        request(token, { stream: true }, [['x-simulator-fault', 'stall;after=2;ms=1000']], alone),
      ),
    )
    await connection.seen(after)
    connection.leave()
  }
  const early = await RawConnection.open(served.url)
  early.write(requestBytes(served.url, request(token)).subarray(0, -10))
  early.leave()
}

/**
 * The configuration with a viewer who is no auditor, a small limit, an instance that does not exist, and everything
 * logged.
 */
function changed(config: ConfigInput): ConfigInput {
  const one = config.instances['dev-openai-instance-1']
  const hrBot = config.workloads['hr-bot']
  const engineering = demoDirectory.groups.find(group => group.name === 'engineering')
  assert.ok(one && hrBot && engineering)
  return {
    ...config,
    gateway: { ...config.gateway, bodyBytesMax: 65_536 },
    admin: {
      ...config.admin,
      roles: { viewer: [{ group: engineering.objectId }], auditor: [{ role: 'Gatehouse.Auditor' }] },
    },
    instances: { ...config.instances, dead: { ...one, endpoint: 'http://127.0.0.1:9' } },
    workloads: { ...config.workloads, 'hr-bot': { ...hrBot, targets: [...hrBot.targets, 'dead'] } },
    log: { level: 'debug' },
  }
}

function absent(sink: string, text: string, words: readonly string[]): void {
  for (const word of words) {
    const at = text.indexOf(word)
    assert.equal(at, -1, `${sink} has "${word.slice(0, 24)}…": …${text.slice(Math.max(0, at - 120), at + 30)}`)
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
}

interface RecordedBody {
  readonly base64: string
}

type Admin = (path: string, as: string) => Promise<{ readonly status: number; readonly text: string }>

function adminOf(world: ServedWorld, served: Served): Admin {
  return async (path, as) => {
    const headers = { authorization: `Bearer ${await world.token(as)}`, 'x-gatehouse-reason': 'a%20test' }
    const answer = await fetch(`${served.adminUrl}${path}`, { headers })
    return { status: answer.status, text: await answer.text() }
  }
}

test('P5 no credential is anywhere, and no prompt or completion outside the ledger and its auditors', async t => {
  const world = await startServedWorld(t, { change: changed })
  const served = await world.serve()
  const token = await world.token('alice')
  const scene: Scene = { served, token, answers: [], completions: [] }
  await succeed(scene)
  await beRefused(scene)
  await fail(scene)

  const [, claims = '', signature = ''] = token.split('.')
  const credentials = [
    claims.slice(0, 60),
    claims.slice(-60),
    signature.slice(0, 40),
    signature.slice(-60, -30),
    instanceKey,
  ]
  credentials.push(...Object.values(secrets))
  const texts = [prompt, ...scene.completions]
  assert.ok(scene.completions.every(text => text.length > 20))
  const admin = adminOf(world, served)

  // All calls have ended and their records can be read before the search begins.
  const ids = await eventually('every exchange is in the ledger', async () => {
    const { text } = await admin('/api/v1/records?limit=1000', 'carol')
    const { records } = JSON.parse(text) as { records: { id: string; outcome: string }[] }
    return records.filter(record => record.outcome === 'aborted').length >= 3 ? records.map(record => record.id) : null
  })
  assert.ok(ids.length >= 30, `${ids.length} records`)

  await t.test('answers of the gateway', () => {
    for (const { headers, body, status } of scene.answers) {
      // A model's answer may repeat the question to the caller that asked it.
      const text = status < 400 ? JSON.stringify(headers) : `${JSON.stringify(headers)}\n${body}`
      absent(`an answer with ${status}`, text, [...credentials, ...texts])
    }
  })
  await t.test('pages without a token', async () => {
    for (const target of ['/readyz', '/healthz', '/openapi.json', '/.well-known/oauth-protected-resource']) {
      absent(target, (await send(served.url, { target })).body.toString(), [...credentials, ...texts])
    }
  })
  await t.test('the management API as a viewer', async () => {
    const paths = [
      '/api/v1/usage?by=workload',
      '/api/v1/usage?by=caller',
      '/api/v1/records?limit=1000',
      '/api/v1/instances',
      '/api/v1/limits',
      '/metrics',
    ]
    for (const path of [...paths, ...ids.slice(0, 40).map(id => `/api/v1/records/${id}`)]) {
      const { status, text } = await admin(path, 'bob')
      assert.equal(status, 200, `${path}: ${text}`)
      absent(path, text, [...credentials, ...texts])
    }
    for (const id of ids.slice(0, 40)) {
      const { status, text } = await admin(`/api/v1/records/${id}/bodies`, 'bob')
      assert.equal(status, 403)
      absent('a refusal of the management API', text, [...credentials, ...texts])
    }
  })
  await t.test('records and bodies as an auditor: the texts are there, credentials are not', async () => {
    let all = ''
    for (const id of ids) {
      const figures = await admin(`/api/v1/records/${id}`, 'carol')
      const bodies = await admin(`/api/v1/records/${id}/bodies`, 'carol')
      assert.deepEqual([figures.status, bodies.status], [200, 200])
      const { request, response } = JSON.parse(bodies.text) as {
        request: RecordedBody | null
        response: RecordedBody | null
      }
      all += figures.text + bodies.text
      for (const body of [request, response]) all += Buffer.from(body?.base64 ?? '', 'base64').toString()
    }
    for (const text of texts) assert.ok(all.includes(JSON.stringify(text).slice(1, -1)), `"${text}" is kept`)
    absent('the ledger', all, credentials)
  })
  await t.test('files while the gateway runs, and after it has ended', async () => {
    await searchFiles(world, credentials, texts)
    assert.equal(await served.stop(), 0)
    await searchFiles(world, credentials, texts)
  })
  await t.test('everything that was logged, at level debug', () => {
    assert.ok(served.log.length >= 5, 'there is a log to be searched')
    absent('the log', served.written, [...credentials, ...texts])
  })
})

async function searchFiles(
  world: ServedWorld,
  credentials: readonly string[],
  texts: readonly string[],
): Promise<void> {
  const files = await filesBelow(world.directory)
  const ofLedger = files.filter(file => relative(world.directory, file).startsWith('ledger'))
  assert.ok(ofLedger.length > 0)
  for (const file of files) {
    const bytes = (await readFile(file)).toString('latin1')
    absent(file, bytes, ofLedger.includes(file) ? credentials : [...credentials, ...texts])
  }
}
