/** What goes in and out of the search in bodies. */
import { z } from '@hono/zod-openapi'
import { type SearchPage, searchHitsDefault, searchHitsMax, textFault } from '../ledger/search/index.ts'
import { filterParameters, text, whole } from './schemas.ts'

export const searchParameters = z.strictObject({
  text: z
    .string()
    .superRefine((value, { addIssue }) => {
      const fault = textFault(value)
      if (fault !== null) addIssue({ code: 'custom', message: fault })
    })
    .openapi({ description: 'Text as people read it, in either case.', minLength: 2, maxLength: 256 }),
  workload: text,
  day: z.iso.date('expected a date (2026-11-01)').openapi({ description: 'Day of the start, UTC.' }),
  caller: filterParameters.caller,
  limit: whole(1, searchHitsMax)
    .optional()
    .openapi({ description: `Hits after which the search stops. Default ${searchHitsDefault}.` }),
  before: z
    .uuid('expected a record id')
    .toLowerCase()
    .optional()
    .openapi({ description: '`next` of the answer before.' }),
})

const count = z.int().min(0)
const string = z.string().nullable()

const hit = z.strictObject({
  id: z.uuid(),
  startedAtMs: z.number(),
  callerKey: string,
  callerName: string,
  in: z.enum(['request', 'response']),
  found: z.string().openapi({ description: 'The text as the body has it, on one line.' }),
  before: z.string(),
  after: z.string(),
})

const searchFields = z
  .strictObject({
    hits: z.array(hit).openapi({ description: 'The first place in each body that has the text, newest record first.' }),
    searched: count.openapi({ description: 'Records that were looked at, those without bodies included.' }),
    records: count.openapi({ description: 'Records of the workload and day that are older than `before`.' }),
    deleted: count.openapi({
      description: 'How many of the searched had bodies that were deleted (`ledger.retain.bodies`).',
    }),
    uncaptured: count.openapi({ description: 'How many of the searched never had bodies (`capture: metadata`).' }),
    unread: count.openapi({
      description: 'How many of the searched have bodies that are damaged, or larger than 32 MiB.',
    }),
    next: string.openapi({ description: 'Pass as `before` to search the rest; null when all were searched.' }),
  })
  .openapi('SearchPage')
export const searchAnswer: z.ZodType<SearchPage> = searchFields
