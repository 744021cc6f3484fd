import { useInterval } from '@mantine/hooks'
import { useState } from 'react'
import { useAddress } from './address.ts'
import { type Range, rangeOf, readPeriod } from './period.ts'

const minuteMs = 60_000

/** The period of the address as a range. "The last day" moves on every minute, not with every look. */
export function useRange(): Range {
  const address = useAddress()
  const [nowMs, setNowMs] = useState(wholeMinute)
  useInterval(() => setNowMs(wholeMinute()), minuteMs, { autoInvoke: true })
  return rangeOf(readPeriod(address), nowMs)
}

function wholeMinute(): number {
  return Math.ceil(Date.now() / minuteMs) * minuteMs
}
