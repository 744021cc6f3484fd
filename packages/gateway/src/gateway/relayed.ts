/** The report on an answer, from the relay or from an answer of the gateway's own. `endings.ts` takes it. */
import type { AttemptRecord } from '../ledger/record.ts'
import type { BackendFailure } from './backend/failures.ts'
import { type Learned, nothingLearned } from './observe/observer.ts'

/** The result of relaying one answer. */
export interface Relayed {
  /** `whole`: all of it is with the client. `left`: the client left before that. */
  readonly ending: 'whole' | 'left' | BackendFailure
  /** The error that a failure came from, for the log. */
  readonly cause: Error | null
  /** Status of the answer; null when no answer came. */
  readonly status: number | null
  readonly sentAtMs: number | null
  readonly firstByteAtMs: number | null
  readonly learned: Learned
  readonly backendRequestId: string | null
  readonly contentType: string | null
  /** True when the answer is a stream of server-sent events. */
  readonly isEventStream: boolean
  readonly responseBytes: number
  /** Every attempt at an instance, in order. */
  readonly attempts: readonly AttemptRecord[]
  /** Name of the deployment on the instance, where the client used another name; null otherwise. */
  readonly servedDeployment: string | null
  /** Deployment from which the backend itself spilled the call over; null for nearly every call. */
  readonly spilledFrom: string | null
  /** True unless a part of the answer was too long to be kept for counting. */
  readonly isKeptWhole: boolean
  /**
   * Bytes of the answer that are not in the journal yet. Where bodies are not captured: its beginning, only for
   * counting.
   */
  readonly unwritten: readonly Buffer[]
  /** True when earlier bytes are in the journal. */
  readonly progressed: boolean
}

/** Parts of a report. What is left out did not happen. */
export type RelayedParts = Pick<Relayed, 'ending' | 'status'> & Partial<Relayed>

/** The only place where a report is put together. */
export function asRelayed(parts: RelayedParts): Relayed {
  return {
    ending: parts.ending,
    cause: parts.cause ?? null,
    status: parts.status,
    sentAtMs: parts.sentAtMs ?? null,
    firstByteAtMs: parts.firstByteAtMs ?? null,
    learned: parts.learned ?? nothingLearned,
    backendRequestId: parts.backendRequestId ?? null,
    contentType: parts.contentType ?? null,
    isEventStream: parts.isEventStream ?? false,
    responseBytes: parts.responseBytes ?? 0,
    attempts: parts.attempts ?? [],
    servedDeployment: parts.servedDeployment ?? null,
    spilledFrom: parts.spilledFrom ?? null,
    isKeptWhole: parts.isKeptWhole ?? true,
    unwritten: parts.unwritten ?? [],
    progressed: parts.progressed ?? false,
  }
}

/** For an exchange for which nothing was sent. */
export function nothingRelayed(servedDeployment: string | null): Relayed {
  return asRelayed({ ending: 'whole', status: null, servedDeployment })
}
