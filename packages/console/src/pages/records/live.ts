import { useEffect, useState } from 'react'
import { useIsLive, useLiveStream } from '../../app/live.tsx'
import { asQuery, type Filters } from './filters.ts'
import type { RecordRow } from './query.ts'

/** Records that are kept of a tail; the oldest go first. */
const keptMax = 1_000
/** Shortest time between two changes of the list: a busy gateway ends hundreds of calls a second. */
const shownEveryMs = 200

export interface Live {
  /** Newest first. */
  readonly records: readonly RecordRow[]
  /** False while the stream is interrupted. It goes on by itself. */
  readonly isOpen: boolean
}

/** Records that come while the page is open. @param cursor after which they come; null while nothing is followed. */
export function useLive(filters: Filters, cursor: string | null): Live {
  const stream = useLiveStream()
  const isOpen = useIsLive()
  const [records, setRecords] = useState<readonly RecordRow[]>([])
  const key = JSON.stringify(filters)
  useEffect(() => {
    setRecords([])
    if (cursor === null) return
    let came: RecordRow[] = []
    let timer: ReturnType<typeof setTimeout> | undefined
    let shownAtMs = Number.NEGATIVE_INFINITY
    const show = (): void => {
      shownAtMs = performance.now()
      const newest = came.toReversed()
      came = []
      timer = undefined
      setRecords(before => [...newest, ...before].slice(0, keptMax))
    }
    const leave = stream.records({
      filters: parametersOf(JSON.parse(key) as Filters),
      after: cursor,
      onRecord(record) {
        came.push(record)
        timer ??= setTimeout(show, Math.max(0, shownAtMs + shownEveryMs - performance.now()))
      },
    })
    return () => {
      clearTimeout(timer)
      leave()
    }
  }, [stream, key, cursor])
  return { records, isOpen }
}

function parametersOf(filters: Filters): Record<string, string> {
  const given = Object.entries(asQuery(filters)).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]))
}
