import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { type DocumentReader, reasonOf, type TenantDocuments } from './documents.ts'
import { IdentityError } from './errors.ts'

/**
 * Documents older than this are read again before the next use, and soon after it when only remembered tokens arrive. A
 * withdrawn key may count for that long.
 */
export const refreshAfterMs = 900_000

/** How often the age of the documents is checked without a token that needs them. */
export const freshnessEveryMs = 60_000

/**
 * How long the last documents are used while the sign-in service cannot be reached. Entra publishes a key days before
 * it signs with it, so a day-old set still verifies every token; with a longer time, a key that was withdrawn for cause
 * could be used for too long.
 */
export const keepWhileDownMs = 86_400_000

/**
 * An unknown key id causes a new reading of the set, but anyone can invent key ids. So a few such readings may happen
 * at once, and then one per pause: a key that was rotated in an emergency is found within a pause, whatever others
 * invent.
 */
export const unknownKeyReadings = 5
export const unknownKeyPauseMs = 60_000

/**
 * For this long, a key id that a reading did not find is not looked up again. Readings for other reasons may find it
 * earlier.
 */
export const absentKeyMs = 300_000
const absentKeysMax = 1_000

/** Pause after a failed reading, so that an outage does not cause a request per call. */
export const failurePauseMs = 2_000

/** The documents of one tenant, read when needed and kept. All waiting callers share one reading. */
export class TenantKeys {
  readonly #tenantId: string
  readonly #reader: DocumentReader
  readonly #clock: Clock
  readonly #log: Log | null
  #documents: TenantDocuments | null = null
  #readAtMs = 0
  #failedAtMs: number | null = null
  /** Readings for unknown keys that are left, as of `#readingsAtMs`; fractions come back with time. */
  #readingsLeft = unknownKeyReadings
  #readingsAtMs: number
  /** Time of the last reading that did not find the key, by key id. */
  readonly #absent = new Map<string, number>()
  #reading: Promise<TenantDocuments> | null = null

  constructor(tenantId: string, parts: { reader: DocumentReader; clock: Clock; log: Log | null }) {
    this.#tenantId = tenantId
    this.#reader = parts.reader
    this.#clock = parts.clock
    this.#log = parts.log
    this.#readingsAtMs = parts.clock()
  }

  /**
   * The documents to verify with: at most `refreshAfterMs` old, or at most `keepWhileDownMs` old while the service is
   * down.
   * @throws IdentityError keys_unavailable
   */
  async current(): Promise<TenantDocuments> {
    const held = this.#documents
    if (held === null) return this.#read()
    const ageMs = this.#clock() - this.#readAtMs
    if (ageMs >= 0 && ageMs < refreshAfterMs) return held
    if (ageMs >= keepWhileDownMs) return this.#read()
    // During an outage no call waits for the next attempt: a call has already waited for the first failure.
    const down = this.#failedAtMs !== null
    const attempt = this.#read().catch(() => held)
    return down ? held : attempt
  }

  /**
   * The documents for a token whose key they do not have: read again, unless a recent reading has not found this key.
   * @throws IdentityError keys_unavailable when they could not be read, or may not be read yet: it is then unknown
   *   whether the key is good.
   */
  async currentForUnknownKey(keyId: string): Promise<TenantDocuments> {
    const held = this.#documents
    const absentAtMs = this.#absent.get(keyId)
    const isAbsent = absentAtMs !== undefined && Math.abs(this.#clock() - absentAtMs) < absentKeyMs
    if (held !== null && isAbsent) return held
    const isOwn = this.#reading === null
    if (isOwn && !this.#takeReading()) throw unavailable()
    try {
      const documents = await this.#read()
      if (!documents.keys.has(keyId)) this.#noteAbsent(keyId)
      return documents
    } catch (error) {
      if (isOwn) this.#readingsLeft = Math.min(unknownKeyReadings, this.#readingsLeft + 1)
      throw error
    }
  }

  /** Reads documents again that are held and too old, also when no new token needs them. */
  async refresh(): Promise<void> {
    if (this.#documents === null || this.#clock() - this.#readAtMs < refreshAfterMs) return
    // The failure is in the log; the documents that are held stay in use.
    await this.#read().catch(() => {})
  }

  #takeReading(): boolean {
    const now = this.#clock()
    const back = Math.abs(now - this.#readingsAtMs) / unknownKeyPauseMs
    this.#readingsLeft = Math.min(unknownKeyReadings, this.#readingsLeft + back)
    this.#readingsAtMs = now
    if (this.#readingsLeft < 1) return false
    this.#readingsLeft -= 1
    return true
  }

  #noteAbsent(keyId: string): void {
    this.#absent.delete(keyId)
    this.#absent.set(keyId, this.#clock())
    if (this.#absent.size <= absentKeysMax) return
    const [oldest] = this.#absent.keys()
    if (oldest !== undefined) this.#absent.delete(oldest)
  }

  #read(): Promise<TenantDocuments> {
    if (this.#reading !== null) return this.#reading
    const failedAgoMs = this.#failedAtMs === null ? null : this.#clock() - this.#failedAtMs
    if (failedAgoMs !== null && failedAgoMs >= 0 && failedAgoMs < failurePauseMs) return Promise.reject(unavailable())
    const reading = this.#readNow().finally(() => {
      this.#reading = null
    })
    this.#reading = reading
    return reading
  }

  async #readNow(): Promise<TenantDocuments> {
    try {
      const before = this.#documents
      const fresh = withKnownKeys(await this.#reader.read(this.#tenantId), before)
      // A withdrawn key need not be looked up.
      for (const id of before?.keys.keys() ?? []) if (!fresh.keys.has(id)) this.#noteAbsent(id)
      if (this.#failedAtMs !== null) this.#log?.info({ tenant: this.#tenantId }, 'keys_available')
      this.#documents = fresh
      this.#readAtMs = this.#clock()
      this.#failedAtMs = null
      return fresh
    } catch (error) {
      this.#failedAtMs = this.#clock()
      const fields = { tenant: this.#tenantId, reason: reasonOf(error), serving: this.#documents !== null }
      this.#log?.warn(fields, 'keys_unavailable')
      throw unavailable(error)
    }
  }
}

/** The reason stays in `cause` and in the log: it names addresses, and the caller cannot fix it. */
function unavailable(cause?: unknown): IdentityError {
  return new IdentityError(
    'keys_unavailable',
    'The keys of the sign-in service cannot be read at present, so the token could not be verified. Try again in a few seconds.',
    cause === undefined ? undefined : { cause },
  )
}

/** Keeps the object of each key that is still published, and marks the others. */
function withKnownKeys(fresh: TenantDocuments, before: TenantDocuments | null): TenantDocuments {
  if (before === null) return fresh
  const keys = new Map(fresh.keys)
  for (const [id, known] of before.keys) {
    const candidate = keys.get(id)
    if (candidate !== undefined && candidate.modulus === known.modulus && candidate.exponent === known.exponent) {
      keys.set(id, known)
    } else {
      known.withdrawn = true
    }
  }
  return { issuers: fresh.issuers, keys }
}
