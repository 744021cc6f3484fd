/** What the kernel says of the threads afterwards: `/proc/PID/task/TID/sched`, proc(5). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { shortenMainSlice, withoutExperimentalWarnings } from './thread-slice.ts'

const module = JSON.stringify(new URL('./thread-slice.ts', import.meta.url).href)

/** Shortens the slice from a thread of its own, as the store does, which then says what it has itself. */
async function shortenFromThread(): Promise<string> {
  const code = `
    import { readFileSync } from 'node:fs'
    import { parentPort } from 'node:worker_threads'
    const { shortenMainSlice } = await import(${module})
    shortenMainSlice()
    parentPort.postMessage(readFileSync('/proc/thread-self/sched', 'utf8'))`
  const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`)
  const worker = new Worker(url, { execArgv: [...withoutExperimentalWarnings], stderr: true })
  const said = await new Promise<string>((resolve, reject) => worker.once('message', resolve).once('error', reject))
  worker.stderr.setEncoding('utf8')
  let errors = ''
  for await (const text of worker.stderr) errors += text
  assert.equal(errors, '', 'nobody is told of experimental functions')
  return said
}

const main = (): string => readFileSync(`/proc/self/task/${process.pid}/sched`, 'utf8')
const fieldOf = (said: string, name: string): string | undefined =>
  said
    .split('\n')
    .find(line => line.split(/\s*:/)[0] === name)
    ?.split(/:\s*/)[1]

// First, since the slice is the one of the kernel until it is shortened.
test('without node:ffi nothing changes', t => {
  t.mock.method(process, 'getBuiltinModule', () => undefined)
  const before = fieldOf(main(), 'se.slice')
  shortenMainSlice()
  assert.notEqual(before, '500000')
  assert.equal(fieldOf(main(), 'se.slice'), before)
})

test('the main thread has a short slice, and keeps policy and priority; threads have the slice of the kernel', async () => {
  const before = main()
  const thread = await shortenFromThread()
  const [major = 0, minor = 0] = release().split('.').map(Number)
  const takesSlices = major > 6 || (major === 6 && minor >= 12)
  assert.equal(fieldOf(main(), 'se.slice'), takesSlices ? '500000' : fieldOf(before, 'se.slice'))
  assert.equal(fieldOf(thread, 'se.slice'), fieldOf(before, 'se.slice'))
  for (const name of ['policy', 'prio']) {
    assert.ok(fieldOf(before, name) !== undefined)
    assert.equal(fieldOf(main(), name), fieldOf(before, name))
  }
  // A thread that is started after that has no short slice either: it would hold up calls.
  assert.equal(fieldOf(await shortenFromThread(), 'se.slice'), fieldOf(before, 'se.slice'))
})
