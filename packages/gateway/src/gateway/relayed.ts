import type { AttemptRecord } from '../ledger/record.ts'
import type { BackendFailure } from './backend/failures.ts'
import { type Learned, nothingLearned } from './observe/observer.ts'

/** How the answer went. */
export interface Relayed {
  readonly ending: 'whole' | 'left' | BackendFailure
  /** The error behind a failure, for the log. */
  readonly cause: Error | null
  /** Status that the backend gave, null when it gave none. */
  readonly status: number | null
  readonly sentAtMs: number | null
  readonly firstByteAtMs: number | null
  readonly learned: Learned
  readonly backendRequestId: string | null
  readonly contentType: string | null
  readonly responseBytes: number
  /** Every try at an instance, in order. */
  readonly attempts: readonly AttemptRecord[]
  /** Name of the deployment on the instance, where it has another one there than the client wrote. */
  readonly servedDeployment: string | null
  /** Deployment from which Azure itself spilled the call over. */
  readonly spilledFrom: string | null
  /** True unless a part of the answer was too long to be kept for counting. */
  readonly isKeptWhole: boolean
  /** Bytes of the answer that `progress` has not written; where bodies are not captured, its beginning, for counting alone. */
  readonly unwritten: readonly Buffer[]
  /** True when earlier bytes were written with `progress`. */
  readonly progressed: boolean
}

/** Of an exchange for which nothing was sent. */
export function nothingRelayed(servedDeployment: string | null): Relayed {
  return {
    ending: 'whole',
    cause: null,
    status: null,
    sentAtMs: null,
    firstByteAtMs: null,
    learned: nothingLearned,
    backendRequestId: null,
    contentType: null,
    responseBytes: 0,
    attempts: [],
    servedDeployment,
    spilledFrom: null,
    isKeptWhole: true,
    unwritten: [],
    progressed: false,
  }
}
