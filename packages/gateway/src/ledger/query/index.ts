/**
 * Read-only SQL over the ledger. A question runs in a process of its own, on a copy of the store: it can change
 * nothing, reaches no file and no network, and ends with its time or its memory.
 */

/** Rows of an answer, and what a question gets unless it asks for less. */
export const queryRows = { most: 10_000, unlessAsked: 1_000 } as const
/** Time of a question, in milliseconds, from when its tables are there to its last row. */
export const queryMs = { least: 100, most: 30_000, unlessAsked: 10_000 } as const
/** Longest time until the tables are there, in milliseconds. */
export const queryStartMs = 30_000
/** Longest SQL, in UTF-16 units. */
export const querySqlUnitsMax = 20_000

export interface LedgerQuery {
  /** One SELECT in DuckDB's dialect. */
  readonly sql: string
  /** 1..`queryRows.most` */
  readonly rowsMax: number
  /** `queryMs.least`..`queryMs.most` */
  readonly timeoutMs: number
  /** Only records of these workloads exist for the question; null for all. */
  readonly workloads: readonly string[] | null
  /** The bodies that the table `bodies` has; null for no such table. */
  readonly bodies: QueryBodies | null
}

/** Bodies of one workload's records. */
export interface QueryBodies {
  readonly workload: string
  /** Inclusive start and exclusive end of the records' starts, milliseconds since the epoch. */
  readonly fromMs: number
  readonly toMs: number
}

/** What became of the bodies that a question has a table of. */
export interface BodiesRead {
  /** Records of the workload and the time. */
  readonly records: number
  /** Of them, the newest ones, that were looked at: the others are not in the table. */
  readonly read: number
  /** Of those read: bodies were deleted (`ledger.retain.bodies`), never kept (`capture: metadata`), or not readable. */
  readonly deleted: number
  readonly uncaptured: number
  readonly unread: number
}

/** What a question brought, as far as those who only pass it on need to know. */
export interface QueryAnswer {
  /** JSON of a `QueryResult`, UTF-8. */
  readonly json: Buffer
  readonly rows: number
  readonly truncated: QueryResult['truncated']
  readonly elapsedMs: number
}

/** A value of a result: numbers only where JSON has them exactly. */
export type QueryValue =
  | string
  | number
  | boolean
  | null
  | readonly QueryValue[]
  | { readonly [key: string]: QueryValue }

export interface QueryResult {
  /** `type` as DuckDB writes it: `VARCHAR`, `DECIMAL(38,9)`, `STRUCT(a INTEGER)`. */
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly rows: readonly (readonly QueryValue[])[]
  /** Why rows are missing: `rows`, there were more than asked for; `bytes`, the answer would be too long. */
  readonly truncated: 'rows' | 'bytes' | null
  readonly elapsedMs: number
  /** Null where the question had no bodies. */
  readonly bodies: BodiesRead | null
}

/**
 * Why a question has no answer.
 * - `query_refused`: it asks for something that is not allowed here.
 * - `query_failed`: DuckDB cannot answer it: a mistake in the SQL, a value that cannot be converted.
 * - `query_stopped`: it needed more time or memory than a question gets.
 */
export type QueryFaultCode = 'query_refused' | 'query_failed' | 'query_stopped'

/** Where in the SQL; both from 1, columns in UTF-16 units. */
export interface QueryPlace {
  readonly line: number
  readonly column: number
}

/** A question without an answer. The message can be shown to the user who asked. */
export class QueryFault extends Error {
  readonly code: QueryFaultCode
  readonly place: QueryPlace | null

  constructor(code: QueryFaultCode, message: string, place: QueryPlace | null = null) {
    super(message)
    this.name = 'QueryFault'
    this.code = code
    this.place = place
  }
}

export const tooMuchMemory =
  'The query needs more memory than it may take. Ask for fewer groups or columns, or narrow the time with started_at.'
