/**
 * One process among the replicas that share a Redis: its name, the other living replicas, the current epoch, and the
 * server's time.
 */
import type { Clock } from '../../clock.ts'
import type { RedisStore } from '../../redis/index.ts'
import { EpochChanged } from './outbox.ts'
import type { Holder } from './reservation.ts'
import { scripts } from './scripts.ts'

export interface MembershipParts {
  readonly redis: RedisStore
  readonly clock: Clock
  /** After this silence, what the process has reserved is refunded. */
  readonly leaseExpiryMs: number
  /**
   * Name of the process's ledger: the same after a restart, without blanks, colons and dots. What the ledger has
   * recorded is reported once in each epoch.
   */
  readonly member: string
  /** Creates names of holders and epochs: letters, digits and hyphens. */
  readonly newId: () => string
  /** For tests: time that scripts use instead of the server's. */
  readonly serverClock?: Clock
}

/** Members that have not reported are awaited for at most this time. In ms. */
const awaitMembersMsMax = 3_000

export class Membership {
  readonly epochKey: string
  /**
   * `ID.PART`: the id changes when Redis has lost its data, the part each time a process calls all members together.
   * Empty before the first.
   */
  epoch = ''
  holder: Holder
  /** Processes that lived at the last heartbeat, this one included. */
  replicas = 1
  readonly #parts: MembershipParts
  #members: readonly string[] = []
  /** The server's clock minus this machine's. */
  #offsetMs = Number.NEGATIVE_INFINITY

  constructor(parts: MembershipParts) {
    this.#parts = parts
    this.epochKey = this.#key('epoch')
    this.holder = this.#newHolder()
  }

  #key(name: string): string {
    return this.#parts.redis.key(`limits:${name}`)
  }

  #newHolder(): Holder {
    const { member, newId } = this.#parts
    const id = `${member}:${newId()}`
    return {
      id,
      leases: this.#key(`leases:${id}`),
      givenUp: this.#key(`gone:${id}`),
      lastBooked: this.#key(`told:${id}`),
    }
  }

  /** Changes when Redis has lost its data. */
  get dataId(): string {
    return idOf(this.epoch)
  }

  /** The server's time as far as it is known, in ms; before the first reply this machine's. */
  serverMs(): number {
    return this.#parts.clock() + (Number.isFinite(this.#offsetMs) ? this.#offsetMs : 0)
  }

  noteServerTime(serverMs: number): void {
    const offset = serverMs - this.#parts.clock()
    // The quickest reply is the most exact: all others are late, never early. A difference of a second means that a
    // clock was set.
    if (offset > this.#offsetMs || this.#offsetMs - offset > 1_000) this.#offsetMs = offset
  }

  /** The time argument of scripts: empty for the server's own time. */
  timeArgument(): string {
    const { serverClock } = this.#parts
    return serverClock === undefined ? '' : String(Math.floor(serverClock()))
  }

  /**
   * Joins Redis, or comes back to it, in the current epoch or in a new one.
   * @param hasNews True when there is something to report that all others should wait for.
   * @returns whether Redis has lost its data since, and whether it knows what this member has used.
   * @throws RedisDown
   */
  async join(hasNews: boolean): Promise<{ readonly isLost: boolean; readonly isKnown: boolean }> {
    const { redis, member, newId } = this.#parts
    const reply = await redis.run(
      scripts.join,
      [this.epochKey, this.#key('awaited'), this.#key('until'), this.#key('members'), this.#key('holders')],
      [this.timeArgument(), this.epoch, newId(), member, hasNews ? 1 : 0, awaitMembersMsMax, ...this.#members],
    )
    const [serverMs, found, isKnown] = reply as [number, string, number]
    this.noteServerTime(serverMs)
    const isLost = idOf(found) !== idOf(this.epoch)
    this.epoch = found
    return { isLost, isKnown: isKnown === 1 }
  }

  /**
   * Says that this member has reported everything.
   * @returns true while other members are still awaited.
   * @throws RedisDown, EpochChanged
   */
  async reportedAll(): Promise<boolean> {
    const { redis, member } = this.#parts
    const keys = [this.epochKey, this.#key('awaited'), this.#key('until'), this.#key('members')]
    const reply = await redis.run(scripts.reported, keys, [this.epoch, this.timeArgument(), member])
    const [serverMs, isAwaiting] = reply as [number, number]
    this.noteServerTime(serverMs)
    if (isAwaiting === -1) throw new EpochChanged('Redis has begun another epoch')
    return isAwaiting === 1
  }

  /**
   * Says that this process lives, refunds the reservations of a dead one, and reads which processes live.
   * @throws RedisDown, EpochChanged
   */
  async heartbeat(): Promise<void> {
    const { redis, leaseExpiryMs, member } = this.#parts
    const reply = await redis.run(
      scripts.beat,
      [this.epochKey, this.#key('holders'), this.holder.givenUp, this.#key('members')],
      [
        this.epoch,
        this.timeArgument(),
        this.holder.id,
        leaseExpiryMs,
        member,
        this.#key('leases:'),
        this.#key('gone:'),
      ],
    )
    const [serverMs, found, wasGivenUp, ...living] = reply as [number, string, number, ...string[]]
    this.noteServerTime(serverMs)
    if (found !== this.epoch) throw new EpochChanged('Redis has begun another epoch')
    this.#members = [...new Set(living.map(holder => holder.slice(0, holder.indexOf(':'))))]
    this.replicas = Math.max(1, this.#members.length)
    if (wasGivenUp === 0) return
    this.holder = this.#newHolder()
    await this.heartbeat()
  }

  /** Leases that Redis has under this process's name. @throws RedisDown */
  async leases(): Promise<readonly string[]> {
    return (await this.#parts.redis.run(scripts.leases, [this.holder.leases], [])) as readonly string[]
  }

  /** @throws RedisDown */
  async leave(): Promise<void> {
    await this.#parts.redis.run(scripts.leave, [this.#key('holders'), this.holder.leases], [this.holder.id])
  }
}

function idOf(epoch: string): string {
  return epoch.slice(0, epoch.indexOf('.'))
}
