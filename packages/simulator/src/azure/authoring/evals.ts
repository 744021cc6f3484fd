/** Evaluations and their runs. A run names the deployment that answers, and is over once it has been looked at. */
import { isRecord, type JsonRecord, listOf, textOf, textOrNull } from '../../json.ts'
import { type Call, jsonInput, meaningOf, workableDeployment } from '../call.ts'
import { invalidRequest, noSuchObject } from '../errors.ts'
import { sendJson } from '../http/answer.ts'
import { page, type StoredEval } from '../objects/store.ts'

type Run = JsonRecord & { readonly id: string }

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
  call.service.store.evals.put(object.id, { object, runs: new Map() })
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
  return sendJson(call, run)
}

export async function listEvalRuns(call: Call): Promise<void> {
  return sendJson(call, page([...evalOf(call).runs.values()].reverse(), call.route.query))
}

export async function getEvalRun(call: Call): Promise<void> {
  const run = runOf(call)
  if (run.status === 'queued') evalOf(call).runs.set(run.id, { ...run, status: 'completed' })
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
  return sendJson(call, { object: 'eval.run.deleted', deleted: true, run_id: id })
}

export async function listEvalOutputs(call: Call): Promise<void> {
  runOf(call)
  return sendJson(call, page([], call.route.query))
}

function runOf(call: Call): Run {
  const run = evalOf(call).runs.get(call.route.secondId ?? '')
  if (run) return run
  throw noSuchObject(`No run found with id '${call.route.secondId}'.`, 'run_id')
}

function evalOf(call: Call): StoredEval {
  const kept = call.service.store.evals.get(call.route.id ?? '')
  if (kept) return kept
  throw noSuchObject(`No eval found with id '${call.route.id}'.`, 'eval_id')
}
