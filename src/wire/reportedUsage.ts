import { isRecord, type JsonRecord, numberOrNull } from './json.ts'

/** What a response reports about its tokens. Null is what it does not say. */
export interface ReportedUsage {
  readonly promptTokens: number | null
  readonly completionTokens: number | null
  readonly totalTokens: number | null
  readonly cachedTokens: number | null
  readonly reasoningTokens: number | null
  readonly audioPromptTokens: number | null
  readonly audioCompletionTokens: number | null
}

/** Reads a `usage` object in either naming: chat's (`prompt_tokens`, ...) or that of Responses, images and audio (`input_tokens`, ...). */
export function reportedUsage(usage: unknown): ReportedUsage | null {
  if (!isRecord(usage)) return null
  const promptTokens = numberOrNull(usage.prompt_tokens ?? usage.input_tokens)
  const completionTokens = numberOrNull(usage.completion_tokens ?? usage.output_tokens)
  if (promptTokens === null && completionTokens === null) return null
  const prompt = details(usage.prompt_tokens_details ?? usage.input_tokens_details)
  const completion = details(usage.completion_tokens_details ?? usage.output_tokens_details)
  return {
    promptTokens,
    completionTokens,
    totalTokens: numberOrNull(usage.total_tokens),
    cachedTokens: numberOrNull(prompt.cached_tokens),
    reasoningTokens: numberOrNull(completion.reasoning_tokens),
    audioPromptTokens: numberOrNull(prompt.audio_tokens),
    audioCompletionTokens: numberOrNull(completion.audio_tokens),
  }
}

function details(value: unknown): JsonRecord {
  return isRecord(value) ? value : {}
}
