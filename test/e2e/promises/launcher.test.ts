/** The installed command runs the gateway in a child process: signals reach it once, and its exit code is passed on. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { RawConnection, requestBytes } from '../../support/raw.ts'
import { launcherOnOldNode, startServedWorld } from '../../support/served.ts'
import { ask, chatPath } from '../../support/world.ts'

const launch = new URL('../../../packages/gateway/bin/launch.mjs', import.meta.url).href

// systemd and `timeout` signal every process of the group: the gateway gets the signal from them and from its launcher.
test('P12 SIGTERM to the whole process group of the installed command lets a stream finish', async t => {
  const world = await startServedWorld(t, { deployments: { 'gpt-4o': { model: 'gpt-4o', tokensPerSecond: 40 } } })
  const served = await world.serve({ command: launcherOnOldNode })
  const connection = await RawConnection.open(served.url)
  const headers = [
    ['Authorization', `Bearer ${await world.token('alice')}`],
    ['Content-Type', 'application/json'],
  ] as const
  const body = JSON.stringify({ messages: ask('How do I apply for leave?'), max_tokens: 40, stream: true })
  connection.write(requestBytes(served.url, { target: chatPath, headers, body }))
  await connection.seen('"delta":{"content"')
  const { pid } = served.process
  assert.ok(pid)
  process.kill(-pid, 'SIGTERM')
  assert.ok((await connection.rest(20_000)).includes('data: [DONE]'))
  assert.equal(await served.end(), 0)
})

// `kill -INT` of the command that an operator sees must stop the gateway, not only the launcher.
test('SIGINT to the launcher alone stops the gateway, with exit code 0', async t => {
  const served = await (await startServedWorld(t)).serve({ command: launcherOnOldNode })
  served.process.kill('SIGINT')
  assert.equal(await served.end(), 0)
  assert.equal(served.log.at(-1)?.['msg'], 'stopped')
})

test('the launcher exits with the exit code of the command', () => {
  const [node, ...launcher] = launcherOnOldNode
  const exitCode = (argument: string): number | null =>
    spawnSync(node, [...launcher, argument], { stdio: 'ignore' }).status
  assert.equal(exitCode('--version'), 0)
  assert.equal(exitCode('no-such-command'), 2)
})

// On Alpine the packaged Node lacks its C library; in a folder without the right to run programs it is refused.
test('a runtime that cannot be started is an error in three lines that names what to do', () => {
  for (const [runtime, code] of [
    ['/no/such/node', 'ENOENT'],
    [import.meta.filename, 'EACCES'],
  ] as const) {
    const program = `import { launch } from '${launch}'; launch('${runtime}', [], {}, 'another Node')`
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
    })
    assert.equal(status, 1)
    const lines = stderr.split('\n')
    assert.equal(lines[0], `✗ runtime_failed  ${runtime} cannot be started (${code}).`)
    assert.match(lines[1] ?? '', /^ {2}On Linux it needs glibc/)
    assert.equal(lines[2], '  Try: another Node')
    assert.equal(lines.length, 4)
  }
})

// A small Debian lacks libatomic.so.1: the loader's own line does not say which package has it.
test('a runtime that lacks a library is an error that names the package', t => {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-launcher-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const runtime = join(directory, 'node')
  const loader = `${runtime}: error while loading shared libraries: libatomic.so.1: cannot open shared object file`
  writeFileSync(runtime, `#!/bin/sh\necho '${loader}' >&2\nexit 127\n`)
  chmodSync(runtime, 0o755)
  const program = `import { launch } from '${launch}'; launch('${runtime}', [], {}, 'another Node')`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  })
  assert.equal(status, 127)
  assert.deepEqual(stderr.split('\n'), [
    loader,
    `✗ runtime_failed  ${runtime} cannot be loaded: the line above names the library that is missing.`,
    '  Most often it is libatomic.so.1, which small systems lack.',
    '  Try: apt-get install libatomic1, or dnf install libatomic',
    '',
  ])
})
