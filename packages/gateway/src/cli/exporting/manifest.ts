/** The manifest beside an export: what the file has, who exported it and when, and its SHA-256. */
import { shownFields } from '../../ledger/fields.ts'
import type { AdminQuery } from '../reach/admin-client.ts'
import type { Sums } from './line-sums.ts'

export const manifestFormat = 'gatehouse-conversations/1'

/** What is known when an export begins. */
export interface Begun {
  /** Parameters of the management API: the filter, `bodies`, `raw`. */
  readonly query: AdminQuery
  readonly by: { readonly key: string; readonly name: string | null; readonly roles: readonly string[] }
  readonly gateway: { readonly url: string; readonly version: string }
  readonly reason: string | null
  /** ISO 8601. */
  readonly startedAt: string
}

/** What the answers of the gateway said of it. */
export interface Answered {
  /** Id in the audit trail. */
  readonly id: string
  readonly upTo: string
  readonly calls: number
  /** True where only the caller's own calls are in it. */
  readonly ownCallsOnly: boolean
}

export interface Manifest extends Sums {
  readonly format: typeof manifestFormat
  /** Name of the file, without its directory. */
  readonly file: string
  /** ISO 8601; null where the filter has no such end. `to` is not included. */
  readonly period: { readonly from: string | null; readonly to: string | null }
  readonly filter: AdminQuery
  readonly bodies: boolean
  readonly raw: boolean
  readonly ownCallsOnly: boolean
  readonly by: Begun['by']
  readonly reason: string | null
  readonly gateway: Begun['gateway']
  /** Ids of the export in the audit trail: `gatehouse audit list --action records_exported` has them. */
  readonly exports: readonly string[]
  readonly startedAt: string
  readonly endedAt: string
  /** Members of a line, and what each means. */
  readonly line: Readonly<Record<string, string>>
}

export interface Ended {
  readonly file: string
  readonly begun: Begun
  readonly exports: readonly string[]
  readonly ownCallsOnly: boolean
  readonly sums: Sums
  readonly endedAt: string
}

export function manifestOf({ file, begun, exports, ownCallsOnly, sums, endedAt }: Ended): Manifest {
  const { query, ...others } = begun
  const { format: _, bodies, raw, from, to, ...filter } = query
  const end = (value: string | number | undefined): string | null => (value === undefined ? null : String(value))
  return {
    ...{ format: manifestFormat, file, ...sums, period: { from: end(from), to: end(to) } },
    filter: Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)),
    ...{ bodies: bodies === 'true', raw: raw === 'true', ownCallsOnly, ...others, exports, endedAt, line: lineMembers },
  }
}

/** The members of a line by their paths. */
const lineMembers: Readonly<Record<string, string>> = {
  ...Object.fromEntries(shownFields.map(({ path, description }) => [`record.${path.join('.')}`, description])),
  bodies:
    '`kept` where the conversation follows; otherwise why it does not: `omitted`, `deleted`, `uncaptured`, `too_long`, `damaged`.',
  'conversation.messages':
    'The request, then the answer: `role` and `text`, and where there are some `name`, `toolCalls`, `toolCallId`, `reasoning`, `refusal`, `attachments`, `choice`, `finishReason`.',
  'conversation.tools': 'Names of the tools that the call offered.',
  'conversation.continues': 'Ids of the response and the conversation that the call continues.',
  'conversation.complete': 'False where the answer was cut off.',
  'raw.request': 'The request body as it passed: `contentType` and `base64`.',
  'raw.response': 'The response body as it passed: `contentType` and `base64`.',
}
