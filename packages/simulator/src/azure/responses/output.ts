/** Output of a response: items with their ids, and the parts from which each is streamed. */

import { type JsonRecord, listOf } from '../../json.ts'
import type { TokenPiece } from '../billing/index.ts'
import type { Work } from '../call.ts'
import { logprobsOf } from '../chat/logprobs.ts'
import type { Said, SaidToolCall } from '../chat/said.ts'
import type { ResponsesAsk } from './ask.ts'

/** An item and what its events need. `item` is the finished one. */
export type Made =
  | {
      readonly kind: 'reasoning'
      readonly item: JsonRecord
      /**
       * Sealed when the reasoning begins, so its text differs from the finished one's. Null when nothing is to be
       * sealed.
       */
      readonly sealedEarly: string | null
      readonly summary: string | null
      readonly thoughtTokens: number
    }
  | {
      readonly kind: 'message'
      readonly item: JsonRecord
      readonly pieces: readonly TokenPiece[]
      readonly text: string
      /** For each piece; empty when they are not included. */
      readonly logprobs: readonly unknown[]
      /** Tokens before it, when no item shows that there was reasoning, and after it. */
      readonly thoughtTokens: number
      readonly closingTokens: number
    }
  | { readonly kind: 'picture'; readonly item: JsonRecord; readonly partials: number; readonly tokens: number }
  | { readonly kind: 'code'; readonly item: JsonRecord; readonly pieces: readonly TokenPiece[] }
  | { readonly kind: 'call'; readonly item: JsonRecord; readonly said: SaidToolCall; readonly thoughtTokens: number }

/** `hosted` are the items of tools that ran in the service, `annotations` the message's citations of them. */
export function madeItems(
  work: Work,
  ask: ResponsesAsk,
  said: Said,
  hosted: readonly Made[],
  annotations: readonly JsonRecord[],
): Made[] {
  const reasoning = reasoningOf(work, ask, said)
  const thoughtTokens = reasoning.length > 0 ? 0 : said.thoughtTokens
  return [...reasoning, ...hosted, ...answerOf(work, ask, said, thoughtTokens, annotations)]
}

function answerOf(
  work: Work,
  ask: ResponsesAsk,
  said: Said,
  thoughtTokens: number,
  annotations: readonly JsonRecord[],
): Made[] {
  const status = said.finish === 'length' ? 'incomplete' : 'completed'
  if (said.toolCalls.length > 0) {
    return said.toolCalls.map((each, at) => ({
      kind: 'call',
      said: each,
      item: callItem(work, each, at, status),
      thoughtTokens: at === 0 ? thoughtTokens : 0,
    }))
  }
  if (said.text === '' && said.finish === 'length') return []
  const isLikely = ask.include.has('message.output_text.logprobs')
  const logprobs = isLikely ? listOf(logprobsOf(work, said.pieces, ask.topLogprobs).content) : []
  const content = [{ type: 'output_text', annotations, logprobs, text: said.text }]
  const item = { id: work.draw.hexId('msg_', 48), type: 'message', status, content, role: 'assistant' }
  const { pieces, text, closingTokens } = said
  return [{ kind: 'message', item, pieces, text, logprobs, thoughtTokens, closingTokens }]
}

function callItem(work: Work, said: SaidToolCall, at: number, status: string): JsonRecord {
  return {
    id: work.draw.hexId('fc_', 48, `${at}`),
    type: 'function_call',
    status,
    arguments: said.arguments,
    call_id: work.draw.id('call_', 24, `${at}`),
    name: said.name,
  }
}

/** The item for the reasoning of a model: empty, except for what the call wants to include. */
function reasoningOf(work: Work, ask: ResponsesAsk, said: Said): Made[] {
  const { effort } = ask.question
  if (effort === null || effort === 'none') return []
  const id = work.draw.hexId('rs_', 48)
  const tokens = said.reasoningTokens
  const isSealed = ask.include.has('reasoning.encrypted_content')
  const summary = ask.summary === null || tokens === 0 ? null : summaryText
  const item = {
    id,
    type: 'reasoning',
    ...(isSealed ? { encrypted_content: sealedThoughts(work, id, tokens) } : {}),
    summary: summary === null ? [] : [{ type: 'summary_text', text: summary }],
  }
  const sealedEarly = isSealed ? sealedThoughts(work, id, 0) : null
  return [{ kind: 'reasoning', item, sealedEarly, summary, thoughtTokens: said.thoughtTokens }]
}

const summaryText =
  '**Weighing the question**\n\nI look at what is asked and at what is known, then choose the shortest useful answer.'

/** About four characters per token, so that the size of what clients carry along is like the service's. */
const thoughtChars = 4

function sealedThoughts(work: Work, id: string, tokens: number): string {
  const thoughts = JSON.stringify({
    kind: 'reasoning',
    id,
    thoughts: 'think '.repeat(Math.ceil((tokens * thoughtChars) / 6)),
  })
  return work.service.seal.seal(thoughts, work.createdAtSeconds, `${id} ${tokens}`)
}
