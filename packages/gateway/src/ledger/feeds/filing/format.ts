/** The port of the file formats: one writer per file, and the number of records of a file. */
import type { FedRecord } from '../forms.ts'

export interface FileWriter {
  /** Of a record in parts, each part counts. */
  readonly records: number
  add(record: FedRecord): Promise<void>
  /** Adds a part of a record, a JSON object in UTF-8. Formats with parts have it. */
  addPart?(part: Buffer): Promise<void>
  /** Writes the file and syncs it. @returns its size in bytes. */
  finish(): Promise<number>
  /** Gives up: releases everything, and never rejects. The file may remain. */
  discard(): Promise<void>
}

export interface FileFormat {
  /** Extension of the names, without a dot. */
  readonly extension: string
  /** Longest part of a record with long bodies, in bytes; null where the format has no parts, and leaves them out. */
  readonly partBytesMax: number | null
  /** Begins a file that does not exist yet. */
  begin(path: string): Promise<FileWriter>
  /** Number of records of a whole file. */
  count(path: string): Promise<number>
  close(): Promise<void>
}
