import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readdir, readFile, realpath, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { randomOf, seedOfRun } from '../../../../../test/support/random.ts'
import { loadConfig } from '../load.ts'
import { ConfigError } from '../messages.ts'
import { applyTo, base, longer, openHeld, secret, shorter } from './held.fixture.ts'
import { ApplyError } from './index.ts'

async function placed(text = base): Promise<{ readonly directory: string; readonly file: string }> {
  const directory = temporaryDirectory('configuration')
  const file = join(directory, 'gatehouse.yaml')
  await writeFile(file, text, { mode: 0o640 })
  return { directory, file }
}

const erin = { by: 'user:t/erin', name: 'erin' }

test('what is applied is in the file and in use, with the secrets, the mode and the name of who did it', async () => {
  const { directory, file } = await placed()
  await chmod(file, 0o640)
  const { held, taken } = await openHeld(directory)
  const { inForce, file: before } = await held.report()
  assert.ok(!JSON.stringify(await held.report()).includes(secret))
  assert.deepEqual([before.state, before.text], ['in_force', inForce.text])
  await applyTo(held, inForce.text.replace('1000', '500'))
  assert.equal(await readFile(file, 'utf8'), base.replace('1000', '500'))
  assert.equal((await stat(file)).mode & 0o777, 0o640)
  assert.equal(taken[0]?.workloads['bot']?.limits?.tokensPerMinute, 500)
  assert.deepEqual(taken[0]?.instances['one']?.credential, { key: secret })
  const versions = await held.history()
  assert.deepEqual(
    versions.map(({ id, how, name }) => [id, how, name]),
    [
      [2, 'apply', 'erin'],
      [1, 'start', null],
    ],
  )
  assert.deepEqual(await readdir(directory), ['gatehouse.yaml', 'ledger'])
})

test('the history outlives the process, has no secret, and is for its user alone', async () => {
  const { directory } = await placed()
  const first = await openHeld(directory)
  await applyTo(first.held, shorter)
  const { held } = await openHeld(directory)
  assert.deepEqual(await held.history(), await first.held.history(), 'the same text is no new version')
  assert.match((await held.version(1))?.text ?? '', /tokensPerMinute: 1000/)
  assert.equal(await held.version(3), null)
  const place = join(directory, 'ledger/configuration')
  assert.equal((await stat(place)).mode & 0o777, 0o700)
  for (const name of await readdir(place)) {
    assert.equal((await stat(join(place, name))).mode & 0o777, 0o600, name)
    assert.ok(!(await readFile(join(place, name), 'latin1')).includes(secret), name)
  }
})

test('an edit of the file is a version of its own, and its state says whether it is in use', async () => {
  const { directory, file } = await placed()
  const { held } = await openHeld(directory)
  const stateOf = async () => (await held.report()).file.state
  await writeFile(file, shorter)
  assert.equal(await stateOf(), 'not_taken')
  held.took(await loadConfig(file, {}))
  assert.equal(await stateOf(), 'in_force')
  await writeFile(file, `${base}nonsense: 1\n`)
  assert.equal(await stateOf(), 'refused')
  await writeFile(file, 'a: [')
  const { file: broken, inForce } = await held.report()
  assert.deepEqual([broken.state, broken.text, inForce.text.includes('2000')], ['refused', null, true])
})

test('a text that cannot be used changes nothing, and says what check says', async () => {
  const { directory, file } = await placed()
  const { held, taken } = await openHeld(directory)
  const { hash } = (await held.report()).file
  const wrong = base.replace('tokensPerMinute', 'tokensPerMinutes')
  const { problems } = await held.check(wrong)
  assert.deepEqual(
    problems.map(({ line, column, nearest }) => [line, column, nearest]),
    [[10, 89, 'tokensPerMinute']],
  )
  const error = await held.prepare(wrong, hash ?? '', erin).catch((thrown: unknown) => thrown)
  assert.ok(error instanceof ConfigError)
  assert.deepEqual(error.problems, problems)
  assert.deepEqual([await readFile(file, 'utf8'), taken], [base, []])
})

// Two people change limits at once: the second one must not undo what the first one did without having seen it.
test('of two who began with the same file one applies, and the other is told that it was changed', async () => {
  const { directory, file } = await placed()
  const { held, taken } = await openHeld(directory)
  const hash = (await held.report()).file.hash ?? ''
  const texts = ['100', '200', '300'].map(limit => base.replace('1000', limit))
  const prepared = await Promise.all(texts.map(text => held.prepare(text, hash, erin)))
  const ends = await Promise.allSettled(prepared.map(one => one.commit()))
  assert.deepEqual(
    ends.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected'],
  )
  assert.ok(ends[1]?.status === 'rejected' && ends[1].reason instanceof ApplyError)
  assert.equal(ends[1].reason.fault, 'changed')
  assert.deepEqual([await readFile(file, 'utf8'), taken.length], [texts[0], 1])
  await assert.rejects(held.prepare(base, hash, erin), { fault: 'changed' })
})

test('where the process cannot use it the file stays, and so does a version', async () => {
  const { directory, file } = await placed()
  const refuse = (): never => {
    throw Object.assign(new Error('The sign-in service is none.'), { code: 'authority_invalid' })
  }
  const { held } = await openHeld(directory, { reload: refuse })
  await assert.rejects(applyTo(held, shorter), { fault: 'refused', message: /nothing was changed: The sign-in/ })
  assert.deepEqual([await readFile(file, 'utf8'), await readdir(directory)], [base, ['gatehouse.yaml', 'ledger']])
  assert.equal((await held.history()).length, 1)
  const locked = await openHeld(directory, { isAllowed: () => false })
  await assert.rejects(applyTo(locked.held, shorter), { fault: 'off', message: /admin\.applyConfiguration: true/ })
})

test('a link stays a link, and its target is replaced', async () => {
  const directory = temporaryDirectory('configuration')
  const { directory: elsewhere, file: target } = await placed()
  await symlink(target, join(directory, 'gatehouse.yaml'))
  const { held } = await openHeld(directory)
  await applyTo(held, shorter)
  assert.equal(await realpath(join(directory, 'gatehouse.yaml')), await realpath(target))
  assert.equal(await readFile(target, 'utf8'), shorter)
  assert.deepEqual(await readdir(elsewhere), ['gatehouse.yaml'])
})

// A text from the console must not bring in a file that its writer could not read.
test('a text names only files beside the configuration or beside files in use', async () => {
  const { directory } = await placed()
  const elsewhere = temporaryDirectory('secrets')
  await writeFile(join(elsewhere, 'private'), 'something private')
  await writeFile(join(directory, 'beside'), 'swedencentral')
  const { held } = await openHeld(directory)
  const withRegion = (path: string) => base.replace('    credential', `    region: "\${file:${path}}"\n    credential`)
  assert.deepEqual((await held.check(withRegion('beside'))).problems, [])
  const { problems } = await held.check(withRegion(join(elsewhere, 'private')))
  assert.match(problems[0]?.expected ?? '', /neither beside the configuration/)
})

// The machine loses its process while somebody applies: the next start must find one configuration, whole.
test('a process that is killed at any moment leaves the old file or the new one, whole', async t => {
  const { directory, file } = await placed()
  const run = (...options: readonly string[]) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'held.fixture.ts'), directory, ...options])
    t.after(() => child.kill('SIGKILL'))
    return { child, ended: once(child, 'exit') }
  }
  // It kills itself when the new text is on the disk and not yet in the place of the file.
  await run('between').ended
  assert.equal(await readFile(file, 'utf8'), base)
  assert.equal((await readdir(directory)).length, 3, 'the new text is beside it')
  for (let kill = 0; kill < 2; kill += 1) {
    const { child, ended } = run()
    // At a line of the child, and then as far as it gets until the signal arrives.
    let left = Math.floor(randomOf(seedOfRun() + kill).share() * 6)
    for await (const _ of createInterface({ input: child.stdout })) {
      left -= 1
      if (left < 0) break
    }
    child.kill('SIGKILL')
    await ended
    assert.ok([base, shorter, longer].includes(await readFile(file, 'utf8')))
    await loadConfig(file, {})
  }
  await openHeld(directory)
  assert.deepEqual(await readdir(directory), ['gatehouse.yaml', 'ledger'], 'what a killed process left is gone')
})
