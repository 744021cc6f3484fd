import { once } from 'node:events'
import type { AttemptRecord } from '../../ledger/record.ts'
import type { BackendFailure } from '../backend/failures.ts'
import type { Call } from '../call.ts'
import { type Learned, nothingLearned } from '../observe/observer.ts'
import type { Relayed } from '../relayed.ts'

/** How an answer went that the gateway has put together; what is left out did not happen. */
export interface Sent {
  readonly ending: 'whole' | 'left' | BackendFailure
  readonly cause?: Error
  readonly status: number | null
  readonly body?: Buffer
  readonly contentType?: string | null
  readonly sentAtMs?: number | null
  readonly firstByteAtMs?: number | null
  readonly backendRequestId?: string | null
  readonly attempts?: readonly AttemptRecord[]
  readonly learned?: Learned
}

/** As `endings.ts` takes it. */
export function asRelayed(sent: Sent): Relayed {
  const body = sent.body ?? null
  return {
    ending: sent.ending,
    cause: sent.cause ?? null,
    status: sent.status,
    sentAtMs: sent.sentAtMs ?? null,
    firstByteAtMs: sent.firstByteAtMs ?? null,
    learned: sent.learned ?? nothingLearned,
    backendRequestId: sent.backendRequestId ?? null,
    contentType: sent.contentType ?? null,
    responseBytes: body?.length ?? 0,
    attempts: sent.attempts ?? [],
    servedDeployment: null,
    spilledFrom: null,
    isKeptWhole: true,
    unwritten: body === null ? [] : [body],
    progressed: false,
  }
}

/** Answers with a document of the gateway's own. */
export async function sendOwn(call: Call, document: unknown): Promise<Relayed> {
  const body = Buffer.from(JSON.stringify(document))
  const contentType = 'application/json'
  const headers = [
    'content-type',
    contentType,
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
    'x-gatehouse-request-id',
    call.id,
  ]
  const ending = await sendWhole(call, 200, headers, body)
  return asRelayed({ ending, status: 200, body, contentType })
}

/** @param headers names and values in turn, without the length. @returns whether it has left for the client whole. */
export async function sendWhole(
  { res }: Call,
  status: number,
  headers: readonly string[],
  body: Buffer,
): Promise<'whole' | 'left'> {
  if (res.destroyed) return 'left'
  res.writeHead(status, [...headers, 'content-length', String(body.length)])
  // Not sent to HEAD: the response knows its request.
  res.end(body)
  await once(res, 'close')
  return res.writableFinished ? 'whole' : 'left'
}
