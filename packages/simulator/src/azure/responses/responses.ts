/** The Responses API: create, whole and streamed, in the background or not, and the objects that it keeps. */

import type { JsonRecord } from '../../json.ts'
import type { Spent } from '../billing/bill.ts'
import { admit, type Call, countedPrompt, jsonInput, meaningOf, settled, type Work, workOf } from '../call.ts'
import { checkContext } from '../chat/input.ts'
import { cachedTokens, speak } from '../chat/speak.ts'
import { AzureError, invalidRequest, noSuchObject, responseFiltered } from '../errors.ts'
import { sendJson } from '../http/answer.ts'
import { isInstant } from '../http/latency.ts'
import { page, type StoredResponse } from '../objects/store.ts'
import type { ResponsesAsk } from './ask.ts'
import { responseEvents } from './events.ts'
import { citing, hostedTools, type ToolSpent } from './hosted.ts'
import { responsesAsk } from './input.ts'
import { answerMs, finishedObject, responseId } from './object.ts'
import { type Made, madeItems } from './output.ts'
import { type ResponseObject, Run } from './run.ts'
import { followRun, streamSynchronous } from './stream.ts'

interface ResponsesAnswer extends Spent {
  readonly object: ResponseObject
  readonly made: readonly Made[]
  readonly output: readonly JsonRecord[]
  readonly elsewhere: readonly ToolSpent[]
}

export async function createResponse(call: Call): Promise<void> {
  const input = jsonInput(call)
  const requested = workOf(call, meaningOf(input))
  const ask = responsesAsk(requested, input)
  const work = ask.background ? unlikeOthers(requested) : requested
  const promptTokens = promptTokensOf(work, input, ask)
  const most = ask.question.tokensMax
  checkContext(work, promptTokens, most, 'input')
  admitResponse(call, work, promptTokens, most)
  const header = call.request.headers['x-ms-oai-image-generation-deployment']
  const answer = responsesAnswer(work, ask, input, promptTokens, typeof header === 'string' ? header : null)
  call.line.tools = answer.elsewhere
  const run = runOf(call, work, ask, answer)
  keep(work, ask, run, answer)
  // The official service names the dated snapshot in a header, because `model` has what the caller wrote.
  call.headers['x-ms-served-model'] = work.deployment.facts.snapshot
  const sending = ask.background
    ? sendBackground(call, run, work.reportsUsage)
    : sendSynchronous(call, work, run, answer)
  return settled(call, work, most, sending)
}

/**
 * With a seed equal calls have equal ids. But each response in the background is separate work and has an id of its
 * own.
 */
function unlikeOthers(work: Work): Work {
  const { service, key } = work
  let own = work
  for (let others = 1; service.store.responses.get(responseId(own)) !== null; others += 1) {
    own = { ...work, draw: service.drawFor(key, 'again', String(others)) }
  }
  return own
}

/**
 * Same as `admit`, except that the content filter has another answer here, without the header that it has elsewhere.
 */
function admitResponse(call: Call, work: Work, promptTokens: number, most: number | null): void {
  try {
    admit(call, work, promptTokens, most)
  } catch (refusal) {
    if (!(refusal instanceof AzureError) || refusal.code !== 'content_filter') throw refusal
    delete call.headers['x-ms-rai-invoked']
    throw responseFiltered()
  }
}

/** Closing the connection cancels a synchronous response: a later read finds one that never finished. */
async function sendSynchronous(call: Call, work: Work, run: Run, answer: ResponsesAnswer): Promise<void> {
  try {
    if (run.ask.stream) await streamSynchronous(call, run, answer, work.reportsUsage)
    else await sendJson(call, answer.object, answer, work.reportsUsage)
  } finally {
    const isWhole = call.response.writableEnded && call.fault?.kind !== 'error-frame'
    if (isWhole) run.end()
    else run.cancel()
  }
}

/**
 * A response in the background continues without a client. Everything that it produces is charged to the call that
 * began it, and to no other.
 */
async function sendBackground(call: Call, run: Run, reportsUsage: boolean): Promise<void> {
  run.charge()
  try {
    if (!run.ask.stream) return await sendJson(call, run.queued())
    await followRun(call, run, 0, run.ask.obfuscates)
    call.line.usageReported = reportsUsage && call.response.writableEnded && run.stage === 'ended'
  } finally {
    run.charge()
  }
}

function runOf(call: Call, work: Work, ask: ResponsesAsk, answer: ResponsesAnswer): Run {
  const { deployment, service } = work
  const speedMs = isInstant(deployment.spec) ? null : answerMs(work, answer)
  const { object, made, output, promptTokens, completionTokens } = answer
  return new Run({
    ask,
    object,
    output,
    promptTokens,
    completionTokens,
    events: obfuscates => responseEvents(ask, object, made, obfuscates),
    clock: service.clock,
    line: call.line,
    takesMs: service.backgroundMs ?? speedMs,
  })
}

function keep(work: Work, ask: ResponsesAsk, run: Run, { object, output }: ResponsesAnswer): void {
  const { items, responses } = work.service.store
  if (ask.store) {
    items.hold(ask.context)
    items.hold(output)
    responses.put(object.id, { id: object.id, run, inputItems: ask.context, output })
  }
  if (ask.conversation === null) return
  ask.conversation.items.push(...ask.items)
  items.hold(ask.items)
  ask.conversation.runs.push(run)
}

/** The whole document, for a line of a batch. */
export function responsesWhole(work: Work, input: JsonRecord): { document: JsonRecord; spent: Spent } {
  const ask = responsesAsk(work, input)
  const answer = responsesAnswer(work, ask, input, promptTokensOf(work, input, ask), null)
  return { document: answer.object, spent: answer }
}

function promptTokensOf(work: Work, input: JsonRecord, ask: ResponsesAsk): number {
  return countedPrompt(work, 'responses', { ...input, input: ask.context })
}

/** `imageDeployment` comes from the call's header; null when it names none. */
function responsesAnswer(
  work: Work,
  ask: ResponsesAsk,
  input: JsonRecord,
  promptTokens: number,
  imageDeployment: string | null,
): ResponsesAnswer {
  const [spoken] = speak(work, ask.question)
  if (!spoken) throw invalidRequest('Nothing was asked.', 'input', null)
  const hosted = hostedTools(work, ask, spoken, imageDeployment)
  const { said, annotations } = citing(work, spoken, hosted)
  const made = madeItems(work, ask, said, hosted.made, annotations)
  const output = made.map(each => each.item)
  const completionTokens = said.tokens + hosted.tokens
  const usage = {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens(work, ask.question.turns, promptTokens) },
    output_tokens: completionTokens,
    output_tokens_details: { reasoning_tokens: said.reasoningTokens },
    total_tokens: promptTokens + completionTokens,
  }
  const completedAtSeconds =
    work.createdAtSeconds + Math.ceil(answerMs(work, { completionTokens, thoughtTokens: said.thoughtTokens }) / 1000)
  const finish = { said, output, usage: work.reportsUsage ? usage : null, completedAtSeconds }
  return {
    object: finishedObject(work, ask, input, finish),
    made,
    output,
    promptTokens,
    completionTokens,
    thoughtTokens: said.thoughtTokens,
    elsewhere: hosted.elsewhere,
  }
}

/** The object as it is now; with `stream=true` its events after `starting_after`, the later ones as they come. */
export async function getResponse(call: Call): Promise<void> {
  const { run } = storedOf(call)
  const { query } = call.route
  if (query.get('stream') !== 'true') return sendJson(call, run.look())
  const after = query.get('starting_after')
  const next = after === null ? 0 : Number(after) + 1
  if (!Number.isInteger(next) || next < 0) {
    throw invalidRequest("Invalid type for 'starting_after': expected an integer.", 'starting_after', 'invalid_type')
  }
  return followRun(call, run, next, query.get('include_obfuscation') !== 'false')
}

export async function deleteResponse(call: Call): Promise<void> {
  const { id } = storedOf(call)
  call.service.store.responses.delete(id)
  return sendJson(call, { id, object: 'response', deleted: true })
}

export async function cancelResponse(call: Call): Promise<void> {
  const { run } = storedOf(call)
  if (!run.ask.background) throw invalidRequest('Cannot cancel a synchronous response.', null, null)
  run.cancel()
  return sendJson(call, run.look())
}

export async function listInputItems(call: Call): Promise<void> {
  const { inputItems } = storedOf(call)
  const ordered = call.route.query.get('order') === 'asc' ? inputItems : inputItems.toReversed()
  return sendJson(call, page(ordered, call.route.query))
}

function storedOf(call: Call): StoredResponse {
  const stored = call.service.store.responses.get(call.route.id ?? '')
  if (stored) return stored
  throw noSuchObject(`Response with id '${call.route.id}' not found.`, null)
}
