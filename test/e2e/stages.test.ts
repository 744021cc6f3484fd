/**
 * The order of the stages: the table of `gateway/stages/index.ts`, the gateway's own behaviour and the drawing in
 * ARCHITECTURE.md agree.
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { type RefusalCode, refusals } from '../../packages/gateway/src/gateway/refusals.ts'
import { type StageName, stages } from '../../packages/gateway/src/gateway/stages/index.ts'
import { type RawAnswer, send } from '../support/raw.ts'
import { assertRefused } from '../support/refused.ts'
import { startWorld, type World } from '../support/world.ts'

/** A call in parts, so that each part can be wrong by itself. */
interface Parts {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly members: Readonly<Record<string, unknown>>
  /** Follows the JSON object in the body. */
  readonly tail: string
}

interface Fault {
  readonly code: RefusalCode
  readonly put: (parts: Parts) => Parts
}

type Faults = Partial<Record<StageName, Fault>>

function header(code: RefusalCode, name: string, value: string): Fault {
  return { code, put: parts => ({ ...parts, headers: { ...parts.headers, [name]: value } }) }
}

function member(code: RefusalCode, name: string, value: unknown): Fault {
  return { code, put: parts => ({ ...parts, members: { ...parts.members, [name]: value } }) }
}

const faultsOfHead = {
  accept: header('expectation_failed', 'Expect', '200-maybe'),
  resolve: { code: 'route_unknown', put: parts => ({ ...parts, target: `${parts.target}/of/nothing/at/all` }) },
  authenticate: header('token_malformed', 'Authorization', 'Bearer x'),
  authorize: header('workload_unknown', 'X-Gatehouse-Workload', 'nobody'),
} as const satisfies Faults

const faultsOfResponses: Faults = {
  ...faultsOfHead,
  receive: { code: 'body_not_json', put: parts => ({ ...parts, tail: '}' }) },
  locate: member('object_unknown', 'previous_response_id', 'resp_of_nobody'),
  admit: member('request_exceeds_limit', 'max_output_tokens', 9_000_000),
  dispatch: member('deployment_unknown', 'model', 'on-no-instance'),
}

const faultsOfModels: Faults = {
  ...faultsOfHead,
  answer: {
    code: 'deployment_not_allowed',
    put: parts => ({ ...parts, target: parts.target.replace('gpt-4o', 'other') }),
  },
}

async function sendWith(world: World, base: Parts, faults: Iterable<Fault>): Promise<RawAnswer> {
  let parts = base
  for (const fault of faults) parts = fault.put(parts)
  const answer = await send(world.url, {
    method: parts.method,
    target: parts.target,
    headers: Object.entries(parts.headers),
    ...(parts.method === 'GET' ? {} : { body: JSON.stringify(parts.members) + parts.tail }),
  })
  assert.ok(answer)
  return answer
}

// Moving a stage changes what callers learn without a token, what is reserved in vain, and what is billed without a
// record.
test('a call with a fault for every stage is refused by the stages in the order of their table', async t => {
  const world = await startWorld(t, {
    change: config => {
      const hrBot = config.workloads['hr-bot']
      assert.ok(hrBot)
      const deployments = [...hrBot.deployments, 'on-no-instance']
      const limits = { tokensPerMinute: 1_000_000 }
      return { ...config, workloads: { ...config.workloads, 'hr-bot': { ...hrBot, deployments, limits } } }
    },
  })
  const headers = {
    Authorization: `Bearer ${await world.token('alice')}`,
    'Content-Type': 'application/json',
    'X-Gatehouse-Workload': 'hr-bot',
  }
  const calls: readonly (readonly [Parts, Faults])[] = [
    [
      { method: 'POST', target: '/v1/responses', headers, members: { model: 'gpt-4o', input: 'Hello' }, tail: '' },
      faultsOfResponses,
    ],
    [{ method: 'GET', target: '/v1/models/gpt-4o', headers, members: {}, tail: '' }, faultsOfModels],
  ]
  for (const [base, faults] of calls) {
    const wrong = stages.flatMap(({ name, refuses }) => {
      const fault = faults[name]
      if (fault !== undefined)
        assert.ok((refuses as readonly string[]).includes(fault.code), `${name} can refuse with it`)
      return fault === undefined ? [] : [fault]
    })
    assert.equal(wrong.length, Object.keys(faults).length)
    for (const [at, { code }] of wrong.entries()) {
      await assertRefused(world.house.ledger, await sendWith(world, base, wrong.slice(at)), code)
    }
    assert.equal((await sendWith(world, base, [])).status, 200, 'and without faults it is answered')
  }
})

test('every refusal belongs to a stage, or is made before the first one', () => {
  const beforeAnyStage: readonly RefusalCode[] = ['headers_too_large', 'headers_timeout']
  const anywhere: readonly RefusalCode[] = ['internal_error']
  const known = new Set<string>([...stages.flatMap(({ refuses }) => [...refuses]), ...beforeAnyStage, ...anywhere])
  assert.deepEqual([...known].toSorted(), Object.keys(refusals).toSorted())
})

/** The lines of each stage in the drawing, without the lines above the first stage. */
async function drawing(): Promise<{ name: string; text: string }[]> {
  const page = await readFile(new URL('../../ARCHITECTURE.md', import.meta.url), 'utf8')
  const [, drawn] = /```\n( listen [\s\S]*?)```/.exec(page) ?? []
  assert.ok(drawn, 'ARCHITECTURE.md has a drawing that begins with listen')
  const rows: { name: string; text: string }[] = []
  for (const line of drawn.split('\n')) {
    const [, name] = /^ ([a-z]+) /.exec(line) ?? []
    if (name !== undefined) rows.push({ name, text: line })
    else if (rows.length > 0) (rows.at(-1) as { text: string }).text += `\n${line}`
  }
  return rows.filter(({ name }) => name !== 'listen')
}

/** Parses `400 body_* model_missing  408 body_timeout` into statuses with their codes. */
function refusalsIn(text: string): { status: number; pattern: string }[] {
  return [...text.matchAll(/\b(4\d\d|5\d\d)((?: +(?:[a-z]+|\*)(?:_[a-z]+|_\*)+)+)/g)].flatMap(
    ([, status, codes = '']) =>
      codes
        .trim()
        .split(/ +/)
        .map(pattern => ({ status: Number(status), pattern })),
  )
}

function matches({ status, pattern }: { status: number; pattern: string }, code: RefusalCode): boolean {
  return refusals[code].status === status && new RegExp(`^${pattern.replaceAll('*', '.+')}$`).test(code)
}

test('the drawing in ARCHITECTURE.md has the stages of the table, in their order, with their refusals', async () => {
  const rows = await drawing()
  assert.deepEqual(
    rows.map(({ name }) => name),
    stages.map(({ name }) => name),
  )
  for (const [at, { name, refuses }] of stages.entries()) {
    const drawn = refusalsIn(rows[at]?.text ?? '')
    const codes: readonly RefusalCode[] = refuses
    const missing = codes.filter(code => !drawn.some(one => matches(one, code)))
    assert.deepEqual(missing, [], `${name}: in the table, not in the drawing`)
    const unknown = drawn.filter(one => !codes.some(code => matches(one, code)))
    assert.deepEqual(unknown, [], `${name}: in the drawing, not in the table`)
  }
})
