/**
 * A faithful Azure OpenAI instance for development and tests: the dated API and v1, with a bill of its own. Bodies,
 * headers and errors follow the service's specifications and recorded answers; the content is made here and follows
 * from the question.
 */
import { createServer } from 'node:http'
import type { AzureSimulator, AzureSimulatorOptions } from '../types.ts'
import { Gate } from './http/auth.ts'
import { Door } from './http/door.ts'
import { serve } from './server.ts'
import { createService } from './service.ts'

export type { FaultKind } from './faults.ts'

/** Longer than clients keep idle connections, so that the simulator is never the side that closes. */
const keepAliveMs = 75_000

/**
 * Starts an instance. Its routes are those of Azure OpenAI, and `/_simulator/*` for tests (see http/admin.ts).
 * @throws the system's error when the port is taken.
 */
export async function startAzure(options: AzureSimulatorOptions): Promise<AzureSimulator> {
  const closing = new AbortController()
  const service = createService(options, closing.signal, () => outage())
  const gate = new Gate(options, options.entra?.clock ?? service.clock)
  const server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    serve(service, gate, request, response).catch((cause: unknown) => {
      process.emitWarning(cause instanceof Error ? cause : String(cause))
      response.destroy()
    })
  })
  const host = options.host ?? '127.0.0.1'
  const door = new Door(server, host)
  const outage = (): void => {
    const { outage } = service.faults
    if (outage === null) {
      door.reopen()
      return
    }
    // Before the connections are closed: the bill must not say that these clients left.
    for (const call of service.running) call.abort('outage')
    door.shut(outage.ms, () => {
      service.faults.liftOutage()
      door.reopen()
    })
  }
  await door.open(options.port ?? 0)
  return {
    name: options.name,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${door.port}`,
    bill: () => service.bill.lines(),
    clearBill: () => service.bill.clear(),
    setFault: fault => {
      service.faults.set(fault)
      service.applyOutage()
    },
    close: async () => {
      closing.abort()
      for (const call of service.running) call.abort('closing')
      await door.close()
    },
  }
}
