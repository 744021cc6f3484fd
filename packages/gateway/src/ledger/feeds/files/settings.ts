import type { FeedForm } from '../forms.ts'

/** Settings of a feed of kind `files`. */
export interface FilesSettings {
  /** Made when it is missing; its parent must exist. */
  readonly directory: string
  readonly format: 'jsonl' | 'parquet'
  readonly form: FeedForm
  /** Null for all columns of the form. */
  readonly columns: readonly string[] | null
  readonly bodies: boolean
}
