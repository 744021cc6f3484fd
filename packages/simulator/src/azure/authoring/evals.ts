/**
 * Evaluations and their runs. A run names the deployment that answers, and ends when it has been read once. Items that
 * the run brings along (`file_content`) then have an output item each, which passes every criterion; nothing is
 * generated for them.
 */
import { isRecord, type JsonRecord, listOf, textOf, textOrNull } from '../../json.ts'
import { type Call, jsonInput, meaningOf, workableDeployment } from '../call.ts'
import { invalidRequest, noSuchObject } from '../errors.ts'
import { sendJson } from '../http/answer.ts'
import { page, type StoredEval } from '../objects/store.ts'

/** A run, or one of its output items. */
type EvalObject = JsonRecord & { readonly id: string }

const noUsage = { prompt_tokens: 0, completion_tokens: 0, cached_tokens: 0, total_tokens: 0 }

export async function createEval(call: Call): Promise<void> {
  const input = jsonInput(call)
  for (const name of ['data_source_config', 'testing_criteria']) {
    if (input[name] === undefined) {
      throw invalidRequest(`Missing required parameter: '${name}'.`, name, 'missing_required_parameter')
    }
  }
  const draw = call.service.drawFor('eval', meaningOf(input))
  const object = {
    id: draw.hexId('eval_', 32),
    object: 'eval',
    created_at: call.service.createdAtSeconds(draw),
    data_source_config: input.data_source_config,
    metadata: input.metadata ?? {},
    name: textOf(input.name),
    testing_criteria: listOf(input.testing_criteria),
  }
  call.service.store.evals.put(object.id, { object, runs: new Map(), outputs: new Map() })
  return sendJson(call, object)
}

export async function listEvals(call: Call): Promise<void> {
  return sendJson(
    call,
    page(
      call.service.store.evals.newest().map(each => each.object),
      call.route.query,
    ),
  )
}

export async function getEval(call: Call): Promise<void> {
  return sendJson(call, evalOf(call).object)
}

export async function updateEval(call: Call): Promise<void> {
  const kept = evalOf(call)
  const { name, metadata } = jsonInput(call)
  const change = { ...(name === undefined ? {} : { name }), ...(metadata === undefined ? {} : { metadata }) }
  kept.object = { ...kept.object, ...change }
  return sendJson(call, kept.object)
}

export async function deleteEval(call: Call): Promise<void> {
  const { id } = evalOf(call).object
  call.service.store.evals.delete(id)
  return sendJson(call, { object: 'eval.deleted', deleted: true, eval_id: id })
}

export async function createEvalRun(call: Call): Promise<void> {
  const kept = evalOf(call)
  const input = jsonInput(call)
  const source = isRecord(input.data_source) ? input.data_source : null
  if (source === null) {
    throw invalidRequest("Missing required parameter: 'data_source'.", 'data_source', 'missing_required_parameter')
  }
  const model = textOrNull(source.model)
  if (model !== null) workableDeployment(call.service, model, { ability: 'chat', says: 'chatCompletion' })
  const draw = call.service.drawFor('eval run', kept.object.id, String(kept.runs.size), meaningOf(input))
  const run = {
    id: draw.hexId('evalrun_', 32),
    object: 'eval.run',
    eval_id: kept.object.id,
    created_at: call.service.createdAtSeconds(draw),
    data_source: source,
    error: null,
    metadata: input.metadata ?? {},
    model,
    name: textOf(input.name),
    per_model_usage: [],
    per_testing_criteria_results: [],
    report_url: '',
    result_counts: { total: 0, errored: 0, failed: 0, passed: 0 },
    status: 'queued',
  }
  kept.runs.set(run.id, run)
  kept.outputs.set(run.id, outputsOf(call, kept, run, source))
  return sendJson(call, run)
}

/** One output item for each item of the source, in its order. */
function outputsOf(call: Call, kept: StoredEval, run: EvalObject, source: JsonRecord): EvalObject[] {
  const content = isRecord(source.source) ? listOf(source.source.content) : []
  const results = listOf(kept.object.testing_criteria)
    .filter(isRecord)
    .map(criterion => ({ name: textOf(criterion.name), score: 1, passed: true, sample: null }))
  return content.filter(isRecord).map((line, at) => ({
    id: call.service.drawFor('eval output', run.id, String(at)).hexId('outputitem_', 32),
    object: 'eval.run.output_item',
    created_at: run.created_at,
    datasource_item: isRecord(line.item) ? line.item : line,
    datasource_item_id: at,
    eval_id: kept.object.id,
    results,
    run_id: run.id,
    sample: { input: [], output: [], finish_reason: null, model: run.model, usage: noUsage, error: null },
    status: 'pass',
  }))
}

export async function listEvalRuns(call: Call): Promise<void> {
  return sendJson(call, page([...evalOf(call).runs.values()].reverse(), call.route.query))
}

export async function getEvalRun(call: Call): Promise<void> {
  const run = runOf(call)
  const { runs, outputs } = evalOf(call)
  const total = outputs.get(run.id)?.length ?? 0
  const result_counts = { total, errored: 0, failed: 0, passed: total }
  if (run.status === 'queued') runs.set(run.id, { ...run, result_counts, status: 'completed' })
  return sendJson(call, run)
}

export async function cancelEvalRun(call: Call): Promise<void> {
  const run = runOf(call)
  const cancelled = { ...run, status: 'canceled' }
  if (run.status !== 'queued')
    throw invalidRequest(`A run that is ${String(run.status)} cannot be cancelled.`, null, null)
  evalOf(call).runs.set(run.id, cancelled)
  return sendJson(call, cancelled)
}

export async function deleteEvalRun(call: Call): Promise<void> {
  const { id } = runOf(call)
  evalOf(call).runs.delete(id)
  evalOf(call).outputs.delete(id)
  return sendJson(call, { object: 'eval.run.deleted', deleted: true, run_id: id })
}

export async function listEvalOutputs(call: Call): Promise<void> {
  return sendJson(call, page(readableOutputs(call), call.route.query))
}

export async function getEvalOutput(call: Call): Promise<void> {
  const output = readableOutputs(call).find(each => each.id === call.route.thirdId)
  if (output) return sendJson(call, output)
  throw noSuchObject(`No output item found with id '${call.route.thirdId}'.`, 'output_item_id')
}

/** A run has output items once it has ended. */
function readableOutputs(call: Call): readonly EvalObject[] {
  const run = runOf(call)
  return run.status === 'completed' ? (evalOf(call).outputs.get(run.id) ?? []) : []
}

function runOf(call: Call): EvalObject {
  const run = evalOf(call).runs.get(call.route.secondId ?? '')
  if (run) return run
  throw noSuchObject(`No run found with id '${call.route.secondId}'.`, 'run_id')
}

function evalOf(call: Call): StoredEval {
  const kept = call.service.store.evals.get(call.route.id ?? '')
  if (kept) return kept
  throw noSuchObject(`No eval found with id '${call.route.id}'.`, 'eval_id')
}
