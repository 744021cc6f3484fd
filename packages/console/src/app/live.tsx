/** The live stream of the tab, for the pages. */
import { type QueryKey, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react'
import { addressOf } from '../api/client.ts'
import { type LiveStates, LiveStream, type StateKind } from '../api/live.ts'
import { useMay, whoami } from '../api/whoami.ts'

const LiveContext = createContext<LiveStream | null>(null)

export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const client = useQueryClient()
  const [stream] = useState(
    () =>
      new LiveStream(addressOf('GET /api/v1/live', {}), () => {
        void client.invalidateQueries({ queryKey: whoami.queryKey })
      }),
  )
  useEffect(() => {
    const look = (): void => stream.look()
    document.addEventListener('visibilitychange', look)
    return () => {
      document.removeEventListener('visibilitychange', look)
      stream.close()
    }
  }, [stream])
  return <LiveContext value={stream}>{children}</LiveContext>
}

/** The stream of the tab. Only used inside the shell. */
export function useLiveStream(): LiveStream {
  const stream = useContext(LiveContext)
  if (stream === null) throw new TypeError('the page is not inside the shell')
  return stream
}

/** Between two questions while there is no stream, in milliseconds. */
const pollMs = 5_000

/**
 * Keeps the answer of a query as the stream says it is.
 * @param kind an event that has the form of the answer.
 * @returns when the query is asked again: never while the stream is open.
 */
export function useLiveState<Kind extends StateKind>(
  kind: Kind,
  queryKey: QueryKey,
  read: (state: LiveStates[Kind]) => LiveStates[Kind] = state => state,
): { readonly refetchInterval: number | false } {
  const stream = useLiveStream()
  const client = useQueryClient()
  const isLive = useIsLive()
  const may = useMay(`GET /api/v1/${kind}`)
  const key = JSON.stringify(queryKey)
  // biome-ignore lint/correctness/useExhaustiveDependencies: `read` follows from the key.
  useEffect(() => {
    // Without the role the answer is a refusal, also the next time.
    if (!may) return
    return stream.state(kind, state => client.setQueryData(JSON.parse(key) as QueryKey, read(state)))
  }, [stream, client, kind, key, may])
  return { refetchInterval: isLive || !may ? false : pollMs }
}

export function useIsLive(): boolean {
  const stream = useLiveStream()
  return useSyncExternalStore(
    listener => stream.onOpenChange(listener),
    () => stream.isOpen,
  )
}
