/** Section `objects`: responses, files and batches, which are on one instance. */
import { z } from 'zod'
import { duration } from './common.ts'

const followUp = z.strictObject({
  first: duration('1s', '1h', '5s').describe(
    'Time from the beginning of a background response or a batch to the first question whether it has ended. Pauses double from there.',
  ),
  every: duration('1s', '6h', '10m').describe('Longest pause between two questions about one object.'),
  longest: duration('1m', '30d', '3d').describe(
    'If the end of an object is still unknown after this time, what was reserved for it is charged. Until then it stays reserved.',
  ),
  atOnce: z.int().min(1).max(256).default(8).describe('Most questions that run at the same time.'),
})

export const objects = z.strictObject({
  remember: duration('1d', '3650d', '90d').describe(
    'How long Redis keeps the owner and the instance of a response, file, batch, vector store or conversation. Azure keeps responses for 30 days.',
  ),
  followUp: followUp
    .prefault({})
    .describe('How the gateway asks for the usage of background responses and batches that no client asks for.'),
  unknown: z
    .enum(['refuse', 'allow'])
    .default('refuse')
    .describe(
      'Objects that were not created through this gateway. `refuse`: 404. `allow`: they are searched on the first member of the target, and every workload with access to the target can use them.',
    ),
  encryptedReasoning: z
    .enum(['pin', 'drop'])
    .default('pin')
    .describe(
      'What happens when the instance that encrypted the reasoning of a call cannot serve. `pin`: the client gets its 429 or 503. `drop`: the call goes to another member, without that reasoning and without ids of items on that instance.',
    ),
})
