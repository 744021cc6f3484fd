/** Answers about workloads: who may call, what they may use, how programs reach them. */
import { z } from '@hono/zod-openapi'
import { connectionFields, gatewayFields } from './connect.ts'
import { limitRule } from './house-schemas.ts'

const allows = z.enum(['allow', 'refuse'])
const maximum = z.int().nullable()

const workloadFields = {
  ...connectionFields,
  callers: z
    .array(
      z.strictObject({
        kind: z.enum(['user', 'app', 'group', 'role', 'scope', 'managedIdentity', 'tenant']),
        value: z.string(),
      }),
    )
    .openapi({ description: 'Rules of which one must match a caller.' }),
  mayCall: z.boolean().openapi({ description: 'True when a rule matches the caller who asks.' }),
  operations: z.array(z.string()),
  tools: z.array(z.string()),
  serviceTiers: z.array(z.string()),
  dataSources: z.enum(['refuse', 'callerCredentials', 'allow']),
  outsideUrls: allows,
  background: allows,
  store: allows,
  storedPrompts: allows,
  capture: z.enum(['full', 'metadata']).openapi({ description: 'What the ledger keeps of its calls.' }),
  priority: z.string().openapi({ description: 'Priority class: who goes first where calls wait.' }),
  output: z.strictObject({
    required: z.boolean(),
    standard: maximum.openapi({ description: 'Put into calls that set no maximum, tokens.' }),
    most: maximum.openapi({ description: 'Largest maximum that a call may set, tokens.' }),
  }),
  canary: z
    .array(z.strictObject({ deployment: z.string(), to: z.string(), percent: z.number() }))
    .openapi({ description: 'Shares of calls that another deployment answers.' }),
  shadow: z
    .array(
      z.strictObject({ deployment: z.string(), to: z.string(), target: z.string().nullable(), percent: z.number() }),
    )
    .openapi({ description: 'Shares of calls that are copied to another deployment.' }),
}

const workloadAnswer = z.strictObject(workloadFields)
export type WorkloadAnswer = z.output<typeof workloadAnswer>

export const workloadsAnswer = z
  .strictObject({ workloads: z.array(workloadAnswer), ...gatewayFields })
  .openapi('Workloads')
export type WorkloadsAnswer = z.output<typeof workloadsAnswer>

export const workloadDetailAnswer = z
  .strictObject({
    ...workloadFields,
    ...gatewayFields,
    limits: z.array(limitRule).openapi({ description: 'That its calls meet.' }),
    currency: z.string().openapi({ description: 'Currency of limits of cost, ISO 4217.' }),
  })
  .openapi('Workload')
export type WorkloadDetail = z.output<typeof workloadDetailAnswer>
