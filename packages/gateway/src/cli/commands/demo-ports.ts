/** The five ports of a demonstration: which ones, and whether they are free. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { codeOf } from '../../errors.ts'
import { CliError } from '../errors.ts'
import { demoStateIn } from '../reach/demo-state.ts'

export interface DemoPorts {
  readonly gatewayPort: number
  readonly adminPort: number
  readonly signInPort: number
  readonly instance1Port: number
  readonly instance2Port: number
}

/** In the order in which they follow the first one. */
const uses = {
  gatewayPort: 'gateway',
  adminPort: 'management API',
  signInPort: 'sign-in service',
  instance1Port: 'dev-openai-instance-1',
  instance2Port: 'dev-openai-instance-2',
} as const satisfies Record<keyof DemoPorts, string>

const names = Object.keys(uses) as readonly (keyof DemoPorts)[]
const host = '127.0.0.1'
/** Further first ports that are tried for the advice. */
const basesMax = 50

/**
 * @param base first of five ports in a row; 0 for free ones.
 * @param given ports that were chosen one by one.
 */
export function demoPorts(base: number, given: Partial<DemoPorts>): DemoPorts {
  const following = (name: keyof DemoPorts): number => given[name] ?? (base === 0 ? 0 : base + names.indexOf(name))
  return {
    gatewayPort: following('gatewayPort'),
    adminPort: following('adminPort'),
    signInPort: following('signInPort'),
    instance1Port: following('instance1Port'),
    instance2Port: following('instance2Port'),
  }
}

/**
 * Says at once which of the ports cannot be taken, and where there is room for all.
 * @param directory where this demonstration keeps its state.
 * @throws CliError port_taken
 */
export async function requireFreePorts(ports: DemoPorts, directory: string): Promise<void> {
  const taken: string[] = []
  let forbidden = false
  for (const name of names) {
    const failure = await failureOf(ports[name])
    if (failure !== null) taken.push(`${ports[name]} (${uses[name]})`)
    forbidden ||= failure === 'EACCES'
  }
  if (taken.length === 0) return
  const what =
    taken.length === 1
      ? `Port ${taken[0]} of ${host} cannot be taken.`
      : `Ports ${taken.join(', ')} of ${host} cannot be taken.`
  const running = await demoStateIn(directory)
  const others = forbidden
    ? 'This user may not listen there.'
    : 'Other programs listen there, perhaps an earlier start.'
  const why =
    running === null
      ? others
      : `A demonstration runs in this folder already, as process ${running.pid}; its console is ${running.admin}`
  const next =
    running === null ? `npm start -- --base-port ${await freeBase()}` : 'stop it with Ctrl-C in its terminal, or use it'
  throw new CliError('port_taken', what, why, next)
}

/** Code of the error of `listen`; null when the port is free. */
async function failureOf(port: number): Promise<string | null> {
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
    return null
  } catch (error) {
    return codeOf(error) ?? 'unknown'
  } finally {
    if (server.listening) {
      server.close()
      await once(server, 'close')
    }
  }
}

async function freeBase(): Promise<number> {
  for (let count = 1; count < basesMax; count += 1) {
    const base = 8_080 + count * 1_000
    const failures = await Promise.all(names.map((_, index) => failureOf(base + index)))
    if (failures.every(failure => failure === null)) return base
  }
  return 0
}
