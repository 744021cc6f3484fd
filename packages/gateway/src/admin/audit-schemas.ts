/** What goes in and out of the route of the audit trail. */
import { z } from '@hono/zod-openapi'
import type { AuditPage, Verified } from '../audit/index.ts'
import { filterParameters, text, whole } from './schemas.ts'

const outcomes = ['asked', 'done', 'failed', 'refused'] as const

export const auditParameters = z.strictObject({
  actor: text.optional().openapi({
    description: 'Key of a caller (`user:{tid}/{oid}`), a display name (exact), `gatehouse`, or `stranger`.',
  }),
  action: text.optional().openapi({ example: 'bodies_read' }),
  outcome: z.enum(outcomes).optional(),
  from: filterParameters.from.openapi({ description: 'At or after this.', example: '2026-11-01' }),
  to: filterParameters.to.openapi({ description: 'Before this.', example: '2026-12-01' }),
  limit: whole(1, 1_000).optional().openapi({ description: 'Entries a page. Default 100.' }),
  before: z
    .string()
    .regex(/^\d{1,15}$/, 'expected the `next` of an earlier answer')
    .transform(Number)
    .optional()
    .openapi({ type: 'string', description: '`next` of the page before.' }),
})

const { limit: _, before: __, ...filters } = auditParameters.shape
export const auditExportParameters = z.strictObject({
  ...filters,
  format: z.enum(['csv', 'jsonl']).prefault('csv'),
})

const string = z.string().nullable()
const fact = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())])

const entry = z.strictObject({
  seq: z.int().openapi({ description: 'Number of the entry in its trail.' }),
  time: z.iso.datetime(),
  action: z.string(),
  outcome: z.enum(outcomes),
  actor: z.string(),
  name: string,
  address: string,
  requestId: string,
  reason: string,
  facts: z.record(z.string(), fact),
  prev: z.string(),
  hash: z.string(),
})

const head = z.strictObject({ seq: z.int(), hash: z.string() })

const page = z
  .strictObject({
    entries: z.array(entry).openapi({ description: 'Newest first. A page may be short although there are more.' }),
    next: z.int().nullable().openapi({ description: 'Pass as `before` for older ones; null at the end.' }),
    head: head.nullable().openapi({
      description: 'The newest entry. Noted elsewhere, it proves all entries up to it.',
    }),
  })
  .openapi('AuditPage')
export const auditAnswer: z.ZodType<AuditPage> = page

const verified = z
  .strictObject({
    entries: z.int().openapi({ description: 'As they were written, from the beginning to the first fault.' }),
    segments: z.int(),
    first: head.nullable(),
    last: head.nullable(),
    fault: z
      .strictObject({ file: string, line: z.int().nullable(), seq: z.int().nullable(), why: z.string() })
      .nullable()
      .openapi({ description: 'The first one; null for a chain that is whole.' }),
    notes: z.array(z.string()).openapi({ description: 'What is no fault, and may be worth a look.' }),
  })
  .openapi('AuditVerified')
export const verifiedAnswer: z.ZodType<Verified> = verified
