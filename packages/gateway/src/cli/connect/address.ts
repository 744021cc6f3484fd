/** From the address that a tool calls at the relay to the address at the gateway. */
import { RelayRefusal } from './refusals.ts'

/** Where the calls of a relay go; null for what the gateway decides. */
export interface Place {
  readonly target: string | null
  readonly workload: string | null
}

/**
 * Path and query below the gateway's base URL. Tools call `/v1/...` as at OpenAI, `/openai/...` as at Azure, or an
 * address with target and workload, which must be the relay's own. `/v1/deployments/...` comes from SDKs of Azure whose
 * base URL is that of OpenAI.
 * @param url as in a request line.
 * @throws RelayRefusal
 */
export function gatewayPath(url: string, place: Place): string {
  const [, first = '', rest = ''] = /^\/{1,2}([^/?]*)([\s\S]*)$/.exec(url) ?? []
  if (first === 'v1') {
    return /^\/deployments\//.test(rest) ? below(place, `/openai${rest}`) : below(place, shortForm(place, rest))
  }
  if (first === 'openai') return below(place, `/openai${rest}`)
  const [, workload = '', operation] = /^\/([^/?]+)(\/{1,2}openai(?:\/[\s\S]*)?)$/.exec(rest) ?? []
  if (operation === undefined) throw unknownAddress(url)
  if ((place.target !== null && place.target !== first) || place.workload !== workload) {
    const own = place.workload === null ? 'chosen by the gateway' : `"${place.workload}"`
    throw new RelayRefusal(
      'relay_workload_fixed',
      `The address names target "${first}" and workload "${workload}"; the workload of this relay is ${own}` +
        `${place.target === null ? '' : `, its target "${place.target}"`}. Leave both out: the base URL ends in /v1.`,
    )
  }
  return `/${first}/${workload}${operation}`
}

/** Only addresses with a target have no short form. */
function shortForm({ target }: Place, rest: string): string {
  return target === null ? `/v1${rest}` : `/openai/v1${rest}`
}

function below({ target, workload }: Place, path: string): string {
  return target === null || workload === null ? path : `/${target}/${workload}${path}`
}

function unknownAddress(url: string): RelayRefusal {
  const path = url.replace(/\?.*$/s, '').slice(0, 200)
  return new RelayRefusal(
    'relay_address_unknown',
    `Nothing answers at ${path}. The base URL ends in /v1 for tools that speak to OpenAI, and has no path as an endpoint of Azure OpenAI.`,
  )
}
