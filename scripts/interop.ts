/**
 * `npm run interop -- [--records N] [FILE...]`: tests against programs that are neither on npm nor Debian's packages:
 * Apache Kafka, which Maven fetches, and pandas, pyarrow and polars, which pip fetches. `--records` sets the size of
 * the test with restarts of the broker.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { seedOfRun } from '../test/support/random.ts'
import { fetchKafka, KafkaMissing } from './kafka/fetch.ts'
import { installMissing, interopPrograms } from './packages.ts'
import { fetchPython, PythonMissing } from './python/fetch.ts'
import { interopFiles, testEnvironment } from './tests.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { records: { type: 'string', default: '20000' } },
})
if (!/^[1-9]\d{2,7}$/.test(values.records)) {
  fail('usage', `--records is "${values.records}"; it must be a whole number from 100 to 99999999.`, 'leave it out')
}

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

const seed = seedOfRun()
process.stdout.write(`GATEHOUSE_TEST_SEED=${seed}\n`)
// One file at a time: each starts brokers, which would take the cores from one another.
const { status } = spawnSync(
  'node',
  [
    ...['--import=./test/support/seeded.ts', '--test', '--test-concurrency=1'],
    `--test-timeout=${300_000 + Number(values.records) * 20}`,
    ...(positionals.length > 0 ? positionals : interopFiles()),
  ],
  { stdio: 'inherit', env: { ...testEnvironment(seed), GATEHOUSE_INTEROP_RECORDS: values.records } },
)
process.exit(status ?? 1)

function fail(code: string, what: string, tryThis: string): never {
  process.stderr.write(`✗ ${code}  ${what}\n  Try: ${tryThis}\n`)
  process.exit(1)
}
