import type { Consumer, Exchanges } from './consumer.ts'
import { flag } from './fields.ts'
import { Follower, startOfFiles } from './follower.ts'
import { at, frameHeadBytes, frameKind } from './frame.ts'
import { BlockView } from './metadata.ts'
import { newOpenExchange, type OpenExchange, OpenExchanges } from './pairing.ts'
import { type JournalPosition, positionAt } from './position.ts'
import type { Damage, SegmentScanner } from './scanner.ts'
import { formatOf } from './version.ts'

/**
 * Reads a journal as exchanges: follows the segments, pairs `opened` with `closed`, and stops at each exchange that has
 * ended.
 */
export class ExchangeReader<Opening> implements Exchanges<Opening> {
  readonly open = new OpenExchanges<Opening>()
  readonly block = new BlockView()
  exchange: OpenExchange<Opening> = newOpenExchange(0)
  isOrphan = false
  closedAt: JournalPosition = 0
  /** Where to stop: what ends at or before this position is with the kernel. */
  limit: JournalPosition = 0
  /**
   * The first position that exists in the files when the consumer needs an earlier one: what was there is lost to it.
   */
  readonly missedTo: JournalPosition | null
  readonly #follower: Follower
  readonly #openedBlock = new BlockView()
  readonly #readOpening: Consumer<Opening>['readOpening']
  readonly #onDamage: (damage: Damage) => void
  /** Exchanges that ended before it have been taken already. */
  readonly #takenTo: JournalPosition

  /** @param directory of the segments. @param onDamage called for damage that the consumer has not passed before. */
  constructor(directory: string, consumer: Consumer<Opening>, onDamage: (damage: Damage) => void) {
    const { takenTo, readFrom } = consumer.position
    const start = startOfFiles(directory)
    this.#takenTo = takenTo
    this.missedTo = takenTo > 0 && takenTo < start ? start : null
    this.#readOpening = (entry, block) => consumer.readOpening(entry, block)
    this.#onDamage = damage => {
      if (positionAt(damage.segment, damage.offset) >= takenTo) onDamage(damage)
    }
    this.#follower = new Follower(directory, Math.max(readFrom, start), this.#onDamage)
  }

  /** After the last entry that was read. */
  get position(): JournalPosition {
    return Math.max(this.#follower.position, this.#takenTo)
  }

  get readFrom(): JournalPosition {
    return this.open.lowWater(this.position)
  }

  /** True while the files hold more before `limit` than was read. */
  get isBehind(): boolean {
    return this.#follower.position < this.limit
  }

  get entry(): SegmentScanner {
    return this.#follower.entry
  }

  next(): boolean {
    const follower = this.#follower
    while (follower.next(this.limit)) {
      if (this.#take(follower.entry)) return true
    }
    return false
  }

  close(): void {
    this.#follower.close()
  }

  /** True when the entry ends an exchange. */
  #take(entry: SegmentScanner): boolean {
    const idAt = entry.headAt + at.id
    const id = entry.window.toString('latin1', idAt, idAt + 16)
    const position = positionAt(entry.segment, entry.offset)
    if (entry.kind === frameKind.closed) return this.#end(entry, id, position)
    const exchange = this.open.begin(id, position)
    exchange.writtenAtMs = entry.view.getFloat64(entry.headAt + at.writtenAtMs, true)
    if (entry.kind !== frameKind.opened) {
      exchange.parts ??= []
      exchange.parts.push(entry.kind, position)
      return false
    }
    // One that is opened again begins anew: a collector writes it again when a crash cut it off the first time.
    exchange.parts = null
    if (this.#openedBlock.read(entry.view, entry.headAt + frameHeadBytes, entry.metaEnd, formatOf(entry).opened)) {
      exchange.opening = this.#readOpening(entry, this.#openedBlock)
      exchange.openedAt = position
    }
    return false
  }

  #end(entry: SegmentScanner, id: string, position: JournalPosition): boolean {
    const known = this.open.end(id)
    if (position < this.#takenTo) return false
    if (!readClosedBlock(entry, this.block)) {
      this.#onDamage({ segment: entry.segment, offset: entry.offset, bytes: entry.end - entry.offset })
      return false
    }
    const exchange = known ?? newOpenExchange<Opening>(position)
    const carriesOpened = (entry.flags & flag.carriesOpened) !== 0
    if (carriesOpened && this.#openedBlock.read(entry.view, this.block.endAt, entry.metaEnd, formatOf(entry).opened)) {
      exchange.opening = this.#readOpening(entry, this.#openedBlock)
    }
    this.exchange = exchange
    this.isOrphan = known === undefined && !carriesOpened
    this.closedAt = position
    return true
  }
}

/** Reads the closing half of an entry of kind `closed`. False when its sizes do not fit. */
export function readClosedBlock(entry: SegmentScanner, block: BlockView): boolean {
  return block.read(entry.view, entry.headAt + frameHeadBytes, entry.metaEnd, formatOf(entry).closed)
}
