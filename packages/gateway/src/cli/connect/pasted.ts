/** What `gatehouse connect` prints for the tools of its user. */
import { apiVersionDefault } from './variables.ts'

export interface Connected {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly key: string
  /** The caller's name, for display. */
  readonly account: string | null
  readonly workload: string | null
  readonly target: string | null
  readonly gateway: string
  /** Deployments that the workload may use. */
  readonly models: readonly string[]
}

/** Fits into 80 columns, but for long names. Ends with a line feed. */
export function pastedText(connected: Connected): string {
  const { url, key, account, workload, target, gateway, models } = connected
  const model = chatModel(models)
  const as = [
    account === null ? null : `as ${account}`,
    workload === null ? null : `workload ${workload}`,
    target === null ? null : `target ${target}`,
  ].filter(part => part !== null)
  return `
  Calls to ${url} go to ${gateway}
  ${as.join(', ')}${as.length === 0 ? '' : '.'}
  Ctrl-C ends it. The key ends with it.

  base URL   ${url}/v1
  key        ${key}
  models     ${models.length === 0 ? '(the gateway lists none)' : models.slice(0, 8).join(', ')}

  # OpenAI's SDKs, and most programs of a terminal
export OPENAI_BASE_URL=${url}/v1
export OPENAI_API_KEY=${key}

  # Azure's SDKs
export AZURE_OPENAI_ENDPOINT=${url}
export AZURE_OPENAI_API_KEY=${key}
export OPENAI_API_VERSION=${apiVersionDefault}

  # Continue: config.yaml, below "models:"
- name: Gatehouse
  provider: openai
  model: ${model}
  apiBase: ${url}/v1
  apiKey: ${key}

  Cline        provider "OpenAI Compatible": base URL, key and a model
  Open WebUI   Admin Settings, Connections, OpenAI API: base URL and key
  Codex        docs/clients/codex.md
  Cursor       cannot call this machine: its calls come from its maker's servers
  Others       docs/clients/README.md
`
}

function chatModel(models: readonly string[]): string {
  return models.find(name => !/embed|whisper|tts|dall-e|image|rerank/i.test(name)) ?? models[0] ?? 'MODEL'
}
