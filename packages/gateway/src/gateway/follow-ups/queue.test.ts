import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { EarlierAdmission, Limits, Spent } from '../../limits/index.ts'
import type { Debt, SharedDebts } from '../../objects/index.ts'
import { endingScene } from '../endings.fixture.ts'
import { person, samplePlan } from '../exchange.fixture.ts'
import { createResolver } from '../stages/1-resolve/index.ts'
import { FollowUpQueue } from './queue.ts'

const settings = { first: 1_000, every: 8_000, longest: 60_000, atOnce: 2 }
const nothingMore = { tokens: 0, costNano: 0, calls: 1, promptTokens: null, completionTokens: null }
const spent: Spent = { tokens: 30, costNano: 7, calls: 1, promptTokens: 10, completionTokens: 20 }

function debtOf(objectId: string, change: Partial<Debt> = {}): Debt {
  return {
    objectId,
    kind: 'response',
    recordId: `record-of-${objectId}`,
    startedAtMs: 0,
    caller: person,
    workload: 'people',
    target: 'main',
    instance: 'one',
    deployment: 'gpt-4o',
    servedDeployment: null,
    apiVersion: null,
    bound: { promptTokens: 40, completionTokens: 60 },
    ...change,
  }
}

/** A reservation that records how it is settled. */
function reservation(): { readonly settled: Spent[]; settle(spent: Spent): void } {
  const settled: Spent[] = []
  return { settled, settle: one => void settled.push(one) }
}

type ClaimAnswer = Awaited<ReturnType<SharedDebts['claim']>>

interface Scene {
  readonly queue: FollowUpQueue
  readonly time: { nowMs: number }
  /** Reservations that the queue made itself. */
  readonly held: { readonly admission: EarlierAdmission; readonly settled: Spent[] }[]
  /** Messages to the replicas. */
  readonly shared: string[]
  readonly replica: { claim: ClaimAnswer; isPaid: boolean; debt: Debt | null; orphans: readonly Debt[] }
}

function sceneOf(t: TestContext, isShared = false): Scene {
  const time = { nowMs: 0 }
  const held: { admission: EarlierAdmission; settled: Spent[] }[] = []
  const shared: string[] = []
  const replica: Scene['replica'] = { claim: 'own', isPaid: false, debt: null, orphans: [] }
  const limits = {
    hold(admission: EarlierAdmission) {
      const made = reservation()
      held.push({ admission, settled: made.settled })
      return made
    },
  } satisfies Pick<Limits, 'hold'>
  const debts: SharedDebts = {
    add: debt => void shared.push(`owes ${debt.objectId}`),
    claim: (id, isKnown) => {
      shared.push(`claim ${id} ${isKnown ? 'known' : 'unknown'}`)
      return Promise.resolve(replica.claim)
    },
    isPaid: () => Promise.resolve(replica.isPaid),
    find: () => Promise.resolve(replica.debt),
    paid: id => void shared.push(`paid ${id}`),
    forget: id => void shared.push(`paid elsewhere ${id}`),
    orphans: () => Promise.resolve(replica.orphans),
    renew: ids => void shared.push(`tended ${ids.join()}`),
    close: () => {},
  }
  const queue = new FollowUpQueue({
    limits,
    debts: isShared ? debts : null,
    newId: () => 'id-of-a-follow-up',
    clock: () => time.nowMs,
    random: () => 1,
    settings: () => settings,
    costNanoOf: () => 5,
  })
  t.after(() => queue.close())
  return { queue, time, held, shared, replica }
}

test('a debt is open until an exchange claims it, and only one exchange gets it', async t => {
  const { queue } = sceneOf(t)
  const debt = debtOf('resp_1')
  const kept = reservation()
  queue.add(debt, kept)
  assert.equal(queue.openDebt('resp_1'), debt)
  assert.equal(queue.figures.open, 1)
  const claimed = await queue.claim('resp_1')
  assert.deepEqual(claimed, { debt, kept })
  assert.equal(await queue.claim('resp_1'), null)
  assert.equal(queue.openDebt('resp_1'), null)
  assert.equal(await queue.claim('resp_unknown'), null)
})

// Otherwise tokens would stay reserved for ever, and the limit would shrink with every such id.
test('a second debt of the same object gives its reservation back', t => {
  const { queue } = sceneOf(t)
  const kept = [reservation(), reservation()] as const
  queue.add(debtOf('resp_1'), kept[0])
  queue.add(debtOf('resp_1'), kept[1])
  assert.equal(queue.figures.open, 1)
  assert.deepEqual([kept[0].settled, kept[1].settled], [[], [nothingMore]])
})

test('the bound of a debt only rises', t => {
  const { queue } = sceneOf(t)
  queue.add(debtOf('resp_1'), null)
  queue.raiseBound('resp_1', 10)
  assert.equal(queue.openDebt('resp_1')?.bound.completionTokens, 60)
  queue.raiseBound('resp_1', 900)
  assert.deepEqual(queue.openDebt('resp_1')?.bound, { promptTokens: 40, completionTokens: 900 })
  queue.raiseBound('resp_unknown', 900)
})

test('debts of an earlier process are reserved again at their bound', t => {
  const { queue, held } = sceneOf(t)
  queue.add(debtOf('resp_known'), null)
  queue.takeOver([debtOf('resp_known'), debtOf('resp_1', { startedAtMs: 77 })])
  assert.equal(queue.figures.open, 2)
  assert.equal(held.length, 1, 'a known debt is reserved already')
  const { caller, ...admission } = held[0]?.admission ?? assert.fail()
  assert.equal(caller.objectId, person.objectId)
  assert.deepEqual(admission, {
    workload: 'people',
    deployment: 'gpt-4o',
    instance: 'one',
    servedDeployment: null,
    tokens: 100,
    costNano: 5,
    atMs: 77,
  })
})

test('a charge settles the reservation of the debt, or is counted without one', t => {
  const { queue, held } = sceneOf(t)
  const kept = reservation()
  queue.charge({ debt: debtOf('resp_1'), kept }, spent)
  assert.deepEqual(kept.settled, [spent])
  queue.charge({ debt: debtOf('resp_2'), kept: null }, spent)
  assert.deepEqual([held[0]?.admission.tokens, held[0]?.settled], [0, [spent]])
})

test('the usage of a batch teaches its total as completion, because its prompt was never seen', t => {
  const { queue } = sceneOf(t)
  const kept = reservation()
  queue.charge({ debt: debtOf('batch_1', { kind: 'batch' }), kept }, spent)
  assert.deepEqual(kept.settled, [{ ...spent, promptTokens: 0, completionTokens: 30 }])
  const bounded = { ...spent, promptTokens: null, completionTokens: null }
  queue.charge({ debt: debtOf('batch_1', { kind: 'batch' }), kept }, bounded)
  assert.deepEqual(kept.settled.at(-1), bounded, 'a bound teaches nothing')
})

test('two silent ends are believed, one is not', t => {
  const { queue } = sceneOf(t)
  queue.add(debtOf('resp_1'), null)
  assert.deepEqual([queue.noteSilentEnd('resp_1'), queue.noteSilentEnd('resp_1')], [false, true])
  assert.equal(queue.noteSilentEnd('resp_unknown'), false)
})

test('figures count charges by their source', t => {
  const { queue } = sceneOf(t)
  for (const source of ['reported', 'bounded', 'bounded', 'none'] as const) {
    queue.recorded({ debt: debtOf('resp_1'), kept: null }, source)
  }
  assert.deepEqual(queue.figures, { open: 0, asked: 0, reported: 1, bounded: 2 })
})

// Two replicas see the same end: both charging it would bill the caller twice.
test('with replicas a debt is claimed among all of them', async t => {
  const { queue, replica, shared } = sceneOf(t, true)
  const kept = reservation()
  queue.add(debtOf('resp_1'), kept)
  for (const answer of ['claimed', 'none', 'unknown'] as const) {
    replica.claim = answer
    assert.equal(await queue.claim('resp_1'), null, answer)
    assert.equal(queue.figures.open, 1, `${answer}: it stays open here`)
  }
  replica.claim = 'paid'
  assert.equal(await queue.claim('resp_1'), null)
  assert.equal(queue.figures.open, 0, 'another replica has charged it')
  assert.deepEqual(kept.settled, [nothingMore])
  assert.deepEqual(shared.slice(0, 2), ['owes resp_1', 'claim resp_1 known'])
  assert.equal(shared.at(-1), 'paid elsewhere resp_1')
})

test('a replica charges a debt that it does not look after itself', async t => {
  const { queue, replica, shared } = sceneOf(t, true)
  const debt = debtOf('resp_1')
  replica.claim = debt
  const claimed = await queue.claim('resp_1')
  assert.deepEqual(claimed, { debt, kept: null })
  queue.recorded(claimed ?? assert.fail(), 'reported')
  assert.deepEqual(shared, ['claim resp_1 unknown', 'paid resp_1'])
  replica.claim = 'own'
  assert.equal(await queue.claim('resp_2'), null, 'it has no debt of its own')
})

test('while a claim is in flight no second exchange gets the debt', async t => {
  const { queue } = sceneOf(t, true)
  queue.add(debtOf('resp_1'), null)
  const both = await Promise.all([queue.claim('resp_1'), queue.claim('resp_1')])
  assert.deepEqual(
    both.map(one => one?.debt.objectId ?? null),
    ['resp_1', null],
  )
})

test('debts of a replica that is gone are taken over, and the replicas learn which debts this process looks after', async t => {
  const { queue, replica, shared, held, time } = sceneOf(t, true)
  const { parts } = await endingScene()
  queue.use({ ...parts, resolve: createResolver(), plan: samplePlan, demonstration: false })
  queue.add(debtOf('resp_1', { instance: 'gone' }), null)
  replica.orphans = [debtOf('resp_orphan', { instance: 'gone' })]
  time.nowMs = 1
  queue.look()
  await queue.settled()
  assert.deepEqual([queue.openDebt('resp_orphan')?.objectId, held.length], ['resp_orphan', 1])
  assert.deepEqual(
    shared.filter(one => one.startsWith('tended')),
    ['tended resp_1'],
  )
  replica.orphans = []
  time.nowMs = 30_000
  queue.look()
  assert.equal(shared.filter(one => one.startsWith('tended')).length, 1, 'once a minute')
})

test('an object whose end is not known after the longest time is charged at its bound', async t => {
  const { queue, time } = sceneOf(t)
  const scene = await endingScene()
  queue.use({ ...scene.parts, resolve: createResolver(), plan: samplePlan, demonstration: false })
  const kept = reservation()
  queue.add(debtOf('resp_1'), kept)
  time.nowMs = settings.longest - 1
  queue.look()
  await queue.settled()
  const [asked] = scene.closed
  assert.deepEqual(
    [asked?.half.outcome, scene.opened[0]?.half.copyKind, scene.opened[0]?.half.copyOf, queue.figures.open],
    ['failed', 'follow_up', 'record-of-resp_1', 1],
    'its instance does not answer, so the debt stays open',
  )
  time.nowMs = settings.longest
  queue.look()
  await queue.settled()
  const record = scene.closed.at(-1)
  assert.deepEqual(
    [record?.half.outcomeCode, record?.half.usage.source, record?.half.usage.totalTokens, record?.half.objectId],
    ['end_unknown', 'bounded', 100, 'resp_1'],
  )
  assert.equal(scene.charges[0]?.claimed.kept, kept)
  assert.equal(queue.figures.open, 0)
})

test('a debt that another replica has charged is forgotten without a follow-up', async t => {
  const { queue, time, replica, shared } = sceneOf(t, true)
  const scene = await endingScene()
  queue.use({ ...scene.parts, resolve: createResolver(), plan: samplePlan, demonstration: false })
  queue.add(debtOf('resp_1'), null)
  replica.isPaid = true
  time.nowMs = 5_000
  queue.look()
  await queue.settled()
  assert.deepEqual([queue.figures.open, queue.figures.asked, scene.opened.length], [0, 0, 0])
  assert.ok(shared.includes('paid elsewhere resp_1'))
})

// While Redis is away no debt can be claimed. The oldest one would stay for ever, and none could make room any more.
test('beyond 50,000 debts the oldest is charged at its bound, also when that was not possible at first', async t => {
  const { queue, replica } = sceneOf(t, true)
  const scene = await endingScene()
  queue.use({ ...scene.parts, resolve: createResolver(), plan: samplePlan, demonstration: false })
  for (let at = 0; at < 50_000; at += 1) queue.add(debtOf(`resp_${at}`), null)
  replica.claim = 'unknown'
  queue.add(debtOf('resp_more'), null)
  await queue.settled()
  assert.equal(queue.figures.open, 50_001)
  replica.claim = 'own'
  queue.add(debtOf('resp_last'), null)
  await queue.settled()
  assert.deepEqual([queue.openDebt('resp_0'), queue.figures.open], [null, 50_001])
  const { half } = scene.closed.at(-1) ?? assert.fail()
  assert.deepEqual([half.outcomeCode, half.usage.source, half.objectId], ['end_unknown', 'bounded', 'resp_0'])
})

test('a closed queue starts no more follow-ups', async t => {
  const { queue, time } = sceneOf(t)
  const scene = await endingScene()
  queue.use({ ...scene.parts, resolve: createResolver(), plan: samplePlan, demonstration: false })
  queue.add(debtOf('resp_1'), null)
  await queue.close()
  time.nowMs = settings.longest
  queue.look()
  await queue.askNow('resp_1', '')
  assert.deepEqual([queue.figures.open, scene.closed.length], [1, 0], 'the next start finds it in the ledger')
})
