import { useInterval } from '@mantine/hooks'
import { useState } from 'react'
import { ago, asInstant, everyZone } from '../format/time.ts'

/** How long ago, or in how long, kept true while the page is open. */
export function Ago({ ms }: { readonly ms: number }) {
  const [nowMs, setNowMs] = useState(() => Date.now())
  useInterval(() => setNowMs(Date.now()), 5_000, { autoInvoke: true })
  return (
    <time dateTime={asInstant(ms)} title={everyZone(ms)}>
      {ago(ms, nowMs)}
    </time>
  )
}
