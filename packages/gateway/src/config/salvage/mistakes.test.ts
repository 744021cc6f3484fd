/** Mistakes hide no other mistakes: what is planted in a valid configuration is reported in one round, in its line. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { parseConfig } from '../load.ts'
import { ConfigError, type ProblemCode, renderProblems } from '../messages.ts'

const valid = `gateway:
  listen: 0.0.0.0:8080
  bodyBytesMax: 33554432
  timeouts:
    connect: 5s
    total: 30m
admin:
  listen: 127.0.0.1:8081
  roles:
    viewer:
      - group: 33333333-0000-4000-8000-000000000001
identity:
  entra:
    tenants:
      - 11111111-2222-3333-4444-555555555555
    audiences:
      - api://gatehouse
instances:
  east-ptu:
    endpoint: https://east.openai.azure.com
    region: eastus
    credential: managed-identity
    deployments:
      gpt-4o:
        model: gpt-4o
        kind: provisioned
  sweden:
    endpoint: https://sweden.openai.azure.com
    deployments:
      gpt-4o:
        model: "gpt-4o"
        limits:
          tokensPerDay: 7000000
      text-embedding-3-small:
        model: text-embedding-3-small
pools:
  main:
    strategy: weighted
    members:
      - instance: east-ptu
        spillAtUtilization: 0.9
        aliases:
          chat: gpt-4o
      - instance: sweden
        priority: 2
        aliases:
          talk: gpt-4o
workloads:
  hr-bot:
    callers:
      - app: 66666666-0000-4000-8000-000000000001
    targets:
      - main
    deployments:
      - text-embedding-3-small
    limits:
      tokensPerMinute: 60000
      costPerMonth: 500 USD
      perCaller:
        callsInFlight: 5
    priority: interactive
  finder:
    callers:
      - role: Finder.Use
    targets:
      - sweden
    deployments:
      - gpt-4o
    capture: metadata
limits:
  timeZone: Europe/Berlin
  rules:
    company:
      costPerDay: 5000 USD
    each-person:
      requestsPerMinute: 50
      per:
        - caller
    bot:
      tokensPerWeek: 1000000
      workloads:
        - hr-bot
feeds:
  archive:
    kind: files
    directory: ./archive
    columns:
      - id
ledger:
  retain:
    records: 400d
    bodies: 30d
log:
  level: info
`

interface Mistake {
  readonly before: string
  readonly after: string
  readonly code: ProblemCode
}

const mistake = (before: string, after: string, code: ProblemCode): Mistake => ({ before, after, code })

/** Each in a line of its own. The first column is unique in the text above. */
const mistakes: readonly Mistake[] = [
  mistake('listen: 0.0.0.0:8080', 'listen: 8080', 'wrong_type'),
  mistake('bodyBytesMax: 33554432', 'bodyBytesMax: 32 MB', 'wrong_type'),
  mistake('connect: 5s', 'connect: 5 seconds', 'wrong_value'),
  mistake('total: 30m', 'total: 30', 'wrong_type'),
  mistake('listen: 127.0.0.1:8081', 'listen: 127.0.0.1:99999', 'wrong_value'),
  mistake('- group: 33333333-0000-4000-8000-000000000001', '- group: finops', 'wrong_value'),
  mistake('- 11111111-2222-3333-4444-555555555555', '- contoso', 'wrong_value'),
  mistake('endpoint: https://east.openai.azure.com', 'endpoint: east.openai.azure.com', 'wrong_value'),
  mistake('endpoint: https://sweden.openai.azure.com', 'endpoint: https://sweden.openai.azure.com/v1', 'wrong_value'),
  mistake('region: eastus', 'regoin: eastus', 'unknown_key'),
  mistake('region: eastus', 'colour: blue', 'unknown_key'),
  mistake('credential: managed-identity', 'credential: managed-identiy', 'wrong_value'),
  mistake('kind: provisioned', 'kind: ptu', 'wrong_value'),
  mistake('model: "gpt-4o"', 'modle: gpt-4o', 'unknown_key'),
  mistake('tokensPerDay: 7000000', 'tokensPerDay: 0', 'wrong_value'),
  mistake('model: text-embedding-3-small', 'model: ""', 'wrong_value'),
  mistake('strategy: weighted', 'strategy: wieghted', 'wrong_value'),
  mistake('- instance: east-ptu', '- instance: east-put', 'unknown_name'),
  mistake('spillAtUtilization: 0.9', 'spillAtUtilization: 90', 'wrong_value'),
  mistake('talk: gpt-4o', 'talk: gpt-5', 'unknown_name'),
  mistake('priority: 2', 'priority: low', 'wrong_type'),
  mistake('- app: 66666666-0000-4000-8000-000000000001', '- apps: 66666666-0000-4000-8000-000000000001', 'unknown_key'),
  mistake('- main', '- mian', 'unknown_name'),
  mistake('- text-embedding-3-small', '- text-embedding-3-smal', 'unknown_name'),
  mistake('tokensPerMinute: 60000', 'tokensPerMinute: 60k', 'wrong_type'),
  mistake('costPerMonth: 500 USD', 'costPerMonth: 500', 'wrong_type'),
  mistake('costPerMonth: 500 USD', 'monthlyBudget: 500 USD', 'unknown_key'),
  mistake('callsInFlight: 5', 'callsInFlight: five', 'wrong_type'),
  mistake('priority: interactive', 'priority: urgent', 'unknown_name'),
  mistake('finder:', 'Finder:', 'wrong_value'),
  mistake('- role: Finder.Use', '- role: 7', 'wrong_type'),
  mistake('- sweden', '- swedn', 'unknown_name'),
  mistake('capture: metadata', 'capture: none', 'wrong_value'),
  mistake('timeZone: Europe/Berlin', 'timeZone: Berlin', 'wrong_value'),
  mistake('costPerDay: 5000 USD', 'costPerDay: 5000 EUR', 'conflict'),
  mistake('requestsPerMinute: 50', 'rpm: 50', 'unknown_key'),
  mistake('- caller', '- person', 'wrong_value'),
  mistake('tokensPerWeek: 1000000', 'tokensPerWeeks: 1000000', 'unknown_key'),
  mistake('- hr-bot', '- hr_bot', 'unknown_name'),
  mistake('kind: files', 'kind: flies', 'wrong_value'),
  mistake('- id', '- idd', 'unknown_name'),
  mistake('bodies: 30d', 'bodies: 900d', 'conflict'),
  mistake('level: info', 'level: chatty', 'wrong_value'),
]

interface Sown {
  readonly text: string
  /** From 1, in the order of the text. */
  readonly planted: readonly { readonly line: number; readonly mistake: Mistake }[]
}

function sow(chosen: readonly Mistake[]): Sown {
  const planted: { line: number; mistake: Mistake }[] = []
  const lines = valid.split('\n').map((written, index) => {
    const found = chosen.find(({ before }) => written.trimStart() === before)
    if (found === undefined) return written
    planted.push({ line: index + 1, mistake: found })
    return written.replace(found.before, () => found.after)
  })
  return { text: lines.join('\n'), planted }
}

async function refusalOf(text: string): Promise<ConfigError> {
  const parts = { path: '/c/gatehouse.yaml', env: {}, readFile: async () => '', columns: () => ['id'] }
  const thrown: unknown = await parseConfig(text, parts).catch((error: unknown) => error)
  return thrown instanceof ConfigError ? thrown : assert.fail(`it was taken: ${String(thrown)}`)
}

async function requireFound({ text, planted }: Sown): Promise<void> {
  const { problems, unchecked } = await refusalOf(text)
  const said = `${text}\n${renderProblems('f', problems)}\n${unchecked.join('\n')}`
  for (const {
    line,
    mistake: { code },
  } of planted) {
    assert.ok(
      problems.some(problem => problem.line === line && problem.code === code),
      `${line} ${code}\n${said}`,
    )
  }
  // What follows from a mistake is no other mistake.
  const lines = planted.map(({ line }) => line)
  for (const problem of problems) assert.ok(lines.includes(problem.line ?? 0), `${problem.line}\n${said}`)
}

suite('mistakes do not hide each other', () => {
  test('the configuration in which mistakes are planted has none', async () => {
    await parseConfig(valid, { path: '/c/gatehouse.yaml', env: {}, readFile: async () => '', columns: () => ['id'] })
  })

  test('each mistake alone is reported in its line, and nothing else is', async () => {
    for (const one of mistakes) {
      const sown = sow([one])
      assert.equal(sown.planted.length, 1, one.before)
      await requireFound(sown)
    }
  })

  test('one to ten mistakes in different lines are all reported in one round, and nothing else is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.constantFrom(...mistakes), { minLength: 1, maxLength: 10, selector: ({ before }) => before }),
        chosen => requireFound(sow(chosen)),
      ),
      { numRuns: 200 },
    )
  })

  const keys = [...valid.matchAll(/^ *(?:- )?([a-zA-Z]{6,}):/gm)].map(([whole, key = '']) => ({ whole, key }))
  const names = ['sweden', 'finder', 'company', 'archive']
  const misspellable = keys.filter(({ key }) => !names.includes(key))

  test('a misspelt key at any place hides no mistake below it and makes none', async () => {
    const others = mistakes.filter(({ code }) => code !== 'unknown_key')
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...misspellable),
        fc.uniqueArray(fc.constantFrom(...others), { minLength: 1, maxLength: 6, selector: ({ before }) => before }),
        async ({ whole, key }, chosen) => {
          const misspelt = mistake('', '', 'unknown_key')
          const { text, planted } = sow(chosen)
          const at = text.indexOf(`\n${whole}`) + 1
          const line = text.slice(0, at).split('\n').length
          const slipped = whole.replace(key, `${key.slice(0, 3)}${key.slice(4)}`)
          if (at === 0 && !text.startsWith(whole)) return
          const altered = text.slice(0, at) + slipped + text.slice(at + whole.length)
          await requireFound({ text: altered, planted: [...planted, { line, mistake: misspelt }] })
        },
      ),
      { numRuns: 200 },
    )
  })
})
