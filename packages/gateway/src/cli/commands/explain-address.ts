/** Addresses that `config explain` is given: an endpoint, as developers have it, gets a usual operation. */
import type { Config } from '../../config/schema/index.ts'
import { CliError } from '../errors.ts'

/** What is asked about. */
export interface Asked {
  /** Path and query. */
  readonly url: string
  /** `model` of the body; null where none is known. */
  readonly model: string | null
  /** What was added to the address; null when it was whole. */
  readonly note: string | null
}

interface Given {
  readonly address: string
  readonly method: string
  readonly model: string | null
}

/** An endpoint: names, and no operation below. */
const endpointForm = /^(?:\/([^/?#]+)\/([^/?#]+))?(\/openai(?:\/v1)?|\/v1)?\/?$/

/**
 * @param workloads null when they are not known: then the operation is chat/completions.
 * @throws CliError `usage` for what is no address
 */
export function askedOf({ address, method, model }: Given, workloads: Config['workloads'] | null): Asked {
  // The URL parser is not used here: it would resolve the dot segments that should be explained.
  const url = address.replace(/^https?:\/\/[^/?#]*/i, '') || '/'
  if (!url.startsWith('/')) {
    const next = 'gatehouse config explain /main/hr-bot/openai/v1/models'
    throw new CliError('usage', 'That is neither a URL nor a path.', null, next, { exitCode: 2 })
  }
  const [, target, workload, base] = endpointForm.exec(url) ?? []
  const isEndpoint = base !== undefined || (target !== undefined && target !== 'openai' && target !== 'v1')
  if (!isEndpoint) return { url, model, note: null }
  const usual = model ?? usualDeployment(workload, workloads)
  const operation =
    method === 'GET' ? 'models' : usual !== null && /embed/i.test(usual) ? 'embeddings' : 'chat/completions'
  const prefix = target === undefined ? '' : `/${target}/${workload}`
  const whole = `${prefix}${base === '/v1' && target === undefined ? '/v1' : '/openai/v1'}/${operation}`
  const asked = method === 'GET' ? null : usual
  const withModel = asked === null || asked === model ? '' : `, model ${asked}`
  return { url: whole, model: asked, note: `${url} is an endpoint. This explains ${method} ${whole}${withModel}.` }
}

function usualDeployment(name: string | undefined, workloads: Config['workloads'] | null): string | null {
  if (name === undefined || workloads === null || !Object.hasOwn(workloads, name)) return null
  return workloads[name]?.deployments[0] ?? null
}
