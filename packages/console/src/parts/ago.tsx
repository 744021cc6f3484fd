import { useInterval } from '@mantine/hooks'
import { useState } from 'react'
import { ago, asInstant, everyZone } from '../format/time.ts'

interface MomentProps {
  readonly ms: number
}

/** The time now, renewed while the page is open. */
function useNowMs(): number {
  const [nowMs, setNowMs] = useState(() => Date.now())
  useInterval(() => setNowMs(Date.now()), 5_000, { autoInvoke: true })
  return nowMs
}

/** How long ago, or in how long, kept true while the page is open. */
export function Ago({ ms }: MomentProps) {
  const nowMs = useNowMs()
  return (
    <time dateTime={asInstant(ms)} title={everyZone(ms)}>
      {ago(ms, nowMs)}
    </time>
  )
}

/** In how long; a dash once it has come. */
export function Until({ ms }: MomentProps) {
  return ms <= useNowMs() ? '–' : <Ago ms={ms} />
}
