/**
 * Groups that a token does not list. The manifest of the token's resource decides: a token for a resource of
 * Microsoft's own never lists the company's groups, and any token leaves them out beyond 200 ("Configure group claims",
 * Microsoft Entra). Microsoft Graph knows them and is asked with the gateway's own identity. The address in
 * `_claim_sources` is ignored: it names a service that no longer exists.
 */
import { request } from 'undici'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Caller } from './caller.ts'
import { GroupsUnavailable } from './errors.ts'
import type { GroupDirectory } from './index.ts'

export interface GroupDirectoryOptions {
  /** Microsoft Graph, as `https://graph.microsoft.com`, without a slash at its end. */
  readonly endpoint: string
  /** `Authorization` for Graph. Rejects when the gateway has no token. */
  readonly authorization: () => string | Promise<string>
  /** How long an answer is used, in milliseconds. A person who leaves a group keeps its rights for that long. */
  readonly rememberMs: number
  readonly timeoutMs: number
  readonly clock: Clock
  readonly log: Log | null
}

/** Callers whose groups are remembered; beyond it, the oldest are looked up again. About 8 KB each with 200 groups. */
const rememberedMax = 10_000
/** Requests at once; up to `waitingMax` more wait for one of these. */
const atOnceMax = 16
const waitingMax = 500
/** Pause after a failure: for the same caller, and after a refusal by Graph for all callers of the kind. */
const pauseMs = 5_000
/** Upper bound for Retry-After. */
const pauseMaxMs = 60_000
/** Room for more group ids than Entra lets one account have. */
const answerBytesMax = 2_097_152

const answerForm = z.object({ value: z.array(z.string()) })

/** The groups of one caller. */
interface KnownGroups {
  readonly groups: readonly string[]
  readonly untilMs: number
}

export function openGroupDirectory(options: GroupDirectoryOptions): GroupDirectory {
  return new Graph(options)
}

class Graph implements GroupDirectory {
  readonly #options: GroupDirectoryOptions
  /** By kind, tenant and object id. Insertion order is the order of age. */
  readonly #known = new Map<string, KnownGroups>()
  /** Completed caller by the object of the caller, so values that hang on it stay while its groups are remembered. */
  #completed = new WeakMap<Caller, { readonly caller: Caller; readonly untilMs: number }>()
  readonly #inFlight = new Map<string, Promise<KnownGroups>>()
  readonly #failed = new Map<string, { readonly untilMs: number; readonly cause: unknown }>()
  readonly #closing = new AbortController()
  #waiting: (() => void)[] = []
  #underWay = 0
  /**
   * Pauses during which Graph refuses a whole kind of request: it throttles, or the gateway's identity lacks the
   * permission. Kept by kind, because people and applications need different permissions: one that is missing must not
   * block the other's answers.
   */
  readonly #pausedUntilMs = { user: 0, application: 0 }
  readonly #lastFailure: Record<Caller['kind'], string | null> = { user: null, application: null }
  requests = 0
  failures = 0

  constructor(options: GroupDirectoryOptions) {
    this.#options = options
  }

  complete(caller: Caller): Caller | Promise<Caller> {
    const nowMs = this.#options.clock()
    const before = this.#completed.get(caller)
    if (before !== undefined && nowMs < before.untilMs) return before.caller
    const key = `${caller.kind} ${caller.tenantId} ${caller.objectId}`
    const known = this.#known.get(key)
    if (known !== undefined && nowMs < known.untilMs) return this.#with(caller, known)
    return this.#lookUp(key, caller).then(found => this.#with(caller, found))
  }

  close(): void {
    this.#closing.abort()
    this.#known.clear()
    this.#completed = new WeakMap()
  }

  #with(caller: Caller, { groups, untilMs }: KnownGroups): Caller {
    const completed = Object.freeze({ ...caller, groups, listsGroups: true, groupsOverage: false })
    this.#completed.set(caller, { caller: completed, untilMs })
    return completed
  }

  #lookUp(key: string, caller: Caller): Promise<KnownGroups> {
    const inFlight = this.#inFlight.get(key)
    if (inFlight !== undefined) return inFlight
    const started = this.#fetch(key, caller).finally(() => this.#inFlight.delete(key))
    this.#inFlight.set(key, started)
    return started
  }

  async #fetch(key: string, caller: Caller): Promise<KnownGroups> {
    const { clock, rememberMs } = this.#options
    this.#requireOpen(key, caller.kind)
    await this.#slot()
    try {
      this.#requireOpen(key, caller.kind)
      this.requests += 1
      const groups = await this.#ask(caller)
      this.#report(caller.kind, null)
      const known = { groups, untilMs: clock() + rememberMs }
      this.#remember(key, known)
      return known
    } catch (cause) {
      if (cause instanceof GroupsUnavailable) throw cause
      this.failures += 1
      this.#noteFailure(key, caller.kind, cause)
      throw new GroupsUnavailable(Math.max(pauseMs, this.#pausedUntilMs[caller.kind] - clock()), { cause })
    } finally {
      this.#leave()
    }
  }

  /** @throws GroupsUnavailable */
  #requireOpen(key: string, kind: Caller['kind']): void {
    const nowMs = this.#options.clock()
    const pausedUntilMs = this.#pausedUntilMs[kind]
    if (nowMs < pausedUntilMs) throw new GroupsUnavailable(pausedUntilMs - nowMs)
    const failed = this.#failed.get(key)
    if (failed === undefined) return
    if (nowMs < failed.untilMs) throw new GroupsUnavailable(failed.untilMs - nowMs, { cause: failed.cause })
    this.#failed.delete(key)
  }

  async #slot(): Promise<void> {
    if (this.#underWay < atOnceMax) {
      this.#underWay += 1
      return
    }
    if (this.#waiting.length >= waitingMax) throw new GroupsUnavailable(pauseMs)
    // The slot is handed on directly, so that no newcomer can take it in between.
    await new Promise<void>(resolve => this.#waiting.push(resolve))
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#underWay -= 1
    else next()
  }

  async #ask(caller: Caller): Promise<readonly string[]> {
    const { endpoint, authorization, timeoutMs } = this.#options
    const kind = caller.kind === 'user' ? 'users' : 'servicePrincipals'
    const answer = await request(`${endpoint}/v1.0/${kind}/${caller.objectId}/getMemberObjects`, {
      method: 'POST',
      headers: { authorization: await authorization(), 'content-type': 'application/json', accept: 'application/json' },
      body: '{"securityEnabledOnly":false}',
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#closing.signal]),
    })
    const text = await boundedText(answer.body)
    // The account was deleted since its token was issued, or is a guest that Graph does not know: it is in no group.
    if (answer.statusCode === 404) return []
    if (answer.statusCode !== 200) {
      this.#pauseFor(caller.kind, answer.statusCode, answer.headers['retry-after'])
      throw new Error(`Microsoft Graph answered ${answer.statusCode}`)
    }
    return groupsIn(text)
  }

  /** Pauses a whole kind of caller after an answer that holds for all of them: throttling, or a missing permission. */
  #pauseFor(kind: Caller['kind'], status: number, retryAfter: string | string[] | undefined): void {
    if (status !== 401 && status !== 403 && status !== 429 && status !== 503) return
    const seconds = typeof retryAfter === 'string' && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : 0
    this.#pausedUntilMs[kind] = this.#options.clock() + Math.min(pauseMaxMs, Math.max(pauseMs, seconds * 1_000))
  }

  #noteFailure(key: string, kind: Caller['kind'], cause: unknown): void {
    this.#failed.set(key, { untilMs: this.#options.clock() + pauseMs, cause })
    for (const oldest of this.#failed.keys()) {
      if (this.#failed.size <= rememberedMax) break
      this.#failed.delete(oldest)
    }
    this.#report(kind, cause instanceof Error ? cause.message : 'unknown')
  }

  /**
   * Logged when the failure begins, when it changes and when it ends; for people and for applications separately, as
   * they are looked up.
   */
  #report(kind: Caller['kind'], failure: string | null): void {
    if (failure === this.#lastFailure[kind]) return
    this.#lastFailure[kind] = failure
    const { log, endpoint } = this.#options
    if (failure === null) log?.info({ endpoint, kind }, 'groups_available')
    else log?.warn({ endpoint, kind, reason: failure.slice(0, 200) }, 'groups_unavailable')
  }

  #remember(key: string, known: KnownGroups): void {
    this.#known.delete(key)
    this.#known.set(key, known)
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= rememberedMax) break
      this.#known.delete(oldest)
    }
  }
}

/** The parser's own message would quote the answer. */
function groupsIn(text: string): readonly string[] {
  try {
    return Object.freeze(answerForm.parse(JSON.parse(text)).value.map(id => id.toLowerCase()))
  } catch {
    throw new Error('Microsoft Graph answered without a list of ids')
  }
}

async function boundedText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const kept: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.byteLength
    if (bytes > answerBytesMax) throw new Error('Microsoft Graph answered with more than 2 MiB')
    kept.push(chunk)
  }
  return Buffer.concat(kept).toString('utf8')
}
