/** `gatehouse records export`, from its options to the lines and the manifest. */
import { basename } from 'node:path'
import type { z } from 'zod'
import type { AboutAnswer } from '../../admin/about-schemas.ts'
import type { whoamiAnswer } from '../../admin/schemas.ts'
import { callerKey } from '../../identity/caller.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { type AdminQuery, requestAdmin } from '../reach/admin-request.ts'
import { knownFilters } from '../reach/known-names.ts'
import { Reasoned } from '../reach/reasoned.ts'
import { Draft, requireFree } from './draft.ts'
import { fetchExport } from './fetch.ts'
import { type Begun, type Manifest, manifestOf } from './manifest.ts'
import { OutputSink } from './output-sink.ts'
import { Progress } from './progress.ts'

export interface ExportPlan {
  readonly query: AdminQuery
  /** The options of the filter as they were typed; empty where there are none. */
  readonly typed: string
  readonly as: string | undefined
  readonly reason: string | undefined
  /** Connections in turn that bring no record before it gives up. */
  readonly retries: number
}

/** Writes to standard output. */
export async function exportToOutput(context: CliContext, plan: ExportPlan): Promise<Manifest> {
  const begun = await beginning(context, plan)
  const sink = new OutputSink(context.stdout)
  const progress = new Progress(context, sink.sums)
  const reasoned = new Reasoned(context, plan.reason)
  const exports = new Set<string>()
  const { ownCallsOnly } = await fetchExport({
    ...{ context, query: begun.query, as: plan.as, reasoned, sink, answered: null, retries: plan.retries },
    ...{ onPiece: progress.show, onBreak: progress.broke },
    onAnswer: async ({ id, calls }) => {
      exports.add(id)
      progress.calls = calls
    },
  }).finally(() => progress.clear())
  return manifestOf({
    ...{ file: '-', exports: [...exports], ownCallsOnly, sums: sink.sums.sums(), endedAt: timeOf(context) },
    begun: { ...begun, reason: reasoned.reason },
  })
}

/**
 * Writes to a file that is there when it is whole, with its manifest beside it.
 * @param path absolute.
 * @param resumes resumes an export to this file that broke off.
 */
export async function exportToFile(
  context: CliContext,
  path: string,
  plan: ExportPlan,
  resumes: boolean,
): Promise<Manifest> {
  await requireFree(path)
  const draft = resumes ? await resumed(path, plan) : await begunDraft(context, path, plan)
  const { begun } = draft.state
  const progress = new Progress(context, draft.sums)
  const reasoned = new Reasoned(context, plan.reason ?? begun.reason ?? undefined)
  try {
    const { ownCallsOnly } = await fetchExport({
      ...{ context, query: begun.query, as: plan.as, reasoned, sink: draft, retries: plan.retries },
      ...{ answered: draft.state.answered, onPiece: progress.show, onBreak: progress.broke },
      onAnswer: async answered => {
        progress.calls = answered.calls
        await draft.note(answered)
      },
    }).finally(() => progress.clear())
    const { exports } = draft.state
    const manifest = manifestOf({
      ...{ file: basename(path), exports, ownCallsOnly, sums: draft.sums.sums(), endedAt: timeOf(context) },
      begun: { ...begun, reason: reasoned.reason },
    })
    await draft.finish(manifest)
    return manifest
  } catch (error) {
    await draft.leave()
    throw error
  }
}

async function begunDraft(context: CliContext, path: string, plan: ExportPlan): Promise<Draft> {
  await Draft.requireNone(path)
  const begun = await beginning(context, plan)
  return Draft.begin(path, { typed: plan.typed, begun, answered: null, exports: [] })
}

/** @throws CliError export_differs where other records are asked for than those that it began with. */
async function resumed(path: string, { typed }: ExportPlan): Promise<Draft> {
  const draft = await Draft.resume(path)
  if (typed === '' || typed === draft.state.typed) return draft
  await draft.leave()
  const why = 'Its filter, --bodies and --raw were others when it began.'
  const next = 'gatehouse records export --resume -o FILE, without a filter'
  throw new CliError('export_differs', `The export to ${path} cannot be resumed with these options.`, why, next)
}

/** With the names of the filter looked up, so that a name that does not exist is no empty file. */
async function beginning(context: CliContext, { query, as, reason }: ExportPlan): Promise<Begun> {
  const known = await knownFilters(context, query, as)
  const { caller, roles } = await requestAdmin<z.infer<typeof whoamiAnswer>>(context, { path: '/api/v1/whoami', as })
  const { version } = await requestAdmin<AboutAnswer>(context, { path: '/api/v1/about', as })
  return {
    ...{ query: known, by: { key: callerKey(caller), name: caller.displayName, roles } },
    ...{ gateway: { url: await context.admin(), version }, reason: reason ?? null, startedAt: timeOf(context) },
  }
}

function timeOf({ clock }: CliContext): string {
  return new Date(clock()).toISOString()
}
