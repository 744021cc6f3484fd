/** Settings of feeds of the kind `webhook`. */
import { z } from 'zod'
import { duration, httpUrl, money, secret as neverGivenOut } from '../common.ts'
import { commonSettings } from './common.ts'

const keyBytes = { least: 24, most: 64 } as const

/** The form of Standard Webhooks. An empty or short key would let anyone write messages. */
const secret = z
  .string()
  .refine(isSecret, `whsec_ and a random key of ${keyBytes.least} to ${keyBytes.most} bytes in base64`)
  .meta({ title: 'whsec_ and base64', ...neverGivenOut })

function isSecret(text: string): boolean {
  const [, key] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? []
  const bytes = Buffer.byteLength(key ?? '', 'base64')
  return bytes >= keyBytes.least && bytes <= keyBytes.most
}

export const webhookFeed = z.strictObject({
  kind: z.literal('webhook').describe('signed requests to an address, for alerts and for programs.'),
  url: httpUrl.describe('Address that takes the messages: https, or http on this machine itself.'),
  credential: z
    .strictObject({
      secret: secret.describe(`Key that signs, as whsec_ and base64, from \${env:NAME} or \${file:PATH}.`),
      previous: secret
        .optional()
        .describe(
          'The key before. Messages are signed with both while receivers change to the new one. Default: none.',
        ),
    })
    .describe('How receivers know that a message comes from here.'),
  privateHost: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The host of `url` again, if it has private addresses. Default: only public addresses are called. Those of metadata services never are.',
    ),
  timeout: duration('1s', '60s', '15s').describe('Time for a request and its answer.'),
  only: z
    .strictObject({
      codes: z
        .array(z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'a code, as budget_exhausted'))
        .min(1)
        .optional()
        .describe('Records whose `outcomeCode` is one of these.'),
      tokens: z.int().min(1).optional().describe('Records of calls that used at least as many tokens.'),
      cost: money.optional().describe('Records of calls that cost at least as much, in this currency.'),
    })
    .optional()
    .describe('Only records that meet all of these. Default: all records.'),
  ...commonSettings('1s'),
  batch: z
    .strictObject({
      records: z.int().min(1).max(1_000).default(1).describe('Most records of a request.'),
      bytes: z
        .int()
        .min(1_024)
        .max(16_777_216)
        .default(1_048_576)
        .describe('Bytes of bodies after which a request takes no further record, with 1,024 for the figures of each.'),
      time: duration('1s', '1h', '1s').describe('Longest time that a record waits for others.'),
    })
    .prefault({})
    .describe('Size of a request. It is sent at the first of these bounds.'),
})
