/**
 * The conversation of this tab: one or two sides that are asked the same. It goes on while another page is open, and a
 * reload of the page keeps it, for the same person alone.
 */
import { type Answer, answerOf, isUnderWay, type Message, type UserMessage } from './messages.ts'
import { bodyOf } from './request.ts'
import { type Call, follow } from './send.ts'
import { noTexts, type Settings, type Texts } from './settings.ts'

export interface TalkState {
  readonly texts: Texts
  /** What was written and not sent. */
  readonly draft: UserMessage
  /** Messages of each side. */
  readonly sides: readonly (readonly Message[])[]
}

/** Where a side calls, and how. */
export interface Asked extends Pick<Call, 'workload' | 'target' | 'deployment'> {
  readonly settings: Settings
}

export const sidesMax = 2
const storageKey = 'gatehouse-playground'
/** What is typed is kept after a pause: writing images at each key would be slow. */
const typingMs = 300
const noDraft: UserMessage = { role: 'user', text: '', images: [] }
const nothing: TalkState = { texts: noTexts, draft: noDraft, sides: Array.from({ length: sidesMax }, () => []) }

export class Talk {
  #state = nothing
  #owner = ''
  readonly #running = new Map<number, AbortController>()
  readonly #listeners = new Set<() => void>()
  #isTelling = false
  #keeping: ReturnType<typeof setTimeout> | undefined

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly state = (): TalkState => this.#state

  /** Takes up the kept conversation of this person and forgets that of others. @param owner key of the person. */
  use(owner: string): void {
    if (owner === this.#owner) return
    for (const running of this.#running.values()) running.abort()
    this.#owner = owner
    this.#state = kept(owner) ?? nothing
    this.#tell()
  }

  write(changes: Partial<Pick<TalkState, 'texts' | 'draft'>>): void {
    this.#state = { ...this.#state, ...changes }
    this.#tell()
    clearTimeout(this.#keeping)
    this.#keeping = setTimeout(() => this.#keep(), typingMs)
  }

  /** Begins anew; instructions and tools stay. */
  clear(): void {
    this.stop()
    this.#set({ ...this.#state, draft: noDraft, sides: nothing.sides })
  }

  /** Another conversation, as that of a record. */
  replace(messages: readonly Message[], texts: Texts): void {
    this.stop()
    this.#set({ texts, draft: noDraft, sides: nothing.sides.map(() => messages) })
  }

  /** Sends the draft to the sides that are shown, each with its own conversation. */
  ask(asked: readonly Asked[]): void {
    const { draft } = this.#state
    this.write({ draft: noDraft })
    for (const [side, one] of asked.entries()) {
      this.#side(side, messages => [...messages, draft])
      void this.#answer(side, one)
    }
  }

  /** Sends the results of a side's tools. */
  give(side: number, results: ReadonlyMap<string, string>, asked: Asked): void {
    const given = [...results].map(([callId, text]): Message => ({ role: 'tool', callId, text }))
    this.#side(side, messages => [...messages, ...given])
    void this.#answer(side, asked)
  }

  /** Sends again what got no answer. */
  again(side: number, asked: Asked): void {
    this.#side(side, messages => (messages.at(-1)?.role === 'assistant' ? messages.slice(0, -1) : messages))
    void this.#answer(side, asked)
  }

  stop(): void {
    for (const running of this.#running.values()) running.abort()
  }

  async #answer(side: number, { settings, ...where }: Asked): Promise<void> {
    const messages = this.#state.sides[side] ?? []
    const body = bodyOf(where.deployment, messages, settings, this.#state.texts)
    const begun = answerOf(where.deployment)
    const running = new AbortController()
    this.#running.set(side, running)
    this.#side(side, current => [...current, begun])
    const owner = this.#owner
    const changed = (answer: Answer): void => {
      if (this.#running.get(side) !== running || owner !== this.#owner) return
      this.#state = this.#with(side, current => [...current.slice(0, -1), answer])
      this.#tellSoon()
    }
    await follow({ operation: settings.operation, ...where, body }, begun, running.signal, changed)
    if (this.#running.get(side) === running) this.#running.delete(side)
    this.#keep()
  }

  #side(side: number, next: (messages: readonly Message[]) => readonly Message[]): void {
    this.#set(this.#with(side, next))
  }

  #with(side: number, next: (messages: readonly Message[]) => readonly Message[]): TalkState {
    const sides = this.#state.sides.map((messages, at) => (at === side ? next(messages) : messages))
    return { ...this.#state, sides }
  }

  #set(state: TalkState): void {
    this.#state = state
    if (this.#running.size === 0) this.#keep()
    this.#tell()
  }

  /** At once: a field that is typed into must have its text before the next key. */
  #tell(): void {
    for (const listener of this.#listeners) listener()
  }

  /** Hundreds of pieces may come within one frame of the screen: it is drawn once for all of them. */
  #tellSoon(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    requestAnimationFrame(() => {
      this.#isTelling = false
      this.#tell()
    })
  }

  #keep(): void {
    clearTimeout(this.#keeping)
    const content = { owner: this.#owner, state: this.#state }
    const withoutImages = (key: string, value: unknown): unknown => (key === 'images' ? [] : value)
    if (isStored(JSON.stringify(content)) || isStored(JSON.stringify(content, withoutImages))) return
    sessionStorage.removeItem(storageKey)
  }
}

/** False where it is too long for the browser's storage. */
function isStored(content: string): boolean {
  try {
    sessionStorage.setItem(storageKey, content)
    return true
  } catch {
    return false
  }
}

function kept(owner: string): TalkState | null {
  try {
    const found = JSON.parse(sessionStorage.getItem(storageKey) ?? 'null') as { owner: string; state: TalkState } | null
    if (found?.owner !== owner || found.state.sides.length !== sidesMax) return null
    // An answer that was under way when the page was left is not any more.
    const ended = (message: Message): Message =>
      message.role === 'assistant' && isUnderWay(message) ? { ...message, state: 'stopped' } : message
    return { ...found.state, sides: found.state.sides.map(messages => messages.map(ended)) }
  } catch {
    return null
  }
}

/** That of this tab. */
export const talk = new Talk()
