/** A client of bare `node:http`, so that it can disconnect at any byte and see every byte. */
import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { Plan } from './plans.ts'

/** What the client saw of a call. */
export interface Seen {
  readonly plan: Plan
  /** `x-gatehouse-request-id`; null when no head came. */
  readonly id: string | null
  readonly status: number | null
  readonly refusal: string | null
  readonly contentType: string
  /** Bytes of the body as they came. */
  readonly body: Buffer
  /** `whole`: a proper end. `left`: this client disconnected. `broken`: the connection ended before the answer did. */
  readonly ended: 'whole' | 'left' | 'broken'
}

export interface Client {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly agent: Agent
  /** Tokens by name; the names of `Plan.as`. */
  readonly tokens: ReadonlyMap<string, string>
}

/**
 * Makes the call. Never rejects: the result says what happened.
 * @param onHead Called when the head of an answer has come.
 */
export function send(client: Client, plan: Plan, onHead: () => void = () => {}): Promise<Seen> {
  const token = plan.as === null ? undefined : client.tokens.get(plan.as)
  const body = Buffer.from(plan.body)
  const { hostname, port } = new URL(client.url)
  return new Promise(resolve => {
    const req = request({
      hostname,
      port,
      agent: client.agent,
      method: plan.method,
      // Passed as a string: a URL object would correct what is to be refused.
      path: plan.path,
      headers: {
        ...plan.headers,
        'content-type': 'application/json',
        'content-length': body.length,
        'user-agent': plan.mark,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    })
    const call = new OneCall(plan, req, resolve)
    req.on('response', res => {
      call.answered(res)
      onHead()
    })
    req.on('error', () => call.end('broken'))
    call.start(body)
  })
}

class OneCall {
  readonly #plan: Plan
  readonly #req: ClientRequest
  readonly #resolve: (seen: Seen) => void
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #res: IncomingMessage | null = null
  #left = false
  #over = false

  constructor(plan: Plan, req: ClientRequest, resolve: (seen: Seen) => void) {
    this.#plan = plan
    this.#req = req
    this.#resolve = resolve
  }

  start(body: Buffer): void {
    const { leave } = this.#plan
    if (leave?.at === 'half-sent') {
      this.#req.write(body.subarray(0, body.length >> 1), () => this.#leaveAfter(2))
      return
    }
    this.#req.end(body)
    if (leave?.at === 'sent') this.#req.once('finish', () => this.#leaveAfter(leave.turns))
  }

  answered(res: IncomingMessage): void {
    this.#res = res
    const { leave } = this.#plan
    res.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#bytes += chunk.length
      if (leave?.at === 'bytes' && this.#bytes >= leave.bytes) this.#leave()
    })
    res.on('end', () => this.end(res.complete ? 'whole' : 'broken'))
    res.on('error', () => this.end('broken'))
    res.on('close', () => this.end('broken'))
  }

  end(how: 'whole' | 'broken'): void {
    this.#over = true
    const res = this.#res
    const header = (name: string): string | null => {
      const value = res?.headers[name]
      return typeof value === 'string' ? value : null
    }
    this.#resolve({
      plan: this.#plan,
      id: header('x-gatehouse-request-id'),
      status: res?.statusCode ?? null,
      refusal: header('x-gatehouse-refusal'),
      contentType: header('content-type') ?? '',
      body: Buffer.concat(this.#chunks),
      ended: this.#left ? 'left' : how,
    })
  }

  #leaveAfter(turns: number): void {
    if (turns <= 0) this.#leave()
    else setImmediate(() => this.#leaveAfter(turns - 1))
  }

  #leave(): void {
    // The connection may already serve another call.
    if (this.#over) return
    this.#left = true
    this.#req.destroy()
    // An answer that has begun ends with its own events; before that there is none.
    if (this.#res === null) this.end('broken')
  }
}

/**
 * Makes calls of `plans`, `atOnce` at a time, until they are used up or `going` returns false. Answers in the order in
 * which they ended.
 */
export async function sendAll(
  plans: Iterator<Plan>,
  atOnce: number,
  one: (plan: Plan) => Promise<void>,
  going: () => boolean = () => true,
): Promise<void> {
  const worker = async (): Promise<void> => {
    while (going()) {
      const next = plans.next()
      if (next.done) return
      await one(next.value)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
