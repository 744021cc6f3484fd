import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Usage } from '../../../wire/usage.ts'
import {
  type AdmittedOptions,
  admittedOf,
  type EndingScene,
  endingScene,
  leaseOf,
  relayedOf,
  reported,
} from '../../endings.fixture.ts'
import { person } from '../../exchange.fixture.ts'
import type { ClaimedDebt } from '../../follow-ups/index.ts'
import type { Relayed } from '../../relayed.ts'
import { usageOf } from './usage.ts'

type Answer = Parameters<typeof relayedOf>[0]

async function usage(
  options: AdmittedOptions,
  answer: Answer,
  prepare: (scene: EndingScene) => void = () => {},
): Promise<{ usage: Usage; scene: EndingScene; exchange: ReturnType<typeof admittedOf> }> {
  const scene = await endingScene()
  prepare(scene)
  const exchange = admittedOf(options)
  return { usage: await usageOf(exchange, relayedOf(answer), scene.parts), scene, exchange }
}

const tokensOf = ({ source, promptTokens, completionTokens }: Usage): unknown[] => [
  source,
  promptTokens,
  completionTokens,
]
const counting = (promptTokens: number | null, completionTokens: number | null) => (scene: EndingScene) => {
  scene.state.counted = { promptTokens, completionTokens }
}
const lease = leaseOf({ tokens: 500, promptTokens: 100 })
const request = { completionTokensMax: 400 }
const left = { ending: 'left' } as const

// A small number because little was seen is free usage for a client that leaves early.
test('usage is reported, else counted, else bounded', async () => {
  const rows: readonly (readonly [
    string,
    AdmittedOptions,
    Answer,
    readonly [number | null, number | null],
    unknown[],
  ])[] = [
    ['reported at the end', { lease, request }, { learned: { usage: reported(9, 8) } }, [5, 6], ['reported', 9, 8]],
    [
      'reported although the client left',
      { lease, request },
      { ...left, learned: { usage: reported(9, 8) } },
      [5, 6],
      ['reported', 9, 8],
    ],
    [
      'reported so far, then left',
      { lease, request },
      { ...left, learned: { usage: reported(9, 8), usageSoFar: true, isFinished: false } },
      [5, 6],
      ['bounded', 9, 400],
    ],
    ['whole and readable', { lease, request }, {}, [5, 6], ['counted', 5, 6]],
    ['the prompt cannot be counted', { lease, request }, {}, [null, 6], ['bounded', 100, 400]],
    ['the answer cannot be counted', { lease, request }, {}, [5, null], ['bounded', 5, 400]],
    [
      'left in the middle',
      { lease, request },
      { ...left, learned: { isFinished: false } },
      [5, 6],
      ['bounded', 5, 400],
    ],
    [
      'left after more than was reserved',
      { lease, request },
      { ...left, learned: { isFinished: false } },
      [5, 900],
      ['bounded', 5, 900],
    ],
    ['a part of the answer was not kept', { lease, request }, { isKeptWhole: false }, [5, 6], ['bounded', 5, 400]],
    ['an error in the stream', { lease, request }, { learned: { errorInStream: true } }, [5, 6], ['bounded', 5, 400]],
    [
      'cut by the content filter',
      { lease, request },
      { learned: { finishReason: 'content_filter' } },
      [5, 6],
      ['bounded', 5, 400],
    ],
    [
      'a model that may think',
      { lease, url: '/v1/chat/completions', request: { ...request, deployment: 'o1' } },
      {},
      [5, 6],
      ['bounded', 5, 400],
    ],
    ['an error', { lease, request }, { status: 500 }, [5, 6], ['none', null, null]],
    [
      'a prompt that the filter read',
      { lease, request },
      { status: 400, learned: { errorCode: 'content_filter' } },
      [5, 6],
      ['counted', 5, 0],
    ],
    [
      'a 400 that broke off',
      { lease, request },
      { status: 400, ending: 'backend_cut' },
      [null, 6],
      ['bounded', 100, 0],
    ],
    [
      'never sent',
      { lease, request },
      { sentAtMs: null, status: null, ending: 'backend_unreachable' },
      [5, 6],
      ['none', null, null],
    ],
    ['no instance was tried', { lease, request, instance: null }, {}, [5, 6], ['none', null, null]],
  ]
  for (const [name, options, answer, counted, expected] of rows) {
    const found = await usage(options, answer, counting(...counted))
    assert.deepEqual(tokensOf(found.usage), expected, name)
  }
})

test('embeddings are counted by their prompt alone', async () => {
  const options = { url: '/v1/embeddings', lease }
  const { usage: found } = await usage(options, { ending: 'left' }, counting(7, null))
  assert.deepEqual(tokensOf(found), ['counted', 7, 0])
})

test('speech and transcriptions that report no tokens have none', async () => {
  for (const [url, deployment] of [
    ['/v1/audio/speech', 'tts'],
    ['/v1/audio/transcriptions', 'whisper'],
  ] as const) {
    const { usage: found } = await usage(
      { url, request: { deployment } },
      { ending: 'left', learned: { isFinished: false } },
      counting(5, 6),
    )
    assert.equal(found.source, 'none', url)
  }
})

test('reported usage teaches the bound of later calls whose end is not seen', async () => {
  const thought = { ...reported(10, 2_000), reasoningTokens: 1_500 }
  const { scene } = await usage({}, { learned: { usage: thought } })
  assert.deepEqual(scene.parts.guards.unseen.needs.of('gpt-4o'), { hidden: 1_500, completion: 2_000 })
  const unlimited = admittedOf({ lease: leaseOf({ tokens: 150, promptTokens: 100 }) })
  scene.state.counted = { promptTokens: 5, completionTokens: 6 }
  const bounded = await usageOf(unlimited, relayedOf({ ...left, learned: { isFinished: false } }), scene.parts)
  assert.deepEqual(tokensOf(bounded), [
    'bounded',
    5,
    Math.max(2_000, scene.parts.guards.unseen.completionTokensAssumed),
  ])
  const limited = admittedOf({
    lease: leaseOf({ tokens: 150, promptTokens: 100 }),
    request: { completionTokensMax: 50 },
  })
  const most = await usageOf(limited, relayedOf({ ...left, learned: { isFinished: false } }), scene.parts)
  assert.deepEqual(tokensOf(most), ['bounded', 5, 6 + 1_500], 'what passed and what may be hidden, beyond the maximum')
})

test('a prompt with stored objects is charged at what was reserved when its text shows less', async () => {
  const references = [{ id: 'resp_0', kind: 'response', param: 'previous_response_id', echoed: false }] as const
  const { usage: found } = await usage(
    { lease, request: { ...request, references } },
    { ...left, learned: { isFinished: false } },
    counting(5, 6),
  )
  assert.equal(found.promptTokens, 100)
})

test('a long answer is read back from the journal to count it', async () => {
  const scene = await endingScene()
  const seen: unknown[] = []
  const counter = {
    ...scene.parts.counter,
    count: (job: { readonly responseBody: readonly Uint8Array[] }) => {
      seen.push(...job.responseBody)
      return Promise.resolve({ promptTokens: 1, completionTokens: 2 })
    },
  }
  scene.state.stored = [Buffer.from('early')]
  const relayed: Relayed = relayedOf({ progressed: true, unwritten: [Buffer.from('late')] })
  await usageOf(admittedOf(), relayed, { ...scene.parts, counter })
  assert.deepEqual(seen.map(String), ['early', 'late'])
  scene.state.isFull = true
  seen.length = 0
  await usageOf(admittedOf(), relayed, { ...scene.parts, counter })
  assert.deepEqual(seen, [], 'what cannot be read back is not counted')
  assert.equal(scene.logged.at(-1)?.event, 'usage_unknown')
})

const background = { url: '/v1/responses' } as const

// Otherwise the tokens of background work would be free, or charged twice.
test('a response that works in the background adds a debt, with what was reserved for the call', async () => {
  const own = leaseOf({ tokens: 500, promptTokens: 100 })
  const { usage: found, scene } = await usage(
    { ...background, lease: own },
    { learned: { objectId: 'resp_1', isBackground: true, finishReason: 'in_progress', isFinished: true } },
  )
  assert.equal(found.source, 'owed')
  const [debt] = scene.debts
  assert.deepEqual([debt?.objectId, scene.debts.length], ['resp_1', 1])
  assert.ok((debt?.bound.completionTokens ?? 0) >= 400)
})

test('a background response whose stream was left raises its bound to what has passed', async () => {
  const { scene } = await usage(
    { ...background, request: { stream: true } },
    { ...left, isEventStream: true, learned: { objectId: 'resp_1', isBackground: true } },
    counting(5, 700),
  )
  assert.deepEqual(scene.raised, [{ objectId: 'resp_1', completionTokens: 700 }])
})

test('a batch that may have been created although its id never came is charged at its bound', async () => {
  const { usage: found } = await usage(
    { url: '/v1/batches', lease: leaseOf({ tokens: 900 }), request: { deployment: null } },
    { ending: 'backend_cut', learned: { objectId: null } },
  )
  assert.deepEqual(tokensOf(found), ['bounded', 0, 900])
})

const fetched = { method: 'GET', url: '/v1/responses/resp_1', request: { deployment: null, send: null } } as const
const debt: ClaimedDebt['debt'] = {
  objectId: 'resp_1',
  kind: 'response',
  recordId: 'r',
  startedAtMs: 1,
  caller: person,
  workload: 'people',
  target: 'main',
  instance: 'one',
  deployment: 'gpt-4o',
  servedDeployment: null,
  apiVersion: null,
  bound: { promptTokens: 40, completionTokens: 60 },
}
const claimable = (scene: EndingScene): void => {
  scene.state.claimable = { debt, kept: null }
}

test('an answer about earlier work is charged once, when it shows the end of the work', async () => {
  const rows: readonly (readonly [string, AdmittedOptions, Answer, unknown[]])[] = [
    ['it has ended', fetched, { learned: { usage: reported(3, 4), finishReason: 'completed' } }, ['reported', 3, 4]],
    ['it goes on', fetched, { learned: { usage: reported(3, 4), finishReason: 'in_progress' } }, ['none', null, null]],
    [
      'a stream in its middle',
      fetched,
      { ...left, learned: { usage: reported(3, 4), usageSoFar: true, isFinished: false } },
      ['none', null, null],
    ],
    ['it is deleted before its end was seen', { ...fetched, method: 'DELETE' }, {}, ['bounded', 40, 60]],
    ['the client is told 404', fetched, { status: 404 }, ['none', null, null]],
  ]
  for (const [name, options, answer, expected] of rows) {
    const { usage: found, exchange } = await usage(options, answer, claimable)
    assert.deepEqual(tokensOf(found), expected, name)
    assert.equal(exchange.charges !== null, found.source !== 'none', `${name}: it charges the debt`)
  }
  const { usage: second } = await usage(fetched, { learned: { usage: reported(3, 4), finishReason: 'completed' } })
  assert.equal(second.source, 'none', 'another exchange has claimed it')
})
