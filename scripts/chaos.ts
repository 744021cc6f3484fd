/**
 * `npm run chaos -- [--minutes N] [--seed N] [--calls N] [--kills N] [FILE...]`: runs every randomised test again and
 * again, each round with a new seed, until the time is over. A failure is printed with its seed; it should become a
 * fixed example of its test. `--calls` and `--kills` are the size of the run that ships every record to receivers
 * (test/chaos/feeds.test.ts).
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { seededTestFiles, testArguments, testEnvironment } from './tests.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    calls: { type: 'string', default: '20000' },
    kills: { type: 'string', default: '10' },
  },
})

const minutes = wholeNumber('minutes', values.minutes, 1, 24 * 60)
const first = wholeNumber('seed', values.seed, 0, 2 ** 31 - 1)
const size = {
  GATEHOUSE_CHAOS_CALLS: String(wholeNumber('calls', values.calls, 1, 9_999_999)),
  GATEHOUSE_CHAOS_KILLS: String(wholeNumber('kills', values.kills, 1, 9_999)),
}
/** A large run takes this long on a busy machine. */
const fileMsMax = 2 * 3_600_000
const files = positionals.length > 0 ? positionals : seededTestFiles()
const endAt = performance.now() + minutes * 60_000

const failed: number[] = []
let rounds = 0
do {
  const seed = (first + rounds) % 2 ** 31
  rounds += 1
  process.stdout.write(`\n▸ round ${rounds}: GATEHOUSE_TEST_SEED=${seed}\n`)
  const { status } = spawnSync('node', [...testArguments(files, fileMsMax)], {
    stdio: 'inherit',
    env: { ...testEnvironment(seed), ...size },
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
