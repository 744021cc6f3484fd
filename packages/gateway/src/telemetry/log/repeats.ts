/**
 * Keeps a flood of lines that say the same from filling a disk: of each kind, a minute has a few lines and then one
 * with their number.
 */
import type { Clock } from '../../clock.ts'
import type { LogFields, LogSeverity } from '../../log.ts'

/** Lines of one kind that are written in a minute; of level debug, which somebody has asked for. */
const linesMax = 20
const debugLinesMax = 1_000
const windowMs = 60_000
/** Kinds that are told apart at once. Beyond, lines of one event are one kind. */
const kindsMax = 200

/** Fields that tell kinds of an event apart: names of the configuration, codes, and the key of a caller. */
const telling = ['code', 'failure', 'instance', 'consumer', 'source', 'caller', 'route', 'needed'] as const

interface RepeatsParts {
  readonly clock: Clock
  /** Writes the sum of what was left out. */
  readonly report: (level: LogSeverity, fields: LogFields, event: string) => void
}

interface Kind {
  readonly level: LogSeverity
  readonly event: string
  readonly facts: LogFields
  sinceMs: number
  written: number
  left: number
}

export class Repeats {
  readonly #parts: RepeatsParts
  readonly #kinds = new Map<string, Kind>()
  #timer: NodeJS.Timeout | null = null

  constructor(parts: RepeatsParts) {
    this.#parts = parts
  }

  /** @returns false for a line that is counted instead of written. */
  takes(level: LogSeverity, fields: LogFields, event: string): boolean {
    if (fields['audit'] === true && event !== 'admin_refused') return true
    const kind = this.#kindOf(level, fields, event)
    if (kind.written < (level === 'debug' ? debugLinesMax : linesMax)) {
      kind.written += 1
      return true
    }
    kind.left += 1
    this.#timer ??= setTimeout(() => this.#look(), windowMs).unref()
    return false
  }

  /** Reports everything that was left out. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    for (const kind of this.#kinds.values()) this.#report(kind)
    this.#kinds.clear()
  }

  #kindOf(level: LogSeverity, fields: LogFields, event: string): Kind {
    const facts = factsOf(fields)
    const key = `${level} ${event} ${JSON.stringify(facts)}`
    const known = this.#current(key)
    if (known !== null) return known
    if (this.#kinds.size >= kindsMax) this.#forgetOld()
    if (this.#kinds.size < kindsMax) return this.#add(key, { level, event, facts })
    const shared = `${level} ${event}`
    return this.#current(shared) ?? this.#add(shared, { level, event, facts: {} })
  }

  /** A kind in its minute; its next minute begins when the last one is over. */
  #current(key: string): Kind | null {
    const kind = this.#kinds.get(key)
    if (kind === undefined) return null
    if (this.#isOver(kind)) this.#report(kind)
    return kind
  }

  #add(key: string, what: Pick<Kind, 'level' | 'event' | 'facts'>): Kind {
    const kind: Kind = { ...what, sinceMs: this.#parts.clock(), written: 0, left: 0 }
    this.#kinds.set(key, kind)
    return kind
  }

  #isOver({ sinceMs }: Kind): boolean {
    const ageMs = this.#parts.clock() - sinceMs
    // The clock may have been set back.
    return ageMs >= windowMs || ageMs < 0
  }

  #report(kind: Kind): void {
    const { level, event, facts, left } = kind
    kind.sinceMs = this.#parts.clock()
    kind.written = 0
    kind.left = 0
    if (left > 0) this.#parts.report(level, { ...facts, repeated: left }, event)
  }

  #look(): void {
    this.#timer = null
    for (const kind of this.#kinds.values()) if (kind.left > 0 && this.#isOver(kind)) this.#report(kind)
    const isWaiting = [...this.#kinds.values()].some(({ left }) => left > 0)
    if (isWaiting) this.#timer = setTimeout(() => this.#look(), windowMs).unref()
  }

  #forgetOld(): void {
    for (const [key, kind] of this.#kinds) {
      if (!this.#isOver(kind)) continue
      this.#report(kind)
      this.#kinds.delete(key)
    }
  }
}

function factsOf(fields: LogFields): LogFields {
  const found = telling.flatMap(name => {
    const value = fields[name]
    return typeof value === 'string' ? [[name, value] as const] : []
  })
  return Object.fromEntries(found)
}
