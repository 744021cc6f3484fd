/**
 * The feed of kind `files`: writes records to a directory, by day and hour of their ends, as JSON lines or Parquet. A
 * file appears under its name when it is whole and on the disk, and never changes then. After a crash records may be in
 * two files; none is missing. Each hour has a manifest.
 */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../../clock.ts'
import { codeOf } from '../../../errors.ts'
import { uuidV7 } from '../../../ids.ts'
import { columnsOf, type FedRecord, type FeedColumn, fedRecord } from '../forms.ts'
import type { Feed, FeedParts, RecordedExchange } from '../index.ts'
import type { FileFormat, FileWriter } from './format.ts'
import { type FinishedFile, Hours, hourOf } from './hour.ts'
import { openJsonLines } from './json-lines.ts'
import { openParquet } from './parquet.ts'
import type { FilesSettings } from './settings.ts'

const formats = { jsonl: openJsonLines, parquet: openParquet } as const
/** Files that are written at the same time; a feed that catches up meets many hours in a batch. */
const openFilesMax = 8

/** @public Imported by the feed's thread. */
export async function openFeed(settings: unknown, parts: FeedParts): Promise<Feed> {
  const { directory, format, form, columns, bodies } = settings as FilesSettings
  const shown = columnsOf(form, columns, bodies)
  return new FilesFeed(directory, shown, await formats[format](shown), parts)
}

class FilesFeed implements Feed {
  readonly #directory: string
  readonly #temporary: string
  readonly #columns: readonly FeedColumn[]
  readonly #format: FileFormat
  readonly #parts: FeedParts
  readonly #hours: Hours
  readonly #newId = uuidV7(systemClock)

  constructor(directory: string, columns: readonly FeedColumn[], format: FileFormat, parts: FeedParts) {
    this.#directory = directory
    this.#temporary = join(directory, `.${parts.name}.tmp`)
    this.#columns = columns
    this.#format = format
    this.#parts = parts
    this.#hours = new Hours(directory, parts.name, path => format.count(path))
  }

  async take(exchanges: readonly RecordedExchange[]): Promise<void> {
    await this.#prepare()
    const batch = new FileBatch(name => this.#begin(name), `${this.#parts.name}-`, this.#format.extension, this.#newId)
    try {
      const aside: (readonly [RecordedExchange, string])[] = []
      for (const exchange of exchanges) {
        const reason = await this.#add(batch, exchange)
        if (reason !== null) aside.push([exchange, reason])
      }
      for (const file of await batch.finish()) {
        await this.#hours.publish(file)
        this.#parts.sent(file.bytes)
      }
      // Not before: a batch that fails comes again, and must not count them twice.
      for (const [exchange, reason] of aside) this.#parts.setAside(exchange, reason)
    } catch (error) {
      await batch.discard()
      await rm(this.#temporary, { recursive: true, force: true }).catch(() => {})
      throw described(error, this.#directory)
    }
  }

  async close(): Promise<void> {
    await this.#format.close()
    await rm(this.#temporary, { recursive: true, force: true }).catch(() => {})
  }

  /** An empty place for unfinished files: what a killed process left there is removed. */
  async #prepare(): Promise<void> {
    try {
      // Not its parents: a file system that is not mounted must not be replaced by a directory of that name.
      await mkdir(this.#directory, { mode: 0o750 }).catch(error => {
        if (codeOf(error) !== 'EEXIST') throw error
      })
      await rm(this.#temporary, { recursive: true, force: true })
      await mkdir(this.#temporary, { mode: 0o700 })
    } catch (error) {
      throw described(error, this.#directory)
    }
  }

  async #begin(name: string): Promise<{ readonly path: string; readonly writer: FileWriter }> {
    const path = join(this.#temporary, name)
    return { path, writer: await this.#format.begin(path) }
  }

  /** @returns why the record can never be written; null when it was. */
  async #add(batch: FileBatch, exchange: RecordedExchange): Promise<string | null> {
    let record: FedRecord
    try {
      record = fedRecord(
        exchange,
        this.#columns.some(({ isBody }) => isBody),
      )
    } catch (error) {
      // A failure of the system passes; everything else would be the same the next time.
      if (error instanceof Error && 'syscall' in error) throw error
      return error instanceof Error ? error.message : String(error)
    }
    const writer = await batch.writerAt(exchange.closed.endedAtMs)
    await writer.add(record)
    return null
  }
}

type BeginFile = (name: string) => Promise<{ readonly path: string; readonly writer: FileWriter }>

interface OpenFile {
  readonly hour: string
  readonly name: string
  readonly path: string
  readonly writer: FileWriter
  firstEndedAtMs: number
  lastEndedAtMs: number
}

/** The files of one batch, one per hour; a second one for an hour that comes again after eight others. */
class FileBatch {
  readonly #begin: BeginFile
  readonly #prefix: string
  readonly #extension: string
  readonly #newId: () => string
  readonly #open = new Map<string, OpenFile>()
  readonly #finished: FinishedFile[] = []

  constructor(begin: BeginFile, prefix: string, extension: string, newId: () => string) {
    this.#begin = begin
    this.#prefix = prefix
    this.#extension = extension
    this.#newId = newId
  }

  async writerAt(endedAtMs: number): Promise<FileWriter> {
    const hour = hourOf(endedAtMs)
    let file = this.#open.get(hour)
    if (file === undefined) {
      const [oldest] = this.#open.values()
      if (oldest !== undefined && this.#open.size >= openFilesMax) await this.#finish(oldest)
      const name = `${this.#prefix}${this.#newId()}.${this.#extension}`
      file = { hour, name, ...(await this.#begin(name)), firstEndedAtMs: endedAtMs, lastEndedAtMs: endedAtMs }
      this.#open.set(hour, file)
    }
    file.firstEndedAtMs = Math.min(file.firstEndedAtMs, endedAtMs)
    file.lastEndedAtMs = Math.max(file.lastEndedAtMs, endedAtMs)
    return file.writer
  }

  /** The files, whole and on the disk. A file of which every record was set aside is left out. */
  async finish(): Promise<readonly FinishedFile[]> {
    for (const file of this.#open.values()) await this.#finish(file)
    return this.#finished
  }

  async discard(): Promise<void> {
    for (const { writer } of this.#open.values()) await writer.discard()
  }

  async #finish({ hour, name, path, writer, firstEndedAtMs, lastEndedAtMs }: OpenFile): Promise<void> {
    const { records } = writer
    if (records === 0) await writer.discard()
    else {
      const bytes = await writer.finish()
      this.#finished.push({ temporary: path, hour, name, records, bytes, firstEndedAtMs, lastEndedAtMs })
    }
    this.#open.delete(hour)
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its parent does not exist. Make the directory, or mount the file system',
  ENOTDIR: 'a part of the path is a file',
  EACCES: 'the gateway may not write there. Change its owner or mode',
  EPERM: 'the gateway may not write there. Change its owner or mode',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full. Free space on it',
  EDQUOT: 'the quota of the disk is used up. Free space on it',
}

/** The error with the directory and what to do, where that is known. */
function described(error: unknown, directory: string): unknown {
  const reason = reasons[codeOf(error) ?? '']
  return reason === undefined ? error : new Error(`${directory}: ${reason} (${codeOf(error)}).`, { cause: error })
}
