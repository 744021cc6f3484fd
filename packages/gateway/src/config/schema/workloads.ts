/** Section `workloads`: who may call, and what. */
import { z } from 'zod'
import { standardTools, toolNames } from '../../wire/tools.ts'
import { amounts, mode, ownLimits, tokens } from './amounts.ts'
import { callerRule, name } from './common.ts'

/** Tools that a workload must name, as they reach outside of the resource. */
const namedTools = toolNames.filter(tool => !standardTools.includes(tool))

const workloadLimits = z.strictObject({
  ...amounts,
  mode,
  perCaller: ownLimits.optional().describe('The same for each caller within the workload.'),
})

export const workload = z.strictObject({
  callers: z.array(callerRule).min(1).describe('Callers that may use this workload.'),
  targets: z.array(name).min(1).describe('Instances and pools that it may use.'),
  deployments: z.array(z.string().min(1)).min(1).describe('Deployments that it may use.'),
  tools: z
    .array(z.string().min(1))
    .default([...standardTools])
    .describe(
      `Tools that calls may bring. This list replaces the default, which has the tools that the client runs itself and those that stay within the resource. All others must be named: ${namedTools.join(', ')}. \`container_network\` is a network for the containers of code_interpreter and shell.`,
    ),
  dataSources: z
    .enum(['refuse', 'callerCredentials', 'allow'])
    .default('refuse')
    .describe(
      'Azure OpenAI On Your Data (`data_sources`), and batches from blob storage (`input_blob`). `callerCredentials`: data sources that bring a key or a token; `allow`: also those that the resource signs in to with its own identity, where a caller reads what the resource may read. The gateway does not check the lines of a batch in blob storage.',
    ),
  outsideUrls: z
    .enum(['allow', 'refuse'])
    .default('allow')
    .describe(
      'Addresses of images and files in a body (`image_url`, `file_url`), which Azure fetches from its own network, not from yours. `refuse` lets only data: addresses and ids of files pass.',
    ),
  serviceTiers: z
    .array(z.enum(['auto', 'default', 'flex', 'scale', 'priority']))
    .default(['auto', 'default'])
    .describe('Values of `service_tier` that calls may ask for. Others have other prices, so they must be named.'),
  background: z
    .enum(['allow', 'refuse'])
    .default('allow')
    .describe('Responses in the background (`background: true`).'),
  store: z
    .enum(['allow', 'refuse'])
    .default('allow')
    .describe(
      'Answers that Azure stores. With `refuse`, a Response must say `store: false`, since it is stored otherwise; a chat completion must not say `store: true`.',
    ),
  storedPrompts: z
    .enum(['refuse', 'allow'])
    .default('refuse')
    .describe(
      'Prompts and agents that are stored on the resource (`prompt`, `agent`): they bring models and tools of their own, which the gateway does not check.',
    ),
  operations: z
    .array(z.string().min(1).max(64))
    .min(1)
    .default(['standard'])
    .describe(
      'Operations that it may use: names as chat/completions, families as responses or files, `standard` for all but those that must be named: fine_tuning, evals, videos.',
    ),
  capture: z
    .enum(['full', 'metadata'])
    .default('full')
    .describe('What the ledger keeps: figures and bodies (`full`), or only figures (`metadata`).'),
  traceContext: z
    .enum(['ignore', 'continue'])
    .default('ignore')
    .describe(
      'The trace that a caller names in `traceparent` (W3C Trace Context). `continue`: the record has it, and spans become part of it. Its callers then choose ids of traces, and with them which are sampled. The field reaches the instance either way. docs/telemetry.md',
    ),
  limits: workloadLimits.optional().describe('Limits of the workload.'),
  output: z
    .strictObject({
      required: z
        .boolean()
        .default(false)
        .describe(
          'Refuse calls that set no maximum (`max_tokens`, `max_completion_tokens`, `max_output_tokens`) with 400.',
        ),
      standard: tokens
        .optional()
        .describe(
          'Maximum of each answer, in tokens, that the gateway adds to calls without one. Default: nothing is added.',
        ),
      most: tokens
        .optional()
        .describe('Largest maximum of one answer that a call may set, in tokens; 400 above it. Default: any.'),
    })
    .optional()
    .describe(
      'How long answers may be at most, in chat, completions and responses. Without a maximum, the model decides, and limits reserve an estimate from earlier calls. This applies to lines of batch files, too; a line must have the maximum that a call would get.',
    ),
  priority: name
    .default('standard')
    .describe(
      'Class of the workload, one of `limits.priorityClasses`: which calls go first when calls wait. It has nothing to do with `priority` of the members of a pool.',
    ),
  canary: z
    .record(
      z.string().min(1).max(64),
      z.strictObject({
        deployment: z.string().min(1).max(64).describe('Where the share goes.'),
        percent: z.number().min(0.01).max(100).describe('Share of the calls.'),
      }),
    )
    .default({})
    .describe(
      'Sends a share of the calls for a deployment to another one. The other one need not be among `deployments`.',
    ),
  shadow: z
    .record(
      z.string().min(1).max(64),
      z.strictObject({
        deployment: z.string().min(1).max(64).describe('Where the copy goes.'),
        target: name.optional().describe('Instance or pool of the copy. Default: that of the call.'),
        percent: z.number().min(0.01).max(100).default(100).describe('Share of the calls that are copied.'),
      }),
    )
    .default({})
    .describe(
      'Sends a copy of calls for a deployment to another one as well. Its answer is discarded; it is billed and recorded as a copy.',
    ),
})
