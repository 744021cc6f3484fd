import { useEffect, useRef, useState } from 'react'
import { type Asked, type QueryResult, run } from './query.ts'

export type RunState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running' }
  | { readonly kind: 'done'; readonly result: QueryResult }
  | { readonly kind: 'failed'; readonly error: Error }

interface Running {
  readonly state: RunState
  /** Runs a query in place of the one that runs. */
  readonly start: (asked: Asked) => void
  readonly cancel: () => void
}

/** One query at a time. It is stopped when another one begins, and when the page is left. */
export function useRun(onEnd: (sql: string, rows: number | null) => void): Running {
  const [state, setState] = useState<RunState>({ kind: 'idle' })
  const current = useRef<AbortController | null>(null)
  useEffect(() => () => current.current?.abort(), [])
  const start = (asked: Asked): void => {
    current.current?.abort()
    const stop = new AbortController()
    current.current = stop
    setState({ kind: 'running' })
    run(asked, stop.signal).then(
      result => {
        if (stop.signal.aborted) return
        setState({ kind: 'done', result })
        onEnd(asked.sql, result.rows.length)
      },
      (error: Error) => {
        if (stop.signal.aborted) return
        setState({ kind: 'failed', error })
        onEnd(asked.sql, null)
      },
    )
  }
  const cancel = (): void => {
    current.current?.abort()
    setState({ kind: 'idle' })
  }
  return { state, start, cancel }
}
