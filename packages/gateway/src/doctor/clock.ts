/** This machine's clock against those that answer: tokens count from a second to a second. */
import { type Check, type Finding, failure, note, ok, type Subject, warning } from './index.ts'
import { ask } from './network.ts'

/** A clock that is kept by NTP is within milliseconds; the field `Date` counts whole seconds. */
const apartMsLeast = 5_000

export const clock: Check = {
  looksAt:
    "This machine's clock against the field `Date` of the sign-in service and of each instance; `identity.entra.clockSkew` is how far apart they may be.",
  timeoutMs: 15_000,
  async run(subject) {
    const { authority, tenants } = subject.config.identity.entra
    const places: (readonly [name: string, url: string])[] = [
      ['sign-in service', `${authority}/${tenants[0] ?? 'common'}/v2.0/.well-known/openid-configuration`],
      ...Object.entries(subject.config.instances).map(([name, { endpoint }]) => [name, `${endpoint}/`] as const),
    ]
    const found = (await Promise.all(places.map(([name, url]) => compared(name, url, subject)))).filter(
      finding => finding !== null,
    )
    if (found.length > 0) return found
    return [note('Nothing that answers says what time it is.', 'See the findings of sign-in and instances.')]
  },
}

/** Null where nothing answers, or without a time. */
async function compared(name: string, url: string, { clock: now, config }: Subject): Promise<Finding | null> {
  const answer = await ask(url, now).catch(() => null)
  if (answer === null || answer.dateMs === null) return null
  // The middle of the second that it names.
  const apartMs = answer.atMs - (answer.dateMs + 500)
  const leastMs = Math.max(0, Math.abs(apartMs) - answer.uncertainMs - 500)
  if (leastMs < apartMsLeast) return ok("This machine's clock agrees with it.", name)
  const { clockSkew } = config.identity.entra
  const seconds = Math.round(Math.abs(apartMs) / 1_000)
  const found = `This machine's clock is ${seconds} s ${apartMs > 0 ? 'ahead of' : 'behind'} it`
  const next = 'Let this machine keep its time by NTP (chrony, systemd-timesyncd).'
  if (leastMs < clockSkew) return warning(`${found}.`, next, name)
  return failure(`${found}: valid tokens are refused, or expired ones accepted.`, next, name)
}
