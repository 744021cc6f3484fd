/** Schemas of overrides of limits. */
import { z } from '@hono/zod-openapi'
import { limitNames } from '../config/schema/index.ts'
import type { Sharing } from '../replicas/orders.ts'
import { untilForms } from './until.ts'

const rule = z
  .string('expected text')
  .min(1, 'must not be empty')
  .max(256, 'at most 256 characters')
  .openapi({ description: 'Name of the rule, as `GET /api/v1/limits` and refusals have it.', example: 'hr-bot' })

const measure = z
  .enum(limitNames, `one of ${limitNames.join(', ')}`)
  .optional()
  .openapi({ description: 'Which amount of the rule. Default: all of them.' })

const to = z
  .union([z.string().min(1).max(64), z.number()], 'expected 2x, or an amount as in the configuration')
  .openapi({ description: '`2x` is twice the configured limit; or an amount as the configuration has it.' })

export const overrideBody = z
  .strictObject({
    rule,
    measure,
    to,
    until: z
      .string('expected text')
      .min(1)
      .max(64)
      .openapi({
        description: `When it ends by itself, within a year: ${untilForms}. Days are those of limits.timeZone.`,
      }),
    reason: z
      .string('expected text')
      .trim()
      .min(3, 'at least 3 characters')
      .max(500, 'at most 500 characters')
      .openapi({ description: 'Why, for those who read the audit trail.' }),
  })
  .openapi('LimitOverride')

export const endOfOverrideBody = z.strictObject({ rule, measure }).openapi('EndOfLimitOverride')

const sharing: z.ZodType<Sharing> = z.enum(['ok', 'alone', 'away']).openapi({
  description: '`away`: Redis does not answer; the other replicas follow when it does.',
})

export const overrideAnswer = z
  .strictObject({
    rule: z.string(),
    /** Null for all amounts of the rule. */
    measure: z.enum(limitNames).nullable(),
    untilMs: z.number().nullable().openapi({ description: 'Milliseconds since the epoch; null after an end.' }),
    sharing,
  })
  .openapi('LimitOverrideState')

export type OverrideAnswer = z.output<typeof overrideAnswer>
