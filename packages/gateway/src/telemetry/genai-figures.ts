/**
 * Metrics of the GenAI conventions, in both families that are read today.
 * 1.41: https://github.com/open-telemetry/semantic-conventions/blob/v1.41.0/docs/gen-ai/gen-ai-metrics.md
 * 0.1: https://github.com/open-telemetry/semantic-conventions-genai, `gen_ai.client.inference.*` and
 * `gen_ai.client.embeddings.*`
 */
import type { GenAiFamily } from '../ledger/feeds/spans/settings.ts'
import { genAiOperations } from '../wire/genai.ts'
import type { Usage } from '../wire/usage.ts'
import type { EndedCall } from './calls.ts'
import type { Metric, MetricPoint } from './metric.ts'
import { Children, Spread, SpreadOfCalls } from './tally.ts'

const doubling = (first: number, factor: number, count: number): number[] =>
  Array.from({ length: count }, (_, at) => first * factor ** at)
/** As the conventions advise: seconds, and tokens. */
const secondBounds = doubling(0.01, 2, 14)
const tokenBounds = doubling(1, 4, 14)

/** Counters of tokens by what they are; a modality is a part of them. */
class TokenCounts {
  readonly inputs = { text: 0, audio: 0, image: 0, unknown: 0 }
  readonly outputs = { text: 0, audio: 0, image: 0, unknown: 0 }
  cached = 0
  reasoning = 0
}
type Modalities = TokenCounts['inputs']

/** What all calls with the same attributes have used. */
class Used {
  readonly input = new Spread(tokenBounds)
  readonly output = new Spread(tokenBounds)
  readonly tokens = new TokenCounts()
  readonly firstChunk = new Spread(secondBounds)
}

const attributeNames = [
  'gen_ai.operation.name',
  'gen_ai.provider.name',
  'gen_ai.request.model',
  'gen_ai.response.model',
  'server.address',
  'error.type',
] as const

/** Counts calls of models. `npm run bench` measures what it costs with the other figures. */
export class GenAiFigures {
  /** Whose names the metrics have. The figures are the same in both. */
  family: GenAiFamily
  readonly #startedAtMs: number
  readonly #durations = new Children(() => new SpreadOfCalls(secondBounds))
  readonly #used = new Children(() => new Used())

  constructor(family: GenAiFamily, startedAtMs: number) {
    this.family = family
    this.#startedAtMs = startedAtMs
  }

  ended(call: EndedCall): void {
    const { deployment, instance, provider, usage } = call
    const operation = genAiOperations.get(call.operation ?? '')
    if (operation === undefined || !call.asksModel) return
    if (deployment === null || instance === null || provider === null) return
    const model = call.servedModel ?? ''
    const labels = [operation, provider, deployment, model, instance]
    const error = errorOf(call)
    const key = `${operation} ${deployment} ${instance} ${model}`
    const timed = `${key} ${error}`
    const durations = this.#durations.find(timed) ?? this.#durations.add(timed, [...labels, error])
    durations.addCall(call.durationMs / 1_000, call)
    const used = this.#used.find(key) ?? this.#used.add(key, labels)
    if (call.stream && call.firstByteMs !== null) used.firstChunk.add(call.firstByteMs / 1_000)
    // A later call reports what is owed; nothing was used where nothing was billed.
    if (usage.source === 'owed' || usage.source === 'none') return
    if (usage.promptTokens !== null) used.input.add(usage.promptTokens)
    if (usage.completionTokens !== null) used.output.add(usage.completionTokens)
    count(used.tokens, usage)
  }

  metrics(): Metric[] {
    const [is141, is01] = [this.family !== 'v0_1', this.family !== 'v1_41']
    const metrics = [
      ...(is141 ? this.#of141() : []),
      ...(is01 ? [...this.#of01('inference'), ...this.#of01('embeddings')] : []),
    ]
    return metrics.map(metric => ({ ...metric, startedAtMs: this.#startedAtMs }))
  }

  #of141(): Metric[] {
    const tokens = [...this.#used.all()].flatMap(({ labels, child }): MetricPoint[] => {
      const attributes = attributesOf(labels)
      const isEmbedding = labels[0] === 'embeddings'
      return [
        { attributes: { ...attributes, 'gen_ai.token.type': 'input' }, value: child.input },
        ...(isEmbedding ? [] : [{ attributes: { ...attributes, 'gen_ai.token.type': 'output' }, value: child.output }]),
      ]
    })
    return [
      {
        ...{ name: 'gen_ai.client.operation.duration', unit: 's', type: 'histogram' },
        description: 'GenAI operation duration.',
        points: this.#timed(() => true),
      },
      {
        ...{ name: 'gen_ai.client.token.usage', unit: '{token}', type: 'histogram' },
        description: 'Number of input and output tokens used.',
        points: tokens,
      },
    ]
  }

  /** Embeddings have metrics of their own, and no output. */
  #of01(kind: 'inference' | 'embeddings'): Metric[] {
    const isOf = (labels: readonly string[]): boolean => (labels[0] === 'embeddings') === (kind === 'embeddings')
    const used = [...this.#used.all()].filter(({ labels }) => isOf(labels))
    const prefix = `gen_ai.client.${kind}`
    const spread = (name: string, unit: string, description: string, of: (one: Used) => Spread): Metric => ({
      ...{ name: `${prefix}.${name}`, unit, description, type: 'histogram' },
      points: used.map(({ labels, child }) => ({ attributes: attributesOf(labels), value: of(child) })),
    })
    const counter = (name: string, description: string, of: (one: TokenCounts) => Modalities | number): Metric => ({
      ...{ name: `${prefix}.usage.${name}`, unit: '{token}', description, type: 'counter' },
      points: used.flatMap(({ labels, child }) => byModality(attributesOf(labels), of(child.tokens))),
    })
    const duration: Metric = {
      ...{ name: `${prefix}.duration`, unit: 's', type: 'histogram', description: 'Duration of the operation.' },
      points: this.#timed(isOf),
    }
    const input = counter('input_tokens', 'Input tokens used, cached ones included.', ({ inputs }) => inputs)
    const inputs = spread('operation.input_tokens', '{token}', 'Input tokens of an operation.', one => one.input)
    if (kind === 'embeddings') return [duration, input, inputs]
    return [
      duration,
      spread('time_to_first_chunk', 's', 'Time to the first chunk of a stream.', one => one.firstChunk),
      input,
      counter('output_tokens', 'Output tokens used, reasoning included.', ({ outputs }) => outputs),
      counter('cache_read.input_tokens', 'Input tokens served from a cache.', ({ cached }) => cached),
      counter('reasoning.output_tokens', 'Output tokens used for reasoning.', ({ reasoning }) => reasoning),
      inputs,
      spread('operation.output_tokens', '{token}', 'Output tokens of an operation.', one => one.output),
    ]
  }

  #timed(isOf: (labels: readonly string[]) => boolean): MetricPoint[] {
    return [...this.#durations.all()]
      .filter(({ labels }) => isOf(labels))
      .map(({ labels, child }) => ({ attributes: attributesOf(labels), value: child }))
  }
}

/** Empty for a call that went well; as on spans. */
function errorOf({ outcome, code, status }: EndedCall): string {
  const isError = outcome === 'failed' || outcome === 'interrupted' || (status ?? 0) >= 400
  return isError ? (code ?? String(status ?? '_OTHER')) : ''
}

function count(tokens: TokenCounts, usage: Usage): void {
  const { promptTokens, completionTokens, cachedTokens, reasoningTokens } = usage
  split(tokens.inputs, promptTokens ?? 0, usage.audioPromptTokens, usage.imagePromptTokens)
  split(tokens.outputs, completionTokens ?? 0, usage.audioCompletionTokens, usage.imageCompletionTokens)
  tokens.cached += cachedTokens ?? 0
  tokens.reasoning += reasoningTokens ?? 0
}

/** Where the backend says nothing of a modality, that of all tokens is unknown. */
function split(sums: Modalities, all: number, audio: number | null, image: number | null): void {
  if (audio === null && image === null) {
    sums.unknown += all
    return
  }
  sums.audio += audio ?? 0
  sums.image += image ?? 0
  sums.text += Math.max(0, all - (audio ?? 0) - (image ?? 0))
}

function byModality(attributes: MetricPoint['attributes'], tokens: Modalities | number): MetricPoint[] {
  if (typeof tokens === 'number')
    return [{ attributes: { ...attributes, 'gen_ai.token.modality': 'unknown' }, value: tokens }]
  return Object.entries(tokens)
    .filter(([modality, value]) => value > 0 || modality === 'unknown')
    .map(([modality, value]) => ({ attributes: { ...attributes, 'gen_ai.token.modality': modality }, value }))
}

/** What is empty is left out: no answer has named a model, or there was no error. */
function attributesOf(labels: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    attributeNames.flatMap((name, at) => {
      const value = labels[at] ?? ''
      return value === '' ? [] : [[name, value]]
    }),
  )
}
