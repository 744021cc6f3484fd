import { pino } from 'pino'
import { type Clock, systemClock } from '../../clock.ts'
import { escapeControls } from '../../control-characters.ts'
import type { Log, LogFields, LogSeverity } from '../../log.ts'
import { accessFields } from './access.ts'
import type { LogLevels, LogSettings, LogState, RunningLog } from './index.ts'
import { LineWriter } from './lines.ts'
import { prettyLine } from './pretty.ts'
import { Repeats } from './repeats.ts'

interface LogParts {
  readonly clock?: Clock
  /** Default: standard error. */
  readonly lines?: Pick<LineWriter, 'now' | 'later' | 'flush' | 'onDropped'>
}

/** Writes lines to standard error. */
export function createLog(settings: LogSettings, parts: LogParts = {}): RunningLog {
  return new OpenLog(settings, parts)
}

/** Writes lines of every level. */
type Writer = Log & { readonly debug: Log['info'] }

const ranks = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 } as const

class OpenLog implements RunningLog {
  readonly #clock: Clock
  readonly #lines: NonNullable<LogParts['lines']>
  readonly #repeats: Repeats
  /** Writes at once, and soon. Whether a line is written is decided here, not by pino. */
  readonly #write: Writer
  readonly #writeLater: Writer
  #settings: LogSettings
  /** Set at run time. */
  #meanwhile: { readonly level: LogSeverity; readonly untilMs: number; readonly timer: NodeJS.Timeout } | null = null

  constructor(settings: LogSettings, { clock = systemClock, lines = new LineWriter() }: LogParts) {
    this.#settings = settings
    this.#clock = clock
    this.#lines = lines
    this.#write = this.#writer(line => lines.now(line))
    this.#writeLater = this.#writer(line => lines.later(line))
    this.#repeats = new Repeats({ clock, report: (level, fields, event) => this.#write[level](fields, event) })
    lines.onDropped = count => this.#write.warn({ lines: count }, 'log_lines_dropped')
  }

  /** Functions that need no `this`: parts of the house pass them on alone. */
  readonly info = (fields: LogFields, event: string): void => this.#say('info', fields, event)
  readonly warn = (fields: LogFields, event: string): void => this.#say('warn', fields, event)
  readonly error = (fields: LogFields, event: string): void => this.#say('error', fields, event)

  readonly ended: RunningLog['ended'] = call => {
    if (this.#level === 'silent') return
    // Strangers can call as often as they like.
    if (call.caller === null && !this.#repeats.takes('info', { code: call.code }, 'call_ended')) return
    this.#writeLater.info(accessFields(call), 'call_ended')
  }

  get debug(): Log['debug'] {
    return this.#level === 'debug' ? this.#debug : undefined
  }

  readonly #debug = (fields: LogFields, event: string): void => this.#say('debug', fields, event)

  readonly levels: LogLevels = this.#levels()

  use(settings: LogSettings): void {
    if (this.#meanwhile !== null) this.#end('reload')
    this.#settings = settings
  }

  close(): void {
    clearTimeout(this.#meanwhile?.timer)
    this.#repeats.close()
    this.#lines.flush()
  }

  get #level(): LogSettings['level'] {
    return this.#meanwhile?.level ?? this.#settings.level
  }

  #levels(): LogLevels {
    const state = (): LogState => {
      const { level: configured, format, access } = this.#settings
      return { level: this.#level, configured, untilMs: this.#meanwhile?.untilMs ?? null, format, access }
    }
    return {
      get state() {
        return state()
      },
      set: (level, forMs) => {
        clearTimeout(this.#meanwhile?.timer)
        const timer = setTimeout(() => this.#end('time'), forMs).unref()
        this.#meanwhile = { level, untilMs: this.#clock() + forMs, timer }
        return state()
      },
      reset: () => {
        clearTimeout(this.#meanwhile?.timer)
        this.#meanwhile = null
        return state()
      },
    }
  }

  /** A level that was set at run time ends by itself. */
  #end(why: 'time' | 'reload'): void {
    clearTimeout(this.#meanwhile?.timer)
    this.#meanwhile = null
    this.#say('info', { audit: true, why, level: this.#level }, 'log_level_reset')
  }

  #say(level: LogSeverity, fields: LogFields, event: string): void {
    const least = this.#level
    // What must be known later is written at every level.
    if (fields['audit'] === true ? least === 'silent' : ranks[level] < ranks[least]) return
    if (this.#repeats.takes(level, fields, event)) this.#write[level](fields, event)
  }

  #writer(write: (line: string) => void): Writer {
    const writer = pino(
      {
        level: 'debug',
        base: null,
        timestamp: () => `,"time":"${new Date(this.#clock()).toISOString()}"`,
        formatters: { level: label => ({ level: label }) },
        serializers: { cause: errorFields, error: errorFields },
      },
      // Names, paths and errors may quote what a client wrote.
      { write: line => write(escapeControls(this.#settings.format === 'pretty' ? prettyLine(line) : line)) },
    )
    return {
      debug: (fields, event) => writer.debug(fields, event),
      info: (fields, event) => writer.info(fields, event),
      warn: (fields, event) => writer.warn(fields, event),
      error: (fields, event) => writer.error(fields, event),
    }
  }
}

/**
 * Errors by name, code, message and stack: other properties of an error may contain a request or its headers. Text
 * stays as it is.
 */
function errorFields(error: unknown): unknown {
  if (typeof error === 'string') return error
  if (!(error instanceof Error)) return undefined
  const { name, message, stack, cause } = error
  const code = (error as NodeJS.ErrnoException).code
  return { name, code, message, stack, cause: errorFields(cause) }
}
