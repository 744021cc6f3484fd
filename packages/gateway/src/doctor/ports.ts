/** Whether the gateway can listen where it should, or does already. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { codeOf } from '../errors.ts'
import { addressOf } from '../house/address.ts'
import { liveHolderOf } from '../ledger/directory.ts'
import { type Check, type Finding, failure, ok, type Subject, warning } from './index.ts'
import { ledgersOf } from './ledgers.ts'
import { ask } from './network.ts'

export const ports: Check = {
  looksAt:
    'The addresses of `gateway.listen` and `admin.listen`: free and allowed to this user, or taken by the gateway of this configuration.',
  timeoutMs: 10_000,
  async run(subject) {
    const { gateway, admin } = subject.config
    return [
      await listenable('gateway.listen', gateway.listen, subject),
      await listenable('admin.listen', admin.listen, subject),
    ]
  },
}

async function listenable(setting: string, listen: string, subject: Subject): Promise<Finding> {
  const { host, port } = addressOf(listen)
  if (port === 0) return ok('Any free port.', setting)
  const server = createServer()
  try {
    server.listen({ host, port, exclusive: true })
    await once(server, 'listening')
    return ok(`${listen} is free.`, setting)
  } catch (error) {
    const code = codeOf(error) ?? 'unknown reason'
    return code === 'EADDRINUSE' ? taken(setting, listen, subject) : unusable(setting, listen, code)
  } finally {
    server.close()
  }
}

async function taken(setting: string, listen: string, { config, clock }: Subject): Promise<Finding> {
  const { host, port } = addressOf(listen)
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  const url = `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}/healthz`
  const answer = await ask(url, clock).catch(() => null)
  if (answer?.status !== 200 || !/^\{"status":"ok"\}\s*$/.test(answer.body.toString('latin1')))
    return failure(`${listen} is taken by another program.`, `Stop that program, or change ${setting}.`, setting)
  const holder = (await ledgersOf(config.ledger)).map(liveHolderOf).find(pid => pid !== null)
  if (holder !== undefined) return ok(`A gateway answers at ${listen} (process ${holder}).`, setting)
  const found = `A gateway answers at ${listen}, and it does not use the ledger of this configuration.`
  return warning(found, `Stop it, or change ${setting} to run another one.`, setting)
}

function unusable(setting: string, listen: string, code: string): Finding {
  const found = `${listen} cannot be listened on (${code}).`
  if (code === 'EACCES')
    return failure(found, `Ports below 1024 need a right (CAP_NET_BIND_SERVICE): change ${setting}.`, setting)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return failure(found, `This machine has no such address: change ${setting}, as to 0.0.0.0:8080.`, setting)
  return failure(found, `Change ${setting}.`, setting)
}
