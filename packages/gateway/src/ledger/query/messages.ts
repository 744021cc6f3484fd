/** Messages between the gateway and the process of one question. */
import type { BodyPlaces } from '../search/places.ts'
import type { LedgerQuery, QueryFaultCode, QueryPlace, QueryResult } from './index.ts'

/** A copy of the store as it is at one moment. */
export interface SnapshotFiles {
  /** Number of the snapshot, to give it back. */
  readonly number: number
  /** Copy of the store's file. */
  readonly store: string
  /** Parquet of the records that were loaded after it was copied, and of names that came with them. */
  readonly laterRecords: string
  readonly laterNames: string
  /** Directory of the archives. */
  readonly archives: string
}

/** Where the bodies of a question are. */
export interface TaskBodies {
  /** Directory of the segments. */
  readonly journal: string
  readonly places: BodyPlaces
  /** Bodies of records that began earlier are shown for legal holds alone. */
  readonly deletedBeforeMs: number
  readonly bounds: { readonly bytes: number; readonly recordBytes: number; readonly ms: number }
}

export interface QueryTask extends Omit<LedgerQuery, 'bodies'> {
  readonly bodies: TaskBodies | null
  readonly snapshot: SnapshotFiles
  /** Bytes of JSON that the rows may take. */
  readonly bytesMax: number
  /** Megabytes that DuckDB may use. */
  readonly memoryMb: number
  /** Megabytes that the process may use before it ends itself. */
  readonly processMb: number
}

/** The answer itself comes through the standard output. */
export type FromQuery =
  /** The tables are there: the time of the question begins. */
  | { readonly kind: 'began' }
  | {
      readonly kind: 'done'
      readonly rows: number
      readonly truncated: QueryResult['truncated']
      readonly bytes: number
      readonly elapsedMs: number
    }
  | {
      readonly kind: 'fault'
      readonly code: QueryFaultCode
      readonly message: string
      readonly place: QueryPlace | null
    }
  /** The process could not be prepared: a fault of Gatehouse or of the disk. */
  | { readonly kind: 'broken'; readonly message: string }
