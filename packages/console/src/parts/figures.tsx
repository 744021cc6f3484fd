/** Figures and times in humane form, with the exact ones on hover and for those who do not see the page. */
import { useZone } from '../app/settings.ts'
import { asCosts, type Cost, exactCost } from '../format/cost.ts'
import { exactly, humane } from '../format/number.ts'
import { asDuration, asInstant, asMoment, everyZone } from '../format/time.ts'

export function Count({ value }: { readonly value: number }) {
  return <span title={exactly(value)}>{humane(value)}</span>
}

export function Costs({ costs }: { readonly costs: readonly Cost[] }) {
  return <span title={costs.map(exactCost).join('\n')}>{asCosts(costs)}</span>
}

export function Duration({ ms }: { readonly ms: number | null }) {
  return ms === null ? <span>–</span> : <span title={`${exactly(ms)} ms`}>{asDuration(ms)}</span>
}

export function Moment({ ms }: { readonly ms: number | null }) {
  const [zone] = useZone()
  if (ms === null) return <span>–</span>
  return (
    <time dateTime={asInstant(ms)} title={everyZone(ms)}>
      {asMoment(ms, zone)}
    </time>
  )
}
