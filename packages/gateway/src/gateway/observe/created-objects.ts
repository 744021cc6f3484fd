/**
 * CreatedObjects: the objects that an answer brings into being, told to `objects` as soon as their ids are seen. A client may use an id
 * before the exchange has ended (cancel a background response, continue from one whose last event has just come), so they
 * are known before the bytes that carry them go out.
 */
import type { Objects, Owner } from '../../objects/index.ts'
import { isRecord, type JsonRecord } from '../../wire/json.ts'
import { type CreatedKind, createdIds, idsOfEvent } from '../../wire/objects.ts'

/** What a call may create. Null in `RelayParts` for nearly every call. */
export interface Creates {
  readonly kind: CreatedKind
  readonly workload: string
  readonly objects: Objects
}

/** One answer's. */
export class CreatedObjects {
  /** The object that the record names; null until it is seen. */
  objectId: string | null = null
  /** True once the answer has said that its object is at work in the background: it goes on, whatever becomes of this call. */
  isBackground = false
  readonly #creates: Creates
  readonly #owner: Owner
  #isKept = true

  /** @param instance that gives the answer: where the objects live. */
  constructor(creates: Creates, instance: string) {
    this.#creates = creates
    this.#owner = { workload: creates.workload, instance }
  }

  /** @param document the object as the answer shows it, whole or in part. */
  seen(document: JsonRecord): void {
    if (document['store'] === false) this.#isKept = false
    if (document['background'] === true) this.isBackground = true
    const { objectId, all } = createdIds(this.#creates.kind, document)
    this.objectId = objectId ?? this.objectId
    this.#remember(all)
  }

  /** @param event of a stream: the object itself stands in the first and the last ones, its items in those between. */
  heard(event: JsonRecord): void {
    const { response, choices } = event
    if (isRecord(response)) this.seen(response)
    else if (Array.isArray(choices)) this.seen(event)
    else this.#remember(idsOfEvent(event, this.#isKept))
  }

  #remember(ids: readonly string[]): void {
    if (ids.length > 0) this.#creates.objects.created(ids, this.#owner)
  }
}
