/**
 * `npm run chaos -- [--minutes N] [--seed N] [FILE...]`: runs every randomised test again and again, each round with a
 * new seed, until the time is over. A failure is printed with its seed; it should become a fixed example of its test.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { seededTestFiles, testArguments, testEnvironment } from './tests.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})

const minutes = wholeNumber('minutes', values.minutes, 1, 24 * 60)
const first = wholeNumber('seed', values.seed, 0, 2 ** 31 - 1)
const files = positionals.length > 0 ? positionals : seededTestFiles()
const endAt = performance.now() + minutes * 60_000

const failed: number[] = []
let rounds = 0
do {
  const seed = (first + rounds) % 2 ** 31
  rounds += 1
  process.stdout.write(`\n▸ round ${rounds}: GATEHOUSE_TEST_SEED=${seed}\n`)
  const { status } = spawnSync('node', [...testArguments(files)], {
    stdio: 'inherit',
    env: testEnvironment(seed),
  })
  if (status !== 0) failed.push(seed)
} while (performance.now() < endAt)

if (failed.length > 0) {
  process.stderr.write(`\n✗ ${failed.length} of ${rounds} rounds failed, with seeds ${failed.join(', ')}.\n`)
  process.stderr.write(
    '  Try: GATEHOUSE_TEST_SEED=SEED npm test, and make what was found a fixed example of its test.\n',
  )
  process.exit(1)
}
process.stdout.write(`✓ ${rounds} rounds of ${files.length} files passed, seeds ${first} and up.\n`)

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= least && number <= most) return number
  process.stderr.write(`✗ --${name} is "${text}"; it must be a whole number from ${least} to ${most}.\n`)
  process.exit(2)
}
