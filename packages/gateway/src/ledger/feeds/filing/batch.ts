import type { FileWriter } from './format.ts'
import { type FinishedFile, hourOf } from './place.ts'

/** Files that are written at the same time; a feed that catches up meets many hours in a batch. */
const openFilesMax = 8

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
export class FileBatch {
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

  /** Where the next record goes. A file that is begun for it must get it. */
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

  /** The files, whole and on the disk. None is empty: a file begins with its first record. */
  async finish(): Promise<readonly FinishedFile[]> {
    for (const file of this.#open.values()) await this.#finish(file)
    return this.#finished
  }

  async discard(): Promise<void> {
    for (const { writer } of this.#open.values()) await writer.discard()
  }

  async #finish({ hour, name, path, writer, firstEndedAtMs, lastEndedAtMs }: OpenFile): Promise<void> {
    const { records } = writer
    const bytes = await writer.finish()
    this.#finished.push({ temporary: path, hour, name, records, bytes, firstEndedAtMs, lastEndedAtMs })
    this.#open.delete(hour)
  }
}
