/** Questions and answers of the routes that explain calls. */
import { z } from '@hono/zod-openapi'
import { outcomes } from '../../ledger/record.ts'
import { problem } from '../configuration-schemas.ts'
import { moment, text } from '../schemas.ts'

const guid = z
  .string()
  .regex(/^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, 'expected a GUID')
  .toLowerCase()
const listMax = 500
const urlCharactersMax = 9_000
const bodyCharactersMax = 900_000
const configurationCharactersMax = 1_048_576

const callerAsked = z
  .strictObject({
    key: z
      .string()
      .regex(
        /^(?:user|app):[0-9a-fA-F-]{36}\/[0-9a-fA-F-]{36}$/,
        'expected the key of a caller, as user:TENANT/OBJECT or app:TENANT/APP',
      )
      .openapi({ description: 'Key of the caller: `user:{tid}/{oid}` or `app:{tid}/{appid}`.' }),
    name: z.string().max(256).optional().openapi({ description: 'For people to read; it decides nothing.' }),
    appId: guid.optional().openapi({ description: 'The program with which a person signed in.' }),
    groups: z.array(guid).max(listMax).default([]),
    roles: z.array(text).max(listMax).default([]),
    scopes: z.array(text).max(listMax).default([]),
    managedIdentityId: text.optional().openapi({ description: 'ARM id of a managed identity.' }),
    audience: text.optional().openapi({ description: 'Audience of its tokens. Default: the first that is accepted.' }),
    groupsOverage: z
      .boolean()
      .default(false)
      .openapi({ description: 'True where the token leaves its groups out because there are too many.' }),
  })
  .openapi({ description: 'Claims of the caller. Never a token.' })

export const headersAsked = z
  .strictObject({
    'x-gatehouse-workload': text.optional(),
    'content-type': text.optional(),
    'x-ms-oai-image-generation-deployment': text.optional(),
  })
  .openapi({ description: 'Header fields that decide. Credentials are not among them.' })

export const explainQuestion = z
  .strictObject({
    caller: z
      .union([z.literal('self'), callerAsked])
      .nullable()
      .openapi({
        description: '`self`: the caller of this request, with its groups and roles. Null: a call without a token.',
      }),
    method: z
      .string()
      .regex(/^[A-Z]{1,16}$/, 'expected a method in capitals')
      .default('POST'),
    url: z
      .string()
      .min(1, 'must not be empty')
      .max(urlCharactersMax, `at most ${urlCharactersMax} characters`)
      .openapi({
        description: 'Path and query, as the client calls it.',
        example: '/main/hr-bot/openai/v1/chat/completions',
      }),
    headers: headersAsked.default({}),
    model: text.optional().openapi({ description: '`model` of the body, where nothing else of the body is known.' }),
    body: z
      .string()
      .max(bodyCharactersMax, `at most ${bodyCharactersMax} characters`)
      .optional()
      .openapi({ description: 'The body as the client sends it.' }),
    at: moment.optional().openapi({
      description:
        'Time of the call. Limits and instances are then only named. Default: now, as the process would answer.',
    }),
  })
  .openapi('ExplainQuestion')

export type ExplainAsked = z.output<typeof explainQuestion>

const settingAnswer = z.strictObject({
  path: z.string().openapi({ description: 'Place in the configuration.', example: 'workloads.hr-bot.callers[0]' }),
  value: z.unknown().openapi({ description: 'As it is in force.' }),
})

const refusalAnswer = z
  .strictObject({
    status: z.int(),
    code: z.string(),
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    retryAfterMs: z.number().nullable(),
  })
  .openapi({ description: 'The answer that the caller gets.' })

const stepAnswer = z
  .strictObject({
    stage: z.string().openapi({ example: 'authorize' }),
    verdict: z
      .enum(['pass', 'refuse', 'unknown'])
      .openapi({ description: '`unknown` only for a record, which does not hold what the stage decided by.' }),
    text: z.string(),
    details: z.array(z.string()),
    settings: z.array(settingAnswer).openapi({ description: 'Settings that decided.' }),
    answer: refusalAnswer.nullable(),
  })
  .openapi('ExplainStep')

export const explainAnswer = z
  .strictObject({
    question: z.strictObject({
      caller: z
        .strictObject({
          key: z.string(),
          name: z.string().nullable(),
          groups: z.array(z.string()),
          roles: z.array(z.string()),
          scopes: z.array(z.string()),
          managedIdentityId: z.string().nullable(),
        })
        .nullable(),
      method: z.string(),
      url: z.string(),
      workloadHeader: z.string().nullable(),
      model: z.string().nullable(),
    }),
    allowed: z.boolean().nullable().openapi({ description: 'Null where a record does not hold what decides.' }),
    live: z.boolean().openapi({ description: 'True where the room in limits and the instances were looked at.' }),
    steps: z.array(stepAnswer),
    destination: z
      .strictObject({
        workload: z.string(),
        target: z.string(),
        deployment: z.string().nullable(),
        order: z.array(z.array(z.strictObject({ instance: z.string(), alias: z.string().nullable() }))).openapi({
          description: 'Instances in the order in which they are tried; those of one step share the calls.',
        }),
      })
      .nullable(),
    record: z
      .strictObject({
        id: z.string(),
        startedAtMs: z.number(),
        outcome: z.enum(outcomes),
        outcomeCode: z.string().nullable(),
        status: z.int().nullable(),
        instance: z.string().nullable(),
        stage: z
          .string()
          .nullable()
          .openapi({ description: 'The stage that refused it; null for a call that was not refused.' }),
      })
      .nullable()
      .openapi({ description: 'What came of the call, where a record is explained.' }),
    assumed: z.array(z.string()).openapi({ description: 'What a record does not hold, and what was taken instead.' }),
  })
  .openapi('Explanation')

export type ExplainAnswer = z.output<typeof explainAnswer>

export const replayRecordsMax = 1_000

export const replayQuestion = z
  .strictObject({
    configuration: z
      .string()
      .min(1, 'must not be empty')
      .max(configurationCharactersMax, `at most ${configurationCharactersMax} characters`)
      .openapi({ description: 'YAML text of a configuration.' }),
    records: z
      .int()
      .min(1)
      .max(replayRecordsMax)
      .default(replayRecordsMax)
      .openapi({ description: 'The latest so many.' }),
  })
  .openapi('ReplayQuestion')

const changeAnswer = z
  .strictObject({
    id: z.string().openapi({ description: 'Id of the record.' }),
    startedAtMs: z.number(),
    caller: z.string().nullable(),
    workload: z.string().nullable(),
    kind: z.enum(['refused', 'allowed', 'otherwise', 'elsewhere', 'unknown']).openapi({
      description:
        '`refused`: would be refused now. `allowed`: would be allowed now. `otherwise`: refused both times, for another reason. `elsewhere`: goes to other instances. `unknown`: the record does not hold what decides.',
    }),
    codes: z.strictObject({ before: z.string().nullable(), after: z.string().nullable() }),
    reason: z.string(),
    settings: z.array(settingAnswer),
  })
  .openapi('ReplayedCall')

export const replayAnswer = z
  .strictObject({
    problems: z.array(problem).openapi({ description: 'As the check of a configuration says them.' }),
    report: z
      .strictObject({
        calls: z.int(),
        same: z.int(),
        changes: z.array(changeAnswer),
        copies: z.int().openapi({ description: 'Copies that the gateway sent by itself; they are left out.' }),
        fromMs: z.number().nullable(),
        toMs: z.number().nullable(),
        untold: z.array(z.string()).openapi({ description: 'What cannot be told from records.' }),
      })
      .nullable()
      .openapi({ description: 'Null where the configuration has problems.' }),
  })
  .openapi('Replay')

export type ReplayAnswer = z.output<typeof replayAnswer>
