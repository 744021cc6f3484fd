import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import type { LineWaiter } from './index.ts'
import { type LineOptions, WaitingLine } from './line.ts'

const options: LineOptions = {
  length: 100,
  maxWaitMs: 60_000,
  agingMs: 1_000,
  classes: ['interactive', 'standard', 'batch'],
}

interface LineScene {
  readonly line: WaitingLine
  /** What the line takes for `performance.now()`. */
  readonly time: { ms: number }
  /** Room of each key. */
  readonly room: Map<string, number>
  readonly admitted: string[]
  readonly waited: { readonly priority: string; readonly admitted: boolean }[]
  /** Stands in line; resolves with its name, or null. */
  stand(
    name: string,
    priority: string,
    keys?: readonly string[],
    signal?: AbortSignal,
    workload?: string,
  ): Promise<string | null>
}

function scene(change: Partial<LineOptions> = {}): LineScene {
  const time = { ms: 1_000 }
  const waited: { priority: string; admitted: boolean }[] = []
  const observer = {
    waited: (priority: string, _ms: number, admitted: boolean) => void waited.push({ priority, admitted }),
  }
  const line = new WaitingLine({ ...options, ...change }, observer, () => time.ms)
  const room = new Map<string, number>()
  const admitted: string[] = []
  return {
    line,
    time,
    room,
    admitted,
    waited,
    stand(name, priority, keys = ['a'], signal, workload = 'bot') {
      const place: LineWaiter<string> = {
        keys,
        priority,
        workload,
        waiting: { deadlineAt: Number.POSITIVE_INFINITY, signal: signal ?? null },
        attempt() {
          if (keys.some(key => (room.get(key) ?? 0) < 1)) return null
          for (const key of keys) room.set(key, (room.get(key) ?? 0) - 1)
          admitted.push(name)
          return name
        },
      }
      return line.wait(place)
    },
  }
}

// Somebody waits in front of a screen while a nightly job has all the time in the world.
test('an interactive call passes batch calls that came before it', async () => {
  const { line, room, admitted, stand } = scene()
  const all = [stand('b1', 'batch'), stand('b2', 'batch'), stand('s1', 'standard'), stand('i1', 'interactive')]
  await turn()
  assert.equal(line.length, 4)
  room.set('a', 4)
  line.nudge()
  await Promise.all(all)
  assert.deepEqual(admitted, ['i1', 's1', 'b1', 'b2'])
  assert.equal(line.length, 0)
})

test('nobody starves: after two agings a batch call goes before interactive ones that come now', async () => {
  const { line, time, room, admitted, stand } = scene()
  const all = [stand('b', 'batch')]
  time.ms += 2_001
  all.push(stand('i', 'interactive'))
  await turn()
  room.set('a', 1)
  line.nudge()
  await turn()
  assert.deepEqual(admitted, ['b'])
  room.set('a', 1)
  line.nudge()
  await Promise.all(all)
})

test('a newcomer stands behind those at least as urgent who wait for the same, and behind nobody else', async () => {
  const { line, stand } = scene()
  assert.equal(line.isAwaited(['a'], 'batch'), false)
  const waiting = stand('s', 'standard', ['a', 'b'])
  assert.deepEqual(
    ['interactive', 'standard', 'batch'].map(priority => line.isAwaited(['b', 'c'], priority)),
    [false, true, true],
  )
  assert.equal(line.isAwaited(['c'], 'batch'), false)
  line.close()
  assert.equal(await waiting, null)
  assert.equal(line.isAwaited(['a'], 'batch'), false)
})

test('a call whose attempt fails keeps what it waits for from those behind it; others pass', async () => {
  const { line, room, admitted, stand } = scene()
  room.set('a', 1)
  const both = stand('both', 'interactive', ['a', 'b'])
  const small = stand('small', 'standard', ['a'])
  const other = stand('other', 'batch', ['c'])
  room.set('c', 1)
  assert.equal(await other, 'other')
  assert.deepEqual(admitted, ['other'], 'small must not take what both needs')
  room.set('b', 1)
  line.nudge()
  assert.equal(await both, 'both')
  room.set('a', 1)
  line.nudge()
  assert.equal(await small, 'small')
})

test('nobody takes on the way what somebody more urgent waits for, though waiting for something else', async () => {
  const { line, room, admitted, stand } = scene()
  room.set('b', 1)
  const urgent = stand('urgent', 'interactive', ['a', 'b'])
  await turn()
  const place = (name: string, waitsFor: readonly string[]): LineWaiter<string> => ({
    keys: ['b', 'c'],
    workload: 'bot',
    waitsFor,
    priority: 'batch',
    waiting: { deadlineAt: Number.POSITIVE_INFINITY, signal: null },
    attempt() {
      admitted.push(name)
      return name
    },
  })
  const other = line.wait(place('other', ['c']))
  await turn()
  assert.deepEqual(admitted, [])
  room.set('a', 1)
  line.nudge()
  await Promise.all([urgent, other])
  assert.deepEqual(admitted, ['urgent', 'other'])
})

test('a full line refuses at once, but turns its least urgent call away for a more urgent one', async () => {
  const { line, waited, stand } = scene({ length: 2 })
  const first = stand('b1', 'batch')
  const second = stand('b2', 'batch')
  assert.equal(await stand('b3', 'batch'), null)
  const third = stand('i', 'interactive')
  assert.equal(await second, null)
  assert.equal(line.length, 2)
  line.close()
  assert.deepEqual([await first, await third], [null, null])
  assert.deepEqual(
    waited.map(one => one.admitted),
    [false, false, false],
  )
})

test('a call leaves the line when its client leaves, and when its time is up', async () => {
  const { line, time, stand } = scene({ maxWaitMs: 500 })
  const controller = new AbortController()
  const left = stand('left', 'interactive', ['a'], controller.signal)
  const late = stand('late', 'interactive')
  controller.abort()
  assert.equal(await left, null)
  assert.equal(line.length, 1)
  time.ms += 500
  assert.equal(await late, null)
  assert.equal(line.length, 0)
  assert.equal(await stand('gone', 'interactive', ['a'], AbortSignal.abort()), null)
})

// It would keep what it has reserved for ever.
test('P7 what an attempt has given is handed over even when the client left meanwhile', async () => {
  const { line } = scene()
  const { promise, resolve } = Promise.withResolvers<string>()
  const controller = new AbortController()
  const waiting = line.wait({
    keys: ['a'],
    workload: 'bot',
    priority: 'batch',
    waiting: { deadlineAt: Number.POSITIVE_INFINITY, signal: controller.signal },
    attempt: () => promise,
  })
  await turn()
  controller.abort()
  resolve('lease')
  assert.equal(await waiting, 'lease')
  assert.equal(line.length, 0)
})

test('an attempt that throws ends that wait alone', async () => {
  const { line, room, stand } = scene()
  const broken = line.wait({
    keys: ['x'],
    workload: 'bot',
    priority: 'interactive',
    waiting: { deadlineAt: Number.POSITIVE_INFINITY, signal: null },
    attempt: () => {
      throw new RangeError('broken')
    },
  })
  const fine = stand('fine', 'batch')
  await assert.rejects(broken, RangeError)
  room.set('a', 1)
  line.nudge()
  assert.equal(await fine, 'fine')
})

const arrivals = fc.array(
  fc.record({
    waitMs: fc.nat(1_500),
    priority: fc.constantFrom('interactive', 'standard', 'batch'),
    keys: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 2 }),
    frees: fc.constantFrom('a', 'b', 'c', null),
  }),
  { minLength: 1, maxLength: 40 },
)

test('whoever comes and whatever comes free, nobody is passed by a less urgent call for the same, and all get through', async () => {
  await fc.assert(
    fc.asyncProperty(arrivals, async list => {
      const { line, time, room, admitted, stand } = scene()
      const orders = new Map<string, { readonly order: number; readonly keys: readonly string[] }>()
      const all: Promise<string | null>[] = []
      const check = (from: number): void => {
        for (const name of admitted.slice(from)) {
          const mine = orders.get(name)
          for (const [other, theirs] of orders) {
            if (admitted.includes(other) || mine === undefined) continue
            const isSame = theirs.keys.some(key => mine.keys.includes(key))
            assert.ok(!isSame || theirs.order >= mine.order, `${name} has passed ${other}`)
          }
        }
      }
      for (const [index, { waitMs, priority, keys, frees }] of list.entries()) {
        time.ms += waitMs
        const before = admitted.length
        const name = `${priority}${index}`
        orders.set(name, { order: time.ms + options.classes.indexOf(priority) * options.agingMs, keys })
        all.push(stand(name, priority, keys))
        if (frees !== null) room.set(frees, (room.get(frees) ?? 0) + 1)
        line.nudge()
        await turn()
        check(before)
      }
      for (const key of ['a', 'b', 'c']) room.set(key, 100)
      line.nudge()
      assert.equal((await Promise.all(all)).includes(null), false)
      assert.equal(line.length, 0)
    }),
    { numRuns: 200 },
  )
})

// Twelve calls of one workload for one place in flight took all places of the line: everybody else was refused at once.
test('W9 a full line takes a place from the workload that has most of them, and no more than is fair', async () => {
  const { line, room, admitted, stand } = scene({ length: 4 })
  const greedy = Array.from({ length: 12 }, (_, n) => stand(`g${n}`, 'standard', ['own'], undefined, 'greedy'))
  await turn()
  assert.deepEqual(
    await Promise.all(greedy.slice(4)),
    Array.from({ length: 8 }, () => null),
  )
  assert.equal(line.length, 4)
  const other = stand('o1', 'standard', ['other'], undefined, 'other')
  const second = stand('o2', 'standard', ['other'], undefined, 'other')
  assert.equal(await greedy[3], null, 'the last of the greedy workload has gone')
  assert.equal(await greedy[2], null)
  assert.equal(await stand('o3', 'standard', ['other'], undefined, 'other'), null, 'two places each are a fair share')
  assert.equal(await stand('g12', 'standard', ['own'], undefined, 'greedy'), null)
  const third = stand('t1', 'standard', ['third'], undefined, 'third')
  await turn()
  assert.equal(line.length, 4)
  for (const key of ['own', 'other', 'third']) room.set(key, 4)
  line.nudge()
  await Promise.all([...greedy, other, second, third])
  assert.equal(admitted.length, 4)
  assert.ok(admitted.includes('t1') && admitted.includes('g0') && admitted.includes('o1'))
})

test('W9 a more urgent call never leaves for a less urgent one, however many places its workload has', async () => {
  const { line, stand } = scene({ length: 2 })
  const urgent = ['i1', 'i2'].map(name => stand(name, 'interactive', ['a'], undefined, 'greedy'))
  await turn()
  assert.equal(await stand('b', 'batch', ['b'], undefined, 'other'), null)
  assert.equal(line.length, 2)
  line.close()
  await Promise.all(urgent)
})
