/** The way to each instance: name, connection, certificate, HTTP. Its answer to a credential is in `credentials`. */
import { type Check, type Finding, failure, ok, type Subject } from './index.ts'
import { ask, placeOf, reach, wayAdvice, wayFault } from './network.ts'

export const instances: Check = {
  looksAt:
    'Each instance: whether its name resolves, its port accepts a connection, its certificate is trusted and for how many days, and HTTP is answered.',
  timeoutMs: 20_000,
  async run(subject) {
    const found = await Promise.all(
      Object.entries(subject.config.instances).map(([name, { endpoint }]) => wayTo(name, endpoint, subject)),
    )
    return found.flat()
  },
}

async function wayTo(name: string, endpoint: string, { clock }: Subject): Promise<readonly Finding[]> {
  const setting = `instances.${name}.endpoint`
  const { faults, steps } = await reach(placeOf(endpoint), setting, name, clock())
  if (faults.some(({ level }) => level === 'failure')) return faults
  try {
    const { status } = await ask(`${endpoint}/`, clock)
    return faults.length > 0 ? faults : [ok(`${steps}, and it answers HTTP (${status} without a credential).`, name)]
  } catch (error) {
    return [...faults, failure(`${endpoint}: no HTTP answer: ${wayFault(error)}.`, wayAdvice(error, setting), name)]
  }
}
