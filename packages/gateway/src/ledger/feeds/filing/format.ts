/** The port of the file formats: one writer per file, and the number of records of a file. */
import type { FedRecord } from '../forms.ts'

export interface FileWriter {
  readonly records: number
  add(record: FedRecord): Promise<void>
  /** Writes the file and syncs it. @returns its size in bytes. */
  finish(): Promise<number>
  /** Gives up: releases everything, and never rejects. The file may remain. */
  discard(): Promise<void>
}

export interface FileFormat {
  /** Extension of the names, without a dot. */
  readonly extension: string
  /** Begins a file that does not exist yet. */
  begin(path: string): Promise<FileWriter>
  /** Number of records of a whole file. */
  count(path: string): Promise<number>
  close(): Promise<void>
}
