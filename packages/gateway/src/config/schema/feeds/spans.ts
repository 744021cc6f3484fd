/** Settings of feeds that send spans. */
import { z } from 'zod'
import { duration, name } from '../common.ts'
import { commonSettings } from './common.ts'

const share = z.number().min(0).max(1).meta({ title: '0 .. 1' })

const { workloads, outcomes, behind } = commonSettings('1s')

/** How the other side knows who sends, and how long it may take. */
export const requestTimeout = duration('1s', '60s', '15s').describe('Time for a request and its answer.')

/** @param records most of a request by default. */
export const spanSettings = (records: number) =>
  ({
    service: z.string().min(1).max(255).default('gatehouse').describe('`service.name` of the spans.'),
    genai: z
      .enum(['v1_41', 'v0_1', 'both'])
      .default('both')
      .describe(
        "Names of the GenAI conventions: those of 1.41, those of the conventions' own repository since 0.1, or both.",
      ),
    callers: z
      .boolean()
      .default(false)
      .describe('True puts the caller on the spans: its name and ids, and the address and user agent of the client.'),
    providers: z
      .record(name, z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'a provider, as openai'))
      .default({})
      .describe(
        '`gen_ai.provider.name` of single instances. Default: that of their kind, `azure.ai.openai` or `openai`.',
      ),
    sample: z
      .strictObject({
        share: share.default(1).describe('Share of the records that become spans. Failed calls always do.'),
        slowerThan: duration('1ms', '1h', '1h').describe('Records that took this time or longer always become spans.'),
        workloads: z.record(name, share).default({}).describe('Shares of single workloads, instead of `share`.'),
      })
      .prefault({})
      .describe('Which records become spans.'),
    workloads,
    outcomes,
    batch: z
      .strictObject({
        records: z.int().min(1).max(2_000).default(records).describe('Most records of a request.'),
        bytes: z
          .int()
          .min(65_536)
          .max(134_217_728)
          .default(134_217_728)
          .describe('Most bytes of bodies of the records in a request, with 1,024 for the figures of each.'),
        time: duration('1s', '1h', '2s').describe('Longest time that a record waits for others.'),
      })
      .prefault({})
      .describe('Size of a request. It is sent at the first of these bounds.'),
    behind,
  }) as const
