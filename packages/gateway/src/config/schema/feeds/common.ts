/** Settings that feeds of every kind have. */
import { z } from 'zod'
import { duration } from '../common.ts'

/** Of a feed or of a collector's source: the name is part of file names. */
export const feedName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'lower-case letters, digits and hyphens, at most 40')
  .meta({ title: 'name' })

const texts = (what: string) => z.array(z.string().min(1)).min(1).optional().describe(what)

/** @param time how long a record waits for others by default: short where receivers want it soon, long for files. */
export function commonSettings(time: string) {
  return {
    form: z
      .enum(['gatehouse', 'gen_ai', 'apim'])
      .default('gatehouse')
      .describe(
        '`gatehouse`: every field of the record. `gen_ai`: the same under the names of OpenTelemetry. `apim`: eight columns of an older system, and `id`; needs `bodies: true`.',
      ),
    columns: texts('Only these columns, and `id`. Not with the form `apim`. Default: all.'),
    workloads: texts('Only records of these workloads. Default: all, and calls without a workload.'),
    outcomes: z
      .array(z.enum(['completed', 'refused', 'failed', 'aborted', 'interrupted']))
      .min(1)
      .optional()
      .describe('Only records with these outcomes. Default: all.'),
    bodies: z
      .boolean()
      .default(false)
      .describe('True sends prompts and completions, too. `ledger.retain` does not delete them there.'),
    batch: z
      .strictObject({
        records: z.int().min(1).max(100_000).default(10_000).describe('Most records of a batch.'),
        bytes: z
          .int()
          .min(65_536)
          .max(134_217_728)
          .default(33_554_432)
          .describe('Most bytes of bodies in a batch, with 1,024 for the figures of each record.'),
        time: duration('1s', '1h', time).describe('Longest time that a record waits for others.'),
      })
      .prefault({})
      .describe('Size of a batch. It is written at the first of these bounds.'),
    behind: duration('1h', '365d', '3d').describe(
      'How much longer bodies are kept for a feed that has not read them. After that they are deleted, and the feed reports what it missed.',
    ),
  }
}
