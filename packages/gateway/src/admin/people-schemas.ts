/** What goes in and out of the questions about who called, and how calls ended badly. */
import { z } from '@hono/zod-openapi'
import { type CallersPage, callerOrders, type ErrorLine } from '../ledger/people.ts'
import { outcomes } from '../ledger/record.ts'
import { adminRoles } from './index.ts'
import { figures, filterParameters, text, whole } from './schemas.ts'

export const callersParameters = z.strictObject({
  ...filterParameters,
  search: text.optional().openapi({ description: 'Part of a name or a key, in either case.' }),
  kind: z.enum(['user', 'application']).optional(),
  order: z
    .enum(callerOrders)
    .prefault('tokens')
    .openapi({ description: 'Largest and latest first, names from A on. `cost`: by the first currency.' }),
  limit: whole(1, 1_000).prefault('100').openapi({ description: 'Callers a page.' }),
  before: text.optional().openapi({ description: '`next` of the page before.' }),
})

const count = z.int().min(0)
const string = z.string().nullable()
const timeMs = z.number().openapi({ description: 'Milliseconds since the epoch.' })

const caller = z.strictObject({
  key: z.string().openapi({ description: '`user:{tid}/{oid}` or `app:{tid}/{appid}`.' }),
  name: z.string().openapi({ description: 'Newest display name; the key where there is none.' }),
  kind: z
    .enum(['user', 'application'])
    .nullable()
    .openapi({ description: 'Null for callers that the ledger has no number for, together.' }),
  workloads: z.array(z.string()).openapi({ description: 'That their calls named.' }),
  lastCallAtMs: timeMs,
  ...figures,
  roles: z.array(z.enum(adminRoles)).nullable().openapi({
    description:
      'Roles here as of the last request that this process saw, or by a rule that names the caller; null where neither is known.',
  }),
})

export type CallersAnswer = Omit<CallersPage, 'callers'> & { readonly callers: readonly z.output<typeof caller>[] }
export const callersAnswer = z
  .strictObject({
    callers: z.array(caller),
    found: count.openapi({ description: 'Callers that fit, on all pages.' }),
    next: string.openapi({ description: 'Pass as `before` for the next page; null at the end.' }),
  })
  .openapi('Callers')

export const errorsParameters = z.strictObject(filterParameters)

const errorLine: z.ZodType<ErrorLine> = z.strictObject({
  outcome: z.enum(outcomes),
  code: string.openapi({ description: 'Code of the refusal or the failure; null for an answer of a backend.' }),
  status: z.int().nullable(),
  calls: count,
  lastCallAtMs: timeMs,
})
export const errorsAnswer = z
  .strictObject({ errors: z.array(errorLine).openapi({ description: 'Most calls first, at most 200 kinds.' }) })
  .openapi('Errors')
export type ErrorsAnswer = z.output<typeof errorsAnswer>
