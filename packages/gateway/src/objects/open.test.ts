import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startRedis } from '../../../../test/support/redis.ts'
import { eventually } from '../../../../test/support/wait.ts'
import { type Objects, ObjectsUnavailable, type Owner } from './index.ts'
import { openObjects } from './open.ts'
import { redisAt } from './redis.fixture.ts'

const hr = { workload: 'hr-bot', instance: 'east' }
const code = { workload: 'code-assistant', instance: 'west' }

/** A ledger that knows these objects and notes what it is asked for. */
function history(known: Readonly<Record<string, Owner>>): {
  asked: string[]
  most: number
  questions: number
  creatorsOf(ids: readonly string[]): Promise<ReadonlyMap<string, Owner>>
} {
  let running = 0
  const ledger = {
    asked: [] as string[],
    most: 0,
    questions: 0,
    async creatorsOf(ids: readonly string[]): Promise<ReadonlyMap<string, Owner>> {
      ledger.asked.push(...ids)
      ledger.questions += 1
      running += 1
      ledger.most = Math.max(ledger.most, running)
      await new Promise(resolve => setImmediate(resolve))
      running -= 1
      return new Map(Object.entries(known).filter(([id]) => ids.includes(id)))
    },
  }
  return ledger
}

const rememberMs = 86_400_000

test('an object that this process created is known at once without asking the ledger', () => {
  const ledger = history({})
  const objects = openObjects({ redis: null, history: ledger, rememberMs })
  objects.created(['resp_1', 'msg_1'], hr)
  assert.deepEqual(objects.ownerOf('resp_1'), hr)
  assert.deepEqual(objects.ownerOf('msg_1'), hr)
  objects.deleted('resp_1')
  assert.equal(objects.remembered('resp_1'), null)
  assert.deepEqual([objects.size, ledger.asked], [1, []])
})

// The ledger learns of a deletion with its next records; until then it would bring the object back, and memory would
// keep it.
test('a deleted object stays deleted while the ledger still names its owner', async () => {
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

// The stream that creates a response names it in every event, also after a client has deleted it; a batch names its
// output file each time.
test('a deleted object stays deleted when its creation is reported late', async () => {
  const ledger = history({ resp_1: hr })
  const objects = openObjects({ redis: null, history: ledger, rememberMs })
  objects.created(['resp_1', 'msg_1'], hr)
  objects.deleted('resp_1')
  objects.created(['resp_1', 'msg_1', 'msg_2'], hr)
  assert.equal(await objects.ownerOf('resp_1'), null)
  assert.deepEqual([objects.remembered('resp_1'), objects.remembered('msg_2'), objects.size], [null, hr, 2])
})

// Another replica cannot know of the deletion when it reads the same stream or batch. Redis must not forget it.
test('an object that one replica deleted stays deleted when another one reports its creation late', async t => {
  const { url } = await startRedis(t)
  const [one, two, three] = [await replica(t, url), await replica(t, url), await replica(t, url)]
  one.created(['file-1', 'file-2'], hr)
  await eventually('it is shared', () => shared(two, 'file-1'))
  one.deleted('file-1')
  await eventually('the deletion is shared', async () => (await shared(three, 'file-1', true)) ?? null)
  // It knows of the deletion since it looked, and the next replica does not.
  three.created(['file-1', 'file-3'], hr)
  assert.equal(await three.ownerOf('file-1'), null)
  const late = await replica(t, url)
  late.created(['file-1'], hr)
  await eventually('Redis corrects it', () => (late.remembered('file-1') === null ? true : null))
  assert.equal(await late.ownerOf('file-1'), null)
  for (const id of ['file-2', 'file-3']) {
    assert.deepEqual(await eventually(`${id} is shared`, () => shared(late, id)), hr)
  }
})

/**
 * The owner as soon as replicas know it, else null; with `absent`, true as soon as they know that there is none. A
 * server that is new leaves replicas time to restore what it may have lost: until then nothing is known.
 */
async function shared(objects: Objects, id: string, absent = false): Promise<Owner | true | null> {
  try {
    const owner = await objects.ownerOf(id)
    return absent ? (owner === null ? true : null) : owner
  } catch (error) {
    if (error instanceof ObjectsUnavailable) return null
    throw error
  }
}

async function replica(t: TestContext, url: string): Promise<Objects> {
  const redis = redisAt(t, url)
  const objects = openObjects({ redis, history: history({}), rememberMs })
  t.after(() => objects.close())
  await redis.start()
  return objects
}

test('the first owner of an object stays', () => {
  const objects = openObjects({ redis: null, history: history({}), rememberMs })
  objects.created(['msg_1'], hr)
  objects.created(['msg_1'], code)
  assert.deepEqual(objects.ownerOf('msg_1'), hr)
})

// Callers may ask for made-up ids as fast as they can; not every id may become a query of the database.
test('the ledger is asked once per id, however many calls ask for it', async () => {
  const ledger = history({ 'file-1': code })
  const objects = openObjects({ redis: null, history: ledger, rememberMs })
  const ids = ['file-1', 'file-2', 'file-1', 'file-2']
  assert.deepEqual(await Promise.all(ids.map(id => objects.ownerOf(id))), [code, null, code, null])
  assert.deepEqual([objects.ownerOf('file-1'), await objects.ownerOf('file-2')], [code, null])
  assert.deepEqual(ledger.asked, ['file-1', 'file-2'])
  objects.created(['file-2'], hr)
  assert.deepEqual(objects.ownerOf('file-2'), hr, 'the negative answer ends with the creation')
  for (const absurd of ['', ' ', 'a b', 'x'.repeat(300), "file-'; DROP", 'ä'])
    assert.equal(objects.ownerOf(absurd), null)
  assert.equal(ledger.asked.length, 2, 'the ledger is not asked for texts that cannot be ids')
})

test('at most four questions run in the ledger at once, and all are answered', async () => {
  const ledger = history({})
  const objects = openObjects({ redis: null, history: ledger, rememberMs })
  await Promise.all(Array.from({ length: 2_000 }, (_, at) => objects.ownerOf(`file-${at}`)))
  assert.deepEqual([ledger.asked.length, ledger.most, ledger.questions], [2_000, 4, 8])
})

// Three hundred questions of one caller delayed those of all other callers by two seconds.
test('W7 unknown ids that arrive together are one question to the ledger, so a later call waits for one only', async () => {
  const ledger = history({ 'file-own': hr })
  const objects = openObjects({ redis: null, history: ledger, rememberMs })
  const many = Array.from({ length: 240 }, (_, at) => objects.ownerOf(`file-${at}`))
  const mine = objects.ownerOf('file-own')
  assert.deepEqual([await mine, ledger.questions], [hr, 1])
  assert.ok((await Promise.all(many)).every(owner => owner === null))
})

test('known() never asks the ledger', async () => {
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

test('an object that memory no longer holds is looked up in the ledger again', async () => {
  const ledger = history({ 'file-0': hr })
  const objects = openObjects({ redis: null, history: ledger, rememberMs, rememberedMax: 10 })
  for (let at = 0; at < 12; at += 1) objects.created([`file-${at}`], hr)
  assert.equal(objects.size, 10)
  assert.equal(objects.remembered('file-0'), null)
  assert.deepEqual(await objects.ownerOf('file-0'), hr)
  assert.deepEqual(ledger.asked, ['file-0'])
})

// A 404 would make a client give up a conversation that exists.
test('a ledger that fails is an error, not an unknown object', async () => {
  const history = { creatorsOf: (): Promise<never> => Promise.reject(new Error('the disk is gone')) }
  const objects = openObjects({ redis: null, history, rememberMs })
  await assert.rejects(async () => objects.ownerOf('file-1'), ObjectsUnavailable)
  await assert.rejects(async () => objects.ownerOf('file-1'), ObjectsUnavailable, 'the ledger is asked again')
})

test('an object that is created during its look-up is found', async () => {
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
