/** What goes in and out of the management API, for validation of the questions and for the OpenAPI document. */
import { z } from '@hono/zod-openapi'
import { copyKinds, outcomes } from '../ledger/record.ts'
import type { RecordsPage, SummedField, UsageLine, UsageReport } from '../ledger/reports.ts'
import { summedFields, usageDimensions } from '../ledger/reports.ts'
import { adminRoles, tokenParts } from './index.ts'
import { recordAnswer } from './record-schema.ts'

export const moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: 'expected a date (2026-11-01, midnight UTC) or an instant (2026-11-01T08:30:00Z)',
})

/** A filter's value: compared as it is, so any text will do, within reason. */
export const text = z.string().min(1, 'must not be empty').max(512, 'at most 512 characters')

export function whole(least: number, most: number) {
  const expected = `expected a whole number from ${least} to ${most}`
  return z
    .string()
    .regex(/^\d{1,7}$/, expected)
    .transform(Number)
    .pipe(z.int().min(least, expected).max(most, expected))
    .openapi({ type: 'integer', minimum: least, maximum: most })
}

const amountMax = 1e15
const amount = z
  .string()
  .regex(/^\d{1,15}$/, `expected a whole number from 0 to ${amountMax - 1}`)
  .transform(Number)
  .openapi({ type: 'integer', minimum: 0, maximum: amountMax - 1 })

/** Query parameters that usage, list and tail share. */
export const filterParameters = {
  from: moment.optional().openapi({ description: 'Started at or after this.', example: '2026-11-01' }),
  to: moment.optional().openapi({ description: 'Started before this.', example: '2026-12-01' }),
  workload: text.optional(),
  caller: text.optional().openapi({
    description: 'Caller key (`user:{tid}/{oid}`, `app:{tid}/{appid}`), object id, or display name (exact).',
  }),
  instance: text.optional(),
  deployment: text.optional(),
  model: text.optional(),
  operation: text.optional().openapi({ example: 'chat/completions' }),
  replica: text.optional().openapi({ description: 'Gateway process that served the call.' }),
  outcome: z.enum(outcomes).optional(),
  outcomeCode: text.optional().openapi({ description: 'Code of a refusal or a failure.' }),
  status: whole(100, 599).optional(),
  copyKind: z
    .enum([...copyKinds, 'none'])
    .optional()
    .openapi({ description: 'Copies of this kind; `none`: what clients asked, without copies.' }),
  copyOf: z.uuid('expected a record id').toLowerCase().optional().openapi({ description: 'Copies of this exchange.' }),
  objectId: text.optional().openapi({ description: 'Calls that created this object.', example: 'resp_0a1b2c' }),
  tokensOver: amount.optional().openapi({ description: 'Calls with more tokens in all than this.' }),
  costOverNano: amount.optional().openapi({ description: 'Calls that cost more, in billionths of the currency.' }),
  durationOverMs: amount.optional().openapi({ description: 'Calls that took longer than so many milliseconds.' }),
}

const by = z
  .string()
  .max(200, 'at most 200 characters')
  .transform(list => list.split(','))
  .pipe(
    z
      .array(z.enum(usageDimensions))
      .refine(names => new Set(names).size === names.length, 'names a dimension more than once'),
  )
  .openapi({
    type: 'string',
    description: `One or more of ${usageDimensions.join(', ')}, with commas between them.`,
    example: 'workload,day',
  })

export const usageParameters = z.strictObject({
  by: by.prefault('workload'),
  ...filterParameters,
  tz: text
    .prefault('UTC')
    .openapi({ description: 'Time zone of the days, months and hours of `by`.', example: 'Europe/Berlin' }),
})

export const listParameters = z.strictObject({
  ...filterParameters,
  limit: whole(1, 1_000).optional().openapi({ description: 'Records a page. Default 50.' }),
  before: z.uuid('expected a record id').optional().openapi({ description: '`next` of the page before.' }),
  id: z
    .string()
    .regex(/^[0-9a-f-]{4,36}$/i, 'expected a beginning or an end of a record id, of at least 4 characters')
    .toLowerCase()
    .optional()
    .openapi({ description: 'A beginning or an end of the id, of at least 4 characters.', example: '45477deec466' }),
})

export const tailWaitSecondsMax = 25

export const tailParameters = z.strictObject({
  ...filterParameters,
  after: z
    .string()
    .regex(/^\d{1,15}$/, 'expected the `cursor` of an earlier answer')
    .openapi({ description: '`cursor` of an earlier answer of list or tail.' }),
  limit: whole(1, 1_000).optional().openapi({ description: 'Records an answer. Default 50.' }),
  waitSeconds: whole(0, tailWaitSecondsMax)
    .optional()
    .openapi({
      description: `How long to wait for a record when there is none yet. Default ${tailWaitSecondsMax}.`,
    }),
})

export const idParameters = z.strictObject({
  id: z.uuid('expected a record id, as 0199c0de-0000-7000-8000-000000000000'),
})

const count = z.int().min(0)
const string = z.string().nullable()

const pageFields = z
  .strictObject({
    records: z.array(recordAnswer),
    next: string.openapi({ description: 'Pass as `before` for what is older; null at the end.' }),
    cursor: z.string().openapi({ description: 'Pass as `after` to tail for what comes later.' }),
  })
  .openapi('RecordsPage')
export const pageAnswer: z.ZodType<RecordsPage> = pageFields

const sums = Object.fromEntries(summedFields.map(({ name }) => [name, count])) as Record<SummedField, typeof count>

export const figures = {
  calls: count,
  completed: count,
  refused: count,
  failed: count,
  aborted: count,
  interrupted: count,
  ...sums,
  countedCalls: count,
  averageDurationMs: z.number().nullable(),
  copies: count.openapi({ description: 'Calls that the gateway sent by itself; they are in all other figures too.' }),
  costs: z
    .array(
      z.strictObject({
        nano: z.int().openapi({ description: 'Billionths of the currency.' }),
        currency: z.string().openapi({ description: 'ISO 4217.' }),
      }),
    )
    .openapi({ description: 'Sums of what had a price, one per currency.' }),
  unpricedCalls: count.openapi({ description: 'Calls with tokens whose model had no price: their cost is in no sum.' }),
}
const usageLine: z.ZodType<UsageLine> = z.strictObject({ keys: z.array(string), callerKey: string, ...figures })

const usageFields = z
  .strictObject({ by: z.array(z.enum(usageDimensions)), lines: z.array(usageLine), total: z.strictObject(figures) })
  .openapi('UsageReport')
export const usageAnswer: z.ZodType<UsageReport> = usageFields

export const whoamiAnswer = z
  .strictObject({
    caller: z.strictObject({
      kind: z.enum(['user', 'application']),
      tenantId: z.string(),
      objectId: z.string(),
      appId: string,
      displayName: string,
    }),
    roles: z.array(z.enum(adminRoles)).openapi({ description: 'Roles here, with those that they include.' }),
    workloads: z.array(z.string()).openapi({ description: 'Workloads that this caller may call as.' }),
    session: z
      .strictObject({ expiresAtMs: z.int().openapi({ description: 'When the person must sign in again.' }) })
      .nullable()
      .openapi({ description: 'Session of a browser that signed in; null for a request with a token.' }),
  })
  .openapi('WhoAmI')

export const ledgerAnswer = z
  .strictObject({
    writable: z.boolean().openapi({ description: 'False while the disk takes no entries.' }),
    heldEntries: z.int().openapi({ description: 'Entries that wait in memory for a disk that takes none.' }),
    lostBodyBytes: z.int().openapi({ description: 'Bytes of bodies that found no room there, since the start.' }),
    lostRecords: z.int().openapi({ description: 'Whole records that found no room there, since the start.' }),
    openExchanges: z.int().openapi({ description: 'Calls that are open now.' }),
    damagedBytes: z.int().openapi({ description: 'Bytes of the journal that could not be read, since it began.' }),
  })
  .openapi('Ledger')

export const costAnswer = z
  .strictObject({
    cost: z
      .strictObject({ nano: z.int(), currency: z.string(), price: z.string() })
      .nullable()
      .openapi({ description: 'As the record has it; null where nothing was billed or no price was known.' }),
    lines: z
      .array(
        z.strictObject({
          part: z.enum(tokenParts),
          tokens: count,
          nanoPerToken: z.number().openapi({ description: 'Billionths of the currency, as the list has it.' }),
          nano: z.number().openapi({ description: 'What these tokens cost; all lines together, rounded, are `cost`.' }),
        }),
      )
      .nullable()
      .openapi({ description: 'Null where the prices of now do not give the recorded cost: they were changed since.' }),
    share: z.number().nullable().openapi({ description: 'Share of the price that was paid: less than 1 for a batch.' }),
  })
  .openapi('RecordCost')

const bodyFields = {
  contentType: string,
  bytes: count,
  base64: z.string().openapi({ format: 'byte', description: 'The bytes as they passed.' }),
}

export const bodiesAnswer = z
  .strictObject({
    id: z.uuid(),
    request: z.strictObject(bodyFields).nullable().openapi({ description: 'Null when not captured, or purged.' }),
    response: z
      .strictObject({
        ...bodyFields,
        assembled: z
          .unknown()
          .openapi({ description: 'What the answer says, also when it was a stream; null when it cannot be told.' }),
      })
      .nullable(),
  })
  .openapi('RecordBodies')

const keptBody = z.enum(['kept', 'none', 'answered_here', 'not_captured', 'purged']).openapi({
  description:
    '`none`: no byte passed. `answered_here`: the gateway answered itself, with `message` of the record. `not_captured`: the workload records figures only, or the body was erased. `purged`: `ledger.retain.bodies` deleted it.',
})

export const keptAnswer = z.strictObject({ id: z.uuid(), request: keptBody, response: keptBody }).openapi('KeptBodies')

export const errorAnswer = z
  .strictObject({
    error: z.strictObject({
      ...{ message: z.string(), type: z.string(), param: string, code: z.string() },
      place: z
        .strictObject({ line: z.int(), column: z.int() })
        .optional()
        .openapi({ description: 'Where in the SQL of a query, both from 1; columns in UTF-16 units.' }),
    }),
  })
  .openapi('Error')
