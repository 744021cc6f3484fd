/** Schemas of legal holds and erasures. */
import { z } from '@hono/zod-openapi'
import type { EraseState, LegalHold } from '../ledger/privacy/index.ts'
import { moment, text } from './schemas.ts'

const timeMs = z.number().openapi({ description: 'Milliseconds since the epoch.' })

/** Why something is done that people will ask about later. */
const reason = z
  .string()
  .trim()
  .min(3, 'at least 3 characters')
  .max(500, 'at most 500 characters')
  .regex(/^\P{Cc}*$/u, 'no control characters')

/** The records of a hold, or of an erasure. */
const selection = {
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

const count = z.int().min(0)
const ofPerson = { ...selection, caller: text.openapi({ description: selection.caller.description ?? '' }) }

export const erasePreviewBody = z.strictObject(ofPerson)

export const eraseBody = z.strictObject({
  ...ofPerson,
  token: z
    .string()
    .min(1)
    .max(64)
    .openapi({ description: 'A preview of the same records gave it, at most 15 minutes before.' }),
  reason: reason.openapi({ description: 'Kept with the certificate: it must not name the person.' }),
})

const filterFields = z.strictObject({
  caller: z.string().openapi({ description: 'Key of the person.' }),
  workload: z.string().nullable(),
  fromMs: timeMs.nullable(),
  toMs: timeMs.nullable(),
})

export const erasePreviewAnswer = z
  .strictObject({
    filter: filterFields,
    name: z.string().nullable().openapi({ description: 'As the newest record has it.' }),
    records: count,
    archived: count.openapi({ description: 'Records of these that are in archives.' }),
    archives: count.openapi({ description: 'Archives that get a new file.' }),
    segments: count.openapi({ description: 'Segments of the journal that get a new file.' }),
    bodyBytes: count.openapi({ description: 'Bytes that passed as bodies; the journal has them for `retain.bodies`.' }),
    fromMs: timeMs.nullable().openapi({ description: 'Begin of the first record.' }),
    toMs: timeMs.nullable().openapi({ description: 'Begin of the last record.' }),
    heldRecords: count.openapi({ description: 'Records on legal hold, which stay. Not among the others.' }),
    holds: z.array(z.string()).openapi({ description: 'Ids of the holds that may stand against it.' }),
    feeds: z.array(z.string()).openapi({ description: 'Feeds that may have shipped the records, where they stay.' }),
    token: z.string().openapi({ description: 'Orders the erasure of these records.' }),
    expiresAtMs: timeMs,
  })
  .openapi('ErasePreview')

const certificate = z
  .strictObject({
    id: z.uuid(),
    pseudonym: z.string().openapi({ description: 'Key of the caller that the records have now.' }),
    workload: z.string().nullable(),
    fromMs: timeMs.nullable(),
    toMs: timeMs.nullable(),
    reason: z.string(),
    by: z.string().openapi({ description: 'Key of who ordered it.' }),
    startedAtMs: timeMs,
    finishedAtMs: timeMs,
    records: count,
    archived: count,
    firstMs: timeMs.nullable(),
    lastMs: timeMs.nullable(),
    segments: z.array(
      z.strictObject({
        segment: count,
        entries: count.openapi({ description: 'Entries that were rewritten.' }),
        bodyBytes: count.openapi({ description: 'Bytes of bodies that were removed.' }),
        before: z.string().nullable().openapi({
          description: 'SHA-256 of the file before; null where the process died before it had noted it.',
        }),
        after: z.string(),
      }),
    ),
    archives: z.array(z.strictObject({ file: z.string(), newFile: z.string() })),
    left: z
      .array(
        z.strictObject({
          what: z.enum(['held', 'feeds', 'audit', 'objects', 'damaged', 'aside', 'elsewhere']),
          count: count.nullable(),
          why: z.string(),
        }),
      )
      .openapi({ description: 'What the erasure has not removed, and why.' }),
  })
  .openapi('EraseCertificate')

export const erasureAnswer = z
  .strictObject({
    id: z.uuid(),
    state: z.enum(['running', 'failed', 'done']).openapi({
      description: '`failed`: it is tried again within an hour, and at the next start.',
    }),
    startedAtMs: timeMs,
    error: z.string().nullable(),
    certificate: certificate.nullable(),
  })
  .openapi('Erasure')

export const erasuresAnswer = z
  .strictObject({ erasures: z.array(erasureAnswer).openapi({ description: 'Newest first.' }) })
  .openapi('Erasures')

type Answered = z.output<typeof erasureAnswer>

/** An erasure with lists that the document's types may change. */
export function answerOf(state: EraseState): Answered {
  const { certificate: found } = state
  if (found === null) return { ...state, certificate: null }
  const { segments, archives, left } = found
  return {
    ...state,
    certificate: { ...found, segments: [...segments], archives: [...archives], left: [...left] },
  }
}
