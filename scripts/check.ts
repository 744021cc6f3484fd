/** `npm test`: every check that must hold, in order of cost, each named in words. */
import { spawnSync } from 'node:child_process'
import { seedOfRun } from '../test/support/random.ts'
import { installMissing, testPrograms } from './packages.ts'
import { testArguments, testEnvironment, testFiles } from './tests.ts'

interface Check {
  readonly claim: string
  readonly command: string
  readonly args: readonly string[]
}

const seed = seedOfRun()

const checks: readonly Check[] = [
  {
    claim: 'format and lint hold',
    command: 'biome',
    args: ['check', '--error-on-warnings', '.'],
  },
  { claim: 'types hold under every strict flag', command: 'tsc', args: ['-p', '.'] },
  { claim: "the console's types hold too, with those of a browser", command: 'tsc', args: ['-p', 'packages/console'] },
  structure('no file imports itself in a circle, types included', 'circles'),
  structure('each folder is a room, and imports run downwards, as the table in ARCHITECTURE.md says', 'downwards'),
  structure('no file is longer than 450 lines, except those that are named', 'length'),
  structure('comments end before column 121', 'width'),
  structure('links, headings and files that documents and comments name exist', 'references'),
  structure('packages list what their published code imports, and nothing else', 'dependencies'),
  structure('prose and messages have few archaic words: at most 1.5 in 1,000', 'words'),
  structure('tests do not assert that something takes less than a time', 'timed'),
  { claim: 'every export, dependency and file is used', command: 'knip', args: [] },
  { claim: 'generated files equal their sources', command: 'node', args: ['scripts/generate.ts', '--check'] },
  // Once, before tests that need it and that run at the same time each build it.
  { claim: "the console's page can be built", command: 'node', args: ['packages/console/scripts/build.ts'] },
  {
    claim: 'the tests pass',
    command: 'node',
    args: testArguments(testFiles()),
  },
]

function structure(claim: string, name: string): Check {
  return { claim, command: 'node', args: ['scripts/structure.ts', name] }
}

const lacking = installMissing(testPrograms)
if (lacking !== null) {
  process.stderr.write(`✗ packages_missing  ${lacking}\n`)
  process.exit(1)
}

// Every random choice of the tests follows from it.
process.stdout.write(`GATEHOUSE_TEST_SEED=${seed}\n`)

for (const { claim, command, args } of checks) {
  const started = performance.now()
  process.stdout.write(`\n▸ ${claim}\n`)
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env: testEnvironment(seed) })
  if (error) process.stderr.write(`✗ ${command} could not be started: ${error.message}\n`)
  const seconds = ((performance.now() - started) / 1_000).toFixed(1)
  if (status !== 0) {
    process.stderr.write(`\n✗ Not so: ${claim} (${seconds} s).\n`)
    process.exit(1)
  }
  process.stdout.write(`✓ ${claim} (${seconds} s)\n`)
}
