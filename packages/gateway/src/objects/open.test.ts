import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ObjectsUnavailable, type Owner } from './index.ts'
import { openObjects } from './open.ts'

const hr = { workload: 'hr-bot', instance: 'east' }
const code = { workload: 'code-assistant', instance: 'west' }

/** A ledger that knows these, and keeps what it was asked for. */
function history(known: Readonly<Record<string, Owner>>): {
  asked: string[]
  most: number
  questions: number
  creatorsOf(ids: readonly string[]): Promise<ReadonlyMap<string, Owner>>
} {
  let underWay = 0
  const ledger = {
    asked: [] as string[],
    most: 0,
    questions: 0,
    async creatorsOf(ids: readonly string[]): Promise<ReadonlyMap<string, Owner>> {
      ledger.asked.push(...ids)
      ledger.questions += 1
      underWay += 1
      ledger.most = Math.max(ledger.most, underWay)
      await new Promise(resolve => setImmediate(resolve))
      underWay -= 1
      return new Map(Object.entries(known).filter(([id]) => ids.includes(id)))
    },
  }
  return ledger
}

const rememberMs = 86_400_000

test('what was created here is known at once, and the ledger is not asked', () => {
  const ledger = history({})
  const objects = openObjects({ redis: null, history: ledger, rememberMs })
  objects.created(['resp_1', 'msg_1'], hr)
  assert.deepEqual(objects.ownerOf('resp_1'), hr)
  assert.deepEqual(objects.ownerOf('msg_1'), hr)
  objects.deleted('resp_1')
  assert.equal(objects.remembered('resp_1'), null)
  assert.deepEqual([objects.size, ledger.asked], [1, []])
})

// The ledger hears of a deletion with its next records; until then it would bring the object back, and memory would keep it.
test('what was deleted stays so, whatever the ledger says of it before it has heard, or is just saying', async () => {
  const ledger = history({ 'file-1': hr, 'file-2': hr })
  const objects = openObjects({ redis: null, history: ledger, rememberMs })
  assert.deepEqual(await objects.ownerOf('file-1'), hr)
  objects.deleted('file-1')
  assert.equal(await objects.ownerOf('file-1'), null)
  const asking = objects.ownerOf('file-2')
  objects.deleted('file-2')
  assert.equal(await asking, null)
  assert.deepEqual([await objects.ownerOf('file-2'), objects.remembered('file-2')], [null, null])
})

test('the first owner stays', () => {
  const objects = openObjects({ redis: null, history: history({}), rememberMs })
  objects.created(['msg_1'], hr)
  objects.created(['msg_1'], code)
  assert.deepEqual(objects.ownerOf('msg_1'), hr)
})

// Callers may ask for made-up ids as fast as they can: each must not become a question to the database.
test('the ledger is asked once for an id, however often and by however many it is asked for', async () => {
  const ledger = history({ 'file-1': code })
  const objects = openObjects({ redis: null, history: ledger, rememberMs })
  const ids = ['file-1', 'file-2', 'file-1', 'file-2']
  assert.deepEqual(await Promise.all(ids.map(id => objects.ownerOf(id))), [code, null, code, null])
  assert.deepEqual([objects.ownerOf('file-1'), await objects.ownerOf('file-2')], [code, null])
  assert.deepEqual(ledger.asked, ['file-1', 'file-2'])
  objects.created(['file-2'], hr)
  assert.deepEqual(objects.ownerOf('file-2'), hr, 'a "no" does not outlive the creation')
  for (const absurd of ['', ' ', 'a b', 'x'.repeat(300), "file-'; DROP", 'ä'])
    assert.equal(objects.ownerOf(absurd), null)
  assert.equal(ledger.asked.length, 2, 'what is no id is not worth a question')
})

test('at most four questions are put to the ledger at once, and all are answered', async () => {
  const ledger = history({})
  const objects = openObjects({ redis: null, history: ledger, rememberMs })
  await Promise.all(Array.from({ length: 2_000 }, (_, at) => objects.ownerOf(`file-${at}`)))
  assert.deepEqual([ledger.asked.length, ledger.most, ledger.questions], [2_000, 4, 8])
})

// Three hundred questions of one caller held up everybody else's for two seconds.
test('W7 unknown ids that are asked for at once are one question to the ledger, and who comes later waits for no more', async () => {
  const ledger = history({ 'file-own': hr })
  const objects = openObjects({ redis: null, history: ledger, rememberMs })
  const many = Array.from({ length: 240 }, (_, at) => objects.ownerOf(`file-${at}`))
  const mine = objects.ownerOf('file-own')
  assert.deepEqual([await mine, ledger.questions], [hr, 1])
  assert.ok((await Promise.all(many)).every(owner => owner === null))
})

test('what is only asked whether it is known is never asked of the ledger', async () => {
  const ledger = history({ 'file-1': hr })
  const objects = openObjects({ redis: null, history: ledger, rememberMs })
  objects.created(['msg_1'], hr)
  objects.created(['msg_2'], code)
  const known = objects.known(['msg_1', 'file-1', 'msg_2', 'nobodys'])
  assert.ok(known instanceof Map, 'at once')
  assert.deepEqual(
    [...known],
    [
      ['msg_1', hr],
      ['msg_2', code],
    ],
  )
  assert.deepEqual(ledger.asked, [])
})

test('beyond what memory holds the oldest is asked for again', async () => {
  const ledger = history({ 'file-0': hr })
  const objects = openObjects({ redis: null, history: ledger, rememberMs, rememberedMax: 10 })
  for (let at = 0; at < 12; at += 1) objects.created([`file-${at}`], hr)
  assert.equal(objects.size, 10)
  assert.equal(objects.remembered('file-0'), null)
  assert.deepEqual(await objects.ownerOf('file-0'), hr)
  assert.deepEqual(ledger.asked, ['file-0'])
})

// A 404 would make a client give up a conversation that is there.
test('a ledger that cannot be asked is no "no"', async () => {
  const history = { creatorsOf: (): Promise<never> => Promise.reject(new Error('the disk is gone')) }
  const objects = openObjects({ redis: null, history, rememberMs })
  await assert.rejects(async () => objects.ownerOf('file-1'), ObjectsUnavailable)
  await assert.rejects(async () => objects.ownerOf('file-1'), ObjectsUnavailable, 'and it is asked again')
})

test('an object that is created while others are asked for it is found', async () => {
  let answer: (owners: ReadonlyMap<string, Owner>) => void = () => {}
  const history = {
    creatorsOf: (): Promise<ReadonlyMap<string, Owner>> =>
      new Promise(resolve => {
        answer = resolve
      }),
  }
  const objects = openObjects({ redis: null, history, rememberMs })
  const asking = objects.ownerOf('resp_1')
  await new Promise(resolve => setImmediate(resolve))
  objects.created(['resp_1'], hr)
  answer(new Map())
  assert.deepEqual(await asking, hr)
})
