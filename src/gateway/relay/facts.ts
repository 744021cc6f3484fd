/** What a head or a failure says, whoever asks: the relay to a client, or a copy that has none. */
import type { BackendFailure } from '../dispatch/failures.ts'
import type { Births } from './births.ts'
import { observeJson } from './observe-json.ts'
import { observeStream } from './observe-stream.ts'
import { blind, type Observer } from './observer.ts'

export type AnswerHeaders = Record<string, string | string[] | undefined>

export function observerFor(
  contentType: string | null,
  isStream: boolean,
  headers: Readonly<Record<string, unknown>>,
  hideUsage: boolean,
  births: Births | null,
): Observer {
  // The plain answer was asked for; a backend that compresses all the same is relayed as it is.
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') return blind
  if (isStream) return observeStream(hideUsage, births)
  return contentType !== null && /^application\/(json|[\w.+-]+\+json)\b/.test(contentType) ? observeJson(births) : blind
}

export function first(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null
}

/** Failures that say something about how an instance fares. */
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
      return false
    default:
      return failure satisfies never
  }
}

const spilledPrefix = 'x-ms-spillover-from-'

/** `x-ms-spillover-from-deployment: NAME` as captures have it, or `x-ms-spillover-from-NAME` as the documentation does. */
export function spilledFrom(headers: AnswerHeaders): string | null {
  for (const name in headers) {
    if (!name.startsWith(spilledPrefix)) continue
    const rest = name.slice(spilledPrefix.length)
    const said = first(headers[name])
    return (rest === 'deployment' && said !== null ? said : rest).slice(0, 64)
  }
  return null
}
