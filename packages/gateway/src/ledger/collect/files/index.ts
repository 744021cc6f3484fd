/**
 * The source of kind `files`: reads the JSON lines that feeds of kind `files` wrote, of one replica or of several on
 * shared storage. A file is a partition and never changes; its offset is the number of the last line that was taken,
 * or `whole`.
 */
import { createReadStream, type Dirent, existsSync, readdirSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { codeOf } from '../../../errors.ts'
import type { Log } from '../../../log.ts'
import type { MessageSource, SourceMessage, SourceOffsets } from '../index.ts'
import { linesOf } from './lines.ts'

export interface FilesSourceSettings {
  /** A feed's directory, or one that has the directories of several. */
  readonly directory: string
  /** Milliseconds between two looks for new files. Default 1,000. */
  readonly everyMs?: number
}

const batchRecordsMax = 1_000
const batchBytesMax = 32 * 1_048_576
const whole = 'whole'
/** A directory that has not changed for this long is not listed again. Milliseconds; file systems round times. */
const settledMs = 10_000

/** @public Imported by the collector. */
export function openSource(settings: unknown, { log }: { readonly log: Log }): MessageSource {
  return new FilesSource(settings as FilesSourceSettings, log)
}

class FilesSource implements MessageSource {
  readonly #directory: string
  readonly #everyMs: number
  readonly #log: Log
  #hasWarned = false

  constructor({ directory, everyMs = 1_000 }: FilesSourceSettings, log: Log) {
    this.#directory = directory
    this.#everyMs = everyMs
    this.#log = log
  }

  /** True as well while the directory of its days is empty or missing: it may not be mounted yet. */
  lives(partition: string): boolean {
    const file = join(this.#directory, partition)
    return existsSync(file) || isEmpty(dirname(dirname(dirname(file))))
  }

  async *read(from: SourceOffsets, signal: AbortSignal): AsyncGenerator<readonly SourceMessage[]> {
    const read = new Set<string>()
    const settled = new Map<string, number>()
    while (!signal.aborted) {
      const files = await this.#files(read, settled)
      if (files.length === 0) yield []
      for (const file of files) {
        if (signal.aborted) return
        const offset = from.get(file) ?? '0'
        if (offset !== whole) yield* this.#fileFrom(file, Number(offset))
        read.add(file)
      }
      await pause(this.#everyMs, undefined, { signal }).catch(() => {})
    }
  }

  /** Lines of a file after the line of this number. */
  async *#fileFrom(file: string, after: number): AsyncGenerator<readonly SourceMessage[]> {
    let batch: SourceMessage[] = []
    let bytes = 0
    let number = 0
    for await (const { value, isLast } of linesOf(createReadStream(join(this.#directory, file)))) {
      number += 1
      if (number <= after) continue
      batch.push({ partition: file, offset: isLast ? whole : String(number), headers: {}, value })
      bytes += value.byteLength
      if (batch.length < batchRecordsMax && bytes < batchBytesMax) continue
      yield batch
      batch = []
      bytes = 0
    }
    if (batch.length > 0) yield batch
  }

  /** Files that were not read yet, oldest first: their names end with an id that begins with its time. */
  async #files(read: ReadonlySet<string>, settled: Map<string, number>): Promise<readonly string[]> {
    const found: string[] = []
    for (const hour of await this.#hours()) {
      const { mtimeMs } = await stat(join(this.#directory, hour))
      if (settled.get(hour) === mtimeMs) continue
      if (Date.now() - mtimeMs > settledMs) settled.set(hour, mtimeMs)
      for (const { name } of await list(join(this.#directory, hour))) {
        if (name.endsWith('.parquet')) this.#warnOfParquet(hour)
        const file = join(hour, name)
        if (name.endsWith('.jsonl') && !/^[._]/.test(name) && !read.has(file)) found.push(file)
      }
    }
    return found.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1))
  }

  /** Directories of hours, here and in the directories of replicas. */
  async #hours(): Promise<readonly string[]> {
    const entries = await this.#listRoot()
    const below = entries.filter(isDirectory).map(({ name }) => name)
    const days = below.filter(isDay)
    for (const replica of below.filter(name => !isDay(name) && !name.startsWith('.'))) {
      const inside = await list(join(this.#directory, replica))
      days.push(...inside.filter(isDirectory).flatMap(({ name }) => (isDay(name) ? [join(replica, name)] : [])))
    }
    const hours: string[] = []
    for (const day of days) {
      const inside = await list(join(this.#directory, day))
      hours.push(...inside.filter(isDirectory).map(({ name }) => join(day, name)))
    }
    return hours
  }

  async #listRoot(): Promise<readonly Dirent[]> {
    try {
      return await readdir(this.#directory, { withFileTypes: true })
    } catch (cause) {
      const reason = codeOf(cause) === 'ENOENT' ? 'it does not exist; is it mounted?' : 'it cannot be read'
      throw new Error(`${this.#directory}: ${reason} (${codeOf(cause) ?? 'no code'})`, { cause })
    }
  }

  #warnOfParquet(hour: string): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    const fields = { directory: join(this.#directory, hour), expected: 'format: jsonl' }
    this.#log.warn(fields, 'source_files_not_read')
  }
}

/** True as well for a directory that cannot be listed. */
function isEmpty(directory: string): boolean {
  try {
    return readdirSync(directory).length === 0
  } catch {
    return true
  }
}

/** Empty for a directory that was removed meanwhile. */
async function list(directory: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

const isDirectory = (entry: Dirent): boolean => entry.isDirectory()
const isDay = (name: string): boolean => name.startsWith('day=')
/** `FEED-UUID.jsonl` */
const idOf = (file: string): string => file.slice(-42)
