/** The configuration file, as `gatehouse config check` reads it. */
import { basename } from 'node:path'
import type { LoadedConfig } from '../config/load.ts'
import { type ConfigError, countOf, problemLine } from '../config/messages.ts'
import { type Check, type Finding, failure, ok, warning } from './index.ts'

/** Further problems are counted: `gatehouse config check` lists them all. */
const problemsMax = 10

export const configuration: Check = {
  looksAt: 'The configuration file: everything that `gatehouse config check` finds, warnings too.',
  timeoutMs: 5_000,
  async run({ loaded }) {
    return configurationFindings(loaded)
  },
}

function configurationFindings({ path, warnings }: LoadedConfig): readonly Finding[] {
  if (warnings.length === 0) return [ok(`${basename(path)} can be used.`)]
  const next = `Change it, or keep it if it is meant; gatehouse config check --config ${path} explains it.`
  return warnings.slice(0, problemsMax).map(problem => warning(problemLine(problem), next))
}

/** A configuration that cannot be used. */
export function problemFindings(file: string, { code, problems, problemCount }: ConfigError): readonly Finding[] {
  const next =
    code === 'config_unreadable'
      ? 'Name the right file with --config, or write a new one with gatehouse config init.'
      : `Correct it; gatehouse config check --config ${file} shows the place.`
  const found = problems.slice(0, problemsMax).map(problem => failure(problemLine(problem), next))
  const left = problemCount - found.length
  return left === 0 ? found : [...found, failure(`And ${countOf(left)} more.`, next)]
}
