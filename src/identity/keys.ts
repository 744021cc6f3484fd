import type { Clock } from '../clock.ts'
import { type DocumentReader, reasonOf, type TenantDocuments } from './documents.ts'
import { IdentityError } from './errors.ts'
import type { IdentityLog } from './verifier.ts'

/** Documents older than this are read anew before they are used again. */
export const refreshAfterMs = 3_600_000

/**
 * How long the last documents serve while the sign-in service cannot be reached. Entra publishes a key days before it signs with
 * it, so a day-old set still verifies every token; beyond it, a key that was withdrawn for cause could be used for too long.
 */
export const keepWhileDownMs = 86_400_000

/**
 * A key id that the set does not have makes it be read anew, but not more often than this: anybody can invent key ids. Counted
 * from the last such reading that succeeded; one that failed may be repeated after `failurePauseMs`.
 */
export const unknownKeyPauseMs = 300_000

/** After a failed reading the next one waits this long, so that an outage is not met with a request per call. */
export const failurePauseMs = 2_000

/** The documents of one tenant, read when needed and kept. All waiting callers share one reading. */
export class TenantKeys {
  readonly #tenantId: string
  readonly #reader: DocumentReader
  readonly #clock: Clock
  readonly #log: IdentityLog | null
  #documents: TenantDocuments | null = null
  #readAtMs = 0
  #failedAtMs: number | null = null
  #unknownKeyAtMs: number | null = null
  #reading: Promise<TenantDocuments> | null = null

  constructor(tenantId: string, parts: { reader: DocumentReader; clock: Clock; log: IdentityLog | null }) {
    this.#tenantId = tenantId
    this.#reader = parts.reader
    this.#clock = parts.clock
    this.#log = parts.log
  }

  /**
   * The documents to verify with: at most an hour old, or at most `keepWhileDownMs` while the service is down.
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
   * The documents after a token named a key that they do not have: read anew if the last such reading is long enough ago.
   * @throws IdentityError keys_unavailable when it failed: whether the key is good is then unknown.
   */
  async currentForUnknownKey(): Promise<TenantDocuments> {
    const held = this.#documents
    const last = this.#unknownKeyAtMs
    const due = last === null || Math.abs(this.#clock() - last) >= unknownKeyPauseMs
    if (held !== null && !due && this.#reading === null) return held
    const documents = await this.#read()
    this.#unknownKeyAtMs = this.#clock()
    return documents
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
      const fresh = withKnownKeys(await this.#reader.read(this.#tenantId), this.#documents)
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
