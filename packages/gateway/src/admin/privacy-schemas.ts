/** Schemas of legal holds. */
import { z } from '@hono/zod-openapi'
import type { LegalHold } from '../ledger/privacy/index.ts'
import { moment, text } from './schemas.ts'

const timeMs = z.number().openapi({ description: 'Milliseconds since the epoch.' })

/** Why something is done that people will ask about later. */
export const reason = z
  .string()
  .trim()
  .min(3, 'at least 3 characters')
  .max(500, 'at most 500 characters')
  .regex(/^\P{Cc}*$/u, 'no control characters')

/** The records of a hold, or of an erasure. */
export const selection = {
  caller: text.optional().openapi({
    description:
      'Caller key (`user:{tid}/{oid}`, `app:{tid}/{appid}`), object id, or display name (whole, in any case).',
  }),
  workload: text.optional(),
  from: moment.optional().openapi({ description: 'Started at or after this.' }),
  to: moment.optional().openapi({ description: 'Started before this.' }),
}

export const holdBody = z.strictObject({ ...selection, reason })

export const holdAnswer: z.ZodType<LegalHold> = z
  .strictObject({
    id: z.uuid(),
    caller: z.string().nullable().openapi({ description: 'Key of the caller; null for every caller.' }),
    workload: z.string().nullable().openapi({ description: 'Null for every workload.' }),
    fromMs: timeMs.nullable(),
    toMs: timeMs.nullable(),
    reason: z.string(),
    by: z.string().openapi({ description: 'Key of who set it.' }),
    atMs: timeMs,
  })
  .openapi('LegalHold')

export const holdsAnswer = z
  .strictObject({ holds: z.array(holdAnswer).openapi({ description: 'Oldest first.' }) })
  .openapi('LegalHolds')

export const idParameters = z.strictObject({ id: z.uuid('expected an id').toLowerCase() })
