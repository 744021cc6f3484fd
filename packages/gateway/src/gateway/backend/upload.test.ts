// Uploads over real connections: what reaches the backend, the journal and the call, also when the client stops in the
// middle.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Journal } from '../../ledger/index.ts'
import { type ClientCall, ClientLeft } from '../call.ts'
import { Refusal } from '../refusals.ts'
import type { UploadInspector } from '../stages/4-receive/upload-lines.ts'
import { GivenUp, UploadRefused } from './failures.ts'
import { type UploadLimits, uploadBody } from './upload.ts'

interface Upload {
  readonly client: ClientRequest
  readonly call: ClientCall
  /** What the call was told. */
  readonly notes: string[]
  /** Bytes that the journal got. */
  readonly written: number[]
  /** Resolves when the first piece has been read: by the inspector, or else by the backend. */
  readonly firstIsRead: Promise<void>
  /** The pieces for the backend; rejects as the body does. */
  readonly sent: Promise<string[]>
  /** Resolves with the reason for which the call was given up. */
  readonly givenUp: Promise<Error>
}

const limits: UploadLimits = { uploadBytesMax: 1_000_000, timeoutMs: 5_000 }

async function upload(
  t: TestContext,
  more: {
    readonly limits?: Partial<UploadLimits>
    readonly inspector?: UploadInspector
    readonly expects?: boolean
  } = {},
): Promise<Upload> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const headers = more.expects === true ? { expect: '100-continue' } : {}
  const client = request({ host: '127.0.0.1', port, method: 'POST', headers })
  client.on('error', () => {})
  client.flushHeaders()
  const [req, res] = await once(server, more.expects === true ? 'checkContinue' : 'request')
  const watch = { deadlineAt: Number.POSITIVE_INFINITY, subject: null }
  const call: ClientCall = {
    ...{ id: 'call-1', startedAtMs: 0, method: 'POST', url: '/', req, res, fault: null, watch },
    expectsContinue: more.expects === true,
  }
  const notes: string[] = []
  const written: number[] = []
  const given = Promise.withResolvers<Error>()
  const progress = async (_id: string, _part: string, bytes: readonly Buffer[]): Promise<void> => {
    written.push(Buffer.concat(bytes).length)
  }
  const relay = {
    giveUp: (reason: Error) => given.resolve(reason),
    bodyIsRead: () => notes.push('body is read'),
  }
  const journal = { progress } as Pick<Journal, 'progress'> as Journal
  const first = Promise.withResolvers<void>()
  const inspector = more.inspector === undefined ? null : noting(more.inspector, first.resolve)
  const body = uploadBody(call, journal, { ...limits, ...more.limits }, relay, inspector)
  const sent = piecesOf(body, first.resolve)
  sent.catch(() => {})
  return { client, call, notes, written, firstIsRead: first.promise, sent, givenUp: given.promise }
}

/** The inspector, with a call after each piece. */
function noting(inspector: UploadInspector, seen: () => void): UploadInspector {
  const noted: Pick<UploadInspector, 'write' | 'end'> = {
    write: async piece => {
      await inspector.write(piece)
      seen()
    },
    end: () => inspector.end(),
  }
  return noted as UploadInspector
}

async function piecesOf(body: AsyncIterable<Buffer>, seen: () => void): Promise<string[]> {
  const pieces: string[] = []
  for await (const piece of body) {
    pieces.push(piece.toString())
    seen()
  }
  return pieces
}

test('an upload goes on piece by piece and into the journal, and cannot be sent a second time', async t => {
  const { client, notes, written, sent } = await upload(t)
  client.write('one')
  client.end('two')
  assert.equal((await sent).join(''), 'onetwo')
  assert.deepEqual([notes, written], [['body is read'], [6]])
})

test('a long upload is written to the journal at every 256 KiB', async t => {
  const { client, written, sent } = await upload(t)
  client.end(Buffer.alloc(600_000))
  await sent
  assert.ok(written.length >= 2 && written.slice(0, -1).every(bytes => bytes >= 262_144), `${written}`)
  assert.equal(
    written.reduce((sum, bytes) => sum + bytes),
    600_000,
  )
})

test('a client that waits for 100 Continue is told to send', async t => {
  const { client, sent } = await upload(t, { expects: true })
  await once(client, 'continue')
  client.end('body')
  assert.equal((await sent).join(''), 'body')
})

// A backend that took half a file for a whole one would keep it.
test('an upload that stops in the middle ends with an error, and the call with its reason', async t => {
  const left = await upload(t)
  left.client.write('half')
  await left.firstIsRead
  left.client.destroy()
  await assert.rejects(left.sent)
  assert.ok((await left.givenUp) instanceof ClientLeft)
  const long = await upload(t, { limits: { uploadBytesMax: 3 } })
  long.client.end('four')
  await assert.rejects(long.sent, { failure: 'upload_too_large' })
  assert.ok((await long.givenUp) instanceof GivenUp)
  const stalled = await upload(t, { limits: { timeoutMs: 20 } })
  stalled.client.write('half')
  const reason = await stalled.givenUp
  assert.ok(reason instanceof GivenUp && reason.failure === 'upload_stalled')
})

/** Refuses what contains the word. */
function refusing(word: string, at: 'write' | 'end'): UploadInspector {
  let seen = ''
  const look = (): void => {
    if (seen.includes(word)) throw new Refusal('deployment_not_allowed', { deployment: word, workload: 'hr-bot' })
  }
  const inspector: Pick<UploadInspector, 'write' | 'end'> = {
    write: async piece => {
      seen += piece
      if (at === 'write') look()
    },
    end: async () => look(),
  }
  return inspector as UploadInspector
}

// The last piece is held until the end was looked at: the backend must not have the whole of a refused file.
test('a refused upload was not sent whole, and the client gets the refusal', async t => {
  for (const at of ['write', 'end'] as const) {
    const { client, firstIsRead, sent, givenUp } = await upload(t, { inspector: refusing('secret', at) })
    client.write('a public line')
    await firstIsRead
    client.end('a secret line')
    await assert.rejects(sent, UploadRefused)
    const reason = await givenUp
    assert.ok(reason instanceof UploadRefused && reason.refusal.code === 'deployment_not_allowed')
  }
})

test('an upload that is inspected and allowed goes on whole', async t => {
  const { client, firstIsRead, sent } = await upload(t, { inspector: refusing('secret', 'write') })
  client.write('one')
  await firstIsRead
  client.end('two')
  assert.deepEqual(await sent, ['one', 'two'])
})
