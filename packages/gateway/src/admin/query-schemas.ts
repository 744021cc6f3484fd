/** What goes in and out of queries in SQL. */
import { z } from '@hono/zod-openapi'
import {
  type BodiesRead,
  type QueryResult,
  type QueryValue,
  queryMs,
  queryRows,
  querySqlUnitsMax,
} from '../ledger/query/index.ts'
import { text } from './schemas.ts'

const wholeFrom = (least: number, most: number) => {
  const expected = `expected a whole number from ${least} to ${most}`
  return z.int(expected).min(least, expected).max(most, expected)
}

export const queryBody = z
  .strictObject({
    sql: z
      .string('expected text')
      .max(querySqlUnitsMax, `at most ${querySqlUnitsMax} characters`)
      .refine(text => text.trim() !== '', 'must not be empty')
      .openapi({ description: 'One SELECT in the dialect of DuckDB.', example: 'SELECT count(*) FROM records' }),
    rowsMax: wholeFrom(1, queryRows.most)
      .default(queryRows.unlessAsked)
      .openapi({ description: 'Rows after which the answer ends.' }),
    timeoutMs: wholeFrom(queryMs.least, queryMs.most)
      .default(queryMs.unlessAsked)
      .openapi({ description: 'Milliseconds after which the query is stopped.' }),
    bodies: z
      .strictObject({ workload: text, day: z.iso.date('expected a date (2026-11-01)') })
      .optional()
      .openapi({
        description:
          "The query has the table `bodies` too, of one workload's day (UTC). Needs the role auditor and a reason.",
      }),
  })
  .openapi('Query')

const value: z.ZodType<QueryValue> = z.any().openapi({
  description:
    'Whole numbers beyond 2^53 and all decimals are text, so that no digit is lost; times are ISO 8601, UTC.',
})

const count = z.int().min(0)
const bodiesRead: z.ZodType<BodiesRead> = z.strictObject({
  records: count.openapi({ description: 'Records of the workload and day.' }),
  read: count.openapi({ description: 'How many of them were looked at: the newest ones.' }),
  deleted: count.openapi({ description: 'How many of those had bodies that were deleted (`ledger.retain.bodies`).' }),
  uncaptured: count.openapi({ description: 'How many of those never had bodies (`capture: metadata`).' }),
  unread: count.openapi({ description: 'How many of those have bodies that are damaged, or larger than 8 MiB.' }),
})

export const queryAnswer: z.ZodType<QueryResult> = z
  .strictObject({
    columns: z.array(z.strictObject({ name: z.string(), type: z.string() })),
    rows: z.array(z.array(value)),
    truncated: z.enum(['rows', 'bytes']).nullable().openapi({
      description:
        'Why rows are missing: `rows`, there were more than `rowsMax`; `bytes`, the answer would be too long.',
    }),
    elapsedMs: z.int(),
    bodies: bodiesRead.nullable(),
  })
  .openapi('QueryResult')

const column = z.strictObject({
  name: z.string(),
  type: z.string(),
  description: z.string(),
  values: z.array(z.string()).openapi({ description: 'All values that there are; empty where they are open.' }),
})

export const querySchemaAnswer = z
  .strictObject({
    tables: z.array(z.strictObject({ name: z.string(), description: z.string(), columns: z.array(column) })),
    functions: z.array(z.string()).openapi({ description: 'Functions that queries may call.' }),
  })
  .openapi('QuerySchema')
