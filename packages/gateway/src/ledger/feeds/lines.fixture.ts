/**
 * A feed for tests: appends one line of JSON per exchange to a file. It rejects while the file `refusing` exists, after
 * it has written half of what it was given.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { Feed, RecordedExchange } from './index.ts'

/** The module of this feed, for `FeedSource`. */
export const linesModule = new URL(import.meta.url)

export interface LinesSettings {
  readonly file: string
  readonly refusing: string
}

export interface FeedLine {
  readonly id: string
  readonly opened: string
  readonly outcome: string
  readonly request: string | null
  readonly response: string | null
}

/** @public Imported by the feed's thread. */
export function openFeed(settings: unknown): Feed {
  const { file, refusing } = settings as LinesSettings
  // Ends a line that a killed process may have left half-written.
  appendFileSync(file, '\n')
  return {
    async take(exchanges) {
      const isRefusing = existsSync(refusing)
      const taken = isRefusing ? exchanges.slice(0, exchanges.length >> 1) : exchanges
      appendFileSync(file, taken.map(exchange => `${JSON.stringify(lineOf(exchange))}\n`).join(''))
      if (isRefusing) throw new Error('the feed refuses')
    },
  }
}

function lineOf(exchange: RecordedExchange): FeedLine {
  const bodies = exchange.readBodies()
  return {
    id: exchange.id,
    opened: exchange.opened.id,
    outcome: exchange.closed.outcome,
    request: bodies === null ? null : Buffer.concat(bodies.request).toString(),
    response: bodies === null ? null : Buffer.concat(bodies.response).toString(),
  }
}

/** What the feed wrote. A process that was killed may have left half of a line at the end of its writing. */
export function linesOf(file: string): FeedLine[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap(line => {
      try {
        return line === '' ? [] : [JSON.parse(line) as FeedLine]
      } catch {
        return []
      }
    })
}
