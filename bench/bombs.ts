/**
 * How long one call blocks all others: the CPU time of the longest turn of the gateway's event loop while it takes each
 * of the bombs, and of the whole call. CPU time, because on a busy machine wall-clock time includes other programs.
 * Client and instances are in a thread of their own. `node bench/bombs.ts [MEGABYTES [PART OF THE NAME]]`
 */
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { type Bomb, bombs } from '../test/support/bombs.ts'
import { running } from '../test/support/file-world.ts'
import { startWorld } from '../test/support/world.ts'

interface Shot {
  readonly url: string
  readonly token: string
  readonly bomb: string
  readonly bytes: number
}

interface Hit {
  readonly status: number
  readonly refusal: string
  readonly sent: number
}

/** The other thread: answers for the instances, and sends the calls that the main thread orders. */
async function shoot(): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('This part is a worker thread.')
  const instance = createServer((incoming, response) => {
    incoming.resume()
    incoming.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices":[]}'))
  })
  instance.listen(0, '127.0.0.1')
  await once(instance, 'listening')
  port.on('message', async (shot: Shot) => port.postMessage(await send(shot)))
  port.postMessage((instance.address() as AddressInfo).port)
}

async function send({ url, token, bomb, bytes }: Shot): Promise<Hit> {
  const found = bombs.find(one => one.name === bomb) as Bomb
  const body = found.body(bytes)
  const outgoing = request(`${url}/main/hr-bot${found.path}`, {
    method: 'POST',
    agent: false,
    headers: { authorization: `Bearer ${token}`, 'content-type': found.contentType, 'content-length': body.length },
  })
  // An answer may come before the body has been sent.
  outgoing.on('error', () => {})
  outgoing.end(body)
  const [answer] = await once(outgoing, 'response')
  answer.resume()
  await once(answer, 'end')
  return {
    status: answer.statusCode,
    refusal: answer.headers['x-gatehouse-refusal'] ?? '',
    sent: body.length,
  }
}

async function measure(megabytes: number, named: string): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { workerData })
  const [port] = await once(worker, 'message')
  const world = await running(scope =>
    startWorld(scope, {
      change: config => ({
        ...config,
        instances: Object.fromEntries(
          Object.entries(config.instances).map(([name, instance]) => [
            name,
            { ...instance, endpoint: `http://127.0.0.1:${port}` },
          ]),
        ),
        limits: { rules: { all: { tokensPerMinute: 1_000_000_000 } } },
      }),
    }),
  )
  const token = await world.token('alice')
  const fire = async (bomb: string, bytes: number): Promise<Hit> => {
    const shot: Shot = { url: world.url, token, bomb, bytes }
    worker.postMessage(shot)
    const [hit] = await once(worker, 'message')
    return hit as Hit
  }
  // Fetch the token and load the code before anything is measured.
  const chosen = bombs.filter(({ name }) => name.includes(named))
  for (const { name } of chosen) await fire(name, 20_000)
  console.log('bomb'.padEnd(34), 'longest turn ms', '  processor ms', '  answer')
  for (const { name } of chosen) {
    const turns = new Turns()
    const { status, refusal } = await fire(name, megabytes * 1_048_576)
    const { longestMs, workMs } = turns.stop()
    const [longest, work] = [longestMs.toFixed(0).padStart(16), workMs.toFixed(0).padStart(14)]
    console.log(name.padEnd(34), longest, work, `  ${status} ${refusal}`)
  }
  await world.close()
  await worker.terminate()
}

/** Reads the CPU clock once in each turn of the event loop. */
class Turns {
  #before = process.threadCpuUsage()
  #longestMs = 0
  #workMs = 0
  #stopped = false

  constructor() {
    this.#look()
  }

  /** In ms; turns without work are not in the sum. */
  stop(): { readonly longestMs: number; readonly workMs: number } {
    this.#stopped = true
    return { longestMs: this.#longestMs, workMs: this.#workMs }
  }

  #look(): void {
    if (this.#stopped) return
    const { user, system } = process.threadCpuUsage(this.#before)
    const turnMs = (user + system) / 1_000
    this.#longestMs = Math.max(this.#longestMs, turnMs)
    if (turnMs > 0.2) this.#workMs += turnMs
    this.#before = process.threadCpuUsage()
    setImmediate(() => this.#look())
  }
}

if (isMainThread) await measure(Number(process.argv[2] ?? 31), process.argv[3] ?? '')
else await shoot()
