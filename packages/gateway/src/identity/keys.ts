import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { type DocumentReader, reasonOf, type TenantDocuments } from './documents.ts'
import { IdentityError } from './errors.ts'

/**
 * Documents older than this are read anew before they are used again, and soon after it where only remembered tokens come: so long a key
 * that was withdrawn may still count.
 */
export const refreshAfterMs = 900_000

/** How often the age of the documents is looked at without a token that asks for them. */
export const freshnessEveryMs = 60_000

/**
 * How long the last documents serve while the sign-in service cannot be reached. Entra publishes a key days before it signs with
 * it, so a day-old set still verifies every token; beyond it, a key that was withdrawn for cause could be used for too long.
 */
export const keepWhileDownMs = 86_400_000

/**
 * A key id that the set does not have makes it be read anew, but anybody can invent key ids. So there are a few such readings at once, and
 * after them one for each pause: a key that was rolled over in an emergency is found within a pause, whatever others invent.
 */
export const unknownKeyReadings = 5
export const unknownKeyPauseMs = 60_000

/** A key id that a reading did not find is not looked for again for so long. Readings for other reasons may find it before. */
export const absentKeyMs = 300_000
const absentKeysMax = 1_000

/** After a failed reading the next one waits this long, so that an outage is not met with a request per call. */
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
  /** Readings for unknown keys that are left, as of `#readingsAtMs`; parts of one come back with time. */
  #readingsLeft = unknownKeyReadings
  #readingsAtMs: number
  /** By key id, when a reading did not find it. */
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
   * The documents to verify with: at most `refreshAfterMs` old, or at most `keepWhileDownMs` while the service is down.
   * @throws IdentityError keys_unavailable
   */
  async current(): Promise<TenantDocuments> {
    const held = this.#documents
    if (held === null) return this.#read()
    const ageMs = this.#clock() - this.#readAtMs
    if (ageMs >= 0 && ageMs < refreshAfterMs) return held
    if (ageMs >= keepWhileDownMs) return this.#read()
    // During an outage nobody waits for the next attempt: the first failure has been waited for already.
    const down = this.#failedAtMs !== null
    const attempt = this.#read().catch(() => held)
    return down ? held : attempt
  }

  /**
   * The documents after a token named a key that they do not have: read anew, unless a reading has just not found this key.
   * @throws IdentityError keys_unavailable when they could not be read, or may not be read yet: whether the key is good is then unknown.
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

  /** Reads documents anew that are held and too old, also where no new token asks for them. */
  async refresh(): Promise<void> {
    if (this.#documents === null || this.#clock() - this.#readAtMs < refreshAfterMs) return
    // What failed is in the log; those that are held serve on.
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
      // What has been withdrawn need not be looked for.
      for (const id of before?.keys.keys() ?? []) if (!fresh.keys.has(id)) this.#noteAbsent(id)
      if (this.#failedAtMs !== null) this.#log?.info({ tenant: this.#tenantId }, 'token keys can be read again')
      this.#documents = fresh
      this.#readAtMs = this.#clock()
      this.#failedAtMs = null
      return fresh
    } catch (error) {
      this.#failedAtMs = this.#clock()
      const fields = { tenant: this.#tenantId, reason: reasonOf(error), serving: this.#documents !== null }
      this.#log?.warn(fields, 'token keys could not be read')
      throw unavailable(error)
    }
  }
}

/** The reason stays in `cause` and the log: it names addresses, and the caller cannot mend it. */
function unavailable(cause?: unknown): IdentityError {
  return new IdentityError(
    'keys_unavailable',
    'The keys of the sign-in service cannot be read at present, so the token could not be verified. Try again in a few seconds.',
    cause === undefined ? undefined : { cause },
  )
}

/** Keeps the object of each key that is published still, and marks those that are not. */
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
