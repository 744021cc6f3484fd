import { z } from '@hono/zod-openapi'
import { limitRule } from './house-schemas.ts'
import { pageAnswer, usageAnswer } from './schemas.ts'

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
    currency: z.string().openapi({ description: 'Of limits of cost, ISO 4217.' }),
    gateway: z
      .string()
      .nullable()
      .openapi({ description: 'Address of the gateway for programs; null for a collector.' }),
    workloads: z.array(
      z.strictObject({
        name: z.string(),
        targets: z.array(
          z.strictObject({
            name: z.string(),
            path: z.string().openapi({ description: 'What an SDK takes as its endpoint, below the gateway.' }),
          }),
        ),
        deployments: z.array(z.string()).openapi({ description: 'Deployments that the workload may use.' }),
      }),
    ),
    audiences: z.array(z.string()).openapi({ description: 'For which a token may be; the first is the usual one.' }),
  })
  .openapi('Me')
