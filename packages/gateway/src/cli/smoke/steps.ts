/** The steps, a row each. docs/smoke.md has the same table; a test compares them. */
import { call, stream } from './calls.ts'
import { feeds, spans } from './feeds.ts'
import type { Step, StepName } from './index.ts'
import { records } from './records.ts'
import { refusal } from './refusal.ts'
import { gateway, token } from './token.ts'

export const steps: Readonly<Record<StepName, Step>> = {
  gateway,
  token,
  call,
  stream,
  refusal,
  records,
  feeds,
  spans,
}

/** The table of docs/smoke.md, Markdown. */
export function stepsTable(): string {
  const rows = Object.entries(steps).map(([name, { promise }]) => `| \`${name}\` | ${promise} |`)
  return ['| step | what must hold |', '|---|---|', ...rows].join('\n')
}
