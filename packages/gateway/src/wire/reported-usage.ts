import { isRecord, type JsonRecord } from './json.ts'

/** What a response reports about its tokens. Null is what it does not say. */
export interface ReportedUsage {
  readonly promptTokens: number | null
  readonly completionTokens: number | null
  readonly totalTokens: number | null
  readonly cachedTokens: number | null
  readonly reasoningTokens: number | null
  readonly audioPromptTokens: number | null
  readonly audioCompletionTokens: number | null
  readonly imagePromptTokens: number | null
  readonly imageCompletionTokens: number | null
}

/** No call has more: the largest context windows have some millions. */
const tokensMax = 1_000_000_000

/**
 * Reads a `usage` object in either naming: chat's (`prompt_tokens`, ...) or that of Responses, images and audio (`input_tokens`, ...).
 * What is absurd is not believed, since money is charged by it:
 * - A figure is a whole number from 0 to `tokensMax`. Where prompt or completion are anything else, nothing of the report is believed.
 * - A part (cached, reasoning, audio, image) that is no figure, or larger than what it is a part of, counts as not reported.
 * - A total that contradicts prompt and completion counts as not reported: their sum stands. Three totals do say something. Where one of the two is
 *   missing, it is what is left of the total. Where the total is larger by the reasoning tokens, the backend reports these beside the completion, and they
 *   are added to it. Where both are 0 and the total is not, nothing is believed.
 *
 * @returns null when it holds no figure, and when it is not believed.
 */
export function reportedUsage(usage: unknown): ReportedUsage | null {
  if (!isRecord(usage)) return null
  const prompt = usage.prompt_tokens ?? usage.input_tokens ?? null
  const completion = usage.completion_tokens ?? usage.output_tokens ?? null
  const total = figure(usage.total_tokens)
  if (prompt === null && completion === null) return null
  if (!isFigureOrNull(prompt) || !isFigureOrNull(completion)) return null
  const ofPrompt = details(usage.prompt_tokens_details ?? usage.input_tokens_details ?? usage.input_token_details)
  const ofCompletion = details(
    usage.completion_tokens_details ?? usage.output_tokens_details ?? usage.output_token_details,
  )
  const sums = summed(prompt, completion, total, figure(ofCompletion.reasoning_tokens))
  if (sums === null) return null
  const { promptTokens, completionTokens } = sums
  return {
    ...sums,
    cachedTokens: part(ofPrompt.cached_tokens, promptTokens),
    reasoningTokens: part(ofCompletion.reasoning_tokens, completionTokens),
    audioPromptTokens: part(ofPrompt.audio_tokens, promptTokens),
    audioCompletionTokens: part(ofCompletion.audio_tokens, completionTokens),
    imagePromptTokens: part(ofPrompt.image_tokens, promptTokens),
    imageCompletionTokens: part(ofCompletion.image_tokens, completionTokens),
  }
}

/** Null when they contradict each other. */
function summed(
  promptTokens: number | null,
  completionTokens: number | null,
  totalTokens: number | null,
  reasoningTokens: number | null,
): Pick<ReportedUsage, 'promptTokens' | 'completionTokens' | 'totalTokens'> | null {
  const rest = (totalTokens ?? 0) - (promptTokens ?? 0) - (completionTokens ?? 0)
  if (totalTokens === null || rest === 0) return { promptTokens, completionTokens, totalTokens }
  if (rest < 0) return { promptTokens, completionTokens, totalTokens: null }
  if (rest === totalTokens) return null
  if (promptTokens === null) return { promptTokens: rest, completionTokens, totalTokens }
  if (completionTokens === null) return { promptTokens, completionTokens: rest, totalTokens }
  if (rest === reasoningTokens) return { promptTokens, completionTokens: completionTokens + rest, totalTokens }
  return { promptTokens, completionTokens, totalTokens: null }
}

function details(value: unknown): JsonRecord {
  return isRecord(value) ? value : {}
}

function part(value: unknown, whole: number | null): number | null {
  const tokens = figure(value)
  return tokens !== null && tokens <= (whole ?? 0) ? tokens : null
}

function figure(value: unknown): number | null {
  return isFigure(value) ? value : null
}

function isFigureOrNull(value: unknown): value is number | null {
  return value === null || isFigure(value)
}

function isFigure(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= tokensMax
}
