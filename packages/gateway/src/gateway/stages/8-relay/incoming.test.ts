// One attempt over real connections: what the judge hears of an answer, and what the report says.
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import type { Journal } from '../../../ledger/index.ts'
import type { Objects } from '../../../objects/index.ts'
import type { AnswerHead } from '../../backend/answer-head.ts'
import { nothingAdded } from '../../backend/replay.ts'
import type { Creates } from '../../observe/created-objects.ts'
import type { HeldRefusal } from './held-refusal.ts'
import { Incoming, type Judge } from './incoming.ts'
import { startMember } from './member.fixture.ts'
import type { Sink } from './outgoing.ts'

/** Notes what it is asked, holds every error, and passes the body on. */
class NotingJudge implements Judge {
  givenUp: Error | null = null
  readonly notes: string[] = []
  readonly over = Promise.withResolvers<void>()
  /** Resolves when the first bytes of an answer were passed on. */
  readonly wrote = Promise.withResolvers<void>()
  readonly sink: Sink = {
    write: bytes => {
      this.notes.push(`write ${bytes.length}`)
      this.wrote.resolve()
      return true
    },
  }

  holds(_incoming: Incoming, status: number): boolean {
    return status === 429 || status === 503
  }

  answered(_incoming: Incoming, { status }: AnswerHead, changesBody: boolean): Sink {
    this.notes.push(`head ${status}${changesBody ? ', body changes' : ''}`)
    return this.sink
  }

  refused(_incoming: Incoming, held: HeldRefusal): void {
    this.notes.push(`refused ${held.head.status} ${held.body()}`)
    this.over.resolve()
  }

  outgrew(incoming: Incoming): void {
    this.notes.push('outgrew')
    incoming.letPass(true)
  }

  mayStop(): void {
    this.notes.push('may stop')
  }

  ended(): void {
    this.notes.push('ended')
    this.over.resolve()
  }

  failed(_incoming: Incoming, error: Error): void {
    this.notes.push(`failed ${error.message}`)
    this.over.resolve()
  }
}

interface AttemptOptions {
  readonly kind?: 'standard' | 'provisioned'
  readonly usageAdded?: boolean
  readonly creates?: Creates
  readonly journal?: Journal
  readonly givenUp?: Error
}

async function attempt(
  t: TestContext,
  answer: (response: ServerResponse, judge: NotingJudge) => unknown,
  options: AttemptOptions = {},
) {
  const { kind = 'standard', usageAdded = false, creates = null, journal = null, givenUp = null } = options
  const judge = new NotingJudge()
  const member = await startMember(t, (_request, response) => void answer(response, judge), kind)
  judge.givenUp = givenUp
  let nowMs = 100
  const parts = {
    ...{ call: { id: 'call-1' }, request: { deployment: 'gpt-4o' }, journal, creates, observer: null },
    clock: () => (nowMs += 1),
  }
  const added = usageAdded ? { ...nothingAdded, usage: true } : nothingAdded
  const incoming = new Incoming(member.candidate, member.begin(), added, parts, judge)
  const { connections } = member.candidate.instance
  connections.dispatch({ method: 'POST', path: '/', body: '{}' }, incoming)
  await judge.over.promise
  return { incoming, judge, lane: member.candidate.lane }
}

const how = { ending: 'whole', cause: null, status: 200, attempts: [] } as const

test('an answer is passed on and reported with its times, ids, usage and bytes', async t => {
  const body = '{"model":"gpt-4o","usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}'
  const { incoming, judge, lane } = await attempt(
    t,
    response => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'apim-request-id': 'apim-1',
        'x-request-id': 'other',
        'x-ms-spillover-from-deployment': 'ptu-1',
      })
      response.end(body)
    },
    { kind: 'provisioned' },
  )
  assert.deepEqual(judge.notes, ['head 200', `write ${body.length}`, 'ended'])
  const record = incoming.finish(null, 200)
  assert.deepEqual(record, { instance: 'east', status: 200, durationMs: 2, error: null })
  assert.equal(incoming.finish(null, 200), null, 'an attempt is recorded once')
  assert.equal(lane.inFlight, 0)
  const report = incoming.report(how)
  assert.deepEqual([report.sentAtMs, report.firstByteAtMs, report.responseBytes], [101, 102, body.length])
  assert.deepEqual([report.backendRequestId, report.spilledFrom, report.isEventStream], ['apim-1', 'ptu-1', false])
  assert.deepEqual([report.learned.usage?.totalTokens, report.learned.servedModel], [7, 'gpt-4o'])
  assert.equal(Buffer.concat(report.unwritten).toString(), body)
})

test('usage that only the gateway asked for does not reach the client, and is read', async t => {
  const events = 'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}\n\n'
  const { incoming, judge } = await attempt(
    t,
    response => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(`data: {"choices":[{"delta":{}}]}\n\n${events}data: [DONE]\n\n`)
    },
    { usageAdded: true },
  )
  assert.deepEqual(judge.notes, ['head 200, body changes', 'write 48', 'ended'])
  assert.equal(incoming.report(how).learned.usage?.totalTokens, 7)
})

// SDKs would follow it, past the gateway and with the caller's token.
test('a redirect is aborted, and counts as not sent', async t => {
  const { incoming, judge } = await attempt(t, response => response.writeHead(307, { location: '/else' }).end())
  assert.deepEqual(judge.notes, ['failed backend_redirected'])
  assert.deepEqual([incoming.isSent, incoming.report(how).sentAtMs], [false, null])
})

test('a refusal is held to its end, and passes later as it came', async t => {
  const { incoming, judge } = await attempt(t, response => response.writeHead(429).end('{"error":{"code":"429"}}'))
  assert.deepEqual(judge.notes, ['refused 429 {"error":{"code":"429"}}'])
  assert.deepEqual([incoming.head, incoming.report(how).firstByteAtMs], [null, null])
  incoming.letPass(false)
  incoming.letPass(false)
  assert.deepEqual(judge.notes.slice(1), ['head 429', 'write 24'])
  assert.deepEqual([incoming.held, incoming.head?.status], [null, 429])
})

test('a held answer that is too long to be a refusal passes, and its rest as it comes', async t => {
  const { judge } = await attempt(t, response => response.writeHead(503).end(Buffer.alloc(100_000)))
  assert.deepEqual(
    judge.notes.filter(note => !note.startsWith('write')),
    ['outgrew', 'head 503', 'ended'],
  )
  const written = judge.notes.filter(note => note.startsWith('write')).map(note => Number(note.slice(6)))
  assert.equal(
    written.reduce((sum, bytes) => sum + bytes),
    100_000,
  )
})

test('a call that was given up before its connection was ready is not sent', async t => {
  const { incoming, judge, lane } = await attempt(t, response => response.end(), { givenUp: new Error('too late') })
  assert.deepEqual([judge.notes, incoming.isSent], [['failed too late'], false])
  incoming.finish(null, null)
  assert.equal(lane.breaker.state, 'closed')
})

test('an answer that breaks off is reported with what had come', async t => {
  const { incoming, judge } = await attempt(t, (response, { wrote }) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '50' })
    response.write('{"model":"gpt-4o",')
    void wrote.promise.then(() => response.destroy())
  })
  assert.deepEqual(judge.notes.slice(0, 2), ['head 200', 'write 18'])
  assert.match(judge.notes.at(-1) ?? '', /^failed/)
  assert.deepEqual([incoming.report(how).responseBytes, incoming.report(how).learned.servedModel], [18, 'gpt-4o'])
})

// After a crash, the gateway asks the instance how work in the background ended: it must know the id.
test('the id of work in the background is in the journal before the answer goes on', async t => {
  const written: string[] = []
  const created: string[] = []
  const progress = async (_id: string, _part: string, bytes: readonly Buffer[]): Promise<void> => {
    written.push(Buffer.concat(bytes).toString())
  }
  const objects = { created: (ids: readonly string[]) => created.push(...ids) } as unknown as Objects
  const { incoming, judge } = await attempt(
    t,
    response => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`data: ${queued}\n\n`),
    {
      journal: { progress } as Pick<Journal, 'progress'> as Journal,
      creates: { kind: 'response', workload: 'hr-bot', objects },
    },
  )
  assert.deepEqual([written, created], [[`data: ${queued}\n\n`], ['resp_1']])
  assert.deepEqual([incoming.isBackground, judge.notes.includes('may stop')], [true, true])
  assert.equal(incoming.report(how).learned.objectId, 'resp_1')
})
const queued = '{"type":"response.created","response":{"id":"resp_1","background":true,"status":"queued"}}'
