/**
 * Lists of objects: the lists of the target's members, one after the other, without the objects of other workloads. An
 * instance lists everything that was ever created on it, to any caller. The gateway requests pages until it has as many
 * objects as the client wants, because SDKs take an empty page for the end.
 */
import type { Instance } from '../../instances/index.ts'
import { exchangeSpan } from '../../ledger/feeds/spans/ids.ts'
import type { AttemptRecord } from '../../ledger/record.ts'
import type { Objects, Owner } from '../../objects/index.ts'
import { type AnswerError, errorIn, noError } from '../../wire/answer-error.ts'
import { type Address, type BackendFacts, requestIdIn } from '../../wire/backends.ts'
import { isRecord, type JsonRecord, listOf, textOrNull } from '../../wire/json.ts'
import { createdIds, type ObjectKind } from '../../wire/objects.ts'
import { traceparentOf } from '../../wire/trace-context.ts'
import { type AnswerHead, answerHead } from '../backend/answer-head.ts'
import { type BackendFailure, classify, GivenUp } from '../backend/failures.ts'
import { requestHeaders, responseHeaders } from '../backend/headers.ts'
import { refusesGateway } from '../backend/replay.ts'
import { signIn } from '../backend/sign-in.ts'
import { ClientLeft, type Timed } from '../call.ts'
import { type Admitted, noteInstance } from '../exchange.ts'
import type { GatewayParts } from '../parts.ts'
import { asRelayed, type Relayed } from '../relayed.ts'
import { findOwner } from '../stages/5-locate/owner.ts'
import { type OpenRecordParts, openRecord } from '../stages/9-record/open.ts'
import { sentTrace } from '../trace.ts'
import { ownBody, sendWhole } from './send.ts'

/** Sizes of pages in the API: the standard, where the client names none, and the largest. */
const pageSizes: Readonly<Record<ObjectKind, { readonly standard: number; readonly most: number }>> = {
  file: { standard: 10_000, most: 10_000 },
  batch: { standard: 20, most: 100 },
  vector_store: { standard: 20, most: 100 },
  conversation: { standard: 20, most: 100 },
  response: { standard: 20, most: 100 },
  container: { standard: 20, most: 100 },
  chat_completion: { standard: 20, most: 100 },
  fine_tuning_job: { standard: 20, most: 100 },
  eval: { standard: 20, most: 100 },
  video: { standard: 20, most: 100 },
  upload: { standard: 20, most: 100 },
}
/** Most pages that are requested for one call, from all members together. Each counts as a request in limits. */
const pagesMax = 20
/**
 * Least size of a requested page, where the API allows it: many objects of others may lie between two of the workload's
 * own.
 */
const leastOfPage = 1_000
/** These APIs send no larger page. Bytes. */
const pageBytesMax = 33_554_432

/** The parts that answering with a list needs. */
export interface ListParts extends OpenRecordParts, Pick<GatewayParts, 'clock' | 'totalMs' | 'unknownObjects'> {
  readonly objects: Pick<Objects, 'known' | 'ownerOf' | 'created'>
}

/** True for a call that lists objects. */
export function isList({ call, route }: Pick<Admitted, 'call' | 'route'>): boolean {
  return route.operation.lists !== null && call.method !== 'POST'
}

/**
 * Answers with a list. It begins on the instance that `locate` has found: the last object of the client's previous page
 * lives there.
 * @throws Refusal credential_unavailable, ledger_unwritable, objects_unavailable; ClientLeft
 */
export async function answerList(exchange: Admitted, parts: ListParts): Promise<Relayed> {
  const listing = new Listing(exchange, parts)
  try {
    return await listing.answer()
  } finally {
    exchange.call.watch.subject = null
  }
}

interface ListPage {
  readonly instance: Instance
  readonly head: AnswerHead
  readonly body: Buffer
  /** Null for an error. */
  readonly document: JsonRecord | null
  /** True when the member does not offer such lists to the gateway, so it has no objects of the kind. */
  readonly lacksLists: boolean
  /** True when it refuses the gateway's own key, which no client may see. */
  readonly isOwnTrouble: boolean
}

class Listing implements Timed {
  readonly #exchange: Admitted
  readonly #parts: ListParts
  readonly #kind: ObjectKind
  readonly #address: Address
  readonly #query: URLSearchParams
  readonly #wanted: number
  readonly #members: readonly Instance[]
  readonly #leaving = new AbortController()
  readonly #attempts: AttemptRecord[] = []
  readonly #data: JsonRecord[] = []
  #sentAtMs: number | null = null
  #firstByteAtMs: number | null = null
  #pages = 0

  constructor(exchange: Admitted, parts: ListParts) {
    const { route, grant, call, home } = exchange
    const kind = route.operation.lists
    if (kind === null) throw new TypeError('the operation lists nothing')
    this.#exchange = exchange
    this.#parts = parts
    this.#kind = kind
    this.#address = route.address
    this.#query = new URLSearchParams(route.address.query)
    this.#wanted = wantedOf(this.#query.get('limit'), kind)
    const all = grant.target.members.map(member => member.instance)
    const start = all.findIndex(instance => instance.name === home?.instance)
    // Backwards, the end of a member's list cannot be recognised, so the page stays on its member.
    this.#members = this.#query.has('before') ? all.slice(start, start + 1) : all.slice(Math.max(0, start))
    call.watch.deadlineAt = performance.now() + parts.totalMs
    call.watch.subject = this
    call.res?.on('close', () => this.#leaving.abort(new ClientLeft()))
  }

  expire(why: 'deadline' | 'shutdown'): void {
    this.#leaving.abort(new GivenUp(why === 'shutdown' ? 'shutdown' : 'total_timeout'))
  }

  async answer(): Promise<Relayed> {
    let last: ListPage | null = null
    let more = false
    let after = this.#query.get('after')
    for (const [at, instance] of this.#members.entries()) {
      const result = await this.#member(instance, after)
      if ('failure' in result) return this.#relayed(result.failure, null, result.cause)
      if (result.page.lacksLists) {
        last ??= result.page
        continue
      }
      last = result.page
      after = null
      // The client gets the error of an instance that cannot list: a list without its objects would look complete.
      if (last.document === null) return this.#send(last, last.body)
      more = result.more
      const isFull = this.#data.length >= this.#wanted || this.#pages >= pagesMax
      if (isFull && at < this.#members.length - 1) more = true
      if (isFull) break
    }
    if (last === null) throw new TypeError('a target without members')
    noteInstance(this.#exchange, last.instance)
    if (last.document === null) return this.#withoutLists(last)
    const ends = { first_id: this.#data[0]?.['id'] ?? null, last_id: this.#data.at(-1)?.['id'] ?? null }
    const document = { ...last.document, data: this.#data, ...ends, has_more: more }
    return this.#send(last, Buffer.from(JSON.stringify(document)))
  }

  /** No member offers such lists. */
  async #withoutLists(page: ListPage): Promise<Relayed> {
    if (!page.isOwnTrouble) return this.#send(page, page.body)
    return this.#relayed('credential_refused', null, new GivenUp('credential_refused'))
  }

  /** Requests pages from one member. @returns its last page, and whether it has more. */
  async #member(
    instance: Instance,
    after: string | null,
  ): Promise<{ page: ListPage; more: boolean } | { failure: BackendFailure | 'left'; cause: Error }> {
    noteInstance(this.#exchange, instance)
    const credential = await signIn(instance, this.#exchange.token)
    if (this.#exchange.opened === null) await openRecord(this.#exchange, this.#parts)
    const { req, id } = this.#exchange.call
    const { forwards } = this.#exchange.plan
    const trace = sentTrace(this.#exchange)
    // Each page is an attempt, but all have the same head.
    const traceparent = trace === null ? null : traceparentOf(trace, exchangeSpan(id))
    const choice = { forwards, backend: instance.backend, decoded: false, imageDeployment: null, traceparent }
    const headers = requestHeaders(req.rawHeaders, credential, id, choice)
    for (let cursor = after; ; ) {
      const page = await this.#page(instance, headers, cursor)
      if ('failure' in page) return page
      if (page.document === null) return { page, more: false }
      const items = listOf(page.document['data']).filter(isRecord)
      const rest = await this.#take(items, instance)
      const next = textOrNull(items.at(-1)?.['id'])
      const more = page.document['has_more'] === true && next !== null && next !== cursor
      if (rest || !more || this.#data.length >= this.#wanted || this.#pages >= pagesMax) {
        return { page, more: rest || more }
      }
      cursor = next
    }
  }

  /** Takes the workload's own objects. @returns true when some were left because the client wants no more. */
  async #take(items: readonly JsonRecord[], instance: Instance): Promise<boolean> {
    // One look-up for all of them: the ledger must be asked only about the few that are left.
    const known = await this.#parts.objects.known(items.map(item => textOrNull(item['id'])).filter(id => id !== null))
    const own = await Promise.all(items.map(item => this.#isOwn(item, known, instance)))
    for (const [at, item] of items.entries()) {
      if (!own[at]) continue
      if (this.#data.length >= this.#wanted) return true
      this.#data.push(item)
    }
    return false
  }

  async #isOwn(item: JsonRecord, known: ReadonlyMap<string, Owner>, instance: Instance): Promise<boolean> {
    const { objects, unknownObjects } = this.#parts
    const workload = this.#exchange.grant.workload.name
    const id = textOrNull(item['id'])
    if (id === null) return false
    const owner = known.get(id) ?? (await findOwner(id, this.#parts))
    if (owner === null) return unknownObjects === 'allow'
    if (owner.workload !== workload) return false
    if (this.#kind === 'batch') {
      objects.created(createdIds('batch_again', item).all, { workload, instance: instance.name })
    }
    return true
  }

  async #page(
    instance: Instance,
    headers: readonly string[],
    after: string | null,
  ): Promise<ListPage | { failure: BackendFailure | 'left'; cause: Error }> {
    const { clock } = this.#parts
    const began = clock()
    this.#sentAtMs ??= began
    this.#pages += 1
    const attempt = (status: number | null, error: string | null): void => {
      this.#attempts.push({ instance: instance.name, status, durationMs: clock() - began, error })
    }
    try {
      const answer = await instance.connections.request({
        method: 'GET',
        path: this.#path(instance, after),
        headers: [...headers],
        signal: this.#leaving.signal,
      })
      this.#firstByteAtMs ??= clock()
      const body = Buffer.from(await bounded(answer.body))
      const { backend } = instance
      const error = answer.statusCode < 400 ? noError : errorIn(body)
      const lacksLists = backend.mayLackOperations && isLacking(answer.statusCode, error, backend)
      const isOwn = instance.credential.kind !== 'caller'
      const isOwnTrouble = isOwn && refusesGateway(answer.statusCode, error, backend, false) !== null
      attempt(answer.statusCode, isOwnTrouble ? 'credential_refused' : null)
      if (isOwnTrouble && !lacksLists) {
        return { failure: 'credential_refused', cause: new GivenUp('credential_refused') }
      }
      const head = answerHead(answer.statusCode, answer.headers)
      const document = answer.statusCode === 200 ? parsed(body) : null
      return { instance, head, body, document, lacksLists, isOwnTrouble }
    } catch (error) {
      const cause = error instanceof Error ? error : new Error('the list could not be read')
      const failure = cause instanceof ClientLeft ? 'left' : classify(cause, false)
      attempt(null, failure === 'left' ? null : failure)
      return { failure, cause }
    }
  }

  /** Path of the page to request: the client's query with another cursor. */
  #path({ backend }: Instance, after: string | null): string {
    const query = new URLSearchParams(this.#query)
    const { most } = pageSizes[this.#kind]
    // Without a limit an instance lists as many as a page may have, or at least its standard number.
    if (most <= leastOfPage || query.has('limit')) {
      query.set('limit', String(Math.min(most, Math.max(leastOfPage, this.#wanted))))
    }
    if (after === null) query.delete('after')
    else query.set('after', after)
    return backend.path({ ...this.#address, query: query.toString() }, null)
  }

  async #send(page: ListPage, body: Buffer): Promise<Relayed> {
    const { call } = this.#exchange
    const ending = await sendWhole(call, page.head.status, responseHeaders(page.head.headers, call.id, true), body)
    return this.#relayed(ending, page, null, body)
  }

  #relayed(ending: Relayed['ending'], page: ListPage | null, cause: Error | null, body?: Buffer): Relayed {
    return asRelayed({
      ending,
      status: page?.head.status ?? null,
      cause,
      contentType: page === null ? null : page.head.contentType,
      isEventStream: page?.head.isEventStream === true,
      ...(body === undefined ? {} : ownBody(body)),
      sentAtMs: this.#sentAtMs,
      firstByteAtMs: this.#firstByteAtMs,
      backendRequestId: page === null ? null : requestIdIn(page.head.headers, page.instance.backend),
      attempts: this.#attempts,
    })
  }
}

/** With a key that is not for such objects none can have been created. */
function isLacking(status: number, error: AnswerError, backend: BackendFacts): boolean {
  return backend.lacksAddress(status, error) || backend.refusal(status, error) === 'operation'
}

function wantedOf(limit: string | null, kind: ObjectKind): number {
  const { standard, most } = pageSizes[kind]
  const asked = Number(limit ?? standard)
  return Number.isInteger(asked) && asked > 0 ? Math.min(asked, most) : standard
}

async function bounded(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > pageBytesMax) throw new GivenUp('backend_broke')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The list in the body of a success. @throws GivenUp when there is none. */
function parsed(body: Buffer): JsonRecord | null {
  let document: unknown
  try {
    document = JSON.parse(body.toString())
  } catch {
    throw new GivenUp('backend_broke')
  }
  if (isRecord(document) && Array.isArray(document['data'])) return document
  throw new GivenUp('backend_broke')
}
