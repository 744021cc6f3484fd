import { z } from '@hono/zod-openapi'
import { connectionFields, gatewayFields } from './connect.ts'
import { limitRule } from './house-schemas.ts'
import { pageAnswer, usageAnswer } from './schemas.ts'
import { seriesParameters } from './series-schemas.ts'

/** Those of figures over time, without the caller: it is always the one who sends the request. */
export const meSeriesParameters = seriesParameters.omit({ caller: true })

export const meAnswer = z
  .strictObject({
    month: z
      .strictObject({
        fromMs: z.int().openapi({ description: 'Begin of the month, UTC, in ms since the epoch.' }),
        usage: usageAnswer,
      })
      .openapi({ description: "The caller's own calls of this month, by workload and model." }),
    calls: pageAnswer.openapi({ description: "The caller's latest calls, without bodies." }),
    limits: z.array(limitRule).openapi({ description: "Limits that the caller's calls meet." }),
    currency: z.string().openapi({ description: 'Currency of limits of cost, ISO 4217.' }),
    workloads: z.array(z.strictObject(connectionFields)),
    ...gatewayFields,
  })
  .openapi('Me')
