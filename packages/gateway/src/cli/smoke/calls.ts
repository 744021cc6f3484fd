/** Calls of a model: one answered whole, one streamed. They are billed, for a few dozen tokens each. */
import { type Finding, note, ok } from '../../doctor/index.ts'
import { answerInPieces, answerWhole, type ChatCall, type Question, sendQuestion } from '../commands/chat-call.ts'
import type { Smoke, Step, Traced } from './index.ts'

export const call: Step = {
  promise: 'A chat completion is answered.',
  needs: ['token'],
  asksAdmin: false,
  async run(smoke) {
    const started = performance.now()
    const sent = await send(smoke, 'call', { stream: false, content: 'Answer with one word: what color is the sky?' })
    const { model } = await answerWhole(sent)
    return [ok(`${smoke.deployment} (${model ?? 'no model named'}) answered in ${elapsed(started)}${recordOf(sent)}.`)]
  },
}

export const stream: Step = {
  promise: 'A streamed answer comes in pieces, with its end. In one piece: something on the way holds streams back.',
  needs: ['token'],
  asksAdmin: false,
  async run(smoke) {
    const started = performance.now()
    const sent = await send(smoke, 'stream', { stream: true, content: 'Explain in three sentences what a mutex is.' })
    const pieces: string[] = []
    await answerInPieces(sent, () => {
      pieces.push(elapsed(started))
    })
    return [pieceFinding(pieces, recordOf(sent))]
  },
}

function pieceFinding(pieces: readonly string[], record: string): Finding {
  if (pieces.length > 1) {
    return ok(`${pieces.length} pieces, the first after ${pieces[0]}, the last after ${pieces.at(-1)}${record}.`)
  }
  const found = `The answer came in ${pieces.length === 1 ? 'one piece' : 'no piece of text'}${record}.`
  return note(
    found,
    'Run it again. If it stays so, turn off response buffering in whatever is in front of the gateway.',
  )
}

async function send(
  { context, as, target, workload, deployment, requestIds }: Smoke,
  traced: Traced,
  { stream, content }: Pick<Question, 'stream'> & { readonly content: string },
): Promise<ChatCall> {
  const messages = [{ role: 'user' as const, content }]
  const sent = await sendQuestion(context, { as, target, workload, deployment, messages, stream })
  if (sent.requestId !== null) requestIds.set(traced, sent.requestId)
  return sent
}

function recordOf({ requestId }: ChatCall): string {
  return requestId === null ? ', without an id of Gatehouse' : `, record ${requestId}`
}

function elapsed(started: number): string {
  return `${Math.round(performance.now() - started)} ms`
}
