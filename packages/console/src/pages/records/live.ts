import { useEffect, useState } from 'react'
import type { Filters } from './filters.ts'
import { type RecordRow, tail } from './query.ts'

/** Records that are kept of a tail; the oldest go first. */
const keptMax = 1_000
const pauseAfterFaultMs = 2_000

export interface Live {
  /** Newest first. */
  readonly records: readonly RecordRow[]
  /** The last answer was a fault; it is tried again. */
  readonly error: Error | null
}

const nothing: Live = { records: [], error: null }

/** Records that come while the page is open. @param cursor after which they come; null while nothing is followed. */
export function useLive(filters: Filters, cursor: string | null): Live {
  const [live, setLive] = useState<Live>(nothing)
  const key = JSON.stringify(filters)
  useEffect(() => {
    setLive(nothing)
    if (cursor === null) return
    const leaving = new AbortController()
    void follow(JSON.parse(key) as Filters, cursor, leaving.signal, setLive)
    return () => leaving.abort()
  }, [key, cursor])
  return live
}

async function follow(
  filters: Filters,
  cursor: string,
  signal: AbortSignal,
  set: (next: (live: Live) => Live) => void,
): Promise<void> {
  let after = cursor
  while (!signal.aborted) {
    try {
      const page = await tail(filters, after, signal)
      after = page.cursor
      const came = page.records.toReversed()
      set(({ records }) => ({ records: [...came, ...records].slice(0, keptMax), error: null }))
    } catch (error) {
      if (signal.aborted || !(error instanceof Error)) return
      set(({ records }) => ({ records, error }))
      await pause(pauseAfterFaultMs, signal)
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  setTimeout(resolve, ms)
  signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}
