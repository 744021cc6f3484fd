/**
 * What is live, as server-sent events: one stream per tab, open while the tab is seen and a page wants something of it.
 * Where there is none (too many are open, a proxy holds it back), `isOpen` is false, and pages ask again every few
 * seconds instead.
 */
import type { Answer } from './client.ts'

export type LiveRecord = Answer<'GET /api/v1/records/{id}'>

export interface LiveStates {
  readonly instances: Answer<'GET /api/v1/instances'>
  readonly limits: Answer<'GET /api/v1/limits'>
  readonly feeds: Answer<'GET /api/v1/feeds'>
}

export type StateKind = keyof LiveStates

export interface RecordsWish {
  /** Filters by their names in the management API. */
  readonly filters: Readonly<Record<string, string>>
  /** `cursor` of a list: records that came later are the first. */
  readonly after: string
  readonly onRecord: (record: LiveRecord) => void
}

type StateListener = (state: unknown) => void

/** After the server refused the stream, or it broke for another reason than the network. */
const againMs = 5_000

export class LiveStream {
  readonly #address: string
  /** Called when the server refuses the stream: the session may have ended. */
  readonly #onRefused: () => void
  readonly #states = new Map<StateKind, Set<StateListener>>()
  readonly #openListeners = new Set<() => void>()
  #records: RecordsWish | null = null
  /** Place among the records; null before the first event of the present wish. */
  #lastId: string | null = null
  #source: EventSource | null = null
  #opened = ''
  #isOpen = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(address: string, onRefused: () => void) {
    this.#address = address
    this.#onRefused = onRefused
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** @param listener called when `isOpen` has changed. @returns ends it. */
  onOpenChange(listener: () => void): () => void {
    this.#openListeners.add(listener)
    return () => void this.#openListeners.delete(listener)
  }

  /** @returns ends it. */
  state<Kind extends StateKind>(kind: Kind, listener: (state: LiveStates[Kind]) => void): () => void {
    const listeners = this.#states.get(kind) ?? new Set()
    this.#states.set(kind, listeners)
    listeners.add(listener as StateListener)
    this.#changed()
    return () => {
      listeners.delete(listener as StateListener)
      if (listeners.size === 0) this.#states.delete(kind)
      this.#changed()
    }
  }

  /** Follows records; a tab follows those of one filter at a time. @returns ends it. */
  records(wish: RecordsWish): () => void {
    this.#records = wish
    this.#lastId = null
    this.#changed()
    return () => {
      if (this.#records === wish) this.#records = null
      this.#changed()
    }
  }

  /** The tab is seen, or it is not. */
  look(): void {
    this.#changed()
  }

  close(): void {
    this.#states.clear()
    this.#records = null
    clearTimeout(this.#timer)
    this.#end()
  }

  /** Pages that change take back one wish and make another: the stream is looked at when they are done. */
  #changed(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#follow(), 0)
  }

  #follow(): void {
    const wanted = this.#wanted()
    if (wanted === this.#opened && this.#source !== null) return
    this.#end()
    if (wanted !== '') this.#begin(wanted)
  }

  /** Parameters of the stream that is wanted now; empty for none. */
  #wanted(): string {
    const kinds: string[] = [...this.#states.keys()].sort()
    if (this.#records !== null) kinds.push('record')
    if (kinds.length === 0 || document.hidden) return ''
    const { filters = {}, after = '' } = this.#records ?? {}
    const records = this.#records === null ? {} : { ...filters, after }
    return new URLSearchParams({ events: kinds.join(','), ...records }).toString()
  }

  #begin(wanted: string): void {
    this.#opened = wanted
    const parameters = new URLSearchParams(wanted)
    if (this.#lastId !== null && this.#records !== null) parameters.set('after', this.#lastId)
    const source = new EventSource(`${this.#address}?${parameters}`)
    this.#source = source
    source.addEventListener('open', () => this.#setOpen(true))
    source.addEventListener('error', () => {
      this.#setOpen(false)
      // The browser connects again by itself when the stream ended, and not when its answer was an error.
      if (source.readyState !== EventSource.CLOSED || this.#source !== source) return
      this.#end()
      this.#onRefused()
      this.#timer = setTimeout(() => this.#follow(), againMs)
    })
    source.addEventListener('record', ({ data, lastEventId }: MessageEvent<string>) => {
      this.#lastId = lastEventId
      this.#records?.onRecord(JSON.parse(data) as LiveRecord)
    })
    for (const kind of ['instances', 'limits', 'feeds'] as const) {
      source.addEventListener(kind, ({ data }: MessageEvent<string>) => {
        const state: unknown = JSON.parse(data)
        for (const listener of this.#states.get(kind) ?? []) listener(state)
      })
    }
  }

  #end(): void {
    this.#source?.close()
    this.#source = null
    this.#opened = ''
    this.#setOpen(false)
  }

  #setOpen(isOpen: boolean): void {
    if (this.#isOpen === isOpen) return
    this.#isOpen = isOpen
    for (const listener of this.#openListeners) listener()
  }
}
