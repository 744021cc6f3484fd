/** What an erasure does with each text of a record, and with that of its caller. */
import type { Field, FieldName, fields } from '../fields.ts'

type Rows = typeof fields
/** Fields whose values are texts. */
type TextField = {
  [Name in FieldName]: Rows[Name] extends { kind: 'name' | 'text' | 'deployments' | 'attempts' } ? Name : never
}[FieldName]

/**
 * `keep`: it says nothing about a person, and figures need it. `remove`: it names the person or what they use, or a
 * client wrote it freely. `pseudonym`: the caller's object id becomes a random one. `blank`: as `remove`, of a field
 * that cannot be null. `own`: kept where it equals the deployment's name, because others are the client's words.
 */
export type Erasing = 'keep' | 'remove' | 'pseudonym' | 'blank' | 'own'

/** A field that is not here does not compile: whoever adds one decides what an erasure does with it. */
const erasing: Readonly<Record<TextField, Erasing>> = {
  copyOf: 'keep',
  copyKind: 'keep',
  outcome: 'keep',
  outcomeCode: 'keep',
  // It says to the caller who they are.
  message: 'remove',
  callerKind: 'keep',
  callerTenantId: 'keep',
  callerObjectId: 'pseudonym',
  callerAppId: 'keep',
  callerName: 'remove',
  workload: 'keep',
  target: 'keep',
  instance: 'keep',
  region: 'keep',
  deployment: 'keep',
  servedDeployment: 'keep',
  spilledFrom: 'keep',
  requestedModel: 'own',
  servedModel: 'keep',
  toolDeployments: 'remove',
  operation: 'keep',
  apiVersion: 'remove',
  method: 'keep',
  path: 'blank',
  requestContentType: 'remove',
  responseContentType: 'keep',
  finishReason: 'keep',
  usageSource: 'keep',
  serviceTier: 'keep',
  currency: 'keep',
  price: 'keep',
  attempts: 'keep',
  // The object is still at its instance, and only this says that it is the workload's.
  objectId: 'keep',
  clientAddress: 'remove',
  userAgent: 'remove',
  backendRequestId: 'remove',
  replica: 'keep',
  traceId: 'remove',
  parentSpanId: 'remove',
}

/** What an erasure does with a field's text. */
export function erasingOf({ name }: Field): Erasing {
  const rows: Readonly<Partial<Record<FieldName, Erasing>>> = erasing
  return rows[name] ?? 'keep'
}

/** What a `blank` field has instead of its text. */
export const blankText = '(erased)'
