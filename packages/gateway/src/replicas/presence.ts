import type { RedisStore, Script } from '../redis/index.ts'
import type { ReplicaFigures, ReplicaState, Replicas, ReplicasReport } from './index.ts'

export interface PresenceParts {
  /** Null where replicas share nothing. */
  readonly redis: RedisStore | null
  /** Unique among the replicas, the same after a restart. */
  readonly id: string
  readonly name: string
  readonly figures: () => Promise<ReplicaFigures>
  /** Milliseconds between two publications. Default 5,000. */
  readonly everyMs?: number
  /** Milliseconds after which a replica is silent. Default 15,000. */
  readonly silentMs?: number
  /** Milliseconds after which a silent replica is forgotten. Default an hour. */
  readonly forgetMs?: number
}

/** Changes when older versions could not read what is published. */
const form = 1

/** KEYS: replica, set. ARGV: what it says, time to live, id. */
const announce: Script = {
  name: 'replicas_announce',
  lua: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('ZADD', KEYS[2], now, ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[2])
return now`,
}

/** KEYS: set. ARGV: beginning of the replicas' keys. Returns per replica: id, milliseconds since it published, text. */
const read: Script = {
  name: 'replicas_read',
  lua: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = {}
local known = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #known, 2 do
  local text = redis.call('GET', ARGV[1] .. known[i])
  if text then
    found[#found + 1] = known[i]
    found[#found + 1] = math.max(0, math.floor(now - tonumber(known[i + 1])))
    found[#found + 1] = text
  end
end
return found`,
}

/** KEYS: replica, set. ARGV: id. */
const leave: Script = {
  name: 'replicas_leave',
  lua: `redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1`,
}

/** Publishes what this process says of itself, until it is closed. */
export async function openReplicas(parts: PresenceParts): Promise<Replicas> {
  const presence = new Presence(parts)
  await presence.announce()
  return presence
}

class Presence implements Replicas {
  readonly #parts: PresenceParts
  readonly #timer: NodeJS.Timeout | undefined
  #isClosed = false
  #announcing: Promise<void> | null = null

  constructor(parts: PresenceParts) {
    this.#parts = parts
    if (parts.redis === null) return
    parts.redis.onReturn(() => this.announce())
    this.#timer = setInterval(() => void this.announce(), parts.everyMs ?? 5_000)
    this.#timer.unref()
  }

  /** Never rejects: the next one comes soon, and until then the others see this replica as silent. */
  announce(): Promise<void> {
    this.#announcing ??= this.#announce()
      .catch(() => {})
      .finally(() => {
        this.#announcing = null
      })
    return this.#announcing
  }

  async report(): Promise<ReplicasReport> {
    const { redis, id, name, figures } = this.#parts
    const own: ReplicaState = { id, name, isSelf: true, status: 'alive', quietMs: 0, figures: await figures() }
    if (redis === null) return { sharing: 'alone', replicas: [own] }
    const found = redis.isUp ? await this.#others(redis).catch(() => null) : null
    if (found === null) return { sharing: 'away', replicas: [own] }
    const replicas = [own, ...found].toSorted((a, b) => compare(a.name, b.name) || compare(a.id, b.id))
    return { sharing: 'ok', replicas }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    await this.#announcing
    const { redis, id } = this.#parts
    if (redis?.isUp === true) await redis.run(leave, this.#keys(redis), [id]).catch(() => {})
  }

  async #announce(): Promise<void> {
    const { redis, id, name, figures, forgetMs = 3_600_000 } = this.#parts
    if (redis === null || this.#isClosed) return
    const text = JSON.stringify({ form, name, figures: await figures() })
    await redis.run(announce, this.#keys(redis), [text, forgetMs, id])
  }

  /** @throws RedisDown */
  async #others(redis: RedisStore): Promise<ReplicaState[]> {
    const { id: ownId, silentMs = 15_000 } = this.#parts
    const answer = await redis.run(read, [redis.key('replicas')], [redis.key('replica:')])
    const cells = answer as readonly (string | number)[]
    const others: ReplicaState[] = []
    for (let at = 0; at < cells.length; at += 3) {
      const [id, quiet, text] = cells.slice(at, at + 3).map(String)
      if (id === undefined || id === ownId) continue
      const quietMs = Number(quiet)
      const status = quietMs >= silentMs ? 'silent' : 'alive'
      others.push({ id, isSelf: false, status, quietMs, ...readText(text ?? '', id) })
    }
    return others
  }

  #keys(redis: RedisStore): readonly string[] {
    return [redis.key(`replica:${this.#parts.id}`), redis.key('replicas')]
  }
}

/** A replica of another version may write another form, of which only the name can be relied on. */
function readText(text: string, id: string): Pick<ReplicaState, 'name' | 'figures'> {
  try {
    const said = JSON.parse(text) as { form?: unknown; name?: unknown; figures?: unknown } | null
    const name = typeof said?.name === 'string' ? said.name : id
    return { name, figures: said?.form === form ? (said.figures as ReplicaFigures) : null }
  } catch {
    return { name: id, figures: null }
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))
