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
  creatorOf(id: string): Promise<Owner | null>
} {
  let underWay = 0
  const ledger = {
    asked: [] as string[],
    most: 0,
    async creatorOf(id: string): Promise<Owner | null> {
      ledger.asked.push(id)
      underWay += 1
      ledger.most = Math.max(ledger.most, underWay)
      await new Promise(resolve => setImmediate(resolve))
      underWay -= 1
      return known[id] ?? null
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
  await Promise.all(Array.from({ length: 50 }, (_, at) => objects.ownerOf(`file-${at}`)))
  assert.deepEqual([ledger.asked.length, ledger.most], [50, 4])
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
  const history = { creatorOf: (): Promise<Owner | null> => Promise.reject(new Error('the disk is gone')) }
  const objects = openObjects({ redis: null, history, rememberMs })
  await assert.rejects(async () => objects.ownerOf('file-1'), ObjectsUnavailable)
  await assert.rejects(async () => objects.ownerOf('file-1'), ObjectsUnavailable, 'and it is asked again')
})

test('an object that is created while others are asked for it is found', async () => {
  let answer: (owner: Owner | null) => void = () => {}
  const history = {
    creatorOf: (): Promise<Owner | null> =>
      new Promise(resolve => {
        answer = resolve
      }),
  }
  const objects = openObjects({ redis: null, history, rememberMs })
  const asking = objects.ownerOf('resp_1')
  await new Promise(resolve => setImmediate(resolve))
  objects.created(['resp_1'], hr)
  answer(null)
  assert.deepEqual(await asking, hr)
})
