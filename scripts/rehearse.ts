/**
 * `npm run rehearse -- EXAMPLE`: the smoke test of a deployment on the configuration that Terraform generates for an
 * example of `deploy/terraform`, with everything around the gateway simulated. Nothing of Azure is reached.
 *   --keep   leave everything running until Ctrl-C, to look around
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stopSignal } from '../packages/gateway/src/cli/lifetime.ts'
import { sumsLine } from '../packages/gateway/src/cli/terminal/findings.ts'
import { countsOf } from '../packages/gateway/src/doctor/index.ts'
import { exampleNames } from '../test/terraform/examples.ts'
import { terraformVersion } from '../test/terraform/terraform.ts'
import { generatedYaml } from './rehearse/applied.ts'
import { rehearse } from './rehearse/index.ts'
import { ReverseScope } from './rehearse/scope.ts'

const examples = exampleNames()
const [example, ...options] = process.argv.slice(2)
const keeps = options.includes('--keep')

if (example === undefined || !examples.includes(example) || options.some(option => option !== '--keep')) {
  fail(2, 'usage', `There are ${examples.join(', ')}.`, `npm run rehearse -- ${examples[0]} [--keep]`)
}
const version = terraformVersion()
if (version === null) {
  const what = 'The program terraform is not on the PATH: it generates the configuration that is rehearsed.'
  fail(1, 'terraform_missing', what, 'install Terraform 1.9 or newer; no account and no provider is needed')
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)
await using scope = new ReverseScope()
const directory = await mkdtemp(join(tmpdir(), 'gatehouse-rehearsal-'))
scope.after(() => rm(directory, { recursive: true, force: true }))

say(`Rehearsing ${example}: its configuration from Terraform ${version} and stand-ins for the providers, everything`)
say('around the gateway simulated on this machine. Nothing of Azure is reached.')
const { findings } = await rehearse(scope, await generatedYaml(example), directory, say)
const counts = countsOf(findings)
say(`\n${sumsLine(counts)}`)
if (counts.failure > 0) process.exitCode = 1
if (keeps) {
  say(`\nIt goes on running. Commands find it from ${directory}; Ctrl-C ends it.`)
  await stopSignal()
}

function fail(code: 1 | 2, name: string, what: string, next: string): never {
  process.stderr.write(`✗ ${name}  ${what}\n  Try: ${next}\n`)
  process.exit(code)
}
