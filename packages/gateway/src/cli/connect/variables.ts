/** The environment of a program that calls through a relay. */

export const families = ['openai', 'azure', 'both'] as const
/** Which names are set: OpenAI's, Azure's, or both. */
export type Family = (typeof families)[number]

/** A dated version that every deployment knows; a user's own choice is kept. */
export const apiVersionDefault = '2024-10-21'

type Environment = Readonly<Record<string, string | undefined>>

/** Variables that tools and SDKs read their address and key from. */
export function variablesOf(url: string, key: string, family: Family, env: Environment = {}): Record<string, string> {
  const version = env.OPENAI_API_VERSION ?? ''
  const chosen = version === '' ? apiVersionDefault : version
  const openai = {
    OPENAI_BASE_URL: `${url}/v1`,
    OPENAI_API_BASE: `${url}/v1`,
    // Open WebUI's name.
    OPENAI_API_BASE_URL: `${url}/v1`,
    OPENAI_API_KEY: key,
  }
  const azure = {
    AZURE_OPENAI_ENDPOINT: url,
    AZURE_OPENAI_API_KEY: key,
    OPENAI_API_VERSION: chosen,
    // Names that LiteLLM reads, and what is built on it.
    AZURE_API_BASE: url,
    AZURE_API_KEY: key,
    AZURE_API_VERSION: chosen,
  }
  return { ...(family === 'azure' ? {} : openai), ...(family === 'openai' ? {} : azure) }
}

/**
 * Secrets of the sign-in, which the program does not need, and tokens of Azure, which SDKs prefer to the key or refuse
 * beside it.
 */
const removed: readonly string[] = [
  'GATEHOUSE_CLIENT_SECRET',
  'AZURE_OPENAI_AD_TOKEN',
  'AZURE_AD_TOKEN',
  'OPENAI_ORG_ID',
  'OPENAI_ORGANIZATION',
  'OPENAI_PROJECT_ID',
]

/** The whole environment of the program. */
export function environmentOf(env: Environment, url: string, key: string, family: Family): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !removed.includes(entry[0]),
  )
  const before = Object.fromEntries(kept)
  return { ...before, ...variablesOf(url, key, family, env), ...withoutProxy(before) }
}

/** A proxy of the company cannot reach this machine's loopback. */
function withoutProxy(env: Environment): Record<string, string> {
  const isProxied = Object.entries(env).some(([name, value]) => /^(?:https?|all)_proxy$/i.test(name) && value !== '')
  if (!isProxied) return {}
  const known = (env.NO_PROXY ?? env.no_proxy ?? '').split(',').map(name => name.trim())
  const all = [...new Set([...known, '127.0.0.1', 'localhost'])].filter(name => name !== '').join(',')
  return { NO_PROXY: all, no_proxy: all }
}
