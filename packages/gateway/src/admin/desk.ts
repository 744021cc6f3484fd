/**
 * Writes the audit trail for the routes, and the audit lines of the log. What is to be recorded is on the disk before
 * the answer goes out; where it cannot be written, the request is refused (`audit_unavailable`).
 */
import type { IncomingMessage } from 'node:http'
import type { Context } from 'hono'
import { type AuditEntry, AuditError, type AuditEvent, type AuditFacts, type AuditTrail } from '../audit/index.ts'
import { codeOf } from '../errors.ts'
import { type Caller, callerKey } from '../identity/caller.ts'
import type { Log } from '../log.ts'
import { networkOf } from '../network.ts'
import type { AdminEnv } from './env.ts'

/** Header field with the reason of a request: percent-encoded UTF-8. */
export const reasonField = 'x-gatehouse-reason'
const reasonCharactersMax = 500
const pathCharactersMax = 200

interface Begun {
  /** What is about to be done, as `instance_probe`. */
  readonly action: string
  readonly facts: AuditFacts
  /** Further facts for the trail alone: what people wrote does not belong into the log. */
  readonly unlogged?: AuditFacts
}

type EndOfChange = (code: string | null, result: AuditFacts) => Promise<void>

export interface Change<T> extends Begun {
  readonly work: () => Promise<T>
  /** Facts of the result. */
  readonly result?: (done: T) => AuditFacts
}

export class Desk {
  readonly #trail: AuditTrail
  readonly #log: Log

  constructor(trail: AuditTrail, log: Log) {
    this.#trail = trail
    this.#log = log
  }

  /**
   * Records what was done and changes nothing, as a reading. Call it before the answer.
   * @param caller default: the caller of the request.
   * @throws AuditError
   */
  async note(c: Context<AdminEnv>, action: string, facts: AuditFacts, caller?: Caller): Promise<void> {
    const event = this.#event(c, action, facts, caller)
    const entry = await this.#trail.write(event)
    this.#log.info(lineOf(event, entry), action)
  }

  /**
   * Does something that has an entry before it and one of its result after it.
   * @throws AuditError, and then nothing was done, or it was and the error says so.
   */
  async change<T>(c: Context<AdminEnv>, { work, result, ...begun }: Change<T>): Promise<T> {
    const end = await this.begin(c, begun)
    let done: T
    try {
      done = await work()
    } catch (error) {
      await end(codeOf(error), {})
      throw error
    }
    await end(null, result?.(done) ?? {})
    return done
  }

  /**
   * Writes the entry before something that ends later, as a long answer. @returns writes the entry of its result, once:
   * `code` is null for what was done.
   * @throws AuditError, and then nothing may be done.
   */
  async begin(c: Context<AdminEnv>, { action, facts, unlogged = {} }: Begun): Promise<EndOfChange> {
    const asked = this.#event(c, action, { ...facts, ...unlogged })
    const { seq } = await this.#trail.write({ ...asked, outcome: 'asked' })
    return (code, result) => {
      if (code === null) return this.#result({ ...asked, facts: { of: seq, ...facts, ...result } })
      return this.#result({ ...asked, outcome: 'failed', facts: { of: seq, ...facts, ...result, code } })
    }
  }

  /**
   * Records that the management API refused a request. In a flood such entries are summed.
   * @throws AuditError
   */
  async refused(c: Context<AdminEnv>, code: string): Promise<void> {
    const event = this.#event(c, 'refused', {})
    const facts = { code, method: c.req.method, path: c.req.path.slice(0, pathCharactersMax) }
    await this.#trail.refuse({ ...event, outcome: 'refused', facts })
  }

  /**
   * As `refused`, for a request that the listener itself refuses: the answer does not wait, because it goes to clients
   * that may have closed their side already.
   */
  refusedEarly({ socket, method, url }: IncomingMessage, code: string, requestId: string): void {
    const path = (url ?? '').split('?')[0] ?? ''
    const written = this.#trail.refuse({
      ...{ action: 'refused', outcome: 'refused', actor: 'stranger', name: null, reason: null, requestId },
      address: networkOf(socket.remoteAddress ?? null),
      facts: { code, method: method ?? '', path: path.slice(0, pathCharactersMax) },
    })
    written.catch((error: unknown) => this.#log.error({ error, code, requestId }, 'audit_refusal_lost'))
  }

  async #result(event: AuditEvent): Promise<void> {
    try {
      const entry = await this.#trail.write(event)
      // What failed has a line of its own where it matters.
      if (event.outcome === 'done') this.#log.info(lineOf(event, entry), event.action)
    } catch (cause) {
      const { action } = event
      this.#log.error({ ...lineOf(event, null), error: cause }, 'audit_result_lost')
      throw new AuditError(
        `It was tried (${action}), and its result could not be written to the audit trail. Look whether it was done before you try again.`,
        { cause },
      )
    }
  }

  #event(c: Context<AdminEnv>, action: string, facts: AuditFacts, given?: Caller): AuditEvent {
    // Before the token is checked there is no caller, which the type of the context cannot say.
    const caller = given ?? (c.get('caller') as Caller | undefined) ?? null
    const address = c.env.incoming.socket.remoteAddress ?? null
    return {
      ...{ action, outcome: 'done', facts, requestId: c.get('requestId') },
      actor: caller === null ? 'stranger' : callerKey(caller),
      name: caller?.displayName ?? null,
      address: caller === null ? networkOf(address) : address,
      reason: reasonOf(c),
    }
  }
}

/** The reason that a request gives; null where it gives none that can be read. */
export function reasonOf(c: Pick<Context<AdminEnv>, 'req'>): string | null {
  const written = c.req.header(reasonField)
  if (written === undefined) return null
  try {
    const text = decodeURIComponent(written).trim()
    return text === '' ? null : text.slice(0, reasonCharactersMax)
  } catch {
    return null
  }
}

/** Facts for the log, which has neither names nor addresses of people, nor their reasons. */
function lineOf({ actor, facts, requestId }: AuditEvent, entry: AuditEntry | null) {
  const where = entry === null ? {} : { auditEntry: entry.seq, auditHash: entry.hash }
  return { audit: true, caller: actor, ...facts, requestId, ...where }
}
