/** One process among the replicas that share a Redis: who it is, who else lives, which epoch runs, and what time it is there. */
import type { Clock } from '../../clock.ts'
import type { RedisStore } from '../../redis/index.ts'
import { EpochChanged } from './outbox.ts'
import { beatScript, joinScript, leasesScript, leaveScript, toldScript } from './scripts.ts'
import type { Holder } from './taken.ts'

export interface MembershipParts {
  readonly redis: RedisStore
  readonly clock: Clock
  /** Silence after which what this process has reserved is given back. */
  readonly leaseExpiryMs: number
  /** Whose ledger it is: the same after a restart, without blanks, colons and dots. What it has used is told once in each epoch. */
  readonly member: string
  /** Makes names of holders and epochs: letters, digits and hyphens. */
  readonly newId: () => string
  /** For tests: time that scripts go by instead of the server's. */
  readonly serverClock?: Clock
}

/** How long those are waited for that have not told theirs yet. */
const gatherMsMax = 3_000

export class Membership {
  readonly epochKey: string
  /** `ID.PART`: another id when Redis has lost its data, another part each time somebody calls all together. Empty before the first. */
  epoch = ''
  holder: Holder
  /** Processes that lived when it was last asked, this one included. */
  replicas = 1
  readonly #parts: MembershipParts
  #members: readonly string[] = []
  /** To be added to this machine's clock, to have the server's. */
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
    return { id, leases: this.#key(`leases:${id}`), gone: this.#key(`gone:${id}`), told: this.#key(`told:${id}`) }
  }

  /** The server's time as far as it is known, milliseconds; before the first answer this machine's. */
  serverMs(): number {
    return this.#parts.clock() + (Number.isFinite(this.#offsetMs) ? this.#offsetMs : 0)
  }

  heard(serverMs: number): void {
    const offset = serverMs - this.#parts.clock()
    // The quickest answer tells it best: all others are late, never early. A difference of a second is a clock that was set.
    if (offset > this.#offsetMs || this.#offsetMs - offset > 1_000) this.#offsetMs = offset
  }

  /** Time as scripts take it: empty for the server's own. */
  time(): string {
    const { serverClock } = this.#parts
    return serverClock === undefined ? '' : String(Math.floor(serverClock()))
  }

  /**
   * Comes (back) to Redis, in the epoch that runs or in a new one.
   * @param hasNews Whether there is something to tell that all others should wait for.
   * @returns whether it has lost its data since, and whether it knows what this member has used.
   * @throws RedisDown
   */
  async join(hasNews: boolean): Promise<{ readonly isLost: boolean; readonly isKnown: boolean }> {
    const { redis, member, newId } = this.#parts
    const reply = await redis.run(
      joinScript,
      [this.epochKey, this.#key('awaited'), this.#key('until'), this.#key('members'), this.#key('holders')],
      [this.time(), this.epoch, newId(), member, hasNews ? 1 : 0, gatherMsMax, ...this.#members],
    )
    const [serverMs, found, isKnown] = reply as [number, string, number]
    this.heard(serverMs)
    const isLost = idOf(found) !== idOf(this.epoch)
    this.epoch = found
    return { isLost, isKnown: isKnown === 1 }
  }

  /**
   * Says that all is told, and asks whether others still have to.
   * @throws RedisDown, EpochChanged
   */
  async isGathering(): Promise<boolean> {
    const { redis, member } = this.#parts
    const keys = [this.epochKey, this.#key('awaited'), this.#key('until'), this.#key('members')]
    const [serverMs, gathering] = (await redis.run(toldScript, keys, [this.epoch, this.time(), member])) as [
      number,
      number,
    ]
    this.heard(serverMs)
    if (gathering === -1) throw new EpochChanged('Redis has begun another epoch')
    return gathering === 1
  }

  /**
   * Says that this process lives, gives back what a dead one has reserved, and hears who else lives.
   * @throws RedisDown, EpochChanged
   */
  async sayAlive(): Promise<void> {
    const { redis, leaseExpiryMs, member } = this.#parts
    const reply = await redis.run(
      beatScript,
      [this.epochKey, this.#key('holders'), this.holder.gone, this.#key('members')],
      [this.epoch, this.time(), this.holder.id, leaseExpiryMs, member, this.#key('leases:'), this.#key('gone:')],
    )
    const [serverMs, found, wasGivenUp, ...living] = reply as [number, string, number, ...string[]]
    this.heard(serverMs)
    if (found !== this.epoch) throw new EpochChanged('Redis has begun another epoch')
    this.#members = [...new Set(living.map(holder => holder.slice(0, holder.indexOf(':'))))]
    this.replicas = Math.max(1, this.#members.length)
    if (wasGivenUp === 0) return
    this.holder = this.#newHolder()
    await this.sayAlive()
  }

  /** Leases that Redis has in this process's name. @throws RedisDown */
  async leases(): Promise<readonly string[]> {
    return (await this.#parts.redis.run(leasesScript, [this.holder.leases], [])) as readonly string[]
  }

  /** @throws RedisDown */
  async leave(): Promise<void> {
    await this.#parts.redis.run(leaveScript, [this.#key('holders'), this.holder.leases], [this.holder.id])
  }
}

function idOf(epoch: string): string {
  return epoch.slice(0, epoch.indexOf('.'))
}
