import { isRecord, type JsonRecord } from './json.ts'

/** The token figures that a response reports. Null for a figure that is missing. */
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

/** Largest figure that is believed: the largest context windows have some millions. */
const tokensMax = 1_000_000_000

/**
 * Reads a `usage` object in either naming: chat's (`prompt_tokens`, ...) or that of Responses, images and audio
 * (`input_tokens`, ...). Absurd figures are not believed, since money is charged by them:
 * - A figure is a whole number from 0 to `tokensMax`. If prompt or completion is anything else, the whole report is
 *   ignored.
 * - A part (cached, reasoning, audio, image) that is no figure, or is larger than the whole, counts as not reported.
 * - A total that contradicts prompt and completion counts as not reported, and their sum is used. There are three
 *   exceptions. If one of the two is missing, it is the rest of the total. If the total is larger by exactly the
 *   reasoning tokens, the backend reports these beside the completion, and they are added to it. If both are 0 and the
 *   total is not, the whole report is ignored.
 *
 * @returns null when there is no figure, and when the report is ignored.
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

/** Null when the figures contradict each other. */
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
