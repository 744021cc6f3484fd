/** A gateway in front of one backend, which sends exactly the bytes that the test gives. */
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import { type Backend, startBackend } from './backend.ts'
import { type RawAnswer, RawConnection, requestBytes } from './raw.ts'
import { recordOf } from './records.ts'
import { apiVersion, ask, type Scope, startWorld, type World, type WorldOptions } from './world.ts'

export interface Upstream {
  readonly world: World
  readonly backend: Backend
  /** Opens a connection and sends a call of hr-bot, by default a chat on gpt-4o. */
  begin(body?: Readonly<Record<string, unknown>>, path?: string): Promise<RawConnection>
  /** The same, with the whole answer and the record. */
  call(body?: Readonly<Record<string, unknown>>, path?: string): Promise<{ answer: RawAnswer; record: RecordRow }>
}

/** Path of a chat on the deployment. */
export const chatOn = (deployment: string): string =>
  `/openai/deployments/${deployment}/chat/completions?api-version=${apiVersion}`

export async function startUpstream(t: Scope, options: WorldOptions = {}): Promise<Upstream> {
  const backend = await startBackend(t)
  const world = await startWorld(t, {
    ...options,
    change: config => {
      const one = config.instances['dev-openai-instance-1']
      if (one === undefined) throw new TypeError('the demonstration has no dev-openai-instance-1')
      const changed: ConfigInput = {
        ...config,
        instances: {
          ...config.instances,
          'dev-openai-instance-1': { ...one, endpoint: backend.url, credential: { key: 'k'.repeat(32) } },
        },
      }
      return options.change?.(changed) ?? changed
    },
  })
  const token = await world.token('alice')
  const begin: Upstream['begin'] = async (body = {}, path = chatOn('gpt-4o')) => {
    const connection = await RawConnection.open(world.url)
    connection.write(
      requestBytes(world.url, {
        target: `/dev-openai-instance-1/hr-bot${path}`,
        headers: [
          ['Authorization', `Bearer ${token}`],
          ['Content-Type', 'application/json'],
        ],
        body: JSON.stringify(path.includes('/deployments/') ? { messages: ask('Hello'), ...body } : body),
      }),
    )
    return connection
  }
  return {
    world,
    backend,
    begin,
    async call(body, path) {
      const connection = await begin(body, path)
      const answer = await connection.answer()
      connection.socket.destroy()
      if (answer === null) throw new Error('the connection was closed without an answer')
      return { answer, record: await recordOf(world.house.ledger, answer.headers['x-gatehouse-request-id']) }
    },
  }
}
