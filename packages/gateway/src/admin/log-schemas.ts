/** Schemas of the answers about the log of a process. */
import { z } from '@hono/zod-openapi'
import type { LogState } from '../telemetry/log/index.ts'

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const

const logFields = z
  .strictObject({
    level: z.enum(levels).openapi({ description: 'Least severity that is written now.' }),
    configured: z.enum(levels).openapi({ description: 'The same, as the configuration says.' }),
    untilMs: z.number().nullable().openapi({
      description:
        'When a level ends that was set at run time, in milliseconds since the epoch; null while the configuration’s is in force.',
    }),
    format: z.enum(['json', 'pretty']),
    access: z.boolean().openapi({ description: 'True if each call has a line, `call_ended`.' }),
  })
  .openapi('Log')
export const logAnswer: z.ZodType<LogState> = logFields

/** Without `silent`: what operators do here is to be in the log. */
export const levelParameters = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error'], { error: 'one of debug, info, warn, error' })
    .openapi({ description: 'Least severity that is written.' }),
  seconds: z.coerce
    .number({ error: 'a whole number from 1 to 86400' })
    .int('a whole number from 1 to 86400')
    .min(1, 'at least 1')
    .max(86_400, 'at most 86400, which is a day')
    .default(900)
    .openapi({ description: 'After this time the level of the configuration is in force again.' }),
})
