/** A kind of operation that a model can do. `chat` includes the Responses API. */
export type Ability = 'chat' | 'completion' | 'embeddings' | 'image' | 'speech' | 'transcription' | 'video'

export interface ModelFacts {
  /** The dated snapshot, which the answer names in `model`. */
  readonly snapshot: string
  readonly abilities: readonly Ability[]
  readonly contextTokensMax: number
  /** It thinks before it answers: it reports reasoning tokens and accepts only `max_completion_tokens`. */
  readonly reasons: boolean
  /** Length of its embeddings; null for other models. */
  readonly dimensions: number | null
  /** True when an embedding can have fewer dimensions. */
  readonly shortens: boolean
}

interface Row extends Partial<Omit<ModelFacts, 'snapshot'>> {
  /** Full name of the snapshot; `$` represents the deployment's model name. */
  readonly snapshot: string
}

const chat128k = { abilities: ['chat'], contextTokensMax: 128_000 } as const
const chat1M = { abilities: ['chat'], contextTokensMax: 1_047_576 } as const
const thinker = { abilities: ['chat'], contextTokensMax: 200_000, reasons: true } as const
const gpt5 = { abilities: ['chat'], contextTokensMax: 400_000, reasons: true } as const
const vector = { abilities: ['embeddings'], contextTokensMax: 8_192 } as const

/** Figures: Microsoft's model pages. The names are the values of a deployment's `model`. */
const rows: Readonly<Record<string, Row>> = {
  'gpt-4o': { ...chat128k, snapshot: '$-2024-11-20' },
  'gpt-4o-mini': { ...chat128k, snapshot: '$-2024-07-18' },
  'gpt-4.1': { ...chat1M, snapshot: '$-2025-04-14' },
  'gpt-4.1-mini': { ...chat1M, snapshot: '$-2025-04-14' },
  'gpt-4.1-nano': { ...chat1M, snapshot: '$-2025-04-14' },
  'gpt-4': { abilities: ['chat'], contextTokensMax: 8_192, snapshot: '$-0613' },
  'gpt-4-32k': { abilities: ['chat'], contextTokensMax: 32_768, snapshot: '$-0613' },
  'gpt-4-turbo': { ...chat128k, snapshot: '$-2024-04-09' },
  'gpt-35-turbo': { abilities: ['chat', 'completion'], contextTokensMax: 16_385, snapshot: 'gpt-3.5-turbo-0125' },
  'gpt-35-turbo-16k': { abilities: ['chat', 'completion'], contextTokensMax: 16_385, snapshot: 'gpt-3.5-turbo-0125' },
  'gpt-35-turbo-instruct': { abilities: ['completion'], contextTokensMax: 4_097, snapshot: 'gpt-3.5-turbo-instruct' },
  'davinci-002': { abilities: ['completion'], contextTokensMax: 16_384, snapshot: '$' },
  'babbage-002': { abilities: ['completion'], contextTokensMax: 16_384, snapshot: '$' },
  'gpt-5': { ...gpt5, snapshot: '$-2025-08-07' },
  'gpt-5-mini': { ...gpt5, snapshot: '$-2025-08-07' },
  'gpt-5-nano': { ...gpt5, snapshot: '$-2025-08-07' },
  'gpt-5-chat': { ...chat128k, snapshot: '$-2025-08-07' },
  o1: { ...thinker, snapshot: '$-2024-12-17' },
  o3: { ...thinker, snapshot: '$-2025-04-16' },
  'o3-mini': { ...thinker, snapshot: '$-2025-01-31' },
  'o4-mini': { ...thinker, snapshot: '$-2025-04-16' },
  'text-embedding-3-small': { ...vector, snapshot: '$', dimensions: 1536, shortens: true },
  'text-embedding-3-large': { ...vector, snapshot: '$', dimensions: 3072, shortens: true },
  'text-embedding-ada-002': { ...vector, snapshot: '$', dimensions: 1536 },
  'dall-e-3': { abilities: ['image'], snapshot: '$' },
  'gpt-image-1': { abilities: ['image'], snapshot: '$' },
  'sora-2': { abilities: ['video'], snapshot: '$' },
  'sora-2-pro': { abilities: ['video'], snapshot: '$' },
  tts: { abilities: ['speech'], snapshot: '$' },
  'tts-hd': { abilities: ['speech'], snapshot: '$' },
  'gpt-4o-mini-tts': { abilities: ['speech'], snapshot: '$' },
  whisper: { abilities: ['transcription'], snapshot: '$' },
  'gpt-4o-transcribe': { abilities: ['transcription'], snapshot: '$' },
  'gpt-4o-mini-transcribe': { abilities: ['transcription'], snapshot: '$' },
}

/** Names that have a row, for the list of models. */
export const knownModels: readonly string[] = Object.keys(rows)

/**
 * Facts of a model. A name without a row (a later model, a fine-tuned one) can chat, with the largest usual context.
 */
export function modelFacts(model: string): ModelFacts {
  const row = rows[model.toLowerCase()] ?? guess(model)
  return {
    snapshot: row.snapshot.replace('$', model),
    abilities: row.abilities ?? ['chat'],
    contextTokensMax: row.contextTokensMax ?? 128_000,
    reasons: row.reasons ?? false,
    dimensions: row.dimensions ?? null,
    shortens: row.shortens ?? false,
  }
}

function guess(model: string): Row {
  if (/embedding/i.test(model)) return { ...vector, snapshot: '$', dimensions: 1536, shortens: true }
  if (/^(o\d|gpt-5(?!.*chat))/i.test(model)) return { ...gpt5, snapshot: '$' }
  return { ...chat128k, snapshot: '$' }
}
