import { appendFileSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { codeOf } from '../../errors.ts'
import { offsetOf, segmentOf } from '../journal/position.ts'
import type { PlaceOfExchange } from './index.ts'

/** Size up to which the file grows, in bytes. Beyond it, records that are set aside are only counted. */
const fileBytesMax = 16 * 1_048_576

/**
 * Records that a feed can never take, in the file `NAME.aside.jsonl` beside its cursor: id, place in the journal,
 * reason, time. After a crash a record may be in it twice.
 */
export class AsideFile {
  readonly #path: string
  #bytes = 0
  #count = 0

  constructor(directory: string, name: string) {
    this.#path = join(directory, `${name}.aside.jsonl`)
    try {
      this.#bytes = statSync(this.#path).size
      this.#count = readFileSync(this.#path, 'utf8')
        .split('\n')
        .filter(line => line !== '').length
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    }
  }

  get count(): number {
    return this.#count
  }

  /** @throws the system's error when the line cannot be written: the record must not be passed over in silence. */
  add({ id, journal, closedAt }: PlaceOfExchange, reason: string, atMs: number): void {
    const place = { journal, segment: segmentOf(closedAt), offset: offsetOf(closedAt) }
    const line = `${JSON.stringify({ id, ...place, reason, at: new Date(atMs).toISOString() })}\n`
    if (this.#bytes + line.length <= fileBytesMax) {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
      appendFileSync(this.#path, line, { mode: 0o600 })
      this.#bytes += line.length
    }
    this.#count += 1
  }
}
