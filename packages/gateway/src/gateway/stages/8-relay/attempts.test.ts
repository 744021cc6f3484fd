import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GivenUp } from '../../backend/failures.ts'
import { ClientLeft } from '../../call.ts'
import { AttemptsWorld, settled, type WorldOptions } from './attempts.fixture.ts'
import type { AttemptsState } from './attempts.ts'

/** What happens to a call. Each is one event. */
const events = {
  send: (world: AttemptsWorld) => world.send('west'),
  'head 200': (world: AttemptsWorld) => world.head(200),
  'head 400': (world: AttemptsWorld) => world.head(400),
  'head 429': (world: AttemptsWorld) => world.head(429),
  'head 500': (world: AttemptsWorld) => world.head(500),
  redirect: (world: AttemptsWorld) => world.head(302),
  body: (world: AttemptsWorld) => world.body('{}'),
  'long body': (world: AttemptsWorld) => world.body('x'.repeat(70_000)),
  'backend ends': (world: AttemptsWorld) => world.ends(),
  'backend breaks': (world: AttemptsWorld) => world.breaks(),
  'time of a held refusal is over': (world: AttemptsWorld) => {
    world.attempts.tick(1)
    world.attempts.tick(2_001)
  },
  'aborted by the deadline': (world: AttemptsWorld) => world.breaks(new GivenUp('total_timeout')),
  'aborted for the client': (world: AttemptsWorld) => world.breaks(new ClientLeft()),
  'client leaves': (world: AttemptsWorld) => world.client.leaves(),
  'client has it all': (world: AttemptsWorld) => world.client.sent(),
  deadline: (world: AttemptsWorld) => world.attempts.expire('deadline'),
  shutdown: (world: AttemptsWorld) => world.attempts.expire('shutdown'),
  'answered from elsewhere': (world: AttemptsWorld) => {
    world.attempts.replaceWith({ status: 200, headers: {}, body: [Buffer.from('other')] })
  },
  conclude: (world: AttemptsWorld) => world.conclude(),
} as const

type Event = keyof typeof events

/** How each state is reached, where a member can be tried after the first. */
const ways: Readonly<Record<AttemptsState, readonly (Event | 'first send' | 'connects')[]>> = {
  ready: ['first send', 'connects', 'head 429', 'backend ends'],
  waiting: ['first send', 'connects'],
  holding: ['first send', 'connects', 'head 429'],
  relaying: ['first send', 'connects', 'head 200'],
  ending: ['first send', 'connects', 'head 200', 'backend ends'],
  readingOn: ['first send', 'connects', 'head 200', 'client leaves'],
  replaced: ['first send', 'connects', 'answered from elsewhere'],
  settled: ['first send', 'connects', 'head 200', 'backend ends', 'client has it all'],
}

async function worldIn(state: AttemptsState, options: WorldOptions): Promise<AttemptsWorld> {
  const world = new AttemptsWorld({ readsOn: true, ...options })
  for (const step of ways[state]) {
    if (step === 'first send') world.send('east')
    else if (step === 'connects') world.connects()
    else events[step](world)
  }
  await settled()
  assert.equal(world.attempts.state, state)
  world.notes.length = 0
  world.result = null
  return world
}

interface Row {
  readonly in: AttemptsState
  readonly when: Event
  readonly next: AttemptsState
  /** What is done to the client and the backend, and the result of the attempt at the end. */
  readonly does: readonly string[]
  readonly options?: WorldOptions
}

const last: WorldOptions = { mayReplay: false }
const neverReadOn: WorldOptions = { readsOn: false }

const table: readonly Row[] = [
  { in: 'ready', when: 'send', next: 'waiting', does: ['dispatch'] },
  { in: 'ready', when: 'client leaves', next: 'ready', does: [] },
  { in: 'ready', when: 'conclude', next: 'ending', does: ['head 429', 'end'] },

  { in: 'waiting', when: 'head 200', next: 'relaying', does: ['head 200'] },
  { in: 'waiting', when: 'head 500', next: 'relaying', does: ['head 500'] },
  { in: 'waiting', when: 'head 400', next: 'holding', does: [] },
  { in: 'waiting', when: 'head 429', next: 'holding', does: [] },
  { in: 'waiting', when: 'head 429', next: 'relaying', does: ['head 429'], options: last },
  { in: 'waiting', when: 'redirect', next: 'waiting', does: ['abort: backend_redirected'] },
  { in: 'waiting', when: 'backend breaks', next: 'settled', does: ['failed: backend_broke'] },
  { in: 'waiting', when: 'aborted by the deadline', next: 'settled', does: ['failed: total_timeout'] },
  { in: 'waiting', when: 'aborted for the client', next: 'settled', does: ['left'] },
  { in: 'waiting', when: 'client leaves', next: 'readingOn', does: ['resume'] },
  { in: 'waiting', when: 'client leaves', next: 'waiting', does: ['abort: the client left'], options: neverReadOn },
  {
    in: 'waiting',
    when: 'client leaves',
    next: 'waiting',
    does: ['abort: the client left'],
    options: { isUploaded: false },
  },
  { in: 'waiting', when: 'deadline', next: 'waiting', does: ['abort: total_timeout'] },
  { in: 'waiting', when: 'shutdown', next: 'waiting', does: ['abort: shutdown'] },
  { in: 'waiting', when: 'answered from elsewhere', next: 'replaced', does: ['head 200', 'end other'] },

  { in: 'holding', when: 'body', next: 'holding', does: [] },
  { in: 'holding', when: 'backend ends', next: 'ready', does: ['try: another_member'] },
  { in: 'holding', when: 'backend breaks', next: 'ready', does: ['try: another_member'] },
  { in: 'holding', when: 'long body', next: 'relaying', does: ['head 429', 'write …'] },
  {
    in: 'holding',
    when: 'time of a held refusal is over',
    next: 'holding',
    does: ['abort: the body of the refusal did not come'],
  },
  { in: 'holding', when: 'client leaves', next: 'holding', does: ['abort: the client left'] },
  { in: 'holding', when: 'aborted for the client', next: 'settled', does: ['left'] },
  {
    in: 'holding',
    when: 'aborted by the deadline',
    next: 'settled',
    does: ['head 429', 'break off: total_timeout', 'failed: total_timeout'],
  },
  { in: 'holding', when: 'answered from elsewhere', next: 'holding', does: [] },

  { in: 'relaying', when: 'body', next: 'relaying', does: ['write {}'] },
  { in: 'relaying', when: 'backend ends', next: 'ending', does: ['end'] },
  { in: 'relaying', when: 'backend breaks', next: 'settled', does: ['break off: backend_cut', 'failed: backend_cut'] },
  {
    in: 'relaying',
    when: 'aborted by the deadline',
    next: 'settled',
    does: ['break off: total_timeout', 'failed: total_timeout'],
  },
  { in: 'relaying', when: 'aborted for the client', next: 'settled', does: ['left'] },
  { in: 'relaying', when: 'client leaves', next: 'readingOn', does: ['resume'] },
  { in: 'relaying', when: 'client leaves', next: 'relaying', does: ['abort: the client left'], options: neverReadOn },
  { in: 'relaying', when: 'deadline', next: 'relaying', does: ['abort: total_timeout'] },
  { in: 'relaying', when: 'answered from elsewhere', next: 'relaying', does: [] },

  { in: 'ending', when: 'client has it all', next: 'settled', does: ['whole'] },
  { in: 'ending', when: 'client leaves', next: 'settled', does: ['left'] },
  { in: 'ending', when: 'answered from elsewhere', next: 'ending', does: [] },

  { in: 'readingOn', when: 'body', next: 'readingOn', does: [] },
  { in: 'readingOn', when: 'backend ends', next: 'settled', does: ['left'] },
  { in: 'readingOn', when: 'backend breaks', next: 'settled', does: ['left'] },
  { in: 'readingOn', when: 'deadline', next: 'readingOn', does: ['abort: the client left'] },
  { in: 'readingOn', when: 'shutdown', next: 'readingOn', does: ['abort: the client left'] },
  { in: 'readingOn', when: 'aborted for the client', next: 'settled', does: ['left'] },
  { in: 'readingOn', when: 'answered from elsewhere', next: 'readingOn', does: [] },

  { in: 'replaced', when: 'head 200', next: 'replaced', does: [] },
  { in: 'replaced', when: 'head 429', next: 'replaced', does: [] },
  { in: 'replaced', when: 'body', next: 'replaced', does: [] },
  { in: 'replaced', when: 'client has it all', next: 'replaced', does: [] },
  { in: 'replaced', when: 'client leaves', next: 'replaced', does: [] },
  { in: 'replaced', when: 'backend ends', next: 'settled', does: ['left'] },
  { in: 'replaced', when: 'backend breaks', next: 'settled', does: ['left'] },
  { in: 'replaced', when: 'deadline', next: 'replaced', does: ['abort: total_timeout'] },
  { in: 'replaced', when: 'answered from elsewhere', next: 'replaced', does: [] },

  { in: 'settled', when: 'client leaves', next: 'settled', does: [] },
  { in: 'settled', when: 'deadline', next: 'settled', does: [] },
  { in: 'settled', when: 'backend breaks', next: 'settled', does: [] },
  { in: 'settled', when: 'answered from elsewhere', next: 'settled', does: [] },
]

function resultOf({ result }: AttemptsWorld): string[] {
  if (result === null) return []
  if (typeof result === 'string') return [`try: ${result}`]
  const { ending } = result
  return [ending === 'whole' || ending === 'left' ? ending : `failed: ${ending}`]
}

// A transition that is missing here hangs a call, or bills it twice.
for (const row of table) {
  const { in: state, when, next, does, options = {} } = row
  const words = Object.entries(options).map(([name, value]) => `${name} ${value}`)
  test(`${[state, ...words].join(', ')}: ${when} -> ${next}`, async () => {
    const world = await worldIn(state, options)
    events[when](world)
    await settled()
    const notes = world.notes.map(note => (note.length > 100 ? 'write …' : note))
    assert.deepEqual([...notes, ...resultOf(world)], does)
    assert.equal(world.attempts.state, next)
  })
}
