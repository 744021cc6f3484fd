import type { FilingSettings } from '../filing/index.ts'

/** Settings of a feed of kind `files`. */
export interface FilesSettings extends FilingSettings {
  /** Made when it is missing; its parent must exist. */
  readonly directory: string
}
