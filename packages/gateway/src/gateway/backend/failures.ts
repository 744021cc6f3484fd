/** Why a backend did not answer, or did not finish its answer, and which refusal the client gets for it. */
import { codeOf } from '../../errors.ts'
import { Refusal } from '../refusals.ts'

/** Stable codes: records in the ledger have them. */
export const backendFailures = [
  'backend_unreachable',
  'connect_timeout',
  'first_byte_timeout',
  'backend_broke',
  'backend_redirected',
  // It refused the gateway itself: its credential, its account, its role or its network.
  'credential_refused',
  'total_timeout',
  // The rest can happen after the answer began, when no status can be sent any more.
  'backend_cut',
  'stream_idle_timeout',
  'shutdown',
  // The client's upload was larger than the gateway accepts, so the call to the backend was aborted.
  'upload_too_large',
  // The client paused for too long in the middle of its upload.
  'upload_stalled',
  // The client's upload contains something that must not be sent, so the call to the backend was aborted.
  'upload_refused',
] as const
export type BackendFailure = (typeof backendFailures)[number]

/** True for failures that say something about the health of an instance. */
export function isOfBackend(failure: BackendFailure): boolean {
  switch (failure) {
    case 'backend_unreachable':
    case 'connect_timeout':
    case 'first_byte_timeout':
    case 'backend_broke':
    case 'backend_cut':
    case 'stream_idle_timeout':
      return true
    case 'backend_redirected':
    case 'credential_refused':
    case 'total_timeout':
    case 'shutdown':
    case 'upload_too_large':
    case 'upload_stalled':
    case 'upload_refused':
      return false
    default:
      return failure satisfies never
  }
}

/** Aborts a call from outside: its time is up, or the gateway stops. */
export class GivenUp extends Error {
  readonly failure: BackendFailure
  constructor(failure: BackendFailure) {
    super(failure)
    this.name = 'GivenUp'
    this.failure = failure
  }
}

/** An upload must not continue. `refusal` is what the client gets. */
export class UploadRefused extends GivenUp {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super('upload_refused')
    this.refusal = refusal
  }
}

/** Codes of undici and Node for connections that were never established, so nothing was sent. */
const unreachable: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'EMFILE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'EPROTO',
])

/** @param answerBegan the head of the answer has come. */
export function classify(error: Error, answerBegan: boolean): BackendFailure {
  if (error instanceof GivenUp) return error.failure
  const code = connectCodeOf(error)
  if (code === 'UND_ERR_BODY_TIMEOUT') return 'stream_idle_timeout'
  if (answerBegan) return 'backend_cut'
  // Established connections fail with the same codes. In that case the backend may have read the request.
  if (syscallOf(error) === 'read') return 'backend_broke'
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return 'connect_timeout'
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return 'first_byte_timeout'
  return unreachable.has(code) ? 'backend_unreachable' : 'backend_broke'
}

function connectCodeOf(error: Error): string {
  // An AggregateError holds one error for each address that was tried.
  return codeOf(error) ?? (error instanceof AggregateError ? codeOf(error.errors[0]) : null) ?? ''
}

function syscallOf(error: Error): string {
  return (error as NodeJS.ErrnoException).syscall ?? ''
}

/** The bounds that refusals name. */
export interface Bounds {
  readonly totalMs: number
  readonly uploadBytesMax: number
  readonly uploadPauseMs: number
}

/** The refusal that the client gets when nothing of the answer has been sent yet. */
export function refusalOf(failure: BackendFailure, instance: string, bounds: Bounds, cause: Error): Refusal {
  switch (failure) {
    case 'backend_cut':
    case 'stream_idle_timeout':
      return new Refusal('backend_broke', { instance }, { cause })
    case 'upload_too_large':
      return new Refusal('body_too_large', { most: bounds.uploadBytesMax }, { cause })
    case 'upload_stalled':
      return new Refusal('body_timeout', { seconds: bounds.uploadPauseMs / 1_000 }, { cause })
    case 'upload_refused':
      if (cause instanceof UploadRefused) return cause.refusal
      return new Refusal('body_undecodable', { encoding: 'multipart/form-data' }, { cause })
    case 'shutdown':
      return new Refusal('shutting_down', {}, { cause })
    case 'total_timeout':
      return new Refusal('total_timeout', { seconds: bounds.totalMs / 1_000 }, { cause })
    default:
      return new Refusal(failure, { instance }, { cause })
  }
}
