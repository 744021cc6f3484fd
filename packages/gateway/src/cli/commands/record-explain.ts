/** `gatehouse records explain ID`: what the configuration in force says to the call of a record. */
import type { ExplainAnswer } from '../../admin/explain/schemas.ts'
import type { CliContext } from '../context.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText, printableLine } from '../terminal/printable.ts'
import { stepsText } from '../terminal/steps.ts'
import { recordIdOf } from './record-id.ts'

export async function explainRecord(
  context: CliContext,
  given: string,
  options: { readonly as?: string | undefined },
): Promise<void> {
  const path = `/api/v1/records/${await recordIdOf(context, given, options.as)}/explain`
  const answer = await askAdmin<ExplainAnswer>(context, { path, as: options.as })
  context.stdout.write(context.json ? `${jsonText(answer, 2)}\n` : forPeople(explanationText(answer), context))
}

export function explanationText({ question, steps, record, assumed }: ExplainAnswer): string {
  const { caller, method, url } = question
  const head = `${method} ${url} ${caller === null ? 'without a token' : `as ${caller.name ?? caller.key}`}`
  const shown = steps.map(step => ({ ...step, refusal: step.answer?.code ?? null }))
  const then =
    record === null ? [] : [`Then: ${[record.outcome, record.status, record.outcomeCode].filter(Boolean).join(' ')}`]
  const notes = [...then, ...assumed].map(note => `${printableLine(note)}\n`)
  return stepsText(head, shown) + (notes.length === 0 ? '' : `\n${notes.join('')}`)
}
