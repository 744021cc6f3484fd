/** The checks, a row each. docs/doctor.md has the same table; a test compares them. */
import { clock } from './clock.ts'
import { configuration } from './configuration.ts'
import { credentials } from './credentials.ts'
import { deployments } from './deployments.ts'
import { disk } from './disk.ts'
import { feeds } from './feeds.ts'
import { files } from './files.ts'
import type { Check, CheckName } from './index.ts'
import { instances } from './instances.ts'
import { metrics } from './metrics.ts'
import { node } from './node.ts'
import { ports } from './ports.ts'
import { redis } from './redis.ts'
import { signIn } from './sign-in.ts'

export const checks: Readonly<Record<CheckName, Check>> = {
  configuration,
  node,
  files,
  ports,
  disk,
  'sign-in': signIn,
  instances,
  credentials,
  deployments,
  clock,
  redis,
  feeds,
  metrics,
}

/** The table of docs/doctor.md, Markdown. */
export function checksTable(): string {
  const rows = Object.entries(checks).map(([name, { looksAt, timeoutMs }]) => {
    return `| \`${name}\` | ${looksAt} | ${timeoutMs / 1_000} s |`
  })
  return ['| check | what it looks at | longest |', '|---|---|---|', ...rows].join('\n')
}
