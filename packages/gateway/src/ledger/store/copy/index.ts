import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { workerUrl } from '../../../worker-url.ts'
import type { CopyTask } from './messages.ts'

/**
 * Copies a file in a process of its own. When a process closes any descriptor of a file, POSIX takes away all locks
 * that it has on it (fcntl(2)): a copy made here would leave the store open to a second gateway.
 *
 * Rejects when the process cannot be started, with the reason, and when the copy fails, with its `code` (`ENOSPC`).
 */
export async function copyElsewhere(task: CopyTask): Promise<void> {
  const script = fileURLToPath(workerUrl('./worker.ts', import.meta.url))
  const child = spawn(process.execPath, ['--max-old-space-size=32', script], {
    ...{ env: {}, cwd: '/', serialization: 'advanced' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  let code = 'unknown'
  child.on('message', (message: string) => {
    code = message
  })
  child.send(task, () => {})
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0) throw Object.assign(new Error(`the copy of ${task.from} failed: ${code}`), { code })
}
