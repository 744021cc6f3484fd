/** Section `pools`: groups of instances. */
import { z } from 'zod'
import { name } from './common.ts'

export const pool = z.strictObject({
  members: z
    .array(
      z.strictObject({
        instance: name.describe('Name of an instance.'),
        priority: z
          .int()
          .min(1)
          .max(100)
          .default(1)
          .describe(
            'Order of the members. The lowest number is used first. Higher numbers are used if no member with a lower number is available for the deployment.',
          ),
        weight: z.int().min(1).max(1_000).default(1).describe('Share of calls within its priority.'),
        spillAtUtilization: z
          .number()
          .min(0.05)
          .max(1)
          .optional()
          .describe(
            'For provisioned deployments: from this utilisation on (azure-openai-deployment-utilization; 0.9 is 90 %) new calls go to the next priority, before a 429 happens. Default: only a 429 moves calls.',
          ),
        returnAtUtilization: z
          .number()
          .min(0)
          .max(1)
          .optional()
          .describe('Calls come back below this utilisation. Default: 0.1 less than `spillAtUtilization`.'),
        aliases: z
          .record(z.string().min(1).max(64), z.string().min(1).max(64))
          .default({})
          .describe(
            'Deployments that have another name on this instance: `gpt-4o: gpt-4o-ptu` sends calls for gpt-4o to its gpt-4o-ptu.',
          ),
      }),
    )
    .min(1)
    .describe(
      'Instances of the pool, each once. Deployments of the same name must have the same model in all of them.',
    ),
  strategy: z
    .enum(['weighted', 'least-loaded', 'lowest-latency', 'round-robin'])
    .default('weighted')
    .describe(
      'Choice among members of one priority. `weighted`: by weight, free capacity as last reported, calls in flight and recent latency.',
    ),
  attempts: z
    .int()
    .min(1)
    .max(10)
    .default(3)
    .describe('Most members that one call tries, while trying again is safe. 1 never tries another member.'),
  affinity: z
    .strictObject({
      promptPrefixBytes: z
        .int()
        .min(64)
        .max(65_536)
        .default(4_096)
        .describe('Bytes of the prompt that decide: calls with the same beginning go to the same member.'),
    })
    .optional()
    .describe("Keep calls with the same beginning on one member, so that Azure's prompt cache is used. Default: off."),
  hedge: z
    .strictObject({
      operations: z
        .array(z.enum(['embeddings']))
        .min(1)
        .default(['embeddings'])
        .describe('Operations that are safe to bill twice.'),
      afterPercentile: z
        .number()
        .min(50)
        .max(99.9)
        .default(95)
        .describe('A second member is called when the first takes longer than this percentage of recent calls took.'),
      maxShare: z.number().min(0.001).max(0.5).default(0.05).describe('Largest share of calls that are sent twice.'),
    })
    .optional()
    .describe('Call a second member when the first is slow, and use the first answer. Both are billed. Default: off.'),
})
