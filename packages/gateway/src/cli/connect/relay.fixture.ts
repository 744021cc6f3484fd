/** A relay between sockets of a test: what goes out of it can be seen, and what comes back is up to the test. */
import { once } from 'node:events'
import { type ClientRequest, createServer, type IncomingMessage, type RequestListener, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import type { CliError } from '../errors.ts'
import type { Place } from './address.ts'
import { type Relay, startRelay } from './relay.ts'

export interface RelayWorld {
  readonly relay: Relay
  readonly port: number
  readonly problems: string[]
  /** Header fields with the relay's key. */
  readonly signed: Readonly<Record<string, string>>
}

export interface WorldOptions {
  readonly place?: Place
  /** Tokens in the order in which they are given out; the last one is given out again and again. */
  readonly tokens?: readonly string[]
  /** Base URL instead of the one of `answer`. */
  readonly gateway?: string
  /** Thrown instead of a token. */
  readonly refusal?: CliError
}

/** Starts a relay in front of a gateway that answers as `answer` does; both end with the test. */
export async function relayTo(
  t: TestContext,
  answer: RequestListener,
  { place = { target: null, workload: 'hr-bot' }, tokens = ['token-1'], gateway, refusal }: WorldOptions = {},
): Promise<RelayWorld> {
  const server = createServer(answer)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const problems: string[] = []
  const left = [...tokens]
  const next = async (): Promise<string> => {
    if (refusal !== undefined) throw refusal
    return (left.length > 1 ? left.shift() : left[0]) ?? ''
  }
  const relay = await startRelay({
    gateway: gateway ?? `http://127.0.0.1:${port}`,
    place,
    port: 0,
    program: './gatehouse',
    tokens: {
      token: next,
      async after(refused) {
        const token = await next()
        return token === refused ? null : token
      },
    },
    onProblem: problem => problems.push(problem),
  })
  t.after(() => {
    relay.cut()
    server.close()
    server.closeAllConnections()
  })
  return { relay, port: Number(new URL(relay.url).port), problems, signed: { authorization: `Bearer ${relay.key}` } }
}

/** Begins a call; its connection is its own. */
export function call(
  { port }: Pick<RelayWorld, 'port'>,
  path: string,
  headers: Readonly<Record<string, string>>,
  method = 'GET',
): ClientRequest {
  return request({ host: '127.0.0.1', port, path, method, headers, agent: false })
}

export async function answerTo(sent: ClientRequest): Promise<IncomingMessage> {
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return answer
}

export interface Answered {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** The code of a refusal; null in other answers. */
  readonly code: string | null
}

/** Sends a call and reads the whole answer. */
export async function ask(
  world: Pick<RelayWorld, 'port'>,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: string | Buffer,
): Promise<Answered> {
  const sent = call(world, path, headers, body === undefined ? 'GET' : 'POST')
  sent.end(body)
  const answer = await answerTo(sent)
  const text = (await buffer(answer)).toString()
  const code = answer.headers['x-gatehouse-refusal']
  return { status: answer.statusCode ?? 0, headers: answer.headers, text, code: typeof code === 'string' ? code : null }
}
