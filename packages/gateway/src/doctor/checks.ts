/** The checks, a row each. docs/doctor.md has the same table; a test compares them. */
import { configuration } from './configuration.ts'
import { disk } from './disk.ts'
import type { Check, CheckName } from './index.ts'
import { instances } from './instances.ts'
import { node } from './node.ts'
import { signIn } from './sign-in.ts'

export const checks: Readonly<Record<CheckName, Check>> = {
  configuration,
  node,
  disk,
  'sign-in': signIn,
  instances,
}

/** The table of docs/doctor.md, Markdown. */
export function checksTable(): string {
  const rows = Object.entries(checks).map(([name, { looksAt, timeoutMs }]) => {
    return `| \`${name}\` | ${looksAt} | ${timeoutMs / 1_000} s |`
  })
  return ['| check | what it looks at | longest |', '|---|---|---|', ...rows].join('\n')
}
