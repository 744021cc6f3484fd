/** What goes in and out of queries in SQL. */
import { z } from '@hono/zod-openapi'
import { type QueryResult, type QueryValue, queryMs, queryRows, querySqlUnitsMax } from '../ledger/query/index.ts'

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
  })
  .openapi('Query')

const value: z.ZodType<QueryValue> = z.any().openapi({
  description:
    'Whole numbers beyond 2^53 and all decimals are text, so that no digit is lost; times are ISO 8601, UTC.',
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
