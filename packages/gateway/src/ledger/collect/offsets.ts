import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { SourceOffsets } from './index.ts'

type Line = readonly [partition: string, offset: string]

/** Lines beyond one for each partition, before the file is written anew. */
const spareLines = 10_000

/**
 * How far a source was read, in `DIRECTORY/NAME.offsets.jsonl`: a line `[partition, offset]` for each step, of which
 * the last one of a partition counts. A line that a crash left unfinished is left out: its records come again, and
 * their ids show that they are there.
 */
export class OffsetFile {
  readonly #path: string
  readonly #lives: (partition: string) => boolean
  #offsets = new Map<string, string>()
  #lines = 0
  #file: FileHandle | null = null

  /** @param lives false for partitions that have ended for good: they are left out when the file is written anew. */
  constructor(directory: string, name: string, lives: (partition: string) => boolean) {
    this.#path = join(directory, `${name}.offsets.jsonl`)
    this.#lives = lives
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
    if (existsSync(this.#path)) this.#read()
    this.#writeAnew()
  }

  get offsets(): SourceOffsets {
    return this.#offsets
  }

  /** Keeps what differs from before; a partition that is left out keeps its offset. On the disk when it resolves. */
  async save(offsets: SourceOffsets): Promise<void> {
    const changed = [...offsets].filter(([partition, offset]) => this.#offsets.get(partition) !== offset)
    if (changed.length === 0) return
    this.#file ??= await open(this.#path, 'a', 0o600)
    // The line break ends what a failed write may have left.
    await this.#file.appendFile(`\n${changed.map(textOf).join('')}`)
    await this.#file.datasync()
    for (const [partition, offset] of changed) this.#offsets.set(partition, offset)
    this.#lines += changed.length
    if (this.#lines < 2 * this.#offsets.size + spareLines) return
    await this.close()
    this.#writeAnew()
  }

  /** Forgets everything: the source is read from its beginning. */
  forget(): void {
    this.#offsets = new Map()
    rmSync(this.#path, { force: true })
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = null
  }

  #read(): void {
    for (const text of readFileSync(this.#path, 'utf8').split('\n')) {
      const line = parse(text)
      if (line !== null) this.#offsets.set(line[0], line[1])
    }
  }

  #writeAnew(): void {
    this.#offsets = new Map([...this.#offsets].filter(([partition]) => this.#lives(partition)))
    const fresh = `${this.#path}.new`
    writeFileSync(fresh, [...this.#offsets].map(textOf).join(''), { mode: 0o600, flush: true })
    renameSync(fresh, this.#path)
    this.#lines = this.#offsets.size
  }
}

const textOf = (line: Line): string => `${JSON.stringify(line)}\n`

/** Null for anything but what `save` writes. */
function parse(text: string): Line | null {
  try {
    const line: unknown = JSON.parse(text)
    if (!Array.isArray(line) || line.length !== 2) return null
    const [partition, offset] = line
    return typeof partition === 'string' && typeof offset === 'string' ? [partition, offset] : null
  } catch {
    return null
  }
}
