/** Parameters and answer of figures over time. */
import { z } from '@hono/zod-openapi'
import { type Series, seriesDimensions, seriesPointsMax, seriesSteps } from '../ledger/series.ts'
import { figures, filterParameters, moment, text, whole } from './schemas.ts'

export const seriesParameters = z.strictObject({
  ...filterParameters,
  from: moment.openapi({ description: 'Started at or after this.', example: '2026-11-01' }),
  to: moment.optional().openapi({ description: 'Started before this. Default: now.', example: '2026-12-01' }),
  step: z
    .enum(seriesSteps)
    .prefault('hour')
    .openapi({
      description: `At most ${seriesPointsMax} steps; ${seriesPointsMax / 2} where \`by\` breaks them down.`,
    }),
  tz: text.prefault('UTC').openapi({
    description: 'Time zone that days begin in. Minutes and hours are those of UTC.',
    example: 'Europe/Berlin',
  }),
  by: z.enum(seriesDimensions).optional(),
  top: whole(1, 50)
    .prefault('10')
    .openapi({
      description: `Groups that are shown by themselves, those with most tokens, and fewer where that would be more than ${seriesPointsMax} points; all others are one group together.`,
    }),
})

const count = z.int().min(0)
const string = z.string().nullable()
const timeMs = z.number().openapi({ description: 'Milliseconds since the epoch.' })
const percentiles = z.strictObject({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable()
const seriesFigures = {
  ...figures,
  firstByteMs: percentiles.openapi({ description: 'From sending to the first byte, of calls that had one.' }),
  durationMs: percentiles.openapi({ description: 'From arrival to end, of calls that were sent to a backend.' }),
}

const seriesFields = z
  .strictObject({
    step: z.enum(seriesSteps),
    timeZone: z.string(),
    by: z.enum(seriesDimensions).nullable(),
    steps: z.array(timeMs).openapi({
      description: 'Start of each step. The first may begin before the period, and the last end after it.',
    }),
    groups: z
      .array(
        z.strictObject({
          key: string.openapi({
            description: 'Null for calls without a value, for all calls where nothing is grouped, and for the rest.',
          }),
          callerKey: string,
          isRest: z.boolean().openapi({ description: 'True for the group of all that are not shown by themselves.' }),
          ...seriesFigures,
        }),
      )
      .openapi({ description: 'Each group over the whole period: most tokens first, the rest last.' }),
    points: z
      .array(
        z.strictObject({
          step: count.openapi({ description: 'Index in `steps`.' }),
          group: count.openapi({ description: 'Index in `groups`.' }),
          ...seriesFigures,
        }),
      )
      .openapi({ description: 'Steps without calls of a group have no point.' }),
    total: z.strictObject(seriesFigures),
    percentilesOfOneIn: count.openapi({
      description: 'Percentiles are of one in so many calls, the same ones each time; 1: of all.',
    }),
  })
  .openapi('Series')
export const seriesAnswer: z.ZodType<Series> = seriesFields
