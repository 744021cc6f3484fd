/** The records of the calls, read from the management API. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Finding, failure, note, ok } from '../../doctor/index.ts'
import type { Outcome, RecordRow } from '../../ledger/record.ts'
import { CliError } from '../errors.ts'
import { askAdmin } from '../reach/admin-client.ts'
import type { Smoke, Step, Traced } from './index.ts'

/** Pause between two looks, in milliseconds. */
export const lookEveryMs = 500

const expected: Readonly<Record<Traced, Outcome>> = { call: 'completed', stream: 'completed', refusal: 'refused' }

export const records: Step = {
  promise: 'Each of these calls has a record, with its outcome, its tokens and its cost.',
  needs: ['call', 'stream', 'refusal'],
  asksAdmin: true,
  async run(smoke) {
    const untilMs = performance.now() + smoke.waitMs
    const findings: Finding[] = []
    for (const [traced, id] of smoke.requestIds) {
      const record = await recordOf(smoke, id, untilMs)
      if (record === 'elsewhere') return [elsewhere]
      findings.push(record === null ? missing(id, smoke.waitMs) : findingOf(traced, record))
    }
    const unnamed = (Object.keys(expected) as Traced[]).filter(traced => !smoke.requestIds.has(traced))
    if (unnamed.length === 0) return findings
    const next = 'Let what is in front of the gateway pass the header field x-gatehouse-request-id to clients.'
    return [...findings, failure(`The answers to ${unnamed.join(' and ')} named no record.`, next)]
  },
}

const elsewhere = note(
  'This gateway keeps its journal alone (`ledger.store: none`): records are where its feeds ship them.',
  'Look the ids up there, or name the management API of a collector: --admin URL.',
)

/** @returns null when it did not come in time; `elsewhere` where this gateway keeps no records to read. */
async function recordOf(
  { context, reader }: Smoke,
  id: string,
  untilMs: number,
): Promise<RecordRow | 'elsewhere' | null> {
  for (;;) {
    try {
      return await askAdmin<RecordRow>(context, { path: `/api/v1/records/${id}`, as: reader })
    } catch (error) {
      const code = error instanceof CliError ? error.code : null
      if (code === 'ledger_without_store') return 'elsewhere'
      if (code !== 'record_unknown') throw error
      if (performance.now() >= untilMs) return null
      await delay(lookEveryMs)
    }
  }
}

function missing(id: string, waitMs: number): Finding {
  const next =
    'Ask the management API of the replica that served the call, or of the collector (--admin URL). Beside the gateway: gatehouse doctor --only disk.'
  return failure(`Record ${id} is not there after ${waitMs / 1_000} s.`, next)
}

function findingOf(traced: Traced, { id, outcome, usage, cost, deployment, instance }: RecordRow): Finding {
  if (outcome !== expected[traced]) {
    return failure(`${traced}: ${outcome} instead of ${expected[traced]}.`, `gatehouse records show ${id}`, id)
  }
  if (traced === 'refusal') return ok(`${traced}: refused.`, id)
  const { promptTokens, completionTokens } = usage
  if (promptTokens === null || completionTokens === null) {
    return failure(`${traced}: its tokens are not known.`, `gatehouse records show ${id}`, id)
  }
  const tokens = `${promptTokens} + ${completionTokens} tokens on ${instance ?? 'no instance'}`
  if (cost !== null) return ok(`${traced}: ${tokens}, ${cost.nano / 1e9} ${cost.currency}.`, id)
  const next = `Give the model of ${deployment ?? 'this deployment'} a price (docs/prices.md): costs and budgets leave its calls out.`
  return note(`${traced}: ${tokens}, without a cost.`, next, id)
}
