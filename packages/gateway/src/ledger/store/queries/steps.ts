/** The steps of time of a series. */
import { QuestionError } from '../../index.ts'
import { type SeriesQuery, type SeriesStep, seriesPointsMax } from '../../series.ts'

/** The steps of a series, and how the store finds the step of a moment. */
export interface Steps {
  readonly startsMs: readonly number[]
  readonly stepMs: number
  /** By number of the step: `floor((ms + offset) / stepMs)`, with the offset of the moment. */
  readonly indexByNumber: ReadonlyMap<number, number>
  /** Offsets of the zone from UTC, each from a moment on; the first from ever. */
  readonly offsets: readonly { readonly fromMs: number; readonly offsetMs: number }[]
  /** Hours, counted from 1970, within which one step ends and another begins; `every` where steps are shorter. */
  readonly dividedHours: 'every' | readonly number[]
}

const stepMsOf = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const satisfies Record<SeriesStep, number>
const hourMs = 3_600_000

/** @throws QuestionError for a zone that there is not, and for more steps than a series may have. */
export function stepsOf({ fromMs, toMs, step, timeZone }: Omit<SeriesQuery, 'by' | 'top'>): Steps {
  const stepMs = stepMsOf[step]
  // A day may have 23 hours: one more step than this at most.
  const about = Math.ceil((toMs - fromMs) / stepMs)
  if (about > seriesPointsMax) throw new QuestionError(tooMany(step, about))
  const offsets = step === 'day' ? offsetsOf(fromMs, toMs, timeZone) : [{ fromMs: 0, offsetMs: 0 }]
  const startsMs = step === 'day' ? daysOf(fromMs, toMs, timeZone) : evenSteps(fromMs, toMs, stepMs)
  if (startsMs.length > seriesPointsMax) throw new QuestionError(tooMany(step, startsMs.length))
  const numberOf = (ms: number): number => Math.floor((ms + offsetAt(offsets, ms)) / stepMs)
  const edges = [...startsMs, ...offsets.slice(1).map(offset => offset.fromMs)].filter(ms => ms % hourMs !== 0)
  return {
    ...{ startsMs, stepMs, offsets },
    indexByNumber: new Map(startsMs.map((ms, index) => [numberOf(ms), index])),
    dividedHours: step === 'minute' ? 'every' : [...new Set(edges.map(ms => Math.floor(ms / hourMs)))],
  }
}

function tooMany(step: SeriesStep, count: number): string {
  const longer = { minute: ', or steps of an hour', hour: ', or steps of a day', day: '' }[step]
  return `This period has ${count} steps of ${step === 'hour' ? 'an' : 'a'} ${step}; a series has at most ${seriesPointsMax}. Ask for a shorter time${longer}.`
}

function evenSteps(fromMs: number, toMs: number, stepMs: number): readonly number[] {
  const first = Math.floor(fromMs / stepMs)
  return Array.from({ length: Math.ceil(toMs / stepMs) - first }, (_, index) => (first + index) * stepMs)
}

export function daysOf(fromMs: number, toMs: number, timeZone: string): readonly number[] {
  const starts: number[] = []
  let day = zoned(fromMs, timeZone).startOfDay()
  while (day.epochMilliseconds < toMs) {
    starts.push(day.epochMilliseconds)
    day = day.add({ days: 1 }).startOfDay()
  }
  return starts
}

/** @throws QuestionError for a zone that there is not */
export function offsetsOf(fromMs: number, toMs: number, timeZone: string): Steps['offsets'] {
  // From the start of the first day on: the steps are found by these offsets too.
  let at: Temporal.ZonedDateTime | null = zoned(fromMs, timeZone).startOfDay()
  const offsets: { fromMs: number; offsetMs: number }[] = []
  while (at !== null && at.epochMilliseconds < toMs) {
    offsets.push({ fromMs: at.epochMilliseconds, offsetMs: at.offsetNanoseconds / 1e6 })
    at = at.getTimeZoneTransition('next')
  }
  return offsets
}

function offsetAt(offsets: Steps['offsets'], ms: number): number {
  return offsets.findLast(({ fromMs }) => fromMs <= ms)?.offsetMs ?? offsets[0]?.offsetMs ?? 0
}

function zoned(ms: number, timeZone: string): Temporal.ZonedDateTime {
  const instant = Temporal.Instant.fromEpochMilliseconds(Math.floor(ms))
  try {
    return instant.toZonedDateTimeISO(timeZone)
  } catch {
    throw new QuestionError('tz must be the name of a time zone, as Europe/Berlin or UTC.')
  }
}
