import type { Direction } from '../index.ts'
import { type BodyPositions, bodyPieces, type JournalBodies, readBodies } from '../journal/bodies.ts'
import { journalName } from '../journal/consumer.ts'
import type { JournalPosition } from '../journal/position.ts'
import type { Closed, Opened } from '../record.ts'
import type { RecordedExchange } from './index.ts'

/** An exchange as a feed's consumer has read it. Thousands of them wait in memory, so each is small. */
export class JournalExchange implements RecordedExchange {
  readonly opened: Opened
  readonly closed: Closed
  readonly bodies: BodyPositions
  /** Directory of the segments. */
  readonly #directory: string

  constructor(directory: string, opened: Opened, closed: Closed, bodies: BodyPositions) {
    this.#directory = directory
    this.opened = opened
    this.closed = closed
    this.bodies = bodies
  }

  get id(): string {
    return this.opened.id
  }

  get journal(): string {
    return journalName(this.#directory)
  }

  get closedAt(): JournalPosition {
    return this.bodies.closedAt
  }

  readBodies(bytesMax?: number): JournalBodies | null {
    return readBodies(this.#directory, this.bodies, this.id, bytesMax)
  }

  bodyPieces(direction: Direction): Iterable<Uint8Array> {
    return bodyPieces(this.#directory, this.bodies, this.id, direction)
  }
}
