/**
 * The endpoint that takes telemetry, and what its answers mean. https://github.com/Azure/azure-rest-api-specs,
 * Monitor.Exporters v2.1: `track`, `TrackResponse`.
 */
import type { TokenCredential } from '@azure/identity'
import type { Clock } from '../../../clock.ts'
import { type InsightsResource, resourceOf } from '../../../insights-resource.ts'
import { isRecord, listOf } from '../../../wire/json.ts'
import { retryAfterMs } from '../../../wire/retry-after.ts'
import { CheckedHost, contentRefusals, type HostParts, readBounded } from '../checked-host.ts'
import { explainMissingToken, tokensOf } from '../managed-identity.ts'
import { ContentRefusedError } from '../refusals.ts'
import { RetryLaterError } from '../retry-later.ts'
import { compress } from '../spans/compress.ts'
import type { Envelope } from './envelopes.ts'
import type { ApplicationInsightsSettings } from './settings.ts'

/** What became of a request of which the service has taken something. */
export interface Tracked {
  readonly bytes: number
  /** Items that were not taken, by index. */
  readonly errors: readonly ItemError[]
  /** Milliseconds that the service asks to wait before these come again; null where it names none. */
  readonly afterMs: number | null
}

export interface ItemError {
  readonly index: number
  readonly status: number
  /** True where the service may take the item later. */
  readonly mayPass: boolean
}

const advice: Readonly<Record<number, string>> = {
  401: 'Check `credential`, and the role Monitoring Metrics Publisher of the identity on the resource.',
  403: 'Check `credential`, and the role Monitoring Metrics Publisher of the identity on the resource.',
  404: 'Correct the IngestionEndpoint of `connectionString`.',
}

/** The quota of the resource is used up: it begins anew once a day. */
const quotaStatuses: ReadonlySet<number> = new Set([402, 439])
/** The pause after such an answer, where it names none. Milliseconds. */
const quotaPauseMs = 600_000
/** Statuses of items that the service may take later. */
const passingStatuses: ReadonlySet<number> = new Set([401, 402, 403, 408, 429, 439, 500, 502, 503, 504])
/** Bytes of an answer that are read: it has some 150 for each item that was not taken, and there may be thousands. */
const errorsBytesMax = 4_194_304

export class Ingestion {
  readonly resource: InsightsResource
  readonly #host: CheckedHost
  readonly #settings: Pick<ApplicationInsightsSettings, 'credential'>
  readonly #clock: Clock
  #tokens: TokenCredential | null = null

  /** @throws Error where the connection string is none. */
  constructor(
    settings: Pick<ApplicationInsightsSettings, 'connectionString' | 'credential' | 'timeout'>,
    { clock, resolve }: HostParts,
  ) {
    const resource = resourceOf(settings.connectionString)
    if (resource === null) throw new Error('`connectionString` is not a connection string of Application Insights.')
    this.resource = resource
    this.#settings = settings
    this.#clock = clock
    // A private link gives the endpoint an address of the operator's network; metadata services are never one.
    const privateHost = new URL(resource.endpoint).hostname
    const url = `${resource.endpoint}/v2.1/track`
    this.#host = new CheckedHost({ url, privateHost, timeoutMs: settings.timeout, clock, resolve })
  }

  /**
   * Sends items once.
   * @throws ContentRefusedError when none can ever be taken; RetryLaterError; or Error for what may pass.
   */
  async track(items: readonly Envelope[]): Promise<Tracked> {
    const packed = await compress(Buffer.from(JSON.stringify(items)))
    const headers = {
      ...(await this.#authorization()),
      'content-type': 'application/json',
      'content-encoding': 'gzip',
    }
    const {
      status,
      headers: said,
      read,
    } = await this.#host.post(headers, packed, body => readBounded(body, errorsBytesMax))
    const bytes = packed.byteLength
    if (status === 200) return { bytes, errors: [], afterMs: null }
    const afterMs = retryAfterMs(said, this.#clock())
    if (status === 206) return { bytes, errors: errorsIn(read, items.length), afterMs }
    const { name } = this.#host
    if (contentRefusals.has(status))
      throw new ContentRefusedError(`${name} answered ${status}: it does not take these spans.`)
    if (quotaStatuses.has(status) && afterMs === null)
      throw new RetryLaterError(`${name} answered ${status}: the quota of the resource is used up.`, quotaPauseMs)
    throw this.#host.failure(status, said, advice)
  }

  /** For messages. */
  get name(): string {
    return this.#host.name
  }

  close(): Promise<void> {
    return this.#host.close()
  }

  /** @throws Error where the identity has no token. */
  async #authorization(): Promise<Record<string, string>> {
    const { credential } = this.#settings
    if (credential === 'connection-string') return {}
    try {
      this.#tokens ??= await tokensOf(credential)
      const token = await this.#tokens.getToken(this.resource.scope)
      return token === null ? {} : { authorization: `Bearer ${token.token}` }
    } catch (error) {
      throw explainMissingToken(error, this.#host.name) ?? error
    }
  }
}

/** Items that were not taken. What cannot be read counts as everything, for later. */
function errorsIn(body: Uint8Array, items: number): ItemError[] {
  const answer = parsed(body)
  if (answer === null) return Array.from({ length: items }, (_, index) => ({ index, status: 500, mayPass: true }))
  return listOf(answer['errors'])
    .filter(isRecord)
    .flatMap(({ index, statusCode }) => {
      const isItem = typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < items
      const status = Number(statusCode)
      return isItem ? [{ index, status, mayPass: passingStatuses.has(status) }] : []
    })
}

function parsed(body: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const answer: unknown = JSON.parse(Buffer.from(body).toString())
    return isRecord(answer) ? answer : null
  } catch {
    return null
  }
}
