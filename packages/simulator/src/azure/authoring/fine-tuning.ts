/** Fine-tuning jobs: created, read, paused, cancelled. A job runs until it has been read once. */
import { isRecord, type JsonRecord, textOf, textOrNull } from '../../json.ts'
import { type Call, jsonInput, meaningOf } from '../call.ts'
import { invalidRequest, noSuchObject } from '../errors.ts'
import { sendJson } from '../http/answer.ts'
import { page } from '../objects/store.ts'

type Job = JsonRecord & { readonly id: string }

export async function createJob(call: Call): Promise<void> {
  const input = jsonInput(call)
  const { service } = call
  const model = textOrNull(input.model)
  if (model === null)
    throw invalidRequest("Missing required parameter: 'model'.", 'model', 'missing_required_parameter')
  const training = service.store.files.get(textOf(input.training_file))
  if (!training) throw invalidRequest(`invalid training_file: ${textOf(input.training_file)}`, 'training_file', null)
  const draw = service.drawFor('fine tuning', meaningOf(input), model)
  const job = {
    id: draw.hexId('ftjob-', 32),
    object: 'fine_tuning.job',
    created_at: service.createdAtSeconds(draw),
    error: null,
    fine_tuned_model: null,
    finished_at: null,
    hyperparameters: isRecord(input.hyperparameters) ? input.hyperparameters : { n_epochs: 3 },
    model,
    organization_id: '',
    result_files: [],
    seed: draw.number('seed') % 2_147_483_647,
    status: 'pending',
    trained_tokens: null,
    training_file: training.object.id,
    validation_file: textOrNull(input.validation_file),
    suffix: textOrNull(input.suffix),
    metadata: input.metadata ?? null,
    trained_bytes: training.bytes.length,
  }
  service.store.jobs.put(job.id, job)
  return sendJson(call, shown(job))
}

export async function listJobs(call: Call): Promise<void> {
  return sendJson(call, page(call.service.store.jobs.newest().map(shown), call.route.query))
}

/** A read returns the job as it is, and then moves it on: pending, running, succeeded. */
export async function getJob(call: Call): Promise<void> {
  const job = jobOf(call)
  if (job.status === 'pending') change(call, job, { status: 'running' })
  if (job.status === 'running') change(call, job, ended(job))
  return sendJson(call, shown(job))
}

function ended(job: Job): JsonRecord {
  const name = `${String(job.model)}.ft-${job.id.slice(-16)}${job.suffix === null ? '' : `-${String(job.suffix)}`}`
  return {
    status: 'succeeded',
    fine_tuned_model: name,
    finished_at: Number(job.created_at) + 60,
    trained_tokens: Math.ceil(Number(job.trained_bytes) / 4) * 3,
  }
}

export async function deleteJob(call: Call): Promise<void> {
  const { id } = jobOf(call)
  call.service.store.jobs.delete(id)
  return sendJson(call, { id, object: 'fine_tuning.job', deleted: true })
}

/** Moves a job to `to` if its state is one of `from`; else leaves it as it is. */
const moves = {
  cancel: { from: ['pending', 'running', 'paused'], to: 'cancelled' },
  pause: { from: ['pending', 'running'], to: 'paused' },
  resume: { from: ['paused'], to: 'running' },
} as const

export const cancelJob = (call: Call): Promise<void> => move(call, 'cancel')
export const pauseJob = (call: Call): Promise<void> => move(call, 'pause')
export const resumeJob = (call: Call): Promise<void> => move(call, 'resume')

async function move(call: Call, kind: keyof typeof moves): Promise<void> {
  const job = jobOf(call)
  const { from, to } = moves[kind]
  if (!from.some(status => status === job.status)) {
    throw invalidRequest(`A job that is ${String(job.status)} cannot ${kind}.`, null, null)
  }
  return sendJson(call, shown(change(call, job, { status: to })))
}

export async function listJobEvents(call: Call): Promise<void> {
  const job = jobOf(call)
  const event = {
    id: `ftevent-${job.id.slice(6)}`,
    object: 'fine_tuning.job.event',
    created_at: job.created_at,
    level: 'info',
    message: 'Job enqueued.',
    type: 'message',
    data: null,
  }
  return sendJson(call, page([event], call.route.query))
}

export async function listJobCheckpoints(call: Call): Promise<void> {
  jobOf(call)
  return sendJson(call, page([], call.route.query))
}

function change(call: Call, job: Job, fields: JsonRecord): Job {
  const changed = { ...job, ...fields }
  call.service.store.jobs.put(job.id, changed)
  return changed
}

function shown({ trained_bytes: _, suffix: __, ...job }: Job): Job {
  return job
}

function jobOf(call: Call): Job {
  const job = call.service.store.jobs.get(call.route.id ?? '')
  if (job) return job
  throw noSuchObject(`The specified fine-tuning job ${call.route.id} was not found.`, null)
}
