/** A replay of past calls under another configuration says what a gateway with that configuration does. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import type { ReplayAnswer } from '../../packages/gateway/src/admin/explain/schemas.ts'
import { type Config, configSchema } from '../../packages/gateway/src/config/schema/index.ts'
import {
  type ReplayChange,
  type ReplayReport,
  replay,
} from '../../packages/gateway/src/gateway/explain/replay/index.ts'
import { send } from '../support/raw.ts'
import { recordOf } from '../support/records.ts'
import { ask, reopen, startWorld, type World } from '../support/world.ts'

interface SentCall {
  readonly as: string | null
  readonly path: string
  readonly members: Readonly<Record<string, unknown>>
}

const chat = (workload: string): string => `/main/${workload}/openai/v1/chat/completions`
const call = (as: string | null, workload: string, model = 'gpt-4o', members = {}): SentCall => ({
  as,
  path: chat(workload),
  members: { model, messages: ask('Two words, please.'), max_tokens: 5, ...members },
})

const calls: readonly SentCall[] = [
  call('alice', 'hr-bot'),
  call('alice', 'hr-bot', 'gpt-4o-mini'),
  call('carol', 'hr-bot'),
  call('bob', 'code-assistant'),
  call('carol', 'code-assistant', 'gpt-4o-mini'),
  call('dave', 'hr-bot'),
  call(null, 'hr-bot'),
  call('bob', 'hr-bot'),
  call('alice', 'hr-bot', 'gpt-9'),
  call('alice', 'hr-bot', 'gpt-4o', { tools: [{ type: 'web_search' }] }),
  call('alice', 'hr-bot', 'gpt-4o', { max_tokens: 40 }),
  call('carol', 'hr-bot', 'gpt-4o-mini'),
  call('expert-finder-app', 'expert-finder', 'gpt-4o-mini'),
  { ...call('carol', 'hr-bot'), path: '/dev-openai-instance-1/hr-bot/openai/v1/chat/completions' },
  call('alice', 'hr-bot'),
  call('bob', 'code-assistant'),
]

/** Refusal of each call in the order of `calls`; null where it was let through. */
type Outcomes = readonly (string | null)[]

const closers: (() => unknown)[] = []
const scope = { after: (close: () => unknown): void => void closers.push(close) }
after(async () => {
  for (const close of closers.reverse()) await close()
})
let world: World
let outcomes: Outcomes = []
let ids: readonly string[] = []

before(async () => {
  world = await startWorld(scope, {
    fromFile: true,
    change: config => {
      const wide = { tokensPerMinute: 1_000_000, requestsPerMinute: 1_000 }
      const limited = Object.entries(config.workloads).map(([name, written]) => [name, { ...written, limits: wide }])
      return { ...config, workloads: Object.fromEntries(limited) }
    },
  })
  const sent = await sendAll(world.url)
  outcomes = sent.map(({ refusal }) => refusal)
  ids = sent.map(({ id }) => id)
  // Each is in the ledger before a replay reads it.
  for (const id of ids) await recordOf(world.house.ledger, id)
})

async function sendAll(url: string): Promise<{ readonly refusal: string | null; readonly id: string }[]> {
  const answers: { refusal: string | null; id: string }[] = []
  for (const { as, path, members } of calls) {
    const token: [string, string][] = as === null ? [] : [['Authorization', `Bearer ${await world.token(as)}`]]
    const answer = await send(url, {
      target: path,
      headers: [...token, ['content-type', 'application/json']],
      body: JSON.stringify(members),
    })
    assert.ok(answer)
    answers.push({
      refusal: answer.headers['x-gatehouse-refusal'] ?? null,
      id: answer.headers['x-gatehouse-request-id'] ?? '',
    })
  }
  return answers
}

async function replayUnder(after: Config): Promise<ReplayReport> {
  const { ledger } = world.house
  const { records: rows } = await ledger.list({ limit: 1_000 })
  return replay({ before: world.config, after, rows }, (fromMs, toMs) => ledger.spent(fromMs, toMs))
}

interface Changes {
  readonly hrBot?: object
  readonly assistant?: object
  readonly members?: readonly object[]
}

function changed({ hrBot = {}, assistant = {}, members }: Changes): Config {
  const { config } = world
  const { 'hr-bot': own, 'code-assistant': other, ...rest } = config.workloads
  assert.ok(own !== undefined && other !== undefined && config.pools['main'] !== undefined)
  return {
    ...config,
    workloads: { ...rest, 'hr-bot': { ...own, ...hrBot }, 'code-assistant': { ...other, ...assistant } },
    pools: members === undefined ? config.pools : { main: { ...config.pools['main'], members } },
  } as Config
}

/** A gateway under the changed configuration gets the same calls, and the replay has said what it does. */
async function assertForetold(config: Config): Promise<ReplayReport> {
  const report = await replayUnder(config)
  const directory = join(
    world.directory,
    `ledger-${closers.length}-${report.changes.length}-${Math.abs(hash(JSON.stringify(config.workloads)))}`,
  )
  const inner: (() => unknown)[] = []
  const house = await reopen({ after: close => void inner.push(close) }, world, {
    ...config,
    ledger: { ...config.ledger, directory },
  })
  const real = (await sendAll(house.gateway.url)).map(({ refusal }) => refusal)
  for (const close of inner) await close()
  const known = calls.map((_, at) => {
    const change = report.changes.find(({ id }) => id === ids[at])
    const now = real[at] ?? null
    if (change?.kind === 'unknown') return now
    if (change !== undefined) return change.codes.after
    // A body that was refused is refused again; what else is wrong with it is not in its record.
    const isRefusedAgain = outcomes[at] === 'tool_not_allowed' && now !== null
    return isRefusedAgain ? now : (outcomes[at] ?? null)
  })
  assert.deepEqual(known, real, JSON.stringify(report.changes, null, 1))
  return report
}

function hash(text: string): number {
  return [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7)
}

const kindsOf = (changes: readonly ReplayChange[]): readonly string[] => changes.map(({ kind }) => kind)

test('a replay of the configuration in force changes nothing', async () => {
  const report = await replayUnder(world.config)
  assert.deepEqual(report.changes, [])
  assert.deepEqual([report.calls, report.same], [calls.length, calls.length])
})

// An operator who tightens a rule by a replay must not learn afterwards whom it has shut out.
test('a tightened binding refuses the calls that the replay names', async () => {
  const carol = 'ca401000-6b1d-4c1e-9a53-0f5d1c7e2a03'
  const report = await assertForetold(changed({ hrBot: { callers: [{ user: carol }] } }))
  assert.deepEqual([...new Set(kindsOf(report.changes))].toSorted(), ['otherwise', 'refused'])
  assert.equal(report.changes.filter(({ kind }) => kind === 'refused').length, 4, 'the answered calls of alice')
  const [change] = report.changes.filter(({ kind }) => kind === 'refused')
  assert.deepEqual(change?.settings[0]?.path, 'workloads.hr-bot.callers')
})

test('a tightened limit refuses the calls that the replay names', async () => {
  const requests = await assertForetold(
    changed({
      hrBot: {
        limits: configSchema.shape.workloads.parse({
          x: { ...world.config.workloads['hr-bot'], limits: { requestsPerMinute: 3 } },
        })['x']?.limits,
      },
    }),
  )
  assert.equal(requests.changes.filter(({ codes }) => codes.after === 'request_limit_reached').length, 4)
  const tokens = changed({ hrBot: { limits: { mode: 'enforce', tokensPerMinute: 60 } } })
  const report = await assertForetold(tokens)
  assert.ok(report.changes.some(({ codes }) => codes.after === 'token_limit_reached'))
})

test('other members take the calls elsewhere, and nothing is refused', async () => {
  const members = [{ instance: 'dev-openai-instance-2', priority: 1, weight: 1, aliases: {} }]
  const report = await assertForetold(changed({ members }))
  assert.deepEqual([...new Set(kindsOf(report.changes))], ['elsewhere'])
  assert.match(report.changes[0]?.reason ?? '', /^Goes to dev-openai-instance-2\.$/)
})

test('what records do not hold is said, not guessed', async () => {
  const group = '00000000-0000-4000-8000-00000000aaaa'
  const other = await replayUnder(changed({ hrBot: { callers: [{ group }] } }))
  assert.equal(other.changes.filter(({ kind }) => kind === 'unknown').length > 0, true)
  assert.match(
    other.changes.find(({ kind }) => kind === 'unknown')?.reason ?? '',
    /whether the caller has one of group/,
  )
  const tools = await replayUnder(changed({ hrBot: { tools: ['function', 'web_search'] } }))
  assert.deepEqual(
    tools.changes.map(({ kind, codes }) => [kind, codes.before]),
    [['unknown', 'tool_not_allowed']],
  )
  assert.ok(tools.untold.some(note => note.startsWith('workloads.hr-bot.tools differs')))
})

async function asked(as: string, question: object): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${world.house.admin?.url}/api/v1/explain/replay`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token(as)}`, 'content-type': 'application/json' },
    body: JSON.stringify(question),
  })
  return { status: response.status, text: await response.text() }
}

test('the route takes the text of a file, masked or not, and answers what the replay says', async () => {
  const shown = await fetch(`${world.house.admin?.url}/api/v1/config`, {
    headers: { authorization: `Bearer ${await world.token('erin')}` },
  })
  const { inForce } = (await shown.json()) as { readonly inForce: { readonly text: string } }
  const same = await asked('erin', { configuration: inForce.text })
  assert.equal(same.status, 200, same.text)
  const { problems, report } = JSON.parse(same.text) as ReplayAnswer
  assert.deepEqual([problems, report?.changes, report?.calls], [[], [], calls.length])
  const latest = await asked('erin', { configuration: inForce.text, records: 5 })
  assert.equal((JSON.parse(latest.text) as ReplayAnswer).report?.calls, 5)
})

// An operator runs the gateway and may not read its secrets: a configuration that is only tried must not quote them.
test('the route names problems as the check does, and brings no secret to light', async () => {
  const text = await readFile(join(world.directory, 'gatehouse.yaml'), 'utf8')
  const wrong = JSON.parse((await asked('erin', { configuration: `${text}\nnothing: 1\n` })).text) as ReplayAnswer
  assert.deepEqual([wrong.problems[0]?.code, wrong.problems[0]?.path, wrong.report], ['unknown_key', 'nothing', null])
  const quoting = text.replace('- gpt-4o-mini', '- ${file:secret}')
  assert.notEqual(quoting, text)
  for (const secret of ['gpt-4o-mini', 'a-secret-beside-the-file']) {
    await writeFile(join(world.directory, 'secret'), secret)
    const { problems, report } = JSON.parse((await asked('erin', { configuration: quoting })).text) as ReplayAnswer
    assert.equal(report, null)
    assert.doesNotMatch(JSON.stringify(problems), /a-secret-beside/)
    assert.match(problems[0]?.expected ?? '', /refusals quote this place/)
  }
  assert.equal((await asked('frank', { configuration: text })).status, 403)
  assert.equal((await asked('erin', { configuration: text, records: 1_001 })).status, 400)
})

test('whatever is changed of callers, targets, deployments and limits, the replay foretells each call', async () => {
  const [alice, carol] = ['a11ce000-6b1d-4c1e-9a53-0f5d1c7e2a01', 'ca401000-6b1d-4c1e-9a53-0f5d1c7e2a03']
  const old = world.config.workloads['hr-bot']?.callers ?? []
  const callers = fc.constantFrom(old, [...old, { user: alice }], [{ user: carol }], [{ user: alice }, { user: carol }])
  const limits = fc.constantFrom(
    { mode: 'enforce', requestsPerMinute: 2 },
    { mode: 'enforce', requestsPerMinute: 5 },
    { mode: 'enforce', tokensPerMinute: 1_000_000 },
  )
  const hrBot = fc.record(
    {
      callers,
      limits,
      deployments: fc.constantFrom(['gpt-4o'], ['gpt-4o-mini'], ['gpt-4o', 'gpt-4o-mini']),
      targets: fc.constantFrom(['main'], ['dev-openai-instance-1'], ['main', 'dev-openai-instance-1']),
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(hrBot, fc.boolean(), async (own, isTight) => {
      await assertForetold(changed({ hrBot: own, assistant: isTight ? { deployments: ['gpt-4o-mini'] } : {} }))
    }),
    { numRuns: 4 },
  )
})
