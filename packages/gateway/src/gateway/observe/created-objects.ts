/**
 * The objects that an answer creates are reported to `objects` as soon as their ids come. A client may use an id before
 * the exchange has ended: it may cancel a background response, or continue from a response whose last event has just
 * come. So an id is known before the bytes that carry it are sent.
 */
import type { Objects, Owner } from '../../objects/index.ts'
import { isRecord, type JsonRecord } from '../../wire/json.ts'
import { type CreatedKind, createdIds, idsOfEvent } from '../../wire/objects.ts'

/** What the answer to a call may create; nearly every call creates nothing. */
export interface Creates {
  readonly kind: CreatedKind
  readonly workload: string
  readonly objects: Objects
}

/** The objects that one answer creates. */
export class CreatedObjects {
  /** The object that the record names; null until its id has come. */
  objectId: string | null = null
  /** True once the answer says that work on its object continues in the background, whatever happens to this call. */
  isBackground = false
  readonly #creates: Creates
  readonly #owner: Owner
  #isKept = true

  /** @param instance that sends the answer: the objects live there. */
  constructor(creates: Creates, instance: string) {
    this.#creates = creates
    this.#owner = { workload: creates.workload, instance }
  }

  /** Called with the object in the answer, whole or in part. */
  seen(document: JsonRecord): void {
    if (document['store'] === false) this.#isKept = false
    if (document['background'] === true) this.isBackground = true
    const { objectId, all } = createdIds(this.#creates.kind, document)
    this.objectId = objectId ?? this.objectId
    this.#remember(all)
  }

  /** Called with an event of a stream. The first and the last events hold the object, the others hold its items. */
  seenInStream(event: JsonRecord): void {
    const { response, choices } = event
    if (isRecord(response)) this.seen(response)
    else if (Array.isArray(choices)) this.seen(event)
    else this.#remember(idsOfEvent(event, this.#isKept))
  }

  #remember(ids: readonly string[]): void {
    if (ids.length > 0) this.#creates.objects.created(ids, this.#owner)
  }
}
