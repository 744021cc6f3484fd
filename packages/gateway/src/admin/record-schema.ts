/** A record in the management API, from the table of fields. */
import { z } from '@hono/zod-openapi'
import { type FieldGroup, type FieldKind, groups } from '../ledger/field.ts'
import { type Field, shownFields } from '../ledger/fields.ts'
import type { AttemptRecord, RecordRow } from '../ledger/record.ts'

const attempt: z.ZodType<AttemptRecord> = z.strictObject({
  instance: z.string(),
  status: z.int().nullable(),
  durationMs: z.number(),
  error: z.string().nullable(),
})
const count = z.int().min(0)

const byKind: Readonly<Record<FieldKind, z.ZodType>> = {
  id: z.uuid(),
  name: z.string(),
  text: z.string(),
  deployments: z.array(z.string()),
  attempts: z.array(attempt),
  flag: z.boolean(),
  timeMs: z.number(),
  durationMs: z.number(),
  status: z.int(),
  tokens: count,
  count,
  bytes: count,
  nano: z.int(),
}

function schemaOf({ kind, values, orNull, description }: Field): z.ZodType {
  const schema = values === undefined ? byKind[kind] : z.enum(values)
  return (orNull === true ? schema.nullable() : schema).openapi({ description })
}

function recordSchema(): z.ZodType {
  const members: Record<string, z.ZodType> = {}
  const byGroup: Partial<Record<string, Record<string, z.ZodType>>> = {}
  for (const field of shownFields) {
    const [name, member] = field.path
    if (member === undefined) members[name] = schemaOf(field)
    else {
      byGroup[name] ??= {}
      byGroup[name][member] = schemaOf(field)
      const group = z.strictObject(byGroup[name])
      members[name] = groups[name as FieldGroup].orNull ? group.nullable() : group
    }
  }
  return z.strictObject(members).openapi('Record')
}

export const recordAnswer = recordSchema() as z.ZodType<RecordRow>
