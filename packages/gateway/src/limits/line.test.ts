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
  /** The line's clock. */
  readonly time: { ms: number }
  /** Free room of each key. */
  readonly room: Map<string, number>
  readonly admitted: string[]
  readonly waited: { readonly priority: string; readonly admitted: boolean }[]
  /** Waits in line; resolves with its name, or null. */
  wait(
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
    wait(name, priority, keys = ['a'], signal, workload = 'bot') {
      const waiter: LineWaiter<string> = {
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
      return line.wait(waiter)
    },
  }
}

// A person waits for an interactive call; a nightly job can wait.
test('an interactive call overtakes batch calls that came before it', async () => {
  const { line, room, admitted, wait } = scene()
  const all = [wait('b1', 'batch'), wait('b2', 'batch'), wait('s1', 'standard'), wait('i1', 'interactive')]
  await turn()
  assert.equal(line.length, 4)
  room.set('a', 4)
  line.nudge()
  await Promise.all(all)
  assert.deepEqual(admitted, ['i1', 's1', 'b1', 'b2'])
  assert.equal(line.length, 0)
})

test('no call starves: after two agings, a batch call goes before new interactive calls', async () => {
  const { line, time, room, admitted, wait } = scene()
  const all = [wait('b', 'batch')]
  time.ms += 2_001
  all.push(wait('i', 'interactive'))
  await turn()
  room.set('a', 1)
  line.nudge()
  await turn()
  assert.deepEqual(admitted, ['b'])
  room.set('a', 1)
  line.nudge()
  await Promise.all(all)
})

test('a new call queues behind equally or more urgent calls that wait for the same key, and behind no others', async () => {
  const { line, wait } = scene()
  assert.equal(line.isAwaited(['a'], 'batch'), false)
  const waiting = wait('s', 'standard', ['a', 'b'])
  assert.deepEqual(
    ['interactive', 'standard', 'batch'].map(priority => line.isAwaited(['b', 'c'], priority)),
    [false, true, true],
  )
  assert.equal(line.isAwaited(['c'], 'batch'), false)
  line.close()
  assert.equal(await waiting, null)
  assert.equal(line.isAwaited(['a'], 'batch'), false)
})

test('a failed attempt blocks later calls from the same keys, and no other calls', async () => {
  const { line, room, admitted, wait } = scene()
  room.set('a', 1)
  const both = wait('both', 'interactive', ['a', 'b'])
  const small = wait('small', 'standard', ['a'])
  const other = wait('other', 'batch', ['c'])
  room.set('c', 1)
  assert.equal(await other, 'other')
  assert.deepEqual(admitted, ['other'], 'small must not take the room that both needs')
  room.set('b', 1)
  line.nudge()
  assert.equal(await both, 'both')
  room.set('a', 1)
  line.nudge()
  assert.equal(await small, 'small')
})

test('a call that waits for one key takes no room of another key that a more urgent call waits for', async () => {
  const { line, room, admitted, wait } = scene()
  room.set('b', 1)
  const urgent = wait('urgent', 'interactive', ['a', 'b'])
  await turn()
  const waiter = (name: string, waitsFor: readonly string[]): LineWaiter<string> => ({
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
  const other = line.wait(waiter('other', ['c']))
  await turn()
  assert.deepEqual(admitted, [])
  room.set('a', 1)
  line.nudge()
  await Promise.all([urgent, other])
  assert.deepEqual(admitted, ['urgent', 'other'])
})

test('a full line refuses at once, but evicts its least urgent call for a more urgent one', async () => {
  const { line, waited, wait } = scene({ length: 2 })
  const first = wait('b1', 'batch')
  const second = wait('b2', 'batch')
  assert.equal(await wait('b3', 'batch'), null)
  const third = wait('i', 'interactive')
  assert.equal(await second, null)
  assert.equal(line.length, 2)
  line.close()
  assert.deepEqual([await first, await third], [null, null])
  assert.deepEqual(
    waited.map(one => one.admitted),
    [false, false, false],
  )
})

test('a call leaves the line when its client disconnects, and when its time is over', async () => {
  const { line, time, wait } = scene({ maxWaitMs: 500 })
  const controller = new AbortController()
  const left = wait('left', 'interactive', ['a'], controller.signal)
  const late = wait('late', 'interactive')
  controller.abort()
  assert.equal(await left, null)
  assert.equal(line.length, 1)
  time.ms += 500
  assert.equal(await late, null)
  assert.equal(line.length, 0)
  assert.equal(await wait('gone', 'interactive', ['a'], AbortSignal.abort()), null)
})

// Otherwise its reservation would stay for ever.
test('P7 the result of an attempt reaches the caller even when the client disconnected meanwhile', async () => {
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

test('an attempt that throws ends only its own wait', async () => {
  const { line, room, wait } = scene()
  const broken = line.wait({
    keys: ['x'],
    workload: 'bot',
    priority: 'interactive',
    waiting: { deadlineAt: Number.POSITIVE_INFINITY, signal: null },
    attempt: () => {
      throw new RangeError('broken')
    },
  })
  const fine = wait('fine', 'batch')
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

test('in any order of arrivals and releases, no call is overtaken by a less urgent one for the same key, and all get through', async () => {
  await fc.assert(
    fc.asyncProperty(arrivals, async list => {
      const { line, time, room, admitted, wait } = scene()
      const orders = new Map<string, { readonly order: number; readonly keys: readonly string[] }>()
      const all: Promise<string | null>[] = []
      const check = (from: number): void => {
        for (const name of admitted.slice(from)) {
          const mine = orders.get(name)
          for (const [other, theirs] of orders) {
            if (admitted.includes(other) || mine === undefined) continue
            const isSame = theirs.keys.some(key => mine.keys.includes(key))
            assert.ok(!isSame || theirs.order >= mine.order, `${name} overtook ${other}`)
          }
        }
      }
      for (const [index, { waitMs, priority, keys, frees }] of list.entries()) {
        time.ms += waitMs
        const before = admitted.length
        const name = `${priority}${index}`
        orders.set(name, { order: time.ms + options.classes.indexOf(priority) * options.agingMs, keys })
        all.push(wait(name, priority, keys))
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

// Without it, twelve calls of one workload that wait for one call in flight fill the line, and all other workloads are
// refused.
test('W9 a full line evicts calls of the workload that has most, down to equal shares', async () => {
  const { line, room, admitted, wait } = scene({ length: 4 })
  const greedy = Array.from({ length: 12 }, (_, n) => wait(`g${n}`, 'standard', ['own'], undefined, 'greedy'))
  await turn()
  assert.deepEqual(
    await Promise.all(greedy.slice(4)),
    Array.from({ length: 8 }, () => null),
  )
  assert.equal(line.length, 4)
  const other = wait('o1', 'standard', ['other'], undefined, 'other')
  const second = wait('o2', 'standard', ['other'], undefined, 'other')
  assert.equal(await greedy[3], null, 'the last call of the greedy workload was evicted')
  assert.equal(await greedy[2], null)
  assert.equal(await wait('o3', 'standard', ['other'], undefined, 'other'), null, 'two calls each are equal shares')
  assert.equal(await wait('g12', 'standard', ['own'], undefined, 'greedy'), null)
  const third = wait('t1', 'standard', ['third'], undefined, 'third')
  await turn()
  assert.equal(line.length, 4)
  for (const key of ['own', 'other', 'third']) room.set(key, 4)
  line.nudge()
  await Promise.all([...greedy, other, second, third])
  assert.equal(admitted.length, 4)
  assert.ok(admitted.includes('t1') && admitted.includes('g0') && admitted.includes('o1'))
})

test('W9 a more urgent call is never evicted for a less urgent one, however many calls its workload has', async () => {
  const { line, wait } = scene({ length: 2 })
  const urgent = ['i1', 'i2'].map(name => wait(name, 'interactive', ['a'], undefined, 'greedy'))
  await turn()
  assert.equal(await wait('b', 'batch', ['b'], undefined, 'other'), null)
  assert.equal(line.length, 2)
  line.close()
  await Promise.all(urgent)
})
