import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

// Logs are read with `tail` in a terminal: text that a client wrote must not move its cursor, nor make one line look
// like two.
test('L13 a line of the log is one line of JSON without control characters', () => {
  const url = new URL('./log.ts', import.meta.url)
  const hostile = '\u001b[2J\n{"level":"error"}\u009b1A\u007f\u202e'
  const program = `import { createLog } from ${JSON.stringify(url.href)}
createLog('info').info({ path: ${JSON.stringify(hostile)} }, ${JSON.stringify(hostile)})`
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  const lines = stderr.trimEnd().split('\n')
  assert.equal(lines.length, 1)
  assert.doesNotMatch(lines[0] ?? '', /[\p{Cc}\u202a-\u202e]/u)
  const { path, msg } = JSON.parse(lines[0] ?? '') as { path: string; msg: string }
  assert.deepEqual([path, msg], [hostile, hostile])
})
