/**
 * The record: what the ledger keeps of one exchange. It is written in two halves: `Opened` is with the kernel before
 * the backend is called, `Closed` after the exchange ended. An exchange that was never opened (refused, or failed
 * before the backend was called) is one `Closed` that carries its `Opened`. fields.ts describes every field.
 */
import type { Half, KindTypes } from './field.ts'
import type { FieldName, fields } from './fields.ts'

export type { AttemptRecord, CopyKind, Cost, Outcome } from './values.ts'
export { copyKinds, outcomes } from './values.ts'

type Rows = typeof fields
type ValueOf<Row> =
  | (Row extends { values: readonly (infer Value)[] }
      ? Value
      : Row extends { kind: infer Kind extends keyof KindTypes }
        ? KindTypes[Kind]
        : never)
  | (Row extends { orNull: true } ? null : never)

/** The fields of these halves that the record has under their own names. */
type FieldsOf<In extends Half> = {
  readonly [Name in FieldName as Rows[Name] extends { half: In }
    ? Rows[Name] extends { internal: true } | { in: string }
      ? never
      : Name
    : never]: ValueOf<Rows[Name]>
}
/** The fields of a group, under the names that they have in it. */
type GroupOf<Group extends string> = {
  readonly [Name in FieldName as Rows[Name] extends { in: `${Group}.${infer Member}` } ? Member : never]: ValueOf<
    Rows[Name]
  >
}

/** The first half: what is known before the backend is called. */
export interface Opened extends FieldsOf<'opened' | 'both'> {}

/** The second half: what is known when the exchange has ended. Fields that repeat `Opened` correct it. */
export interface Closed extends FieldsOf<'closed' | 'both'> {
  /** As `Usage` of wire/usage.ts: the table of fields and that type are held to each other by the compiler. */
  readonly usage: GroupOf<'usage'>
  /** As `Cost` of values.ts. Null where nothing was billed or the price is not known. */
  readonly cost: GroupOf<'cost'> | null
  /** Present when the exchange was never opened: this one entry is then the whole record. */
  readonly opened?: Opened
}

/** A record's figures, without bodies: what lists and reports read. */
export interface RecordRow extends Opened, Omit<Closed, 'opened' | 'id' | 'instance' | 'region'>, FieldsOf<'derived'> {}

/**
 * What the ledger has of a body. `none`: no byte passed. `not_captured`: bytes passed and are not here, because the
 * workload records figures only, or because they were erased. `purged`: `ledger.retain.bodies` deleted it.
 */
export type Kept = 'kept' | 'none' | 'not_captured' | 'purged'
export interface KeptBodies {
  readonly request: Kept
  readonly response: Kept
}

/**
 * A record with its bodies as the bytes that passed. Null when not captured (`capture: metadata`) or already purged.
 */
export interface RecordBodies {
  readonly id: string
  readonly request: Uint8Array | null
  readonly response: Uint8Array | null
}
