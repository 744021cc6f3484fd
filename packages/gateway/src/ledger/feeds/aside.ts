import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncDirectory } from '../journal/files.ts'

/** Size up to which the file grows, in bytes. Beyond it, records that are set aside are only logged and counted. */
const fileBytesMax = 16 * 1_048_576

/**
 * What can never be taken, in the file `NAME.aside.jsonl` beside the cursor: its place, the reason, the time. Of a feed
 * these are records with their id and place in the journal, of a source messages. After a crash it may be in it twice.
 */
export class AsideFile {
  readonly #path: string
  #bytes = 0
  #count = 0
  #unsynced = false

  constructor(directory: string, name: string) {
    this.#path = join(directory, `${name}.aside.jsonl`)
    const text = existsSync(this.#path) ? readFileSync(this.#path, 'utf8') : ''
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    this.#bytes = Buffer.byteLength(whole)
    this.#count = whole.split('\n').length - 1
    // A crash left half a line.
    if (whole.length < text.length) truncateSync(this.#path, this.#bytes)
  }

  get count(): number {
    return this.#count
  }

  /** @throws the system's error when the line cannot be written: the record must not be passed over in silence. */
  add(place: Readonly<Record<string, unknown>>, reason: string, atMs: number): void {
    const line = Buffer.from(`${JSON.stringify({ ...place, reason, at: new Date(atMs).toISOString() })}\n`)
    if (this.#bytes + line.byteLength <= fileBytesMax) {
      this.#append(line)
      this.#bytes += line.byteLength
      this.#unsynced = true
    }
    this.#count += 1
  }

  #append(line: Buffer): void {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
    try {
      appendFileSync(this.#path, line, { mode: 0o600 })
    } catch (error) {
      // Half a line would make the next one unreadable.
      if (existsSync(this.#path)) truncateSync(this.#path, this.#bytes)
      throw error
    }
  }

  /** Puts the lines on the disk. To be called before the cursor moves past their records. */
  async sync(): Promise<void> {
    if (!this.#unsynced) return
    const file = await open(this.#path, 'r+')
    try {
      await file.datasync()
    } finally {
      await file.close()
    }
    await syncDirectory(dirname(this.#path))
    this.#unsynced = false
  }
}
