import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { eventually } from '../../../../../test/support/wait.ts'
import { noUsage } from '../../wire/usage.ts'
import type { EndedCall } from '../calls.ts'
import { memoryLog, type ParsedLine } from './log.fixture.ts'

const url = new URL('./open.ts', import.meta.url).href
const logging = (settings: string, then: string): readonly string[] => [
  '--input-type=module',
  '-e',
  `import { createLog } from ${JSON.stringify(url)}\nconst log = createLog(${settings})\n${then}`,
]

// Logs are read with `tail` in a terminal: text that a client wrote must not move its cursor, nor make one line look
// like two.
for (const format of ['json', 'pretty']) {
  test(`L13 a line of the log is one line without control characters, as ${format}`, () => {
    const hostile = '\u001b[2J\n{"level":"error"}\u009b1A\u007f\u202e'
    const say = `log.info({ path: ${JSON.stringify(hostile)}, ${JSON.stringify(hostile)}: 1 }, ${JSON.stringify(hostile)})`
    const args = logging(`{ level: 'info', format: '${format}', access: false }`, say)
    const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    const lines = stderr.trimEnd().split('\n')
    assert.equal(lines.length, 1)
    assert.doesNotMatch(lines[0] ?? '', /[\p{Cc}\u202a-\u202e]/u)
    if (format === 'pretty') return
    const { path, msg } = JSON.parse(lines[0] ?? '') as { path: string; msg: string }
    assert.deepEqual([path, msg], [hostile, hostile])
  })
}

// Whoever reads the log through a pipe may stop reading. Without a bound, what waits would fill the memory.
test('a log that nobody reads costs bounded memory, and says afterwards how many lines it dropped', async t => {
  const lines = 40_000
  const say = `for (let at = 0; at < ${lines}; at += 1) log.error({ audit: true, text: 'x'.repeat(500) }, 'said')
process.stdout.write('done')
process.stdin.once('data', () => process.stdin.pause())`
  const child = spawn(process.execPath, logging(`{ level: 'info', format: 'json', access: false }`, say))
  t.after(() => child.kill('SIGKILL'))
  const ended = once(child, 'close')
  await once(child.stdout, 'data')
  let written = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    written += text
  })
  const dropped = await eventually(
    'the log says what it dropped',
    () => /"lines":(\d+),"msg":"log_lines_dropped"/.exec(written.slice(-200))?.[1] ?? null,
    60_000,
  )
  child.stdin.end('\n')
  await ended
  assert.ok(Number(dropped) > 0)
  assert.equal(written.split('"msg":"said"').length - 1 + Number(dropped), lines)
})

test('an error is logged with name, code and cause, and a cause that is text stays', () => {
  const { log, parsed } = memoryLog()
  const cause = Object.assign(new TypeError('outer', { cause: new Error('inner') }), {
    code: 'E1',
    headers: ['secret'],
  })
  log.error({ cause }, 'one')
  log.error({ cause: 'the disk is full' }, 'two')
  const [one, two] = parsed()
  const { name, code, message, headers, cause: inner } = (one?.['cause'] ?? {}) as ParsedLine
  assert.deepEqual([name, code, message, headers], ['TypeError', 'E1', 'outer', undefined])
  assert.equal((inner as { message: string }).message, 'inner')
  assert.equal(two?.['cause'], 'the disk is full')
})

test('for people a line has time, level, what happened and its fields', () => {
  const { log, now } = memoryLog({ format: 'pretty' }, () => Date.UTC(2026, 10, 23, 12))
  log.warn({ instance: 'east', reason: 'it said no', tries: 3 }, 'backend_failed')
  assert.deepEqual(now, ['2026-11-23T12:00:00.000Z WARN  backend_failed instance=east reason="it said no" tries=3\n'])
})

test('a level that is set at run time ends after its time, or with the next reading of the configuration', async () => {
  const { log, parsed } = memoryLog({ level: 'warn' }, () => 1_000)
  const events = (): unknown[] => parsed().map(({ msg, why, level }) => [msg, why, level])
  log.info({}, 'left out')
  log.levels.set('debug', 86_400_000)
  assert.deepEqual(log.levels.state, {
    ...{ level: 'debug', configured: 'warn', untilMs: 86_401_000, format: 'json', access: false },
  })
  log.debug?.({}, 'said')
  log.use({ level: 'error', format: 'json', access: true })
  assert.deepEqual(log.levels.state, {
    ...{ level: 'error', configured: 'error', untilMs: null, format: 'json', access: true },
  })
  log.levels.set('debug', 1)
  await eventually('its time is over', () => (log.levels.state.untilMs === null ? true : null))
  log.warn({}, 'left out')
  const reset = (why: string): unknown[] => ['log_level_reset', why]
  assert.deepEqual(
    events().map(event => (event as unknown[]).slice(0, 2)),
    [['said', undefined], reset('reload'), reset('time')],
  )
})

// Who has read bodies must be in the log, even of a gateway that logs errors only.
test('audit lines are written at every level but silent', () => {
  const { log, parsed } = memoryLog({ level: 'error' })
  log.info({}, 'left out')
  log.info({ audit: true }, 'bodies_read')
  log.use({ level: 'silent', format: 'json', access: true })
  log.error({ audit: true }, 'left out')
  log.ended(ended)
  assert.deepEqual(
    parsed().map(({ msg }) => msg),
    ['bodies_read'],
  )
})

const ended: EndedCall = {
  ...{
    id: '01',
    traceId: 't1',
    workload: 'hr-bot',
    operation: 'chat/completions',
    deployment: 'gpt-4o',
    instance: 'east',
  },
  caller: { kind: 'user', tenantId: 't', objectId: 'o', appId: null },
  ...{
    copyOf: null,
    copyKind: null,
    outcome: 'completed',
    code: null,
    status: 200,
    durationMs: 1_234.5,
    firstByteMs: 200.4,
  },
  usage: { ...noUsage, source: 'reported', promptTokens: 10, completionTokens: 20 },
  cost: { nano: 3_250_000, currency: 'USD', price: 'gpt-4o' },
  ...{ endedAtMs: 1_780_000_000_000, provider: null, asksModel: true, stream: false, servedModel: null },
}

test('an access line says who called what, how it ended, and what it took', () => {
  const { log, now, later } = memoryLog({ level: 'error' })
  log.ended(ended)
  assert.deepEqual([now.length, later.length], [0, 1])
  const { time: _, ...line } = JSON.parse(later[0] ?? '')
  assert.deepEqual(line, {
    ...{
      level: 'info',
      requestId: '01',
      traceId: 't1',
      caller: 'user:t/o',
      workload: 'hr-bot',
      operation: 'chat/completions',
    },
    ...{ deployment: 'gpt-4o', instance: 'east', status: 200, outcome: 'completed', code: null },
    ...{ durationMs: 1_235, firstByteMs: 200, promptTokens: 10, completionTokens: 20 },
    ...{ cost: 0.003_25, currency: 'USD', msg: 'call_ended' },
  })
})

test('access lines of callers are never left out, those of strangers are counted after the first ones', () => {
  const { log, later, parsed } = memoryLog()
  for (let at = 0; at < 100; at += 1) {
    log.ended(ended)
    log.ended({ ...ended, caller: null, outcome: 'refused', code: 'token_expired' })
  }
  log.close()
  assert.equal(later.length, 120)
  assert.deepEqual(
    parsed().map(({ msg, code, repeated }) => [msg, code, repeated]),
    [['call_ended', 'token_expired', 80]],
  )
})
