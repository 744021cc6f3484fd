/** Plays a scene: one call through the gateway, as the program of its workload would make it. */
import { request } from 'undici'
import type { Scene } from './scenes.ts'

export interface Stage {
  /** The gateway's base URL. */
  readonly url: string
  /** A token for a person or application, by name. */
  token(as: string): Promise<string>
}

const apiVersion = '2024-10-21'
const callMsMax = 120_000
/** Silence after which a client disconnects, in ms: longer than any other wait of the simulated instances. */
export const pauseForLeavingMs = 3_000

/** Resolves when the call has ended, successfully or not. Rejects only when the gateway is unreachable. */
export async function play(scene: Scene, stage: Stage, signal?: AbortSignal): Promise<void> {
  const operation = scene.kind === 'embedding' ? 'embeddings' : 'chat/completions'
  const url = `${stage.url}/${scene.target}/${scene.workload}/openai/deployments/${scene.deployment}/${operation}?api-version=${apiVersion}`
  const leaving = new AbortController()
  const stop = AbortSignal.any([leaving.signal, AbortSignal.timeout(callMsMax), ...(signal ? [signal] : [])])
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await stage.token(scene.as)}`,
        'content-type': 'application/json',
        'user-agent': userAgents[scene.workload] ?? 'demonstration/1',
        ...faultOf(scene),
      },
      body: JSON.stringify(bodyOf(scene)),
      signal: stop,
    })
    let events = 0
    for await (const chunk of answer.body) {
      events += String(chunk).split('\n\n').length - 1
      if (scene.kind === 'left' && events > 12) leaving.abort()
    }
  } catch (error) {
    // A client that disconnects and a backend that breaks off are part of the scene.
    if (stop.aborted || scene.kind === 'cut') return
    throw error
  }
}

const streamed: ReadonlySet<Scene['kind']> = new Set(['stream', 'left', 'cut'])

const userAgents: Readonly<Record<string, string>> = {
  'hr-bot': 'hr-bot/2.4 AzureOpenAI/JS 7.57.0',
  'code-assistant': 'code-assistant-vscode/1.9 OpenAI/JS 7.57.0',
  'expert-finder': 'expert-finder/5.0 AzureOpenAI/Python 2.11.0',
}

/** Header that only the simulator reads. */
function faultOf(scene: Scene): Record<string, string> {
  // The answer waits until the client has disconnected, so this happens mid-answer even on the fastest machine; then
  // it is read to its end.
  if (scene.kind === 'left') return { 'x-simulator-fault': `stall;after=16;ms=${pauseForLeavingMs}` }
  if (scene.kind === 'cut') return { 'x-simulator-fault': 'cut;after=12' }
  if (scene.kind === 'filtered') return { 'x-simulator-fault': 'content-filter' }
  if (scene.kind === 'backend_error') return { 'x-simulator-fault': scene.question.length % 2 === 0 ? '429' : '500' }
  return {}
}

function bodyOf(scene: Scene): unknown {
  if (scene.kind === 'embedding') return { input: scene.question }
  const system = scene.system === null ? [] : [{ role: 'system', content: scene.system }]
  return {
    messages: [...system, { role: 'user', content: scene.question }],
    temperature: 0.2,
    ...(streamed.has(scene.kind) ? { stream: true } : {}),
  }
}
