/** An instance whose background work the test controls, and a gateway in front of it on a clock that the test sets. */
import type { ServerResponse } from 'node:http'
import type { Config, ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import type { House } from '../../packages/gateway/src/house/index.ts'
import { buildHouse } from '../../packages/gateway/src/house/open.ts'
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import type { LimitsReport, RuleReport } from '../../packages/gateway/src/limits/index.ts'
import { silentLog } from '../../packages/gateway/src/log.ts'
import { type Backend, type Received, startBackend } from './backend.ts'
import { allRecords } from './records.ts'
import { eventually } from './wait.ts'
import { instanceKey, type Scope, startWorld, type World } from './world.ts'

/** Work of the instance: a response or a batch. */
export interface Work {
  readonly id: string
  status: string
  /** Billed usage, reported once the status is not `in_progress` or `queued`; null if it is never reported. */
  usage: { readonly input: number; readonly output: number } | null
  /** Only for a batch: further members of its object, and the file of its answers. */
  shows: Record<string, unknown>
  answers: string | null
  /** Streams of it that are held open. */
  readonly streams: Set<ServerResponse>
}

export interface BackgroundWorld {
  readonly world: World
  readonly backend: Backend
  readonly works: Map<string, Work>
  /** The gateway's clock, in ms since the epoch. */
  readonly time: { ms: number }
  /** Ends the work: every later poll shows it. */
  finish(id: string, usage?: Work['usage'], status?: string): void
  /** The gateway that runs now. */
  readonly house: House
  /** Another gateway on the same configuration, but with its own ledger. */
  replica(): Promise<House>
  /** Ends the gateway and starts it again on the same ledger, with a changed configuration if one is given. */
  restart(config?: Config): Promise<void>
  /** Every record, newest first, once nothing is in flight. */
  records(of?: House): Promise<readonly RecordRow[]>
  /** Moves the clock on until the gateway has polled the object `times` times in all. */
  untilPolled(id: string, times: number): Promise<void>
  polls(id: string): number
  /** As `gatehouse limits` shows it. */
  standing(measure: string): Promise<RuleReport>
  /** Sends as alice, through the gateway that runs now or through the given one. */
  sends(method: string, path: string, body?: unknown, through?: House): Promise<Response>
}

export interface BackgroundOptions {
  readonly change?: (config: ConfigInput) => ConfigInput
  readonly credential?: ConfigInput['instances'][string]['credential']
  /** Replaces the answer to some requests: true when it has answered. */
  readonly instead?: (request: Received, response: ServerResponse) => boolean
}

export interface WorkingBackend extends Pick<BackgroundWorld, 'backend' | 'works' | 'finish'> {}

/** An instance that works in the background until `finish` is called. */
export async function startWorkingBackend(t: Scope, instead?: BackgroundOptions['instead']): Promise<WorkingBackend> {
  const backend = await startBackend(t)
  const works = new Map<string, Work>()
  backend.answer = (request, response) => {
    if (instead?.(request, response) !== true) answer(works, request, response)
  }
  return {
    backend,
    works,
    finish(id, usage = { input: 12, output: 317 }, status = 'completed') {
      const work = works.get(id)
      if (work === undefined) throw new Error(`no work ${id}`)
      Object.assign(work, { usage, status })
    },
  }
}

/** Instance `up` behind target `up`; workload `w`, open to every caller; deployments `gpt-5` and `gpt-4o`. */
export async function startBackground(t: Scope, options: BackgroundOptions = {}): Promise<BackgroundWorld> {
  const { backend, works, finish } = await startWorkingBackend(t, options.instead)
  const time = { ms: Date.now() }
  const parts = { clock: () => time.ms, identityClock: Date.now, random: () => 0.5 }
  const world = await startWorld(t, {
    parts,
    change: config => {
      const changed = inFrontOf(config, backend, options)
      return options.change?.(changed) ?? changed
    },
  })
  let house = world.house
  const isFollowUp = ({ url, headers }: Received, id: string): boolean =>
    url.includes(id) && headers['user-agent'] === undefined
  const polls = (id: string): number => backend.received.filter(request => isFollowUp(request, id)).length
  return {
    world,
    backend,
    works,
    time,
    polls,
    get house() {
      return house
    },
    async replica() {
      const ledger = { ...world.config.ledger, directory: `${world.directory}/ledger-of-the-other` }
      const config = { ...world.config, ledger }
      const other = await buildHouse(config, { log: silentLog, appService: world.entra.managedIdentity, ...parts })
      t.after(() => other.close())
      return other
    },
    async restart(config = world.config) {
      await house.close()
      house = await buildHouse(config, { log: silentLog, appService: world.entra.managedIdentity, ...parts })
      const { close } = house
      t.after(() => close())
    },
    finish,
    async records(of = house) {
      await eventually('nothing is in flight', () => (of.gateway.inFlight === 0 ? true : null))
      return allRecords(of.ledger)
    },
    async untilPolled(id, times) {
      await eventually(`${times} polls of ${id}`, () => {
        if (polls(id) >= times) return true
        time.ms += 5_000
        return null
      })
    },
    async standing(measure) {
      const answer = await fetch(`${house.admin?.url}/api/v1/limits`, {
        headers: { authorization: `Bearer ${await world.token('carol')}` },
      })
      const { rules } = (await answer.json()) as LimitsReport
      const found = rules.find(rule => rule.measure === measure)
      if (found === undefined) throw new Error(`no rule of ${measure}`)
      return found
    },
    async sends(method, path, body, through = house) {
      // Records are listed by their time.
      time.ms += 1
      const token = await world.token('alice')
      return fetch(`${through.gateway.url}/up/w/openai/v1/${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'user-agent': 'test' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    },
  }
}

/** Reads a stream until it contains the words, then disconnects. */
export async function leaveAt(answer: Response, words: string): Promise<string> {
  const reader = answer.body?.getReader()
  let text = ''
  while (reader !== undefined && !text.includes(words)) {
    const { done, value } = await reader.read()
    if (done) break
    text += Buffer.from(value).toString()
  }
  await reader?.cancel()
  return text
}

/** The sum of the tokens in the records. */
export function chargedOf(records: readonly RecordRow[]): number {
  return records.reduce((sum, { usage }) => sum + (usage.totalTokens ?? 0), 0)
}

/** The configuration with only that instance. */
export function inFrontOf(
  config: ConfigInput,
  backend: Backend,
  { credential = { key: instanceKey } }: Pick<BackgroundOptions, 'credential'> = {},
): ConfigInput {
  const [some] = Object.values(config.workloads)
  if (some === undefined) throw new TypeError('the demonstration has no workload')
  const deployments = { 'gpt-5': { model: 'gpt-5' }, 'gpt-4o': { model: 'gpt-4o' } }
  const { tenants } = config.identity.entra
  const tenant = (tenants ?? [])[0]
  return {
    ...config,
    instances: {
      up: { endpoint: backend.url, credential, deployments },
    },
    pools: {},
    workloads: {
      w: { callers: [{ tenant: String(tenant) }], targets: ['up'], deployments: ['gpt-5', 'gpt-4o'], capture: 'full' },
    },
    limits: {},
  }
}

function shown(work: Work): Record<string, unknown> {
  const { id, status, usage } = work
  const isDone = !['queued', 'in_progress', 'validating'].includes(status)
  const reported = isDone && usage !== null ? { ...usageOf(usage) } : null
  if (id.startsWith('batch'))
    return { id, object: 'batch', status, usage: reported, model: 'gpt-5', ...(isDone ? work.shows : {}) }
  return {
    id,
    object: 'response',
    status,
    background: true,
    model: 'gpt-5',
    output: isDone ? [{ id: `msg_${id}`, type: 'message', content: [] }] : [],
    usage: reported,
  }
}

function usageOf({ input, output }: NonNullable<Work['usage']>): Record<string, number> {
  return { input_tokens: input, output_tokens: output, total_tokens: input + output }
}

const event = (type: string, more: Record<string, unknown>): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`

function answer(works: Map<string, Work>, request: Received, response: ServerResponse): void {
  const { method, url, body } = request
  const [path = '', query = ''] = url.replace(/^\/openai\/(v1\/)?/, '').split('?')
  const [kind = '', id = '', verb] = path.split('/')
  const json = (status: number, document: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  }
  if (method === 'POST' && id === '') {
    const question = JSON.parse(body) as { stream?: boolean }
    const name = kind === 'batches' ? 'batch' : 'resp'
    const work: Work = {
      id: `${name}_${count(works)}`,
      status: 'in_progress',
      usage: null,
      shows: {},
      answers: null,
      streams: new Set(),
    }
    works.set(work.id, work)
    if (question.stream === true) stream(work, response)
    else json(200, shown(work))
    return
  }
  if (kind === 'files') {
    const answers = [...works.values()].find(({ shows }) => shows['output_file_id'] === id)?.answers ?? null
    response.writeHead(answers === null ? 404 : 200, { 'content-type': 'application/octet-stream' }).end(answers)
    return
  }
  const work = works.get(id)
  if (kind === 'conversations') json(200, { object: 'list', data: [] })
  else if (work === undefined) json(404, { error: { code: 'not_found', message: 'no such object' } })
  else if (method === 'DELETE') {
    works.delete(id)
    json(200, { id, deleted: true })
  } else show(work, verb ?? '', query, response)
}

function show(work: Work, verb: string, query: string, response: ServerResponse): void {
  if (verb === 'cancel') work.status = 'cancelled'
  if (query.includes('stream=true')) stream(work, response)
  else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(shown(work)))
}

/** The first events; the last one only if the work is done by then. */
function stream(work: Work, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(event('response.created', { response: shown({ ...work, status: 'in_progress' }) }))
  response.write(event('response.output_text.delta', { delta: 'Day one: the castle. ' }))
  if (work.status === 'completed') response.end(event('response.completed', { response: shown(work) }))
  else work.streams.add(response)
}

const made = new WeakMap<object, number>()

/** Ids are never used twice, even after a deletion. */
function count(works: object): number {
  const number = (made.get(works) ?? 0) + 1
  made.set(works, number)
  return number
}
