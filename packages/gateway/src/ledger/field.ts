/** The columns of the table of fields (fields.ts): what a row states, and what follows from a field's kind. */
import type { AttemptRecord } from './values.ts'

/** TypeScript's type of a value, by kind. */
export interface KindTypes {
  id: string
  name: string
  text: string
  deployments: readonly string[]
  attempts: readonly AttemptRecord[]
  flag: boolean
  timeMs: number
  durationMs: number
  status: number
  tokens: number
  count: number
  bytes: number
  nano: number
}
export type FieldKind = keyof KindTypes

/**
 * Lists of a journal block (journal/metadata.ts). `head`: the entry's head has the value. `flags`: a bit of the head's
 * flags.
 */
export type JournalList = 'head' | 'flags' | 'numbers' | 'names' | 'texts'

/**
 * How a column is stored and filled. `name`: a number of a dictionary, 0 is null. `long`: 0 where there is no value.
 */
export type ColumnKind = 'id' | 'sequence' | 'name' | 'real' | 'whole' | 'long' | 'flag' | 'text'

export interface KindFacts {
  readonly list: JournalList
  readonly column: ColumnKind
  /** Unit in the notation of UCUM, null where a value has none. */
  readonly unit: 'ms' | '{token}' | '{call}' | 'By' | null
  /** Value of a field that cannot be null where nothing is known. */
  readonly unknown: unknown
}

/**
 * Kinds of values.
 * - `name`: a text that repeats from exchange to exchange; the store keeps it as a number of a dictionary.
 * - `text`: a text that does not repeat.
 * - `deployments`, `attempts`: lists, written as JSON.
 * - `timeMs`: milliseconds since the epoch. `durationMs`: milliseconds.
 * - `tokens`, `count`: whole numbers; the store cuts them at 31 bits. `bytes`, `nano`: whole numbers up to 2^53.
 */
export const kinds = {
  id: { list: 'head', column: 'id', unit: null, unknown: '' },
  name: { list: 'names', column: 'name', unit: null, unknown: '' },
  text: { list: 'texts', column: 'text', unit: null, unknown: '' },
  deployments: { list: 'texts', column: 'text', unit: null, unknown: [] },
  attempts: { list: 'texts', column: 'text', unit: null, unknown: [] },
  flag: { list: 'flags', column: 'flag', unit: null, unknown: false },
  timeMs: { list: 'numbers', column: 'real', unit: 'ms', unknown: 0 },
  durationMs: { list: 'numbers', column: 'real', unit: 'ms', unknown: 0 },
  status: { list: 'numbers', column: 'whole', unit: null, unknown: 0 },
  tokens: { list: 'numbers', column: 'whole', unit: '{token}', unknown: 0 },
  count: { list: 'numbers', column: 'whole', unit: '{call}', unknown: 0 },
  bytes: { list: 'numbers', column: 'long', unit: 'By', unknown: 0 },
  nano: { list: 'numbers', column: 'long', unit: null, unknown: 0 },
} as const satisfies Record<FieldKind, KindFacts>

/** Objects of a record that hold several fields. `orNull`: the whole object is null where one of its fields is. */
export const groups = { usage: { orNull: false }, cost: { orNull: true } } as const
export type FieldGroup = keyof typeof groups

/** What a field is. */
export interface ValueFacts {
  readonly kind: FieldKind
  /** All values that there are. */
  readonly values?: readonly string[]
  readonly orNull?: true
  /** Value where nothing is known or an older format has none, if it is not the kind's `unknown`. */
  readonly unknown?: number | string
  /** Group and member under which the record has the field; without it the record has it under its own name. */
  readonly in?: `${FieldGroup}.${string}`
}

/**
 * Where a field is stored. Positions are like the field numbers of a protobuf: never changed and never used again. A
 * new field takes the next position of its lists, and the next format as `since`.
 */
export interface StoredFacts extends ValueFacts {
  /** Version of the journal's format that has the field first. It decides when the store gets the column. */
  readonly since: number
  /** Position in its list of a journal block (bit of the flags); none where the entry's head has the value. */
  readonly journal?: number
  /** Position among the columns of `records`. */
  readonly column: number
  /** Dictionary that the field shares with others; without it, a name has a dictionary of its own. */
  readonly dictionary?: string
  /** True for names that clients write freely: they take half of a dictionary at most. */
  readonly clientWritten?: true
  /** True for names of an address: without a verified caller they get no number of their own. */
  readonly inAddress?: true
  /** True where the value is only another form of a field, and the record does not have it. */
  readonly internal?: true
}

/** A column of the command line's list. */
export interface ListColumn {
  /** Place among the columns. */
  readonly at: number
  readonly title: string
  readonly align?: 'right'
  readonly leaves?: number
  readonly cutTo?: number
  readonly least?: number
}

/** Where a field is shown. The management API shows every field; what people read otherwise is decided here. */
export interface ShownFacts {
  /**
   * Name in OpenTelemetry: of the GenAI and general conventions, else `gatehouse.*`. An attribute; for derived fields a
   * metric. Times have none: they are the times of spans and events.
   */
  readonly otel?: string
  /** Place among the columns of CSV. */
  readonly csv?: number
  /** Column of `gatehouse records list` and `tail`. */
  readonly list?: ListColumn
  /** Name of the line in `gatehouse records show`, whose lines come in the order of the table. */
  readonly show?: string
  /** Field whose line of `show` also has this one. */
  readonly showWith?: string
  /** `group`: reports can be broken down by it. `sum`: reports add it up. */
  readonly report?: 'group' | 'sum'
  /**
   * For a sum: where a terminal is too narrow for a report, columns leave in the order of this number, highest first.
   */
  readonly sumLeaves?: number
}

/**
 * `both`: known before the call, and corrected at its end. `derived`: computed from other fields, and stored nowhere.
 */
export type Half = 'opened' | 'closed' | 'both' | 'derived'

/** A row of the table, as builders below make it. */
export interface FieldRow extends Omit<StoredFacts, 'since' | 'column'>, ShownFacts {
  readonly half: Half
  readonly since?: number
  readonly column?: number
  /** Position in the block of the second half, of a field that both have. */
  readonly closedJournal?: number
  readonly compute?: (record: never) => unknown
  /** Description for readers of docs/ledger.md and of the API's document. */
  readonly description: string
}

/** A field that is known before the backend is called. */
export const opened = <const F extends StoredFacts, const S extends ShownFacts>(
  facts: F,
  shown: S,
  description: string,
) => ({ ...facts, ...shown, half: 'opened', description }) as const

/** A field that is known when the exchange has ended. */
export const closed = <const F extends StoredFacts, const S extends ShownFacts>(
  facts: F,
  shown: S,
  description: string,
) => ({ ...facts, ...shown, half: 'closed', description }) as const

/** A field of both halves. The end corrects the beginning; the store does that for names only. */
export const both = <
  const F extends StoredFacts & { readonly kind: 'id' | 'name'; readonly closedJournal?: number },
  const S extends ShownFacts,
>(
  facts: F,
  shown: S,
  description: string,
) => ({ ...facts, ...shown, half: 'both', description }) as const

/** A field that follows from others. A new one names the next format as `since`, like one that is stored. */
export const derived = <const F extends ValueFacts & { readonly since?: number }, R, const S extends ShownFacts>(
  facts: F,
  compute: (record: R) => unknown,
  shown: S,
  description: string,
) => ({ ...facts, compute, ...shown, half: 'derived', description }) as const
