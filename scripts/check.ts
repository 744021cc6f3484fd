/** `npm test`: every check that must hold, in order of cost, each named in words. */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'

interface Check {
  readonly claim: string
  readonly command: string
  readonly args: readonly string[]
}

const tests = globSync(['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts', 'scripts/**/*.test.ts']).sort()

const checks: readonly Check[] = [
  {
    claim: 'format and lint hold, and imports run downwards',
    command: 'biome',
    args: ['check', '--error-on-warnings', '.'],
  },
  { claim: 'types hold under every strict flag', command: 'tsc', args: ['-p', '.'] },
  { claim: 'nothing is exported, installed or written that nobody uses', command: 'knip', args: [] },
  { claim: 'the configuration reference equals the schema', command: 'node', args: ['scripts/generate.ts', '--check'] },
  {
    claim: 'the tests pass',
    command: 'node',
    // As many files at once as there are cores: each starts servers and threads of its own.
    args: ['--test', `--test-concurrency=${availableParallelism()}`, '--test-timeout=300000', ...tests],
  },
]

for (const { claim, command, args } of checks) {
  const started = performance.now()
  process.stdout.write(`\n▸ ${claim}\n`)
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' })
  if (error) process.stderr.write(`✗ ${command} could not be started: ${error.message}\n`)
  const seconds = ((performance.now() - started) / 1_000).toFixed(1)
  if (status !== 0) {
    process.stderr.write(`\n✗ Not so: ${claim} (${seconds} s).\n`)
    process.exit(1)
  }
  process.stdout.write(`✓ ${claim} (${seconds} s)\n`)
}
