/** The Responses API: its documents, and the typed events of its streams. */
import { choiceOf, type Draft, toolCallOf } from './assembled.ts'
import { isRecord, type JsonRecord, listOf, numberOrNull, textOf, textOrNull } from './json.ts'
import { reportedUsage } from './reported-usage.ts'

/** Events that carry the whole response at its end. */
const closing = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled'])

/** Takes a response object. It replaces what deltas said before, since the service put it together itself. */
export function takeResponsesDocument(draft: Draft, response: JsonRecord): void {
  draft.id = textOrNull(response.id) ?? draft.id
  draft.model = textOrNull(response.model) ?? draft.model
  draft.serviceTier = textOrNull(response.service_tier) ?? draft.serviceTier
  draft.usage = reportedUsage(response.usage) ?? draft.usage
  draft.usageSoFar = response.status === 'in_progress' || response.status === 'queued'
  takeError(draft, response.error)
  if (Array.isArray(response.output) && response.output.length > 0) {
    draft.choices.clear()
    for (const [place, item] of response.output.entries()) takeItem(draft, item, place)
  }
  const reason = isRecord(response.incomplete_details) ? textOrNull(response.incomplete_details.reason) : null
  const choice = draft.choices.get(0)
  if (choice !== undefined) choice.finishReason = reason ?? textOrNull(response.status) ?? choice.finishReason
}

/** Takes one event. Events without text, calls, usage or errors are skipped. */
export function takeResponsesEvent(draft: Draft, event: JsonRecord): void {
  const kind = textOf(event.type)
  if (isRecord(event.response)) {
    // The first events carry an empty output; the text of deltas stays until the end.
    takeResponsesDocument(draft, event.response)
    draft.complete ||= closing.has(kind)
    return
  }
  const place = numberOrNull(event.output_index) ?? 0
  switch (kind) {
    case 'response.output_text.delta':
      choiceOf(draft, 0).text += textOf(event.delta)
      return
    case 'response.refusal.delta':
      choiceOf(draft, 0).refusal += textOf(event.delta)
      return
    case 'response.reasoning_text.delta':
    case 'response.reasoning_summary_text.delta':
      choiceOf(draft, 0).reasoning += textOf(event.delta)
      return
    case 'response.function_call_arguments.delta':
      toolCallOf(choiceOf(draft, 0), place).arguments += textOf(event.delta)
      return
    case 'response.output_item.added':
      if (isRecord(event.item) && event.item.type === 'function_call') takeItem(draft, event.item, place)
      return
    default:
      takeError(draft, event.error ?? (kind === 'error' ? event : null))
  }
}

function takeItem(draft: Draft, item: unknown, place: number): void {
  if (!isRecord(item)) return
  const choice = choiceOf(draft, 0)
  if (item.type === 'function_call') {
    const call = toolCallOf(choice, place)
    call.id = textOrNull(item.call_id) ?? textOrNull(item.id)
    call.name = textOf(item.name)
    call.arguments = textOf(item.arguments)
  }
  if (item.type === 'reasoning') {
    for (const part of [...listOf(item.content), ...listOf(item.summary)]) {
      if (isRecord(part)) choice.reasoning += textOf(part.text)
    }
  }
  if (item.type !== 'message') return
  for (const part of listOf(item.content)) {
    if (!isRecord(part)) continue
    choice.text += textOf(part.text)
    choice.refusal += textOf(part.refusal)
  }
}

function takeError(draft: Draft, error: unknown): void {
  if (!isRecord(error)) return
  const { code, type, message } = error
  draft.error = {
    code: code === null || code === undefined ? null : String(code),
    type: textOrNull(type),
    message: textOf(message),
  }
}
