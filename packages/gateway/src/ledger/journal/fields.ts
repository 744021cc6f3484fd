/**
 * What a frame's metadata holds, in order. Fields are positional: new ones go to the end of their list and raise `formatVersion`, and how many
 * of each list the format before had stays in `formats`. Every entry says which format it is of; a change of any other kind needs a reader of
 * its own.
 *
 * Positional fields instead of JSON: reading both halves of a record took 1.4 µs instead of 4.5 µs with JSON.parse, and half the bytes
 * (bench/ledger.ts).
 */
import type { Closed, Opened } from '../record.ts'

export const formatVersion = 3

/** Values that repeat from exchange to exchange: the store keeps them as numbers of a dictionary, per field. */
export const openedNames = [
  'callerKind',
  'callerTenantId',
  'callerObjectId',
  'callerAppId',
  'callerName',
  'workload',
  'target',
  'instance',
  'region',
  'deployment',
  'requestedModel',
  'apiVersion',
  'operation',
  'method',
  'userAgent',
  'requestContentType',
  'path',
  'clientAddress',
  'copyKind',
] as const satisfies readonly (keyof Opened)[]

/** Values that do not repeat. `toolDeployments` is JSON, null where it is empty. */
export const openedTexts = ['copyOf', 'toolDeployments'] as const satisfies readonly (keyof Opened)[]

export const openedNumbers = ['startedAtMs'] as const satisfies readonly (keyof Opened)[]

export const closedNames = [
  'outcome',
  'outcomeCode',
  'instance',
  'region',
  'servedModel',
  'usageSource',
  'finishReason',
  'responseContentType',
  'servedDeployment',
  'spilledFrom',
  'currency',
  'price',
  'serviceTier',
] as const satisfies readonly (keyof Closed | 'usageSource' | 'currency' | 'price')[]

/** Values that do not repeat. `attempts` is JSON, null where `onlyAttemptMs` says it all. */
export const closedTexts = ['backendRequestId', 'attempts', 'objectId'] as const satisfies readonly (keyof Closed)[]

export const usageNumbers = [
  'promptTokens',
  'completionTokens',
  'totalTokens',
  'cachedTokens',
  'reasoningTokens',
  'audioPromptTokens',
  'audioCompletionTokens',
] as const satisfies readonly (keyof Closed['usage'])[]

export const closedNumbers = [
  'status',
  'sentAtMs',
  'firstByteAtMs',
  'endedAtMs',
  ...usageNumbers,
  'requestBytes',
  'responseBytes',
  // Duration of the one attempt whose instance and status are the record's own: the ordinary case, kept as a number because its JSON costs
  // 0.5 µs to make and 1 µs to store.
  'onlyAttemptMs',
  'costNano',
  'reservedTokens',
  'waitedMs',
  'summedCalls',
  'imagePromptTokens',
  'imageCompletionTokens',
] as const

/** How many fields of each list a block has. */
export interface Shape {
  readonly numbers: number
  readonly texts: number
  readonly names: number
}
export interface Format {
  readonly opened: Shape
  readonly closed: Shape
}

/** By format version. What is missing in an older one is null. */
export const formats: Readonly<Record<number, Format | undefined>> = {
  1: { opened: { numbers: 1, texts: 0, names: 18 }, closed: { numbers: 14, texts: 2, names: 8 } },
  2: { opened: { numbers: 1, texts: 1, names: 19 }, closed: { numbers: 17, texts: 3, names: 12 } },
  [formatVersion]: {
    opened: { numbers: openedNumbers.length, texts: openedTexts.length, names: openedNames.length },
    closed: { numbers: closedNumbers.length, texts: closedTexts.length, names: closedNames.length },
  },
}

/** Bits of a frame's flags. */
export const flag = { demonstration: 1, stream: 2, carriesOpened: 4 } as const
